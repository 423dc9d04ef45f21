"""Tables of another crate that do what DataFusion allows, and few tables do."""

from __future__ import annotations

import pyarrow as pa
import pytest
from datafusion import SessionConfig, SessionContext, udf
from hostile_ext import BuildingCatalog, Readings


@pytest.fixture
def ctx() -> SessionContext:
    ctx = SessionContext()
    ctx.register_catalog_provider("building", BuildingCatalog())
    return ctx


def test_an_exact_filter_is_not_offered_to_the_plan_again(ctx: SessionContext) -> None:
    """A plan that puts the text of its filters into a query would put it there twice."""
    frame = ctx.sql("SELECT id FROM building.ground.as_text WHERE id > 5")
    plan = frame.execution_plan().display_indent()
    assert "OddExec: WHERE " in plan
    assert plan.count("> ") == 1


def test_other_filters_are_offered_to_the_plan(ctx: SessionContext) -> None:
    frame = ctx.sql("SELECT id FROM building.ground.queue WHERE id > 5")
    assert "OddExec: WHERE id@0 > 5" in frame.execution_plan().display_indent()
    assert frame.count() == 4


@pytest.mark.parametrize("table", ["as_text", "no_columns", "queue"])
def test_rows_without_columns(ctx: SessionContext, table: str) -> None:
    """A plan may promise all columns where none are asked for, and then return none."""
    assert ctx.sql(f"SELECT 1 AS one FROM building.ground.{table}").to_pylist() == [{"one": 1}] * 10
    assert ctx.sql(f"SELECT count(*) AS n FROM building.ground.{table}").to_pylist() == [{"n": 10}]


def test_a_plan_that_is_executed_again(ctx: SessionContext) -> None:
    """The partitions of this plan share a queue, which is full again for each step of the query."""
    sql = """
        WITH RECURSIVE r AS (
            SELECT 0 AS i
            UNION ALL SELECT t.id FROM building.ground.queue t JOIN r ON t.id = r.i + 1
        )
        SELECT count(*) AS n FROM r
    """
    assert ctx.sql(sql).to_pylist() == [{"n": 10}]


def test_a_table_gets_the_functions_and_the_options_that_it_asks_for() -> None:
    ctx = SessionContext(SessionConfig().with_batch_size(7))
    ctx.register_catalog_provider("building", BuildingCatalog())
    ints = [pa.int64()]
    ctx.register_udf(udf(lambda x: x, ints, pa.int64(), "immutable", "registered_later"))
    assert ctx.sql("SELECT count(*) AS n FROM building.ground.asks").to_pylist() == [{"n": 10}]


def test_the_owner_of_a_schema_is_shown() -> None:
    ctx = SessionContext(SessionConfig().with_information_schema(True))
    ctx.register_catalog_provider("building", BuildingCatalog())
    sql = "SELECT schema_owner FROM information_schema.schemata WHERE catalog_name = 'building'"
    assert {"schema_owner": "nobody"} in ctx.sql(sql).to_pylist()


def test_large_batches_are_split() -> None:
    ctx = SessionContext(SessionConfig().with_batch_size(4))
    ctx.register_catalog_provider("building", BuildingCatalog())
    batches = ctx.sql("SELECT id FROM building.ground.one_batch").collect()
    assert [batch.num_rows for batch in batches] == [4, 4, 2]


STEPS = """
    WITH RECURSIVE r AS (SELECT 0 AS i UNION ALL SELECT t.id FROM t JOIN r ON t.id = r.i + 1)
    SELECT count(*) AS n FROM r
"""


def test_a_source_that_is_read_again(
    ctx: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source whose rows differ the second time would make the answer wrong."""
    ctx.register_table("t", Readings(rows=10, partitions=2))
    assert ctx.sql(STEPS).to_pylist() == [{"n": 10}]
    monkeypatch.setenv("FAULT", "again:Partition::read")
    with pytest.raises(Exception, match="Partition::read returned 5 rows at first, but 0 rows"):
        ctx.sql(STEPS).collect()


def test_metadata_that_differs_is_named(
    ctx: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx.register_table("t", Readings(rows=10, partitions=2))
    monkeypatch.setenv("FAULT", "wrong:metadata")
    with pytest.raises(Exception, match='with the metadata {"unit": "celsius"}'):
        ctx.sql("SELECT * FROM t").collect()
