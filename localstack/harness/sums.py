"""What sums and averages are answered: exact, but for those of Timestream, which adds doubles in an
order of its own."""

from __future__ import annotations

import math
from typing import Any

import pytest

from harness.client import IN_TIMESTREAM

#: How far such a sum may be off, of the sum of the magnitudes.
TOLERANCE = 1e-12


def sum_of(values: list[float]) -> Any:
    """What `sum` of these values is to be equal to."""
    exact = math.fsum(values)
    return pytest.approx(exact, rel=0, abs=error(values)) if IN_TIMESTREAM else exact


def average_of(values: list[float]) -> Any:
    """What `avg` of them is to be equal to."""
    exact = math.fsum(values) / len(values)
    if IN_TIMESTREAM:
        return pytest.approx(exact, rel=0, abs=error(values) / len(values))
    return pytest.approx(exact, rel=1e-15)


def error(values: list[float]) -> float:
    """How far a sum of these values may be off."""
    return TOLERANCE * math.fsum(map(abs, values))
