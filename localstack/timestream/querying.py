"""Query and CancelQuery: results in pages, and the tokens that lead from one to the next.

The rules are those of ClientToken, MaxRows and NextToken in "Query" in the API reference.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import duckdb

import members
from clock import HOUR, MINUTE, Clock
from databases import Databases, Table
from dialect import translate
from fault_injection import Faults
from results import render, scalar_type
from service_errors import (
    ConflictException,
    QueryExecutionException,
    ValidationException,
)

#: "QueryString length in KiB" in "Service limits".
TEXT_BYTES = 256 * 1024
PAGE_BYTES = 1_000_000
TOKEN_USES, TOKEN_LIFE = 5, HOUR
#: How long a client token stands for its query, and how long it then is refused.
SAME_FOR, REFUSED_FOR = 5 * MINUTE, 4 * HOUR
#: What a query is metered at least.
LEAST_METERED = 10_000_000
#: How many results are kept for client tokens that come again.
KEPT = 64


@dataclass(eq=False)
class Result:
    """The whole result of a query."""

    id: str
    text: str
    principal: str
    columns: list[dict[str, Any]]
    rows: list[str]
    scanned: int
    is_cancelled: bool = False
    #: The tokens to its pages.
    tokens: list[str] = field(default_factory=list)

    def fit(self, start: int, most: int | None) -> int:
        """Where a page ends that begins at a row."""
        left = PAGE_BYTES - len(json.dumps(self.columns))
        end = start
        while end < len(self.rows) and (most is None or end - start < most):
            left -= len(self.rows[end]) + 1
            if left < 0:
                break
            end += 1
        if end == start < len(self.rows):
            raise QueryExecutionException(
                "Query aborted as max page response size has been exceeded by the output result row"
            )
        return end


@dataclass
class Token:
    """A place in a result."""

    result: Result
    start: int
    made_at: int
    uses: int = 0
    #: What its first use answered, which others answer again.
    page: str = ""


@dataclass
class Asked:
    """A query that came with a client token."""

    at: int
    text: str
    most: int | None
    principal: str


@dataclass
class Totals:
    """What was asked so far."""

    calls: int = 0
    queries: int = 0
    bytes_scanned: int = 0
    bytes_metered: int = 0


class Queries:
    """Runs queries."""

    def __init__(self, databases: Databases, clock: Clock) -> None:
        self.databases = databases
        self.clock = clock
        self.tokens: dict[str, Token] = {}
        self.asked: dict[str, Asked] = {}
        self.kept: OrderedDict[str, Result] = OrderedDict()
        self.cancelled: set[str] = set()
        self.totals = Totals()
        #: Held while tokens are looked up: queries run on threads.
        self.lock = threading.Lock()

    def query(self, asked: dict[str, Any], principal: str, faults: Faults) -> str:
        """Query; tells the response's JSON."""
        text = members.text(asked, "QueryString")
        if len(text.encode()) > TEXT_BYTES:
            raise ValidationException(f"The query string is longer than {TEXT_BYTES} bytes.")
        most = members.integer(asked, "MaxRows", 1, 1000)
        client = members.optional_text(asked, "ClientToken", 32, 128)
        token = members.optional_text(asked, "NextToken", 1, 2048)
        with self.lock:
            self.totals.calls += 1
            self.forget()
            if token is not None:
                return self.next_page(token, text, most, principal, faults)
            result = self.known(client, Asked(self.clock.now(), text, most, principal))
        if result is None:
            result = self.run(text, principal, faults)
        with self.lock:
            self.keep(client, result)
            return self.first_page(result, most)

    def run(self, text: str, principal: str, faults: Faults) -> Result:
        """Runs a query to its end."""
        now = self.clock.now()

        def find(database: str, name: str) -> Table | None:
            """A table, with all that can be seen of it."""
            table = self.databases.find(database, name)
            if table is not None:
                table.stored.flush(now)
            return table

        query = translate(text, find, now, faults.require_partition_key)
        try:
            found = self.databases.storage.run(query.sql)
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
            raise ValidationException(f"The query is not valid: {first_line(error)}") from error
        except duckdb.Error as error:
            raise QueryExecutionException(first_line(error)) from error
        types = [scalar_type(kind) for kind in found.types]
        for name, kind, physical in zip(found.names, types, found.types, strict=True):
            if not kind:
                raise ValidationException(f"Column {name}: {physical} is not emulated")
        rows = render(types, found.rows)
        scanned = sum(table.bytes for table in query.tables)
        with self.lock:
            self.totals.queries += 1
            self.totals.bytes_scanned += scanned
            self.totals.bytes_metered += max(scanned, LEAST_METERED)
        columns = [
            {"Name": name, "Type": {"ScalarType": kind}}
            for name, kind in zip(found.names, types, strict=True)
        ]
        return Result(uuid.uuid4().hex.upper(), text, principal, columns, rows, scanned)

    def first_page(self, result: Result, most: int | None) -> str:
        """The whole result if it fits in a page and has fewer rows than were allowed; otherwise
        no row, and a token."""
        if result.fit(0, None) == len(result.rows) and (most is None or len(result.rows) < most):
            return self.page(result, 0, len(result.rows))
        return self.page(result, 0, 0)

    def next_page(
        self, name: str, text: str, most: int | None, principal: str, faults: Faults
    ) -> str:
        """The page to which a token leads."""
        token = self.tokens.get(name)
        if token is None or faults.is_due("expire", faults.expire_every):
            if token is not None:
                faults.note("expire")
                del self.tokens[name]
            raise ValidationException("Invalid pagination token.")
        result = token.result
        if (result.text, result.principal) != (text, principal):
            raise ValidationException("Invalid pagination token.")
        if result.is_cancelled:
            raise ConflictException("The query was cancelled.")
        if token.uses >= TOKEN_USES:
            raise ValidationException("Invalid pagination token.")
        token.uses += 1
        # Those before it end when it is used.
        while result.tokens[0] != name:
            self.tokens.pop(result.tokens.pop(0), None)
        if not token.page:
            token.page = self.page(result, token.start, result.fit(token.start, most))
        return token.page

    def page(self, result: Result, start: int, end: int) -> str:
        """The response with some of the rows, and a token if there are more."""
        answer: dict[str, Any] = {
            "QueryId": result.id,
            "ColumnInfo": result.columns,
            "QueryStatus": {
                "ProgressPercentage": 100.0,
                "CumulativeBytesScanned": result.scanned,
                "CumulativeBytesMetered": max(result.scanned, LEAST_METERED),
            },
        }
        if end < len(result.rows):
            token = answer["NextToken"] = uuid.uuid4().hex
            self.tokens[token] = Token(result, end, self.clock.now())
            result.tokens.append(token)
        rows = ",".join(result.rows[start:end])
        return f'{json.dumps(answer)[:-1]}, "Rows": [{rows}]}}'

    def known(self, client: str | None, asked: Asked) -> Result | None:
        """The result of a query that came before with the same client token."""
        if client is None:
            return None
        before = self.asked.setdefault(client, asked)
        if before is asked:
            return None
        if asked.at - before.at > SAME_FOR:
            raise ValidationException("The client token was used more than five minutes ago.")
        if (before.text, before.most, before.principal) != (
            asked.text,
            asked.most,
            asked.principal,
        ):
            raise ValidationException("The client token was used with other parameters.")
        return self.kept.get(client)

    def keep(self, client: str | None, result: Result) -> None:
        """Keeps a result for when its client token comes again."""
        if client is not None:
            self.kept[client] = result
            while len(self.kept) > KEPT:
                self.kept.popitem(last=False)

    def forget(self) -> None:
        """Forgets tokens that expired; the oldest come first."""
        now = self.clock.now()
        for name, token in list(self.tokens.items()):
            if now - token.made_at <= TOKEN_LIFE:
                break
            del self.tokens[name]
        for client, asked in list(self.asked.items()):
            if now - asked.at <= REFUSED_FOR:
                break
            del self.asked[client]
            self.kept.pop(client, None)

    def forget_all(self) -> None:
        """Forgets every token, for when the clock is put back: the oldest would not come first."""
        with self.lock:
            for known in (self.tokens, self.asked, self.kept):
                known.clear()

    def cancel(self, asked: dict[str, Any]) -> dict[str, Any]:
        """CancelQuery: what is not fetched of a result cannot be any more."""
        name = members.text(asked, "QueryId", 1, 64)
        if name in self.cancelled:
            return {"CancellationMessage": f"The query {name} has already been cancelled."}
        with self.lock:
            pending = [token.result for token in self.tokens.values() if token.result.id == name]
        if not pending:
            raise ValidationException(f"The query {name} is not running.")
        self.cancelled.add(name)
        pending[0].is_cancelled = True
        return {}


def first_line(error: duckdb.Error) -> str:
    """What an error of DuckDB says, without its advice and the SQL that it was given."""
    return str(error).split("\n", 1)[0].split(": ", 1)[-1].split(". ", 1)[0]
