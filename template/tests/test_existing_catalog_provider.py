"""The catalog of another crate in a session."""

from __future__ import annotations

import pytest
from datafusion import SessionConfig, SessionContext

from {{crate_name}} import BuildingCatalog, register_all


@pytest.fixture
def ctx() -> SessionContext:
    ctx = SessionContext(SessionConfig().with_information_schema())
    ctx.register_catalog_provider("building", BuildingCatalog())
    return ctx


def count(ctx: SessionContext, table: str) -> int:
    [row] = ctx.sql(f"SELECT count(*) AS n FROM {table}").to_pylist()
    return int(row["n"])


def test_register_all() -> None:
    ctx = register_all(SessionContext())
    assert ctx.catalog("building").schema_names() == {"ground"}


def test_tables(ctx: SessionContext) -> None:
    assert count(ctx, "building.ground.rooms") == 3
    ctx.sql("INSERT INTO building.ground.rooms VALUES ('hall', 0)").collect()
    assert count(ctx, "building.ground.rooms") == 4


def test_names(ctx: SessionContext) -> None:
    assert ctx.catalog("building").schema("ground").table_names() == {"rooms"}
    sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'ground'"
    assert ctx.sql(sql).to_pylist() == [{"table_name": "rooms"}]


@pytest.mark.parametrize("table", ["building.roof.rooms", "building.ground.doors"])
def test_missing_names(ctx: SessionContext, table: str) -> None:
    with pytest.raises(Exception, match="not found"):
        ctx.sql(f"SELECT * FROM {table}")


def test_tables_come_and_go(ctx: SessionContext) -> None:
    ctx.sql("CREATE TABLE building.ground.doors AS VALUES (1), (2)").collect()
    assert count(ctx, "building.ground.doors") == 2
    assert count(ctx, "building.ground.doors JOIN building.ground.rooms ON true") == 6
    ctx.sql("DROP TABLE building.ground.doors").collect()
    assert ctx.catalog("building").schema("ground").table_names() == {"rooms"}
