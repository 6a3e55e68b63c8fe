"""What an emulator with TLS is started with: a certificate for this machine."""

from __future__ import annotations

from pathlib import Path

import trustme

from server import Options

#: The file that holds the certificate of who vouches for it.
AUTHORITY = "ca.pem"


def with_tls(folder: Path) -> Options:
    """Has a certificate made in a folder, and tells how to start with it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / AUTHORITY)
    own = authority.issue_cert("localhost", "127.0.0.1")
    own.private_key_pem.write_to_path(folder / "key.pem")
    for part in own.cert_chain_pems:
        part.write_to_path(folder / "cert.pem", append=True)
    return Options(tls_port=0, cert=folder / "cert.pem", key=folder / "key.pem")
