"""A Tidemark that wants to know who asks."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from harness.access import Keys
from harness.client import Client
from harness.issuer import Issuer
from keys import SCOPES

#: The origin whose pages may ask.
ORIGIN = "https://charts.example.org"

#: What different functions answer, if there is one for each.
OF_TWO_FUNCTIONS = ("/api", "/admin/discards")


@dataclass
class Guarded:
    """It, and how its keys are made and its tokens signed."""

    url: str
    keys: Keys
    issuer: Issuer
    #: One whose key was in use, and was revoked when this was made.
    revoked: Client = field(init=False)

    def __post_init__(self) -> None:
        self.revoked = self.client(new_tenant("revoked"))
        for path in OF_TWO_FUNCTIONS:
            assert self.revoked.get(path).status_code == 200
        self.keys.revoke(self.revoked.key or "")

    def client(self, tenant: str, scopes: str = SCOPES, **limits: int) -> Client:
        """One with a new key of a tenant."""
        return Client(self.url, self.keys.make(tenant, scopes, limits=limits))

    def shows(self, token: str) -> Client:
        """One that shows a token, or nothing if it is empty."""
        return Client(self.url, token)


def new_tenant(name: str) -> str:
    """A tenant that nobody else uses."""
    return f"{name}-{uuid.uuid4().hex[:10]}"
