"""The trace of an invocation is carried on by all that it asks of AWS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.stack import Stack


def test_a_trace_is_passed_on(faulty: Stack) -> None:
    with traced(faulty, "ingest"):
        before = len(faulty.calls())
        faulty.ask("POST", "/api", [{"name": "traced", "t": 1, "v": 1}])
        sent = [c for c in faulty.calls()[before:] if c["function"].endswith("-ingest")]
    faulty.wait_until_idle()
    # Who asks may be known already; then it asks how many series there are.
    operations = [call["operation"] for call in sent]
    assert operations[-1] == "SendMessageBatch"
    assert set(operations[:-1]) == {"GetItem"}
    (trace,) = {call["trace"] for call in sent}
    assert trace.startswith("Root=1-")


@contextmanager
def traced(stack: Stack, function: str) -> Iterator[None]:
    """Has X-Ray sample the invocations of a function."""
    functions, name = stack.client("lambda"), stack.described[f"{function.capitalize()}Function"]

    def sample(mode: str) -> None:
        functions.update_function_configuration(FunctionName=name, TracingConfig={"Mode": mode})

    sample("Active")
    try:
        yield
    finally:
        sample("PassThrough")
