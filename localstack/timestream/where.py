"""Where in a query's text something stands."""

from __future__ import annotations

from sqlglot import exp


def at(node: exp.Expr) -> str:
    """Where a node begins, as errors begin with it; nothing if it is not known."""
    for one in node.walk():
        if "line" in one.meta:
            meta = one.meta
            return f"line {meta['line']}:{meta['col'] - (meta['end'] - meta['start'])}: "
    return ""
