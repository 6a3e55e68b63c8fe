"""What it costs to write a million points through the deployed API, and what questions take: every
call is made, on the emulator, and what AWS would bill of it is computed.

    python localstack/bench/cost [--points 1000000] [--store dynamodb] [--questions]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from across import across, show_across
from harness.stack import Stack
from load import BATCH, SERIES, batches
from measure import Bill, measured, naive
from prices import LEAST_QUERY, MILLION, PRICES, STORED
from questions import queries

#: How many series a batch has points of.
SHAPES = [1, 10]
#: Of how many points Timestream is asked questions.
ASKED = 200_000
#: Of each store, what a naive writer is billed much of, and who that is.
NAIVE = {
    "dynamodb": ("write", "an item a point"),
    "timestream": ("records", "a record a call"),
}


def main() -> None:
    """Measures, and prints a table."""
    arguments = argparse.ArgumentParser(prog="cost", description=__doc__)
    arguments.add_argument("--points", type=int, default=1_000_000)
    arguments.add_argument("--questions", action="store_true", help="measure questions alone")
    arguments.add_argument("--store", choices=NAIVE, default="dynamodb", help="where points are")
    given = arguments.parse_args()
    if not given.questions:
        bills = []
        for together in SHAPES:
            with started(given.store) as stack:
                bills.append(measured(stack, given.points, together))
            print(f"measured: {given.points} points, {together} series a batch", flush=True)
        show(bills, given.store, given.points)
    with started(given.store) as stack:
        if given.store == "dynamodb":
            show_across(across(stack))
        else:
            for body in batches(ASKED, SHAPES[-1]):
                stack.ask("POST", "/api", json.loads(body))
            stack.wait_until_idle()
            show_queries(queries(stack, "sensor-000"))


@contextmanager
def started(store: str) -> Iterator[Stack]:
    """A stack with nothing in it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder), source="none", is_metered=True, store=store) as stack,
    ):
        yield stack


def show(bills: list[Bill], store: str, points: int) -> None:
    """Prints what a million points are billed, as Markdown."""
    scale, (naive_kind, naive_title) = MILLION / points, NAIVE[store]
    # A record that is written alone is a KB, as it is less.
    naive_amount = naive(points) if store == "dynamodb" else points
    print(
        f"\nA million points of {SERIES} series, in batches of {BATCH}; units are computed by the"
    )
    print("published rules, not metered; what the compactor has part in is in brackets.\n")
    titles = [f"{together} series a batch" for together in SHAPES] + [naive_title]
    print(f"| | {' | '.join(titles)} |")
    print("|---" * (len(titles) + 1) + "|")
    # Whoever writes naively has the same way to the store, and no compactor.
    for kind, price in PRICES.items():
        if not any(bill.amount(kind) for bill in bills):
            continue
        cells = [cell(bill.amount(kind), bill.compaction[kind], scale) for bill in bills]
        cells.append(cell(naive_amount if kind == naive_kind else bills[0].ingest[kind], 0, scale))
        print(f"| {price.name} | {' | '.join(cells)} |")
    totals = [sum(bill.dollars(kind) for kind in PRICES) for bill in bills]
    same = sum(
        price.of(bills[0].ingest[kind]) for kind, price in PRICES.items() if kind != naive_kind
    )
    totals.append(same + PRICES[naive_kind].of(naive_amount))
    print(f"| **dollars** | {' | '.join(f'**{total * scale:.4f}**' for total in totals)} |")
    print("\nCalls:\n")
    for together, bill in zip(SHAPES, bills, strict=True):
        calls = ", ".join(f"{name} {n}" for name, n in sorted(bill.calls.items()))
        print(f"- {together} series a batch: {calls}")
        if store == "dynamodb":
            month = STORED.of(bill.stored * scale / 1e9)
            each = bill.stored * scale / MILLION
            print(f"  {each:.2f} bytes a point in the table, {month:.4f} dollars a month")


def show_queries(asked: dict[str, int]) -> None:
    """Prints how many queries each question takes, and what they cost at least."""
    print("\n| `GET` | queries | dollars at least |")
    print("|---|---|---|")
    for question, count in asked.items():
        print(f"| `{question}` | {count} | {count * LEAST_QUERY:.4f} |")


def cell(amount: float, of_compactor: float, scale: float) -> str:
    """A number of the table."""
    text = number(amount * scale)
    return f"{text} ({number(of_compactor * scale)})" if of_compactor else text


def number(amount: float) -> str:
    """With as many digits as tell something."""
    return f"{amount:.1f}" if amount < 100 else f"{amount:,.0f}".replace(",", " ")


if __name__ == "__main__":
    main()
