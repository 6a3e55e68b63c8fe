"""What it costs to write a million points through the deployed API: every call is made, on the
emulator, and what AWS would bill of it is computed.

    python localstack/bench/cost [--points 1000000]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from load import BATCH, SERIES
from measure import Bill, measured, naive
from prices import MILLION, PRICES, STORED
from stack import Stack

#: How many series a batch has points of.
SHAPES = [1, 10]


def main() -> None:
    """Measures, and prints a table."""
    arguments = argparse.ArgumentParser(prog="cost", description=__doc__)
    arguments.add_argument("--points", type=int, default=1_000_000)
    points = arguments.parse_args().points
    bills = []
    for together in SHAPES:
        with (
            tempfile.TemporaryDirectory() as folder,
            Stack(Path(folder), source="none", is_metered=True) as stack,
        ):
            bills.append(measured(stack, points, together))
        print(f"measured: {points} points, {together} series a batch", flush=True)
    show(bills, naive(points), MILLION / points)


def show(bills: list[Bill], naive_writes: float, scale: float) -> None:
    """Prints what a million points are billed, as Markdown."""
    print(
        f"\nA million points of {SERIES} series, in batches of {BATCH}; units are computed by the"
    )
    print("published rules, not metered; what the compactor has part in is in brackets.\n")
    titles = [f"{together} series a batch" for together in SHAPES] + ["an item a point"]
    print(f"| | {' | '.join(titles)} |")
    print("|---" * (len(titles) + 1) + "|")
    # Whoever writes an item a point has the same way to the table, and no compactor.
    for kind, price in PRICES.items():
        cells = [cell(bill.amount(kind), bill.compaction[kind], scale) for bill in bills]
        cells.append(cell(naive_writes if kind == "write" else bills[0].ingest[kind], 0, scale))
        print(f"| {price.name} | {' | '.join(cells)} |")
    totals = [sum(bill.dollars(kind) for kind in PRICES) for bill in bills]
    same = sum(price.of(bills[0].ingest[kind]) for kind, price in PRICES.items() if kind != "write")
    totals.append(same + PRICES["write"].of(naive_writes))
    print(f"| **dollars** | {' | '.join(f'**{total * scale:.4f}**' for total in totals)} |")
    print("\nCalls, and bytes a point in the table of points:\n")
    for together, bill in zip(SHAPES, bills, strict=True):
        calls = ", ".join(f"{name} {n}" for name, n in sorted(bill.calls.items()))
        month = STORED.of(bill.stored * scale / 1e9)
        print(f"- {together} series a batch: {calls};")
        print(f"  {bill.stored * scale / MILLION:.2f} bytes a point, {month:.4f} dollars a month")


def cell(amount: float, of_compactor: float, scale: float) -> str:
    """A number of the table."""
    text = number(amount * scale)
    return f"{text} ({number(of_compactor * scale)})" if of_compactor else text


def number(amount: float) -> str:
    """With as many digits as tell something."""
    return f"{amount:.1f}" if amount < 100 else f"{amount:,.0f}".replace(",", " ")


if __name__ == "__main__":
    main()
