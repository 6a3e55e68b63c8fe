"""The gateway's log is JSON, whatever it has to say."""

from __future__ import annotations

import json
import re

import pytest

import template_file
from place import REPOSITORY

VARIABLE = re.compile(r"\$context(?:\.\w+)+")


def log_format() -> str:
    template = template_file.read((REPOSITORY / "infra/api.yaml").read_text())
    stage = template["Resources"]["Stage"]["Properties"]
    told: str = stage["AccessLogSettings"]["Format"]
    return told


def test_what_is_absent_is_json_all_the_same() -> None:
    # API Gateway writes a bare hyphen for it.
    line = json.loads(VARIABLE.sub("-", log_format()))
    assert set(line.values()) == {"-"}
    assert len(line) == len(VARIABLE.findall(log_format()))
    assert {"requestId", "status", "error", "integrationError"} <= line.keys()


@pytest.mark.parametrize("variable", sorted(set(VARIABLE.findall(log_format()))))
def test_each_may_be_absent_alone(variable: str) -> None:
    alone = VARIABLE.sub(lambda found: "-" if found[0] == variable else "1", log_format())
    assert sorted(json.loads(alone).values()).count("-") == 1


def test_what_has_quotes_of_its_own_is_not_asked_for() -> None:
    # It is `"$context.error.message"`, quotes and all.
    assert "$context.error.messageString" not in log_format()


def test_the_log_is_one_line() -> None:
    assert "\n" not in log_format()
    assert len(log_format()) <= 3 * 1024
