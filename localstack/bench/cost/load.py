"""The load: points of a hundred series, a second apart, with two or three decimals."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime

SERIES = 100
BATCH = 1000
#: 2023-02-01T00:00:00Z
START = int(datetime(2023, 2, 1, tzinfo=UTC).timestamp())


def batches(points: int, together: int) -> Iterator[bytes]:
    """Bodies of `POST /api` of a thousand points, with as many of each of `together` series."""
    rng = random.Random(1)
    values = [rng.uniform(10, 30) for _ in range(SERIES)]
    written = [0] * SERIES
    each = BATCH // together
    for number in range(points // BATCH):
        body = []
        for series in range(number * together, (number + 1) * together):
            one = series % SERIES
            for _ in range(each):
                values[one] += rng.gauss(0, 0.05)
                digits = 2 + one % 2
                t = START + written[one]
                body.append(
                    {
                        "name": f"sensor-{one:03}",
                        "t": t,
                        "v": round(values[one], digits),
                    }
                )
                written[one] += 1
        yield json.dumps(body).encode()


def naive_items(points: int) -> Iterator[dict[str, dict[str, str]]]:
    """The same points, each as an item of its own."""
    for body in batches(points, 1):
        for point in json.loads(body):
            yield {
                "series": {"S": f"local/{point['name']}"},
                "chunk": {"S": str(point["t"])},
                "value": {"N": str(point["v"])},
            }
