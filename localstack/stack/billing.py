"""What AWS bills of calls, computed from the sizes of items and messages by the rules that it
publishes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
and https://aws.amazon.com/sqs/pricing/. The emulator meters nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Any

#: An item as DynamoDB writes it in JSON: names, and values of the form `{"S": "text"}`.
Item = dict[str, dict[str, Any]]

KB = 1024


@dataclass(frozen=True)
class Index:
    """What an index of a table holds."""

    #: The attributes that an item has to have to be in it.
    keys: frozenset[str]
    #: All attributes that are copied to it; None for every one.
    attributes: frozenset[str] | None

    def entry(self, item: Item | None) -> Item | None:
        """What it holds of an item, if anything."""
        if item is None or not self.keys <= set(item):
            return None
        if self.attributes is None:
            return item
        return {name: value for name, value in item.items() if name in self.attributes}


def item_size(item: Item) -> int:
    """How many bytes an item has."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: dict[str, Any]) -> int:
    """How many bytes a value has."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(str(content).encode())
        case "N":
            return number_size(content)
        case "B":
            # It is in base64.
            return len(content) * 3 // 4 - str(content)[-2:].count("=")
        case "BOOL" | "NULL":
            return 1
        case "SS" | "NS" | "BS":
            return sum(value_size({kind[0]: member}) for member in content)
        case "L":
            return 3 + sum(1 + value_size(member) for member in content)
        case "M":
            return 3 + sum(1 + len(k.encode()) + value_size(v) for k, v in content.items())
    raise ValueError(kind)


def number_size(text: str) -> int:
    """A byte for two digits, leading and trailing zeros aside, one more, and one for a sign."""
    digits = text.lower().partition("e")[0].lstrip("+-").replace(".", "").strip("0")
    return ceil(len(digits) / 2) + 1 + text.startswith("-")


def write_units(before: Item | None, after: Item | None, indexes: Iterable[Index]) -> int:
    """Units of a write that made `before` to `after`, where None is no item: of the larger, and of
    each index that it changes."""
    units = kilobytes(before, after)
    for index in indexes:
        old, new = index.entry(before), index.entry(after)
        if old == new:
            continue
        moved = old and new and any(old[key] != new[key] for key in index.keys)
        units += kilobytes(old) + kilobytes(new) if moved else kilobytes(old, new)
    return units


def kilobytes(*items: Item | None) -> int:
    """The size of the largest, in KB, at least one."""
    return max([1, *(ceil(item_size(item) / KB) for item in items if item)])


def read_units(sizes: Iterable[int], consistent: bool) -> float:
    """Units of reading items of these sizes together."""
    units = max(1, ceil(sum(sizes) / (4 * KB)))
    return units if consistent else units / 2


def billed_requests(length: int, chunk: int) -> int:
    """How many requests are billed for one of this length: one for each begun chunk."""
    return max(1, ceil(length / chunk))
