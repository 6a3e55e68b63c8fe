"""`deploy.sh aws` gives every parameter of the template, from variables that the README names."""

from __future__ import annotations

import re

from parameters import TEMPLATE, parameters, variable
from place import REPOSITORY

TEXT = TEMPLATE.read_text()


def test_what_is_not_told_is_the_default() -> None:
    given = parameters(TEXT, {})
    assert (given["OpenToTheWorld"], given["MaxReceives"], given["AlarmEmail"]) == (
        "false",
        "30",
        "",
    )
    assert parameters(TEXT, {variable(name): "" for name in given}) == given


def test_what_is_told_is_given() -> None:
    told = {"TIDEMARK_OPEN_TO_THE_WORLD": "true", "TIDEMARK_ALARM_EMAIL": "a@example.com"}
    changed = {"OpenToTheWorld": "true", "AlarmEmail": "a@example.com"}
    assert parameters(TEXT, told) == parameters(TEXT, {}) | changed


def test_the_readme_tells_all_of_them() -> None:
    readme = (REPOSITORY / "infra/README.md").read_text()
    rows = re.findall(r"^\| (`[A-Z].*?`) \| (`TIDEMARK_.*?`) \| (.*?) \|", readme, re.MULTILINE)
    names, variables, defaults = (
        [word for row in rows for word in re.findall(r"`(.*?)`", row[column])]
        for column in range(3)
    )
    given = parameters(TEXT, {})
    assert sorted(names) == sorted(given)
    assert variables == [variable(name) for name in names]
    assert defaults == [given[name] for name in names if given[name]]
