"""An OIDC issuer on this machine, and tokens as it signs them, and as attackers do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from harness.evidence import secret

AUDIENCE = "tidemark"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def encoded(data: bytes | dict[str, Any]) -> str:
    """In base64url, without padding."""
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def number(value: int, size: int | None = None) -> str:
    """An unsigned number, as keys have it."""
    return encoded(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def public(key: PrivateKey, kid: str) -> dict[str, str]:
    """The public half of a key, as an issuer publishes it."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        kind = {"kty": "RSA", "alg": "RS256", "n": number(numbers.n), "e": number(numbers.e)}
    else:
        point = key.public_key().public_numbers()
        kind = {"kty": "EC", "alg": "ES256", "crv": "P-256"}
        kind |= {"x": number(point.x, 32), "y": number(point.y, 32)}
    return {**kind, "kid": kid, "use": "sig"}


def sign(key: PrivateKey, message: bytes) -> bytes:
    """A signature with RS256 or ES256."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def new_rsa() -> rsa.RSAPrivateKey:
    """A new key for RS256."""
    return rsa.generate_private_key(65537, 2048)


@dataclass
class Issuer:
    """What signs tokens; its documents are served by `serving`."""

    url: str
    folder: Path
    keys: dict[str, PrivateKey]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The one that was started with this folder."""
        told = json.loads((folder / "issuer.json").read_text())
        keys = {
            kid: serialization.load_pem_private_key(pem.encode(), None)
            for kid, pem in told["keys"].items()
        }
        return cls(told["url"], folder, keys)  # type: ignore[arg-type]

    def write(self) -> None:
        """Lets others read it."""
        pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        keys = {
            kid: key.private_bytes(*pem, serialization.NoEncryption()).decode()
            for kid, key in self.keys.items()
        }
        file = self.folder / "issuer.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps({"url": self.url, "keys": keys}))

    def asked(self) -> list[str]:
        """The paths that were asked for so far."""
        log = self.folder / "issuer.log"
        return log.read_text().splitlines() if log.exists() else []

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims that are right, but for these; None takes one away."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "somebody",
            "exp": now + 300,
            "scope": "read write",
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(
        self,
        claims: dict[str, Any],
        kid: str = "rsa",
        key: PrivateKey | None = None,
        **header: Any,
    ) -> str:
        """A token, signed with the key of that id, or with another."""
        signer = key or self.keys[kid]
        alg = "RS256" if isinstance(signer, rsa.RSAPrivateKey) else "ES256"
        head = {"alg": alg, "typ": "JWT", "kid": kid} | header
        message = f"{encoded(head)}.{encoded(claims)}"
        return secret(f"{message}.{encoded(sign(signer, message.encode()))}")

    def keyed(self, claims: dict[str, Any], password: bytes) -> str:
        """A token that is signed with HMAC."""
        message = f"{encoded({'alg': 'HS256', 'kid': 'rsa'})}.{encoded(claims)}"
        signature = hmac.digest(password, message.encode(), hashlib.sha256)
        return secret(f"{message}.{encoded(signature)}")


@contextmanager
def serving(folder: Path) -> Iterator[Issuer]:
    """An issuer with two keys, for as long as it is left."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "issuer.log"
    log.write_text("")

    class Documents(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with log.open("a") as file:
                file.write(f"{self.path}\n")
            documents = {
                "/.well-known/openid-configuration": {
                    "issuer": issuer.url,
                    "jwks_uri": f"{issuer.url}/keys",
                },
                "/keys": {"keys": [public(key, kid) for kid, key in issuer.keys.items()]},
            }
            document = documents.get(self.path)
            body = json.dumps(document or {}).encode()
            self.send_response(200 if document else 404)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """It is logged above."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Documents)
    keys: dict[str, PrivateKey] = {"rsa": new_rsa(), "ec": ec.generate_private_key(ec.SECP256R1())}
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}", folder, keys)
    issuer.write()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
