"""What makes a request valid and OpenAPI cannot say; schemathesis loads this (test_schema).

Requests that schemathesis means to be valid are put right here. Those that it means to be wrong,
random cursors and all, go out as they are, but for what would make them right.
"""

from __future__ import annotations

import gzip
import json
from typing import Any

import schemathesis

#: For OpenAPI these bodies are any text.
TEXTS = {
    "application/x-ndjson": '{"name":"example1","t":13515551,"v":1.1}\n',
    "text/csv": "name,t,v\nexample1,13515551,1.1\n",
}

#: And these any bytes, which nothing else makes gzip of the right thing; as text of a character a
#: byte, since schemathesis holds what is put here against the schema again.
ROW = {
    "measurement": "energy",
    "timestamp": "2023-02-28T23:45:00.000Z",
    "tags": {"muid": "meter-1"},
    "0100011D00FF": 0.0117,
}
PACKED = {
    "/api/{name}/about": gzip.compress(b'{"unit": "kWh"}').decode("latin-1"),
    "/api": gzip.compress(TEXTS["text/csv"].encode()).decode("latin-1"),
    "/meterdata/measurement": gzip.compress(json.dumps([ROW]).encode()).decode("latin-1"),
}


@schemathesis.serializer("application/gzip")
def packed(context: Any, value: Any) -> bytes:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("latin-1", errors="replace")


@schemathesis.serializer("application/x-ndjson")
def text(context: Any, value: Any) -> bytes:
    return (value if isinstance(value, str) else json.dumps(value)).encode()


def put_together(query: dict[str, Any]) -> None:
    """Makes one question of what is right by itself: which series, their groups, and what is there
    to ask of these."""
    if "series" in query:
        query.pop("match", None)
    elif "{" in query.get("match", "{"):
        # Labels are not what columns are called, and stand once.
        query["match"] = "plant.{unit}.temp.*"
    if "by" in query:
        query["by"] = ["series"]
    if "across" in query:
        # Of instants there is no sum.
        query["across"] = "max"
    elif "stats" in query:
        # Some are of one series.
        query["by"] = ["series"]
    if "every" not in query:
        query.pop("fill", None)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    if case.meta is None:
        return
    if not case.meta.generation.mode.is_positive:
        # Of a body that is wrong in part the rest is taken, unless it is to be all or nothing.
        if case.media_type in TEXTS and "strict" not in (case.query or {}):
            case.query = {**(case.query or {}), "strict": "true"}
        return
    # Of two credentials nobody knows which counts; the command line has the right one.
    for name in ("X-Api-Key", "Authorization"):
        if case.headers and name in case.headers:
            del case.headers[name]
    if case.media_type in TEXTS:
        case.body = TEXTS[case.media_type]
    if case.media_type == "application/gzip":
        case.body = PACKED[case.operation.path]
    query = case.query or {}
    # A cursor is what an answer said, and of its query.
    query.pop("cursor", None)
    # A range does not end before it begins.
    for start, end in (("from", "to"), ("start", "stop")):
        if start in query and end in query:
            query[end] = query[start]
    if case.operation.path == "/aggregate":
        put_together(query)
        case.query = query
    # How many slots there are depends on what others stored, and on how many groups there are.
    if query.get("every", "").endswith(("s", "m", "h", "d", "w")):
        query["every"] = "1mo" if case.operation.path == "/aggregate" else "1d"
    # How many pairs of them, too; and series may reach over all of time.
    if case.operation.path == "/compare":
        query["every"] = "1mo"
    # With details, a page is smaller.
    if query.get("details") in (True, "true"):
        query.pop("limit", None)
    # Of a series of which a range was deleted the rest is still there.
    if case.method == "DELETE" and case.meta.phase.name == "stateful":
        query.clear()
