"""What the tests are aimed at: a process of our own, or the deployment that TIDEMARK_URL names."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import evidence
from harness.access import Keys
from harness.client import IS_DEPLOYED, Client
from harness.guarded import ORIGIN, Guarded, new_tenant
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


def anybody(tidemark: Tidemark | None) -> Client:
    """Asks what is tested, as everybody does."""
    return Client(tidemark.url if tidemark else os.environ["TIDEMARK_URL"])


@pytest.fixture(scope="session")
def api(tidemark: Tidemark | None) -> Client:
    """Asks what is tested."""
    return anybody(tidemark)


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """One that wants to know who asks: a process that tells all that it can, or the deployment."""
    if IS_DEPLOYED:
        stack = os.environ.get("TIDEMARK_STACK_FOLDER")
        if stack is None:
            pytest.skip("needs TIDEMARK_STACK_FOLDER, to make keys and sign tokens")
        issuer = Issuer.read(Path(stack))
        evidence.secret(os.environ["TIDEMARK_KEY"])
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


@pytest.fixture(scope="module")
def own(tidemark: Tidemark | None, request: pytest.FixtureRequest) -> Client:
    """Asks as a tenant of the module's own where tests share a deployment, so that the lists of all
    that a tenant has hold nothing of others. A process is shared with nobody at the same time."""
    if "TIDEMARK_STACK_FOLDER" not in os.environ:
        return anybody(tidemark)
    guarded: Guarded = request.getfixturevalue("guarded")
    return guarded.client(new_tenant(request.module.__name__.replace("_", "-")))


#: The folder of evidence that this run made, and is to remove.
MADE = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Has all processes of this run leave their evidence in one folder: workers inherit it."""
    told = os.environ.get(evidence.VARIABLE)
    if told:
        Path(told).mkdir(mode=0o700, parents=True, exist_ok=True)
    else:
        config.stash[MADE] = Path(tempfile.mkdtemp(prefix="tidemark-e2e-"))
        os.environ[evidence.VARIABLE] = str(config.stash[MADE])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Removes it."""
    if MADE in config.stash:
        shutil.rmtree(config.stash[MADE], ignore_errors=True)
        del os.environ[evidence.VARIABLE]


def turn(item: pytest.Item) -> int:
    """When a test has its turn: first what takes long, so that nobody waits for one worker in the
    end, and last what waits for something that began with the run."""
    if item.get_closest_marker("late"):
        return 2
    return 0 if item.get_closest_marker("slow") else 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What looks through the logs comes after all that writes them. Of several workers none knows
    when that is: there it is left out, for a run of its own."""
    last = [item for item in items if item.path.name == "test_secrets.py"]
    others = [item for item in items if item.path.name != "test_secrets.py"]
    items[:] = sorted(others, key=turn)
    if hasattr(config, "workerinput"):
        config.hook.pytest_deselected(items=last)
    else:
        items += last


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
