"""The planner plans the queries that it is for, and leaves the others as they were."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datafusion import SessionConfig, SessionContext

from {{crate_name}} import (
    LogicalCodec,
{%- unless across_55 %}
    OffsetPlanner,
{%- endunless %}
    PhysicalCodec,
    Readings,
    register_all,
)
{%- if across_55 %}

try:
    from {{crate_name}} import OffsetPlanner
except ImportError as lacking:
    pytest.skip(str(lacking), allow_module_level=True)
{%- endif %}

ROWS = 10**9


@pytest.fixture
def ctx() -> SessionContext:
    ctx = SessionContext(SessionConfig().with_information_schema())
    ctx = ctx.with_logical_extension_codec(LogicalCodec())
    ctx = ctx.with_physical_extension_codec(PhysicalCodec())
    ctx.set_query_planner(OffsetPlanner(ctx))
    ctx.register_table("readings", Readings(rows=ROWS))
    return ctx


def plan(ctx: SessionContext, sql: str) -> str:
    return ctx.sql(sql).execution_plan().display_indent()


def test_register_all() -> None:
    ctx = register_all(SessionContext())
    assert "id >= Int64(990)" in plan(ctx, "SELECT id FROM readings LIMIT 5 OFFSET 990")


def test_skipped_rows_are_not_read(ctx: SessionContext) -> None:
    sql = f"SELECT id FROM readings LIMIT 3 OFFSET {ROWS - 2}"
    shown = plan(ctx, sql)
    assert f"filters=[id >= Int64({ROWS - 2})], limit=3" in shown
    assert "skip=0, fetch=3" in shown
    rows = sorted(row["id"] for row in ctx.sql(sql).to_pylist())
    assert rows == [ROWS - 2, ROWS - 1]


@pytest.mark.parametrize(
    ("limit", "count"),
    [
        (f"OFFSET {ROWS - 3}", 3),
        (f"OFFSET {ROWS}", 0),
        (f"OFFSET {ROWS + 5}", 0),
        ("LIMIT 0 OFFSET 5", 0),
        ("LIMIT 7", 7),
        (f"LIMIT 100 OFFSET {ROWS // 4 - 50}", 100),
    ],
)
def test_counts(ctx: SessionContext, limit: str, count: int) -> None:
    assert len(ctx.sql(f"SELECT id, sensor FROM readings {limit}").to_pylist()) == count


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT sensor, count(*) AS n FROM readings WHERE id < 99 GROUP BY sensor ORDER BY sensor",
        "SELECT id FROM readings WHERE id < 9 AND sensor = 'attic' ORDER BY id DESC LIMIT 2 OFFSET 1",
        "SELECT id FROM readings WHERE id < 9 LIMIT 20 OFFSET 8",
        "SELECT id FROM readings WHERE id < 0",
        "SELECT a.id FROM readings a JOIN readings b ON a.id = b.id WHERE a.id < 3 ORDER BY a.id",
        "SELECT 1 AS one UNION ALL SELECT 1",
    ],
)
def test_all_else_is_left_to_the_fallback(ctx: SessionContext, sql: str) -> None:
    other = SessionContext()
    other.register_table("readings", Readings(rows=ROWS))
    assert ctx.sql(sql).to_pylist() == other.sql(sql).to_pylist()


def test_planners_nest(ctx: SessionContext) -> None:
    ctx.set_query_planner(OffsetPlanner(ctx.__datafusion_query_planner__()))
    assert ctx.sql("SELECT count(*) AS n FROM readings").to_pylist() == [{"n": ROWS}]
    assert len(ctx.sql("SELECT id FROM readings LIMIT 5 OFFSET 5").to_pylist()) == 5


def test_codecs_come_first() -> None:
    ctx = SessionContext()
    ctx.set_query_planner(OffsetPlanner(ctx))
    ctx.register_table("readings", Readings())
    with pytest.raises(Exception, match=r"[Cc]odec"):
        ctx.sql("SELECT id FROM readings").collect()


@pytest.mark.parametrize("fallback", [None, 5, object()])
def test_wrong_fallback(fallback: object) -> None:
    with pytest.raises(TypeError, match=r"^expected a datafusion\.SessionContext, got "):
        OffsetPlanner(fallback)


def test_wrong_capsule_as_fallback(ctx: SessionContext) -> None:
    codec = ctx.__datafusion_logical_extension_codec__()
    with pytest.raises(ValueError, match='PyCapsule named "datafusion_query_planner", got'):
        OffsetPlanner(codec)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM information_schema.tables",
        "SHOW datafusion.execution.batch_size",
        "SELECT * FROM t",
    ],
)
def test_what_does_not_pass_a_planner(ctx: SessionContext, sql: str) -> None:
    # With a planner, each query passes as bytes, and no codec knows these tables and nodes. If one
    # of these queries raises no longer, take it out of the README's list of what fails.
    ctx.from_pydict({"x": [1]}, name="t")
    with pytest.raises(Exception, match="codec"):
        ctx.sql(sql).collect()


def test_parquet(ctx: SessionContext, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": [1, 2]}), path)
    ctx.register_parquet("t", path)
    assert ctx.sql("SELECT sum(x) AS s FROM t").to_pylist() == [{"s": 3}]
