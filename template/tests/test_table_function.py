"""The table function in SQL."""

from __future__ import annotations

import pytest
from datafusion import SessionContext, TableFunction

from {{crate_name}} import ReadingsFunction, register_all


@pytest.fixture
def ctx() -> SessionContext:
    ctx = SessionContext()
    function = TableFunction("readings", ReadingsFunction(), ctx)  # type: ignore[arg-type]
    ctx.register_udtf(function)
    return ctx


def count(ctx: SessionContext, table: str) -> object:
    [row] = ctx.sql(f"SELECT count(*) AS n FROM {table}").to_pylist()
    return row["n"]


def test_register_all() -> None:
    assert count(register_all(SessionContext()), "readings(10)") == 10


@pytest.mark.parametrize(
    ("call", "rows", "partitions"),
    [
        ("readings(1000, 2)", 1000, 2),
        ("readings(1000)", 1000, 4),
        ("readings(10 * 100, 1 + 1)", 1000, 2),
        ("readings(0)", 0, 1),
        ("readings(CAST(5 AS SMALLINT), CAST('2' AS INT UNSIGNED))", 5, 2),
        ("readings(abs(-5), length('ab'))", 5, 2),
    ],
)
def test_arguments(ctx: SessionContext, call: str, rows: int, partitions: int) -> None:
    assert count(ctx, call) == rows
    assert ctx.sql(f"SELECT id FROM {call}").execution_plan().partition_count == partitions


def test_pushdown(ctx: SessionContext) -> None:
    plan = ctx.sql("SELECT id FROM readings(1000) WHERE id > 990").execution_plan()
    assert "FilterExec" not in plan.display_indent()
    assert "filters=[id > Int64(990)]" in plan.display_indent()


def test_two_calls_in_a_join(ctx: SessionContext) -> None:
    sql = "SELECT count(*) AS n FROM readings(10) a JOIN readings(5) b ON a.id = b.id"
    assert ctx.sql(sql).to_pylist() == [{"n": 5}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", r"expected readings\(rows, partitions\), .*, got 0 arguments"),
        ("1, 2, 3", r"expected readings\(rows, partitions\), .*, got 3 arguments"),
        ("'many'", r'expected readings\(rows, partitions\), .*, got Utf8\("many"\) for rows'),
        ("1, 2.5", r"expected readings\(rows, partitions\), .* for partitions"),
        ("NULL", r"expected readings\(rows, partitions\), .*, got NULL for rows"),
        ("-1", "rows must be between 0 and 1000000000000, got -1"),
        ("1, 0", "partitions must be between 1 and 1024, got 0"),
    ],
)
def test_wrong_arguments(ctx: SessionContext, arguments: str, message: str) -> None:
    with pytest.raises(Exception, match=message):
        ctx.sql(f"SELECT * FROM readings({arguments})")


def test_named_arguments_are_not_for_tables(ctx: SessionContext) -> None:
    # DataFusion refuses named arguments before it asks the function. If this no longer raises, the
    # function can accept them.
    with pytest.raises(Exception, match="Unsupported function argument type: rows => 10"):
        ctx.sql("SELECT * FROM readings(rows => 10)")
