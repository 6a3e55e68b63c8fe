"""How many queries of Timestream each question to the API takes: each is billed for half a minute
at least, however little it reads."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from harness.stack import Stack
from measure import metered

#: A range that every series of the load has points in, of the beginning of February 2023.
RANGE = "from=2023-02-01T00:10:00Z&to=2023-02-01T00:30:00Z"
QUESTIONS = [
    "/api",
    "/api?details=true&limit=10",
    "/api/{name}",
    f"/api/{{name}}?{RANGE}",
    "/api/{name}?stats=all",
    "/api/{name}/points",
    "/api/{name}/points?limit=1000&order=desc",
    f"/api/{{name}}/buckets?every=1m&{RANGE}",
    f"/api/{{name}}/buckets?every=1m&stats=median&{RANGE}",
    f"/api/{{name}}/buckets?every=1m&fill=null&{RANGE}",
    f"/api/{{name}}/buckets?every=1m&fill=previous&{RANGE}",
    f"/api/{{name}}/buckets?every=1m&fill=linear&{RANGE}",
    f"/api/{{name}}/buckets?every=1m&fill=linear&limit=5&{RANGE}",
    "/api/{name}/buckets?every=1m&fill=linear&limit=5",
    "/api/{name}/buckets?every=1d&tz=Europe/Zurich&stats=avg,stddev",
    "/api/{name}/buckets?every=1mo&tz=Europe/Zurich",
    "/compare?series={name},{name}&every=1m",
    f"/compare?series={{name}},{{name}}&every=1m&rows=true&limit=5&{RANGE}",
    f"/aggregate?match=*&every=1m&{RANGE}",
    "/meterdata/measurement?muid=meter&measurement=energy",
    "/history",
    "/admin/discards",
]


def queries(stack: Stack, series: str) -> dict[str, int]:
    """The queries of each question, asked of one series, or of a meter with two OBIS codes."""
    rows: list[dict[str, Any]] = [
        {"measurement": "energy", "timestamp": "2023-02-01T00:00:00.000Z"}
    ]
    rows[0] |= {"tags": {"muid": "meter"}, "0100011D00FF": 1, "0100021D00FF": 2}
    stack.ask("POST", "/meterdata/measurement", rows)
    stack.wait_until_idle()
    missing = routes(stack) - {question.partition("?")[0] for question in QUESTIONS}
    assert not missing, missing
    found = {}
    for question in QUESTIONS:
        before = metered(stack)["queries"]["queries"]
        stack.ask("GET", question.replace("{name}", series))
        found[question] = metered(stack)["queries"]["queries"] - before
    return found


def routes(stack: Stack) -> set[str]:
    """What can be asked of data."""
    with urllib.request.urlopen(f"{stack.url}/openapi.json") as answer:
        paths = json.load(answer)["paths"]
    apart = {"/health", "/openapi.json", "/docs", "/admin/discards/summary"}
    return {path for path, methods in paths.items() if "get" in methods} - apart
