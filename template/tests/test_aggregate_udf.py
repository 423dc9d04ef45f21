"""The aggregate function, in all ways that DataFusion computes one."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from datafusion import SessionConfig, SessionContext, col, udaf

from {{crate_name}} import RootMeanSquare, register_all

ROWS = 10_000


def rms(xs: list[float | None]) -> float | None:
    values = [x for x in xs if x is not None]
    return math.sqrt(sum(x * x for x in values) / len(values)) if values else None


XS = [None if i % 10 == 9 else float(i % 24) for i in range(ROWS)]


@pytest.fixture
def ctx() -> SessionContext:
    # Several partitions, so that states are merged.
    ctx = SessionContext(SessionConfig().with_target_partitions(4).with_batch_size(500))
    ctx.register_udaf(udaf(RootMeanSquare()))
    table = pa.table({"id": range(ROWS), "kind": [i % 7 for i in range(ROWS)], "x": XS})
    batches = table.to_batches(max_chunksize=1000)
    ctx.register_record_batches("t", [batches[:3], batches[3:6], batches[6:]])
    return ctx


def test_register_all() -> None:
    ctx = register_all(SessionContext())
    sql = "SELECT rms(x) AS r FROM (VALUES (3.0), (4.0), (NULL)) AS t(x)"
    assert ctx.sql(sql).to_pylist() == [{"r": math.sqrt(12.5)}]


def test_without_groups(ctx: SessionContext) -> None:
    [row] = ctx.sql("SELECT rms(x) AS r FROM t").to_pylist()
    assert row["r"] == pytest.approx(rms(XS))


@pytest.mark.parametrize("key", ["kind", "id"])
def test_groups(ctx: SessionContext, key: str) -> None:
    # With `id`, nearly every row is a group of its own.
    rows = ctx.sql(f"SELECT {key} AS k, rms(x) AS r FROM t GROUP BY k ORDER BY k").to_pylist()
    step = 7 if key == "kind" else ROWS
    assert [row["r"] for row in rows] == [
        value if (value := rms(XS[k::step])) is None else pytest.approx(value) for k in range(step)
    ]


def test_filter(ctx: SessionContext) -> None:
    sql = """
        SELECT kind, rms(x) FILTER (WHERE id < 700) AS some, rms(x) FILTER (WHERE id < 0) AS none
        FROM t GROUP BY kind ORDER BY kind
    """
    for row in ctx.sql(sql).to_pylist():
        assert row["some"] == pytest.approx(rms(XS[row["kind"] : 700 : 7]))
        assert row["none"] is None


def test_sliding_window(ctx: SessionContext) -> None:
    sql = "SELECT id, rms(x) OVER (ORDER BY id ROWS 2 PRECEDING) AS r FROM t ORDER BY id"
    rows = ctx.sql(sql).to_pylist()
    for i in [0, 1, 2, 8, 9, 10, 5_000, ROWS - 1]:
        assert rows[i]["r"] == pytest.approx(rms(XS[max(0, i - 2) : i + 1]))


def test_window_that_becomes_empty(ctx: SessionContext) -> None:
    sql = """
        SELECT rms(x) OVER (ORDER BY i ROWS 0 PRECEDING) AS r
        FROM (VALUES (1, 1e10), (2, NULL), (3, 1.0)) AS t(i, x) ORDER BY i
    """
    assert [row["r"] for row in ctx.sql(sql).to_pylist()] == [1e10, None, 1.0]


def test_no_rows_and_only_nulls(ctx: SessionContext) -> None:
    assert ctx.sql("SELECT rms(x) AS r FROM t WHERE id < 0").to_pylist() == [{"r": None}]
    assert ctx.sql("SELECT rms(x) AS r FROM t WHERE x IS NULL").to_pylist() == [{"r": None}]
    assert ctx.sql("SELECT rms(NULL) AS r").to_pylist() == [{"r": None}]


def test_integers_are_cast(ctx: SessionContext) -> None:
    sql = "SELECT rms(i) AS r FROM (VALUES (3), (4)) AS t(i)"
    assert ctx.sql(sql).to_pylist() == [{"r": math.sqrt(12.5)}]


def test_distinct(ctx: SessionContext) -> None:
    source = "FROM (VALUES (3), (4), (4)) AS t(i)"
    rows = ctx.sql(f"SELECT rms(DISTINCT i) AS r {source}").to_pylist()
    assert rows == [{"r": math.sqrt(12.5)}]
    for more in ["count(*)", "rms(i)"]:
        with pytest.raises(Exception, match=r"rms\(DISTINCT …\) beside another aggregate"):
            ctx.sql(f"SELECT rms(DISTINCT i), {more} {source}").collect()


def test_as_an_expression(ctx: SessionContext) -> None:
    function = udaf(RootMeanSquare())
    frame = ctx.table("t").aggregate([], [function(col("x")).alias("r")])
    assert frame.to_pylist() == [{"r": pytest.approx(rms(XS))}]


@pytest.mark.parametrize("arguments", ["", "1, 2", "TRUE"])
def test_wrong_arguments(ctx: SessionContext, arguments: str) -> None:
    with pytest.raises(Exception, match="rms"):
        ctx.sql(f"SELECT rms({arguments})")
