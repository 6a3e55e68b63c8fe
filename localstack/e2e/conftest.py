"""What the tests are aimed at: a process of our own, or the deployment that TIDEMARK_URL names."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.access import Keys, secret
from harness.client import IS_DEPLOYED, Client
from harness.guarded import ORIGIN, Guarded
from harness.issuer import AUDIENCE, Issuer, serving
from harness.process import Tidemark


@pytest.fixture(scope="session")
def tidemark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tidemark | None]:
    """The process that most tests share; none where a deployment is tested."""
    if IS_DEPLOYED:
        yield None
    else:
        with Tidemark(tmp_path_factory.mktemp("shared")) as process:
            yield process


@pytest.fixture(scope="session")
def api(tidemark: Tidemark | None) -> Client:
    """Asks what is tested."""
    return Client(tidemark.url if tidemark else os.environ["TIDEMARK_URL"])


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """One that wants to know who asks: a process that tells all that it can, or the deployment."""
    if IS_DEPLOYED:
        folder = os.environ.get("TIDEMARK_STACK_FOLDER")
        if folder is None:
            pytest.skip("needs TIDEMARK_STACK_FOLDER, to make keys and sign tokens")
        issuer = Issuer.read(Path(folder))
        secret(os.environ["TIDEMARK_KEY"])
        yield Guarded(os.environ["TIDEMARK_URL"], Keys.deployed(), issuer)
        return
    folder = tmp_path_factory.mktemp("guarded")
    with (
        serving(folder) as issuer,
        Tidemark(
            folder,
            TIDEMARK_AUTH="on",
            TIDEMARK_LOG="debug",
            TIDEMARK_JWT_ISSUER=issuer.url,
            TIDEMARK_JWT_AUDIENCE=AUDIENCE,
            TIDEMARK_CORS_ORIGINS=ORIGIN,
        ) as process,
    ):
        yield Guarded(process.url, Keys.of_data(process.data), issuer)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks through the logs comes after all that writes them."""
    items.sort(key=lambda item: item.path.name == "test_secrets.py")


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A series of this test's own, so that nothing needs wiping."""
    test = re.sub(r"[^A-Za-z0-9]+", "-", request.node.originalname)
    return f"e2e.{test[:80]}.{uuid.uuid4().hex[:10]}"


@pytest.fixture(scope="session")
def needs_own_process() -> None:
    """For tests that start, kill or configure a process."""
    if IS_DEPLOYED:
        pytest.skip("needs a process of its own, and TIDEMARK_URL names one that is not ours")
