"""Sweeps of input through parsers, which are the same code on every host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest


def sweep(cases: Sequence[Any], *everywhere: str) -> list[Any]:
    """Parameters of a test, a case each: a text, a tuple that begins with one, or anything that has
    an `id`. All of them are asked of a process; on a deployment those that are named, as a whole
    sweep through it would find nothing else."""
    named = {name(case): case for case in cases}
    assert len(named) == len(cases), "two cases have the same name"
    assert set(everywhere) <= set(named), set(everywhere) - set(named)
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            id=text[:40],
            marks=[] if text in everywhere else [pytest.mark.parsing],
        )
        for text, case in named.items()
    ]


def name(case: Any) -> str:
    """By which a case is called."""
    if isinstance(case, tuple):
        return str(case[0])
    return str(getattr(case, "id", case))
