"""The table of another crate: what is pushed down to it, and what is inserted into it.

That a query gets the right rows is what ``conformance/test_tables.py`` tests.
"""

from __future__ import annotations

import pyarrow as pa
import pytest
from datafusion import SessionContext

from {{crate_name}} import Rooms, register_all

ALL = [("attic", 2), ("cellar", -1), ("garden", None)]


def rows(ctx: SessionContext, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in ctx.sql(sql).to_pylist()]


@pytest.fixture
def ctx() -> SessionContext:
    ctx = SessionContext()
    ctx.register_table("rooms", Rooms())
    return ctx


def test_register_all() -> None:
    assert register_all(SessionContext()).table_exist("rooms")


def test_values(ctx: SessionContext) -> None:
    assert rows(ctx, "SELECT * FROM rooms ORDER BY sensor") == ALL
    assert rows(ctx, "SELECT sensor FROM rooms WHERE floor > 0") == [("attic",)]


def test_the_plan_shows_what_the_table_reads(ctx: SessionContext) -> None:
    plan = ctx.sql("SELECT floor FROM rooms").execution_plan().display_indent()
    assert "FFI_ExecutionPlan: DataSourceExec: partitions=1" in plan


def test_arrow_stream() -> None:
    assert pa.table(Rooms()).num_rows == 3


def test_insert(ctx: SessionContext) -> None:
    assert rows(ctx, "INSERT INTO rooms VALUES ('kitchen', 0), ('hall', NULL)") == [(2,)]
    assert rows(ctx, "SELECT count(*) FROM rooms") == [(5,)]


def test_insert_of_rows_that_are_computed(ctx: SessionContext) -> None:
    batches = pa.table({"id": range(10_000)}).to_batches(max_chunksize=1_000)
    ctx.register_record_batches("ids", [batches[:5], batches[5:]])
    sql = "INSERT INTO rooms SELECT CAST(id % 100 AS VARCHAR), max(id) FROM ids GROUP BY id % 100"
    assert rows(ctx, sql) == [(100,)]
    sql = "SELECT count(DISTINCT sensor), min(floor), max(floor) FROM rooms WHERE floor > 2"
    assert rows(ctx, sql) == [(100, 9_900, 9_999)]


def test_inserted_rows_keep_their_order(ctx: SessionContext) -> None:
    rooms = Rooms()
    ctx.register_table("many", rooms)
    batches = pa.table({"id": range(20_000)}).to_batches(max_chunksize=1_000)
    ctx.register_record_batches("ids", [batches[::2], batches[1::2]])
    ctx.sql("INSERT INTO many SELECT 'hall', id FROM ids ORDER BY id DESC").collect()
    floors = pa.table(rooms)["floor"].to_pylist()
    assert floors[-20_000:] == list(reversed(range(20_000)))


@pytest.mark.parametrize("floor", [1.7, 1e300])
def test_a_frame_that_does_not_fit_is_refused(ctx: SessionContext, floor: float) -> None:
    frame = ctx.from_arrow(pa.table({"sensor": ["hall"], "floor": [floor]}))
    with pytest.raises(Exception, match='column "floor"'):
        frame.write_table("rooms")
    assert rows(ctx, "SELECT * FROM rooms ORDER BY sensor") == ALL


def test_insert_of_other_columns_is_refused(ctx: SessionContext) -> None:
    with pytest.raises(Exception, match="Column count doesn't match insert query!"):
        ctx.sql("INSERT INTO rooms SELECT 1, true, 2").collect()


def test_an_error_in_the_rows_leaves_the_table_as_it_was(ctx: SessionContext) -> None:
    ctx.from_pydict({"x": ["1", "2", "warm"]}, name="t")
    with pytest.raises(Exception, match="warm"):
        ctx.sql("INSERT INTO rooms SELECT 'hall', CAST(x AS BIGINT) FROM t").collect()
    assert rows(ctx, "SELECT * FROM rooms ORDER BY sensor") == ALL
