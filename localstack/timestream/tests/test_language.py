"""The query language: functions, operators and what is refused.

The expected values are those of the examples in "Query language reference" in the developer guide.
"""

from __future__ import annotations

import pytest

from table import TestTable, multi, single

T = "TIMESTAMP '2022-06-17 10:15:20'"
FINE = "TIMESTAMP '2022-06-17 17:44:43.771000678'"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        # "Interval and duration".
        (f"bin({T}, 5m)", "2022-06-17 10:15:00.000000000"),
        (f"bin({T}, 1d)", "2022-06-17 00:00:00.000000000"),
        (f"bin({T}, 10day)", "2022-06-17 00:00:00.000000000"),
        (f"bin({T}, 30day)", "2022-05-28 00:00:00.000000000"),
        ("date_add('hour', 9, TIMESTAMP '2022-06-17 00:00:00')", "2022-06-17 09:00:00.000000000"),
        ("date_diff('day', TIMESTAMP '2020-03-01', TIMESTAMP '2020-03-02')", "1"),
        ("1day", "1 00:00:00.000000000"),
        ("2h + 3m + 4s + 5ms + 6us + 7000ns", "0 02:03:04.005013000"),
        ("INTERVAL '1' MILLISECOND", "0 00:00:00.001000000"),
        ("now() - ago(1d)", "1 00:00:00.000000000"),
        # "General and conversion".
        ("from_milliseconds(1)", "1970-01-01 00:00:00.001000000"),
        ("from_nanoseconds(300000001)", "1970-01-01 00:00:00.300000001"),
        ("from_unixtime(1)", "1970-01-01 00:00:01.000000000"),
        ("to_milliseconds(INTERVAL '2' DAY + INTERVAL '3' HOUR)", "183600000"),
        ("to_nanoseconds(INTERVAL '2' DAY + INTERVAL '3' HOUR)", "183600000000000"),
        (f"to_milliseconds({FINE})", "1655487883771"),
        (f"to_nanoseconds({FINE})", "1655487883771000678"),
        ("to_unixtime(TIMESTAMP '2022-06-17 17:44:43.771')", "1.6554878837710001E9"),
        (
            "from_iso8601_timestamp('2022-06-17T08:04:05.000000000+05:00')",
            "2022-06-17 03:04:05.000000000",
        ),
        (f"date_trunc('minute', {FINE})", "2022-06-17 17:44:00.000000000"),
        # "Extraction".
        ("extract(YEAR FROM TIMESTAMP '2019-10-12 23:10:34')", "2019"),
        ("day(TIMESTAMP '2019-10-12 23:10:34')", "12"),
        ("day_of_week(TIMESTAMP '2019-10-12 23:10:34')", "6"),
        ("day_of_year(TIMESTAMP '2019-10-12 23:10:34')", "285"),
        ("quarter(TIMESTAMP '2019-10-12 23:10:34')", "4"),
        ("week(TIMESTAMP '2019-10-12 23:10:34')", "41"),
        # "Date / time operators".
        ("timestamp '2022-06-17 01:00' - interval '7' hour", "2022-06-16 18:00:00.000000000"),
        ("interval '6' day - interval '4' hour", "5 20:00:00.000000000"),
        # No rounding to microseconds, neither up nor down.
        ("year(TIMESTAMP '1999-12-31 23:59:59.999999999')", "1999"),
        ("CAST(TIMESTAMP '1999-12-31 23:59:59.999999999' + 0s AS date)", "1999-12-31"),
        (
            "date_trunc('year', TIMESTAMP '1999-12-31 23:59:59.999999999')",
            "1999-01-01 00:00:00.000000000",
        ),
        ("date_diff('hour', from_nanoseconds(1), from_nanoseconds(7200000000000))", "1"),
        ("from_nanoseconds(1) + 1h", "1970-01-01 01:00:00.000000001"),
        ("from_nanoseconds(9223372036854775807)", "2262-04-11 23:47:16.854775807"),
        ("to_nanoseconds(from_nanoseconds(9223372036854775807))", "9223372036854775807"),
        ("to_nanoseconds(from_nanoseconds(9223372036854775806))", "9223372036854775806"),
        # Trino: whole numbers are divided to a whole number, towards zero.
        ("7 / 2", "3"),
        ("-7 / 2", "-3"),
        ("-7 % 4", "-3"),
        ("7 / 2e0", "3.5"),
        ("7.0 / 2", "3.5"),
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775807 / 2 * 2", "9223372036854775806"),
        # Trino: null if any is.
        ("greatest(1, null)", None),
        ("least(2, 1, 3)", "1"),
        ("if(1 = 2, 'a', 'b')", "b"),
        ("coalesce(null, nullif(1, 1), 3)", "3"),
        ("try_cast('a' AS bigint)", None),
        ("try_cast('a' AS timestamp)", None),
        (
            "CAST('2022-06-17' || ' 01:02:03.000000004' AS timestamp)",
            "2022-06-17 01:02:03.000000004",
        ),
        (f"date_diff('month', TIMESTAMP '2022-01-31', {T})", "4"),
        ("substr('abcd', 2, 2) || upper('x')", "bcX"),
        ("CASE WHEN 'it''s' LIKE 'it%' THEN true END", "true"),
    ],
)
def test_expressions(table: TestTable, expression: str, value: str | None) -> None:
    assert table.rows(f"SELECT {expression}") == [[value]]


def test_time_goes_on_between_queries_not_within_one(table: TestTable) -> None:
    """Trino: now() is the time at which the query began."""
    assert table.rows("SELECT now() = current_timestamp, now() > ago(1ms)") == [["true", "true"]]
    first, second = (table.rows("SELECT to_nanoseconds(now())")[0][0] for _ in range(2))
    assert int(str(first)) < int(str(second)) < table.now


def test_a_negative_time_is_an_error(table: TestTable) -> None:
    """ "Date / time functions": "Any operation resulting in negative time results in error"."""
    table.fails("SELECT from_nanoseconds(-1)")
    table.fails("SELECT TIMESTAMP '1970-01-01' - 1h")


def test_whole_numbers_do_not_overflow(table: TestTable) -> None:
    """Trino: an error, not another number."""
    assert "verflow" in table.fails("SELECT 9223372036854775807 + 1")
    assert "verflow" in table.fails("SELECT 9223372036854775807 * 2")
    table.write(*(multi(table.now - n, {"many": 2**63 - 1}) for n in range(2)))
    assert "overflow" in table.fails("SELECT sum(many) FROM {}")
    assert "Invalid numeric literal" in table.invalid("SELECT 9223372036854775808")
    assert "ivision by zero" in table.fails("SELECT 1 / 0")


def test_aggregates(table: TestTable) -> None:
    """ "Aggregate functions"."""
    now = table.now
    values = [5, 3, None, 8, 3]
    for n, value in enumerate(values):
        more = {} if value is None else {"value": value}
        table.write(multi(now - n, {"n": n, **more}))
    sql = "SELECT count(*), count(value), count(DISTINCT value), sum(value), avg(value) FROM {}"
    assert table.rows(sql) == [["5", "4", "3", "19", "4.75"]]
    sql = "SELECT min(value), max(value), min_by(n, value), max_by(n, value) FROM {} WHERE n < 4"
    assert table.rows(sql) == [["3", "8", "1", "3"]]
    # Trino: the argument may be null, what it is ordered by may not.
    assert table.rows("SELECT max_by(value, CASE WHEN n < 3 THEN n END) FROM {}") == [[None]]
    sql = "SELECT approx_percentile(n, 0.5), approx_distinct(n), count_if(n > 2), sum(n) FILTER "
    assert table.rows(sql + "(WHERE n > 2) FROM {}") == [["2", "5", "2", "7"]]
    assert table.rows("SELECT sum(value), max(value) FROM {} WHERE n > 9") == [[None, None]]


def test_joins_subqueries_windows_and_sets(table: TestTable) -> None:
    """ "SQL support": SELECT with joins, WITH, window functions, set operations."""
    now = table.now
    table.write(*(multi(now - n, {"n": n}) for n in range(4)))
    sql = "SELECT a.n, b.n FROM {} a JOIN {} b ON a.n = b.n + 1 WHERE a.n > 1 ORDER BY a.n"
    assert table.rows(sql) == [["2", "1"], ["3", "2"]]
    sql = "SELECT a.n, b.n FROM {} a LEFT JOIN {} b ON a.n = b.n + 2 ORDER BY a.n LIMIT 3"
    assert table.rows(sql) == [["0", None], ["1", None], ["2", "0"]]
    sql = "WITH p(x) AS (SELECT n FROM {}), q AS (SELECT x * 2 AS y FROM p) SELECT max(y) FROM q"
    assert table.rows(sql) == [["6"]]
    sql = "SELECT n FROM {} WHERE time = (SELECT min(time) FROM {}) OR n IN (SELECT 0)"
    assert sorted(table.rows(sql)) == [["0"], ["3"]]
    sql = "SELECT n FROM {} p WHERE NOT EXISTS (SELECT 1 FROM {} q WHERE q.n > p.n)"
    assert table.rows(sql) == [["3"]]
    sql = "SELECT n, lag(n) OVER (ORDER BY n), sum(n) OVER (ORDER BY n) FROM {} ORDER BY n DESC"
    assert table.rows(sql)[0] == ["3", "2", "6"]
    sql = "SELECT n FROM {} EXCEPT SELECT n FROM {} WHERE n > 0 UNION ALL SELECT 7 ORDER BY n"
    assert table.rows(sql) == [["0"], ["7"]]
    sql = "SELECT bin(time, 1s) AS second, count(*) FROM {} GROUP BY 1 HAVING count(*) > 0"
    assert sum(int(str(row[1])) for row in table.rows(sql)) == 4
    sql = "SELECT n % 2 AS odd, count(*) AS c FROM {} GROUP BY n % 2 ORDER BY odd DESC"
    assert table.rows(sql) == [["1", "2"], ["0", "2"]]


def test_names_may_be_quoted(table: TestTable) -> None:
    """ "SQL support"; a table can be named without quotes, too."""
    table.write(multi(table.now, {"index": 1, 'a "b"': 2}))
    plain = table.sql.replace('"', "")
    table_name = table.names["TableName"]
    assert table.rows(f'SELECT "index", "a ""b""" FROM {plain}') == [["1", "2"]]
    sql = f'SELECT {table_name}."index", {plain}."index", x.y FROM {{}}, (SELECT 3 AS y) x'
    assert table.rows(sql) == [["1", "1", "3"]]


def test_columns_of_all_records(table: TestTable) -> None:
    """ "Writes" in the developer guide: one row a record; dimensions, measure name, time and
    measures are columns. Their order is that of a response of the service."""
    now = table.now
    table.write(multi(now, {"value": 1.5}), single(now, "2", "BIGINT"))
    (page,) = table.pages("SELECT * FROM {} ORDER BY measure_name")
    assert [one["Name"] for one in page["ColumnInfo"]] == [
        "host",
        "measure_name",
        "time",
        "value",
        "measure_value::bigint",
    ]
    rows = table.rows("SELECT *, 1 FROM {} ORDER BY measure_name")
    assert [row[3:] for row in rows] == [[None, "2", "1"], ["1.5", None, "1"]]


def test_columns_without_a_name_have_a_number(table: TestTable) -> None:
    """Trino."""
    (page,) = table.pages("SELECT 1, 2 AS b, count(*) UNION SELECT 3, 4, 5")
    assert [one["Name"] for one in page["ColumnInfo"]] == ["_col0", "b", "_col2"]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELEC 1", "line 1:"),
        ("SELECT", "without selection list"),
        ("SELECT 'a", "cannot be read"),
        ("", "queryString"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("DELETE FROM {}", "one SELECT"),
        ("INSERT INTO {} SELECT 1", "one SELECT"),
        ("DROP TABLE {}", "one SELECT"),
        ("SHOW TABLES", "one SELECT"),
        ("UNLOAD (SELECT 1) TO 's3://x'", "line 1:"),
        ("SELECT no_such(1)", "line 1:8: Function no_such is not emulated"),
        ("SELECT from_nanoseconds(1, 2)", "line 1:8: Function from_nanoseconds takes 1"),
        ("SELECT value,\n  other FROM {}", "line 2:3: Column 'other' does not exist"),
        ("SELECT Value FROM {}", "line 1:8: Column 'Value' does not exist"),
        ("SELECT p.value FROM {} q", "line 1:10: Column 'p.value' does not exist"),
        ("SELECT 1 FROM testing.nothing", "line 1:23: Table testing.nothing does not exist"),
        ("SELECT 1 FROM nothing", "line 1:15: The database of nothing must be named"),
        ("SELECT 1 FROM duckdb_tables()", "not emulated"),
        ("SELECT * FROM 'file.csv'", "line 1:"),
        # DuckDB would take an alias there, Trino does not.
        ("SELECT value AS v FROM {} WHERE v > 1", "Column 'v' does not exist"),
        ("SELECT value AS v, count(*) FROM {} GROUP BY v", "Column 'v' does not exist"),
        ("SELECT host, count(*) AS c FROM {} GROUP BY host HAVING c > 1", "Column 'c'"),
        ("SELECT value AS v, v + 1 FROM {}", "Column 'v' does not exist"),
        ("WITH p AS (SELECT value AS v FROM {}) SELECT value FROM p", "Column 'value'"),
        ("WITH p AS (SELECT value AS v FROM {}) SELECT v FROM {}", "Column 'v'"),
        ("SELECT value FROM {} GROUP BY host", "GROUP BY"),
        ("SELECT time > 5 FROM {}", "Cannot compare"),
        ("SELECT value + host FROM {}", "not valid"),
        ("SELECT value FROM {} QUALIFY true", "line 1:"),
        ("SELECT DISTINCT ON (host) value FROM {}", "not emulated"),
        ("SELECT * EXCEPT (value) FROM {}", "line 1:"),
        ("SELECT array_agg(value) FROM {}", "ARRAY_AGG is not emulated"),
        ("SELECT ago(50ns)", "less than a microsecond"),
        ("SELECT ?", "not emulated"),
        ("SELECT measure_value::double FROM {}", "measure_value::double"),
    ],
)
def test_what_is_refused_is_told_with_its_place(table: TestTable, sql: str, told: str) -> None:
    """ "SQL support": SELECT alone is emulated; DDL and DML are no part of the language."""
    table.write(multi(table.now, {"value": 1.0}))
    assert told in table.invalid(sql)


def test_a_query_has_256_kib(table: TestTable) -> None:
    """Developer guide, "Quotas", "Service limits": QueryString length."""
    text = f"SELECT '{'ä' * (128 * 1024 - 5)}'"
    assert len(text.encode()) == 256 * 1024 - 1
    assert len(table.rows(f"{text} ")) == 1
    assert "262144" in table.invalid(f"{text}  ")


def test_a_query_may_have_to_restrict_the_partition_key(table: TestTable) -> None:
    """An option of the emulator: the service enforces the key in records alone."""
    key = {"Type": "DIMENSION", "Name": "series", "EnforcementInRecord": "REQUIRED"}
    name = f"{table.name}_by_series"
    table.running.write.create_table(
        DatabaseName="testing", TableName=name, Schema={"CompositePartitionKey": [key]}
    )
    table.names["TableName"], table.sql = name, f'"testing"."{name}"'
    table.write(
        multi(table.now, {"value": 1.0}, Dimensions=[{"Name": "series", "Value": "a"}]),
    )
    assert len(table.rows("SELECT value FROM {}")) == 1
    table.running.faults(require_partition_key=True)
    for where in (
        "",
        "WHERE value = 1",
        "WHERE series > 'a'",
        "WHERE series = 'a' OR value = 1",
        "WHERE NOT (series = 'a')",
        "WHERE series IN (SELECT 'a')",
        "WHERE series = concat('a', '')",
    ):
        assert "partition key series" in table.invalid(f"SELECT value FROM {{}} {where}")
    for where in ("series = 'a'", "(value = 1 AND (series IN ('a', 'b')))", "p.series = 'a'"):
        assert len(table.rows(f"SELECT value FROM {{}} p WHERE {where}")) == 1
    inner = "WITH q AS (SELECT value FROM {} WHERE series = 'a') SELECT value FROM q"
    assert len(table.rows(inner)) == 1
