"""`CREATE EXTERNAL TABLE … STORED AS READINGS`."""

from __future__ import annotations

import pytest
from datafusion import SessionContext

from {{crate_name}} import ReadingsFactory, register_all


@pytest.fixture
def ctx() -> SessionContext:
    ctx = SessionContext()
    ctx.register_table_factory("READINGS", ReadingsFactory())
    return ctx


def create(ctx: SessionContext, what: str) -> None:
    ctx.sql(f"CREATE EXTERNAL TABLE {what}").collect()


def count(ctx: SessionContext, table: str) -> object:
    [row] = ctx.sql(f"SELECT count(*) AS n FROM {table}").to_pylist()
    return row["n"]


def test_register_all() -> None:
    ctx = register_all(SessionContext())
    create(ctx, "t STORED AS READINGS LOCATION 'sensors://house'")
    assert count(ctx, "t") == 1000


def test_options(ctx: SessionContext) -> None:
    create(
        ctx,
        "t STORED AS READINGS LOCATION 'sensors://house' OPTIONS ('rows' '50', 'partitions' '2')",
    )
    assert count(ctx, "t") == 50
    plan = ctx.sql("SELECT id FROM t").execution_plan()
    assert plan.partition_count == 2


def test_pushdown(ctx: SessionContext) -> None:
    create(ctx, "t STORED AS READINGS LOCATION 'sensors://house'")
    plan = ctx.sql("SELECT id FROM t WHERE id > 990").execution_plan().display_indent()
    assert "FilterExec" not in plan
    assert "filters=[id > Int64(990)]" in plan


def test_the_statement_is_datafusions(ctx: SessionContext) -> None:
    create(ctx, "t STORED AS READINGS LOCATION 'sensors://house'")
    create(ctx, "IF NOT EXISTS t STORED AS READINGS LOCATION 'sensors://house'")
    with pytest.raises(Exception, match="already exists"):
        create(ctx, "t STORED AS READINGS LOCATION 'sensors://house'")
    ctx.sql("DROP TABLE t").collect()
    assert not ctx.table_exist("t")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (
            "t STORED AS READINGS LOCATION 'attic'",
            "LOCATION must be 'sensors://house', got 'attic'",
        ),
        (
            "t STORED AS READINGS LOCATION 'sensors://house' OPTIONS ('rwos' '5')",
            "there is no option 'rwos': there are 'rows', 'partitions'",
        ),
        (
            "t STORED AS READINGS LOCATION 'sensors://house' OPTIONS ('rows' 'few')",
            "option 'rows' must be a whole number, got 'few'",
        ),
        (
            "t STORED AS READINGS LOCATION 'sensors://house' OPTIONS ('rows' '-1')",
            "rows must be between 0 and 1000000000000, got -1",
        ),
        (
            "t (a INT) STORED AS READINGS LOCATION 'sensors://house'",
            "a table of readings does not take columns: leave that out",
        ),
        (
            "t STORED AS READINGS PARTITIONED BY (sensor) LOCATION 'sensors://house'",
            "a table of readings does not take PARTITIONED BY: leave that out",
        ),
        (
            "t STORED AS READINGS WITH ORDER (id DESC) LOCATION 'sensors://house'",
            "a table of readings does not take WITH ORDER: leave that out",
        ),
    ],
)
def test_wrong_statements(ctx: SessionContext, what: str, message: str) -> None:
    with pytest.raises(Exception, match=message):
        create(ctx, what)
    assert not ctx.table_exist("t")
