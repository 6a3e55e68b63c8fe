"""Reads members of a request, held against the constraints of the API's model."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from service_errors import constraint

#: "Naming constraints" and the pages of the operations: 3 to 256 bytes.
NAME = re.compile(r"[a-zA-Z0-9_.-]+")


def lower(member: str) -> str:
    """A member's name as errors tell it."""
    return member[:1].lower() + member[1:]


def text(
    asked: Mapping[str, Any], member: str, shortest: int = 1, longest: int | None = None
) -> str:
    """A string that has to be there."""
    value = optional_text(asked, member, shortest, longest)
    if value is None:
        raise constraint("null", lower(member), "Member must not be null")
    return value


def optional_text(
    asked: Mapping[str, Any], member: str, shortest: int = 1, longest: int | None = None
) -> str | None:
    """A string that may be there."""
    value = asked.get(member)
    if value is None:
        return None
    check_text(value, lower(member), shortest, longest)
    return str(value)


def check_text(value: Any, path: str, shortest: int = 1, longest: int | None = None) -> None:
    """Fails unless a value is a string of a length."""
    if not isinstance(value, str):
        raise constraint(value, path, "Member must be a string")
    if len(value) < shortest:
        raise constraint(
            value, path, f"Member must have length greater than or equal to {shortest}"
        )
    if longest is not None and len(value) > longest:
        raise constraint(value, path, f"Member must have length less than or equal to {longest}")


def check_choice(value: Any, path: str, choices: Collection[str]) -> None:
    """Fails unless a value is one of some."""
    if value not in choices:
        values = ", ".join(choices)
        raise constraint(value, path, f"Member must satisfy enum value set: [{values}]")


def integer(
    asked: Mapping[str, Any], member: str, least: int, greatest: int, default: int | None = None
) -> int | None:
    """A whole number, between bounds."""
    value = asked.get(member)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise constraint(value, lower(member), "Member must be an integer")
    if value < least:
        raise constraint(
            value, lower(member), f"Member must have value greater than or equal to {least}"
        )
    if value > greatest:
        raise constraint(
            value, lower(member), f"Member must have value less than or equal to {greatest}"
        )
    return value


def name(asked: Mapping[str, Any], member: str) -> str:
    """The name of a database or table."""
    value = text(asked, member, 3, 256)
    if not NAME.fullmatch(value):
        raise constraint(
            value,
            lower(member),
            f"Member must satisfy regular expression pattern: {NAME.pattern}",
        )
    return value
