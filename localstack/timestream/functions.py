"""What of SQL is emulated: kinds of expressions, functions, and what DuckDB is taught for them.

Anything that is not listed here is refused, so that nothing gets another meaning on its way.
Functions are those of "Query language reference" in the developer guide.
"""

from __future__ import annotations

from sqlglot import exp

#: What a query is made of besides functions.
STRUCTURE = (
    exp.Select, exp.With, exp.CTE, exp.Subquery, exp.From, exp.Join, exp.Where, exp.Group,
    exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Distinct, exp.Union,
    exp.Intersect, exp.Except, exp.Table, exp.TableAlias, exp.Column, exp.Identifier, exp.Star,
    exp.Alias, exp.Paren, exp.Tuple, exp.Literal, exp.Null, exp.Boolean, exp.And, exp.Or, exp.Not,
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Is, exp.Like,
    exp.Escape, exp.Exists, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.DPipe,
    exp.Case, exp.If, exp.Cast, exp.TryCast, exp.DataType, exp.DataTypeParam, exp.Interval,
    exp.Var, exp.Window, exp.WindowSpec, exp.Filter, exp.Extract,
)  # fmt: skip

#: Functions that sqlglot knows and DuckDB has, or that are rewritten for it.
KNOWN = (
    # Aggregates.
    exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.ArgMin, exp.ArgMax,
    exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop, exp.Corr,
    exp.AnyValue, exp.LogicalAnd, exp.LogicalOr, exp.ApproxDistinct, exp.ApproxQuantile,
    # Window functions.
    exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile, exp.Lag,
    exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue,
    # Numbers.
    exp.Abs, exp.Ceil, exp.Floor, exp.Round, exp.Sqrt, exp.Pow, exp.Exp, exp.Ln, exp.Sign,
    exp.Greatest, exp.Least,
    # Conditions.
    exp.Coalesce, exp.Nullif,
    # Strings.
    exp.Length, exp.Lower, exp.Upper, exp.Concat, exp.Substring, exp.Trim, exp.Replace,
    exp.StrPosition, exp.SplitPart, exp.StartsWith, exp.Reverse,
    # Times.
    exp.CurrentTimestamp, exp.CurrentDate, exp.Localtimestamp, exp.TimestampTrunc, exp.DateTrunc,
    exp.DateAdd, exp.DateDiff, exp.FromISO8601Timestamp, exp.UnixToTime, exp.TimeToUnix, exp.Year,
    exp.Quarter, exp.Month, exp.Week, exp.WeekOfYear, exp.Day, exp.DayOfMonth, exp.DayOfWeekIso,
    exp.DayOfYear, exp.Hour, exp.Minute, exp.Second,
)  # fmt: skip

#: Functions that DuckDB is taught, under other names, and how many arguments they take.
TAUGHT = {
    "from_nanoseconds": 1,
    "to_nanoseconds": 1,
    "from_milliseconds": 1,
    "to_milliseconds": 1,
    "bin": 2,
    "ago": 1,
}

#: What their names begin with in DuckDB, which has functions of its own under some of them.
PREFIX = "ts_"
#: In DuckDB's SQL. The last nanosecond that a 64-bit number tells is DuckDB's infinity. A cast to
#: microseconds would round, here it rounds down. Times are not negative ("Date / time functions").
MACROS = (
    """ts_from_nanoseconds(n) AS CASE WHEN n = 9223372036854775807 THEN 'infinity'::TIMESTAMP_NS
        WHEN n < 0 THEN error('negative times are not supported')
        ELSE make_timestamp_ns(n) END""",
    """ts_to_nanoseconds(t) AS
        coalesce(epoch_ns(t), CASE WHEN t IS NOT NULL THEN 9223372036854775807 END)""",
    "ts_from_milliseconds(n) AS ts_from_nanoseconds(CAST(n AS BIGINT) * 1000000)",
    "ts_to_milliseconds(t) AS ts_to_nanoseconds(t) // 1000000",
    "ts_from_unixtime(n) AS ts_from_nanoseconds(CAST(n * 1e9 AS BIGINT))",
    "ts_to_unixtime(t) AS ts_to_nanoseconds(t) / 1e9",
    """ts_bin(t, i) AS ts_from_nanoseconds(
        ts_to_nanoseconds(t) // ts_to_nanoseconds(i) * ts_to_nanoseconds(i))""",
    "ts_microseconds(t) AS make_timestamp_ns(epoch_ns(t) // 1000 * 1000)",
    "ts_date_trunc(unit, t) AS CAST(date_trunc(unit, ts_microseconds(t)) AS TIMESTAMP_NS)",
    "ts_elapsed(n, a, b) AS (ts_to_nanoseconds(b) - ts_to_nanoseconds(a)) // n",
)
