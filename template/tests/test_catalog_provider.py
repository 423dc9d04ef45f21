"""A catalog of this package in a session."""

from __future__ import annotations

import pytest
from datafusion import SessionConfig, SessionContext

from {{crate_name}} import ReadingsCatalog, register_all


@pytest.fixture
def ctx() -> SessionContext:
    ctx = SessionContext(SessionConfig().with_information_schema())
    ctx.register_catalog_provider("house", ReadingsCatalog())
    return ctx


def test_register_all() -> None:
    ctx = register_all(SessionContext())
    assert ctx.sql("SELECT count(*) AS n FROM house.serial.minute").to_pylist() == [{"n": 60}]


@pytest.mark.parametrize(("schema", "partitions"), [("serial", 1), ("parallel", 4)])
def test_schemas(ctx: SessionContext, schema: str, partitions: int) -> None:
    plan = ctx.sql(f"SELECT id FROM house.{schema}.day").execution_plan()
    assert plan.partition_count == partitions


def test_names(ctx: SessionContext) -> None:
    assert ctx.catalog("house").schema_names() == {"parallel", "serial"}
    sql = """
        SELECT table_schema, table_name FROM information_schema.tables
        WHERE table_catalog = 'house' AND table_schema <> 'information_schema' ORDER BY 1, 2
    """
    rows = [(row["table_schema"], row["table_name"]) for row in ctx.sql(sql).to_pylist()]
    assert rows == [(s, t) for s in ("parallel", "serial") for t in ("day", "hour", "minute")]


@pytest.mark.parametrize("table", ["house.attic.day", "house.serial.week", "garden.serial.day"])
def test_missing_names(ctx: SessionContext, table: str) -> None:
    with pytest.raises(Exception, match=r"not found|failed to resolve"):
        ctx.sql(f"SELECT * FROM {table}")


def test_missing_schema(ctx: SessionContext) -> None:
    with pytest.raises(KeyError):
        ctx.catalog("house").schema("attic")


def test_joins_with_other_catalogs(ctx: SessionContext) -> None:
    ctx.sql("CREATE TABLE named AS VALUES (3, 'three')").collect()
    sql = "SELECT column2 AS name FROM house.serial.minute JOIN named ON id = column1"
    assert ctx.sql(sql).to_pylist() == [{"name": "three"}]
