"""An emulator that the tests share, with boto3's clients of it, and a place for its reports."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from bucket import Bucket
from emulator_thread import Running
from table import TestTable


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first, so that nobody waits for one worker in the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    """The emulator."""
    with Running() as emulator:
        yield emulator


@pytest.fixture(autouse=True)
def usual(request: pytest.FixtureRequest) -> Iterator[None]:
    """Ends what a test told the emulator to do wrong, and the time that it shifted."""
    yield
    if "running" in request.fixturenames:
        request.getfixturevalue("running").reset()


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    """Numbers for names."""
    return itertools.count(1)


@pytest.fixture
def table(running: Running, numbers: Iterator[int]) -> TestTable:
    """A table of a test's own: six hours in the memory store, no writes to the magnetic one."""
    return TestTable(running, f"table_{next(numbers)}")


@pytest.fixture
def old(running: Running, numbers: Iterator[int], bucket: Bucket) -> TestTable:
    """A table that takes records of any age, and reports rejections of old ones."""
    return TestTable(running, f"table_{next(numbers)}", report_to=bucket.name)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, running: Running) -> Iterator[Bucket]:
    """A stand-in for S3."""
    with Bucket() as stand_in:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", stand_in.url)
        running.emulator.reports.client = None
        yield stand_in
