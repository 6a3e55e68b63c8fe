"""Holds the rows of the tables in DuckDB, in memory.

Rows are appended in batches, and only when a query is about to look or many are waiting; so a
write costs no SQL. A batch becomes visible to queries some time after it was written, if so told:
batches of one table in the order in which they came. A replaced row stays visible until the one
that replaces it is.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import duckdb

from functions import MACROS
from schema import Column

#: How many visible rows may wait before they are put into DuckDB without a query.
MANY_ROWS = 20_000
PHYSICAL = {"TIMESTAMP": "TIMESTAMP_NS"}


class Found(NamedTuple):
    """What a query found."""

    names: list[str]
    #: As DuckDB calls them.
    types: list[str]
    rows: list[tuple[Any, ...]]


@dataclass
class Batch:
    """Rows of one call."""

    #: When queries may see it.
    visible_at: int
    #: A row's number, its time, its measure name, then the columns; a row may end early.
    rows: list[list[Any]] = field(default_factory=list)
    #: The numbers of the rows that it replaces.
    replaced: list[int] = field(default_factory=list)


class StoredTable:
    """The rows of one table."""

    def __init__(self, storage: Storage, number: int) -> None:
        self.storage = storage
        self.name = f"rows_{number}"
        #: What queries select from.
        self.view = f"table_{number}"
        self.columns: list[Column] = []
        self.positions: dict[str, int] = {}
        self.waiting: deque[Batch] = deque()
        self.waiting_rows = 0
        self.last_visible_at = 0
        #: How many of the columns queries can see.
        self.visible = 0
        self.next_row = 0
        with storage.lock:
            execute = storage.connection.execute
            fixed = "row BIGINT, time {}, measure_name VARCHAR"
            execute(f"CREATE TABLE {self.name} ({fixed.format('TIMESTAMP_NS')})")
            execute(f"CREATE TABLE new_{self.name} ({fixed.format('BIGINT')})")
            self.show()

    def add_columns(self, columns: Sequence[Column]) -> None:
        """Takes up columns; queries see them when they see a row that has them."""
        for column in columns:
            self.positions[column.name] = 3 + len(self.columns)
            self.columns.append(column)

    def put(self, batch: Batch, delay: int) -> None:
        """Takes up a batch, to be seen after a delay."""
        batch.visible_at = self.last_visible_at = max(
            self.last_visible_at, batch.visible_at + delay
        )
        self.waiting.append(batch)
        self.waiting_rows += len(batch.rows)

    def flush(self, now: int) -> None:
        """Puts all that is visible by now into DuckDB."""
        with self.storage.lock:
            rows: list[list[Any]] = []
            replaced: set[int] = set()
            while self.waiting and self.waiting[0].visible_at <= now:
                batch = self.waiting.popleft()
                rows += batch.rows
                replaced.update(batch.replaced)
            if not rows and not replaced:
                return
            self.waiting_rows -= len(rows)
            self.widen(max(map(len, rows), default=0) - 3)
            self.replace([row for row in rows if row[0] not in replaced], replaced)

    def replace(self, rows: list[list[Any]], replaced: set[int]) -> None:
        """Deletes rows and inserts others, at once."""
        connection = self.storage.connection
        if rows:
            width = 3 + self.visible
            for row in rows:
                row.extend([None] * (width - len(row)))
            with connection.appender(f"new_{self.name}") as appender:
                appender.append_rows(rows)
        connection.begin()
        # Most of what is replaced may never have come in here.
        if replaced:
            connection.execute(
                f"DELETE FROM {self.name} WHERE row IN (SELECT unnest(?::BIGINT[]))",
                [sorted(replaced)],
            )
        columns = ["row", "make_timestamp_ns(time)", "measure_name"]
        for column in self.columns[: self.visible]:
            name = quoted(column.name)
            columns.append(f"ts_from_nanoseconds({name})" if column.type == "TIMESTAMP" else name)
        connection.execute(
            f"INSERT INTO {self.name} SELECT {', '.join(columns)} FROM new_{self.name}"
        )
        connection.execute(f"DELETE FROM new_{self.name}")
        connection.commit()

    def widen(self, visible: int) -> None:
        """Makes the first columns visible."""
        if visible <= self.visible:
            return
        for column in self.columns[self.visible : visible]:
            name, kind = quoted(column.name), column.type
            alter = self.storage.connection.execute
            alter(f"ALTER TABLE {self.name} ADD COLUMN {name} {PHYSICAL.get(kind, kind)}")
            staged = "BIGINT" if kind == "TIMESTAMP" else kind
            alter(f"ALTER TABLE new_{self.name} ADD COLUMN {name} {staged}")
        self.visible = visible
        self.show()

    def show(self) -> None:
        """Tells the view of the columns, in the order that the service gives them."""
        names = ", ".join(map(quoted, self.visible_names()))
        self.storage.connection.execute(
            f"CREATE OR REPLACE VIEW {self.view} AS SELECT {names} FROM {self.name}"
        )

    def visible_names(self) -> list[str]:
        """The names of the columns that queries see: dimensions, measure name, time, measures."""
        seen = self.columns[: self.visible]
        dimensions = [column.name for column in seen if column.is_dimension]
        measures = [column.name for column in seen if not column.is_dimension]
        return [*dimensions, "measure_name", "time", *measures]

    def drop(self) -> None:
        """Forgets all of it."""
        with self.storage.lock:
            self.storage.connection.execute(f"DROP VIEW {self.view}")
            self.storage.connection.execute(f"DROP TABLE {self.name}")
            self.storage.connection.execute(f"DROP TABLE new_{self.name}")


class Storage:
    """All tables' rows."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(":memory:")
        #: Held by who changes anything.
        self.lock = threading.Lock()
        self.tables = 0
        # As Trino divides and orders.
        self.connection.execute("SET GLOBAL integer_division = true")
        self.connection.execute("SET GLOBAL default_null_order = 'NULLS_LAST'")
        for macro in MACROS:
            self.connection.execute(f"CREATE MACRO {macro}")
        # Queries see tables alone, whatever gets past the translation.
        self.connection.execute("SET GLOBAL enable_external_access = false")
        self.connection.execute("SET GLOBAL lock_configuration = true")

    def create(self) -> StoredTable:
        """A new table."""
        self.tables += 1
        return StoredTable(self, self.tables)

    def run(self, sql: str) -> Found:
        """Runs a query in DuckDB's SQL. Times come as nanoseconds: Python's own would lose them."""
        with self.connection.cursor() as cursor:
            # So that columns do not become more between the two.
            cursor.begin()
            described = cursor.execute(f"DESCRIBE {sql}").fetchall()
            names, types = [row[0] for row in described], [row[1] for row in described]
            fetched = ", ".join(fetch(kind, f"c{i}") for i, kind in enumerate(types))
            aliases = ", ".join(f"c{i}" for i in range(len(types)))
            rows = cursor.execute(f"SELECT {fetched} FROM ({sql}) AS result({aliases})").fetchall()
            return Found(names, types, rows)


def fetch(kind: str, name: str) -> str:
    """How a column is fetched."""
    if kind.startswith(("TIMESTAMP", "INTERVAL")):
        return f"ts_to_nanoseconds({name})"
    if kind.startswith(("DATE", "TIME")):
        return f"CAST({name} AS VARCHAR)"
    if kind.startswith("DECIMAL"):
        return f"CAST({name} AS DOUBLE)"
    return name


def quoted(name: str) -> str:
    """An identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'
