"""Resolves the names of tables and columns in a query, as strictly as Trino does: DuckDB would let
an alias of the same SELECT stand in WHERE or GROUP BY, and take any case for any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.scope import Scope, traverse_scope

from databases import Table
from service_errors import ValidationException
from where import at

Find = Callable[[str, str], Table | None]


def resolve(tree: exp.Expr, find: Find, is_key_required: bool) -> set[Table]:
    """Checks all names; tells the tables."""
    try:
        scopes = traverse_scope(tree)
    except OptimizeError as error:
        raise ValidationException(str(error)) from error
    tables: set[Table] = set()
    known: dict[int, set[str]] = {}
    for scope in scopes:
        for name, source in selected(scope):
            if isinstance(source, exp.Table):
                table = look_up(source, find)
                tables.add(table)
                known[id(source)] = set(table.stored.visible_names())
                if is_key_required:
                    check_key(scope, name, table, source)
    for scope in scopes:
        for column in scope.find_all(exp.Column):
            check_column(column, scope, known)
    return tables


def look_up(node: exp.Table, find: Find) -> Table:
    """The table that a node names."""
    if not isinstance(node.this, exp.Identifier):
        raise ValidationException(f"{at(node)}Functions that give tables are not emulated")
    if not node.db:
        raise ValidationException(f"{at(node)}The database of {node.name} must be named")
    table = find(node.db, node.name)
    if table is None or node.catalog:
        raise ValidationException(f"{at(node)}Table {node.db}.{node.name} does not exist")
    node.meta["view"] = table.stored.view
    return table


def physical(node: exp.Table) -> exp.Table:
    """The view that stands for a table; others, that are defined in the query, as they are."""
    view = node.meta.get("view")
    if view is None:
        return node
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name, quoted=True))
    return exp.Table(this=exp.to_identifier(view), alias=alias)


def check_column(column: exp.Column, scope: Scope, known: dict[int, set[str]]) -> None:
    """Fails at a column that is not there."""
    if isinstance(column.this, exp.Star):
        return
    of = column.table
    if column.args.get("db"):
        # DuckDB knows the table by its alias.
        column.set("db", None)
    around: Scope | None = scope
    while around is not None:
        for name, source in selected(around):
            if of in ("", name):
                names = columns(source, known)
                if names is None or column.name in names:
                    return
        around = around.parent if around.is_subquery or around.is_set_operation else None
    if not of and is_alias(column):
        return
    raise ValidationException(f"{at(column)}Column '{column.sql('trino')}' does not exist")


def selected(scope: Scope) -> Iterator[tuple[str, Any]]:
    """What a query selects from, by name: tables, or other queries."""
    for name, (_, source) in scope.selected_sources.items():
        yield name, source


def is_alias(column: exp.Column) -> bool:
    """Whether ORDER BY names a column of the result."""
    order = column.find_ancestor(exp.Order)
    if order is None or not isinstance(order.parent, exp.Query):
        return False
    return column.name in order.parent.named_selects


def columns(source: Any, known: dict[int, set[str]]) -> set[str] | None:
    """The names of the columns of a source; None if any will do."""
    if isinstance(source, exp.Table):
        return known[id(source)]
    if not isinstance(source, Scope) or not isinstance(source.expression, exp.Query):
        return None
    if id(source) not in known:
        known[id(source)] = set(outputs(source, known))
    return known[id(source)]


def outputs(scope: Scope, known: dict[int, set[str]]) -> Iterator[str]:
    """The names of what a query gives."""
    holder = scope.expression.parent
    alias = holder.args.get("alias") if holder is not None else None
    if isinstance(alias, exp.TableAlias) and alias.columns:
        yield from (column.name for column in alias.columns)
        return
    if scope.set_operation_scopes:
        yield from outputs(scope.set_operation_scopes[0], known)
        return
    query = scope.expression
    for one in query.selects if isinstance(query, exp.Query) else ():
        if one.is_star:
            for name, source in selected(scope):
                if not isinstance(one, exp.Column) or one.table == name:
                    yield from columns(source, known) or ()
        else:
            yield one.alias_or_name


def check_key(scope: Scope, name: str, table: Table, node: exp.Table) -> None:
    """Fails unless the table's partition key is restricted to values."""
    for key in table.schema.keys:
        if key.dimension and not any(
            restricts(condition, name, key.dimension) for condition in conditions(scope)
        ):
            raise ValidationException(
                f"{at(node)}The query does not restrict the partition key {key.dimension} of "
                f"{table.database}.{table.name} by equality or IN"
            )


def conditions(scope: Scope) -> Iterator[exp.Expr]:
    """What all rows of a query fulfil."""
    where = scope.expression.args.get("where")
    if where is not None:
        whole: exp.Expr = where.this.unnest()
        parts = whole.flatten() if isinstance(whole, exp.And) else (whole,)
        yield from (part.unnest() for part in parts)


def restricts(condition: exp.Expr, table: str, dimension: str) -> bool:
    """Whether a condition lets a dimension have given values alone."""
    column = condition.this
    if not isinstance(column, exp.Column) or column.name != dimension:
        return False
    if column.table not in ("", table):
        return False
    match condition:
        case exp.EQ():
            values = [condition.expression]
        case exp.In():
            values = condition.expressions
        case _:
            return False
    return bool(values) and all(isinstance(value, exp.Literal) for value in values)
