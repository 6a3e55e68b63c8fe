"""Tokens of an OIDC issuer: what is let in, and attacks."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import serialization

from harness.client import IS_DEPLOYED, eventually
from harness.evidence import secret
from harness.guarded import Guarded, new_tenant
from harness.issuer import Issuer, encoded, new_rsa, public

#: Nobody else shows tokens, whose issuer would be asked as well.
pytestmark = pytest.mark.xdist_group("tokens")

#: How many processes a token may come to: of a deployed function Lambda starts as many as are asked
#: at once.
PROCESSES = 8 if IS_DEPLOYED else 1
#: So many that it would be seen if the issuer was asked for each.
TOKENS = 64 if IS_DEPLOYED else 30


@pytest.fixture(scope="module")
def tenant() -> str:
    return new_tenant("tokens")


def status(guarded: Guarded, token: str) -> int:
    return guarded.shows(token).get("/api").status_code


@pytest.mark.parametrize("kid", ["rsa", "ec"])
def test_a_token_stands_for_its_tenant_and_scopes(
    guarded: Guarded, tenant: str, name: str, kid: str
) -> None:
    bearer = guarded.shows(guarded.issuer.token(guarded.issuer.claims(tenant=tenant), kid))
    assert bearer.post([{"name": name, "t": 1, "v": 2}]).status_code == 201

    def is_there() -> None:
        assert bearer.json(f"/api/{name}") == {"avg": 2, "sum": 2}

    eventually(is_there)
    assert bearer.get("/admin/discards").status_code == 403
    other = guarded.issuer.claims(tenant=new_tenant("tokens"))
    assert guarded.shows(guarded.issuer.token(other)).get(f"/api/{name}").status_code == 404
    none = guarded.issuer.token(guarded.issuer.claims(tenant=tenant, scope=None))
    assert status(guarded, none) == 403


Forge = Callable[[Issuer, dict[str, Any]], str]


def none(spelt: str) -> Forge:
    def forge(issuer: Issuer, claims: dict[str, Any]) -> str:
        return secret(f"{encoded({'alg': spelt, 'kid': 'rsa'})}.{encoded(claims)}.")

    return forge


def hmac_with_the_public_key(issuer: Issuer, claims: dict[str, Any]) -> str:
    pem = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return issuer.keyed(claims, issuer.keys["rsa"].public_key().public_bytes(*pem))


def elsewhere(**header: Any) -> Forge:
    """A token whose header says where its key is: there is one, at the issuer's address."""

    def forge(issuer: Issuer, claims: dict[str, Any]) -> str:
        key = new_rsa()
        told = {name: value.format(url=issuer.url) for name, value in header.items()}
        if "jwk" in told:
            told["jwk"] = public(key, "rsa")
        return issuer.token(claims, key=key, **told)

    return forge


def with_claims(**changes: Any) -> Forge:
    """What the issuer signed, but not for now, or not for us."""

    def forge(issuer: Issuer, claims: dict[str, Any]) -> str:
        now = int(time.time())
        times = {name: now + value for name, value in changes.items() if isinstance(value, int)}
        return issuer.token(claims | changes | times)

    return forge


ATTACKS: dict[str, Forge] = {
    "alg-none": none("none"),
    "alg-None": none("None"),
    "hmac-with-the-public-key": hmac_with_the_public_key,
    "wrong-issuer": with_claims(iss="https://evil.example.net"),
    "wrong-audience": with_claims(aud="somebody-else"),
    "expired": with_claims(exp=-65),
    "not-yet-valid": with_claims(nbf=120),
    "unknown-kid": lambda issuer, claims: issuer.token(claims, "unknown", new_rsa()),
    "forged-kid": lambda issuer, claims: issuer.token(claims, "rsa", new_rsa()),
    "kid-is-a-url": elsewhere(kid="{url}/evil-keys"),
    "jku-is-a-url": elsewhere(jku="{url}/evil-keys"),
    "x5u-is-a-url": elsewhere(x5u="{url}/evil-cert"),
    "jwk-in-the-header": elsewhere(jwk="its own"),
    "other-tenant-under-the-same-signature": lambda issuer, claims: swapped(issuer, claims),
    "tenant-is-a-path": with_claims(tenant="../local"),
}


def swapped(issuer: Issuer, claims: dict[str, Any]) -> str:
    head, _, signature = issuer.token(claims).split(".")
    return secret(f"{head}.{encoded(claims | {'tenant': 'local'})}.{signature}")


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused(guarded: Guarded, tenant: str, attack: str) -> None:
    issuer = guarded.issuer
    right = issuer.claims(tenant=tenant)
    assert status(guarded, issuer.token(right)) == 200
    refused = guarded.shows(ATTACKS[attack](issuer, right)).get("/api")
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].endswith('error="invalid_token"')
    assert refused.json()["detail"].startswith("send one valid API key or token")


def test_clocks_may_be_a_minute_apart(guarded: Guarded, tenant: str) -> None:
    for changes in ({"exp": -45}, {"nbf": 45}):
        token = with_claims(**changes)(guarded.issuer, guarded.issuer.claims(tenant=tenant))
        assert status(guarded, token) == 200, changes


def test_the_issuer_is_asked_seldom_and_nowhere_else(guarded: Guarded, tenant: str) -> None:
    claims, issuer = guarded.issuer.claims(tenant=tenant), guarded.issuer
    before, began = len(issuer.asked()), time.monotonic()
    for i in range(TOKENS):
        token = issuer.token(claims, f"unknown-{i}", issuer.keys["rsa"])
        assert status(guarded, token) == 401
    # Each process asks for two documents, once a minute.
    minutes = 1 + (time.monotonic() - began) // 60
    assert len(issuer.asked()) - before <= 2 * PROCESSES * (minutes + 1)
    assert set(issuer.asked()) == {"/.well-known/openid-configuration", "/keys"}


def test_a_token_of_20_kb_is_refused(guarded: Guarded, tenant: str) -> None:
    claims = guarded.issuer.claims(tenant=tenant, padding="x" * 20_000)
    host = urlsplit(guarded.url).netloc
    connection = http.client.HTTPConnection(host, timeout=120)
    token = guarded.issuer.token(claims)
    connection.request("GET", "/api", headers={"Authorization": f"Bearer {token}"})
    # Who is in front may take no such header at all.
    assert connection.getresponse().status in {401, 400, 431}


def test_of_two_credentials_neither_counts(guarded: Guarded, tenant: str) -> None:
    token = guarded.issuer.token(guarded.issuer.claims(tenant=tenant))
    key = guarded.keys.make(tenant)
    bearers = [("Authorization", f"Bearer {token}")]
    for headers in (bearers * 2, [*bearers, ("X-Api-Key", key)]):
        connection = http.client.HTTPConnection(urlsplit(guarded.url).netloc, timeout=120)
        connection.putrequest("GET", "/api")
        for header in headers:
            connection.putheader(*header)
        connection.endheaders()
        assert connection.getresponse().status == 401
