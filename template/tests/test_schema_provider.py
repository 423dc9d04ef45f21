"""A schema of this package in a catalog of DataFusion."""

from __future__ import annotations

import pytest
from datafusion import SessionConfig, SessionContext

from {{crate_name}} import ReadingsSchema, register_all


@pytest.fixture
def ctx() -> SessionContext:
    ctx = SessionContext(SessionConfig().with_information_schema())
    ctx.catalog().register_schema("sensors", ReadingsSchema())
    return ctx


def test_register_all() -> None:
    ctx = register_all(SessionContext())
    assert ctx.sql("SELECT count(*) AS n FROM sensors.minute").to_pylist() == [{"n": 60}]


@pytest.mark.parametrize(("table", "rows"), [("minute", 60), ("hour", 3_600), ("day", 86_400)])
def test_tables(ctx: SessionContext, table: str, rows: int) -> None:
    assert ctx.sql(f"SELECT count(*) AS n FROM sensors.{table}").to_pylist() == [{"n": rows}]


def test_pushdown(ctx: SessionContext) -> None:
    plan = ctx.sql("SELECT id FROM sensors.day WHERE id > 86000").execution_plan()
    assert "filters=[id > Int64(86000)]" in plan.display_indent()


def test_names(ctx: SessionContext) -> None:
    assert ctx.catalog().schema("sensors").table_names() == {"day", "hour", "minute"}
    sql = """
        SELECT table_name, count(*) AS columns FROM information_schema.columns
        WHERE table_schema = 'sensors' GROUP BY table_name ORDER BY table_name
    """
    rows = [(row["table_name"], row["columns"]) for row in ctx.sql(sql).to_pylist()]
    assert rows == [("day", 4), ("hour", 4), ("minute", 4)]


def test_missing_table(ctx: SessionContext) -> None:
    with pytest.raises(Exception, match=r"table 'datafusion\.sensors\.week' not found"):
        ctx.sql("SELECT * FROM sensors.week")
    with pytest.raises(Exception, match="Table not found: week"):
        ctx.catalog().schema("sensors").table("week")


def test_other_tables_are_refused(ctx: SessionContext) -> None:
    with pytest.raises(Exception, match="does not support registering tables"):
        ctx.sql("CREATE TABLE sensors.week AS SELECT 1").collect()
