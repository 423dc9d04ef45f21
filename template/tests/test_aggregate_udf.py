"""The aggregate function gives the right values, in SQL and as an expression."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from conformance import is_ended_by_ctrl_c
from datafusion import SessionConfig, SessionContext, col, udaf

from {{crate_name}} import RootMeanSquare, register_all

ROWS = 10_000


def rms(xs: list[float | None]) -> float | None:
    values = [x for x in xs if x is not None]
    return math.sqrt(sum(x * x for x in values) / len(values)) if values else None


XS = [None if i % 10 == 9 else float(i % 24) for i in range(ROWS)]


@pytest.fixture
def ctx() -> SessionContext:
    # There are several partitions, so that states are merged.
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


@pytest.mark.parametrize("key", ["kind", "id"])
def test_many_rows(ctx: SessionContext, key: str) -> None:
    # With `id`, nearly every row is a group of its own.
    rows = ctx.sql(f"SELECT {key} AS k, rms(x) AS r FROM t GROUP BY k ORDER BY k").to_pylist()
    step = 7 if key == "kind" else ROWS
    assert [row["r"] for row in rows] == [
        value if (value := rms(XS[k::step])) is None else pytest.approx(value) for k in range(step)
    ]


@pytest.mark.parametrize("x", [math.nan, math.inf, 1e10])
def test_a_window_forgets_what_has_left_it(ctx: SessionContext, x: float) -> None:
    ctx.from_arrow(pa.table({"i": range(4), "x": [x, 1e-3, None, 3e-3]}), name="few")
    sql = "SELECT rms(x) OVER (ORDER BY i ROWS 1 PRECEDING) AS r FROM few ORDER BY i"
    first, *others = [row["r"] for row in ctx.sql(sql).to_pylist()]
    assert first == pytest.approx(x, nan_ok=True)
    assert others == [pytest.approx(rms([x, 1e-3]), nan_ok=True), 1e-3, 3e-3]


# One batch of many rows: the host looks for Ctrl-C between batches.
SLIDING = """
import pyarrow as pa
from datafusion import SessionConfig, SessionContext, udaf
from {{crate_name}} import RootMeanSquare

ctx = SessionContext(SessionConfig().with_target_partitions(1))
ctx.register_udaf(udaf(RootMeanSquare()))
ctx.from_arrow(pa.table({"x": pa.repeat(1.0, 10**7)}), name="t")
frame = ctx.sql("SELECT max(r) FROM (SELECT rms(x) OVER (ROWS 100 PRECEDING) AS r FROM t)")
"""


def test_ctrl_c() -> None:
    assert is_ended_by_ctrl_c(SLIDING)


def test_no_values(ctx: SessionContext) -> None:
    assert ctx.sql("SELECT rms(x) AS r FROM t WHERE x IS NULL").to_pylist() == [{"r": None}]
    assert ctx.sql("SELECT rms(NULL) AS r").to_pylist() == [{"r": None}]


def test_integers_are_cast(ctx: SessionContext) -> None:
    sql = "SELECT rms(i) AS r FROM (VALUES (3), (4)) AS t(i)"
    assert ctx.sql(sql).to_pylist() == [{"r": math.sqrt(12.5)}]


DISTINCT_ROWS = "(VALUES ('a', 3), ('a', 4), ('a', 4), ('b', 4)) AS t(g, i)"


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("rms(DISTINCT i)", [12.5]),
        ("rms(DISTINCT i ORDER BY i)", [12.5]),
        ("rms(DISTINCT i) FILTER (WHERE i > 3)", [16.0]),
        ("rms(DISTINCT i), rms(i), count(DISTINCT g)", [12.5]),
        ("rms(DISTINCT i) OVER (PARTITION BY g)", [12.5, 12.5, 12.5, 16.0]),
        ("rms(DISTINCT i) OVER (ORDER BY g, i ROWS 1 PRECEDING)", [9.0, 12.5, 16.0, 16.0]),
    ],
)
def test_distinct(ctx: SessionContext, call: str, result: list[float]) -> None:
    order = "ORDER BY g, i" if "OVER" in call else ""
    rows = ctx.sql(f"SELECT {call} FROM {DISTINCT_ROWS} {order}").to_pylist()
    assert [next(iter(row.values())) for row in rows] == [math.sqrt(x) for x in result]


def test_distinct_in_groups(ctx: SessionContext) -> None:
    sql = "SELECT kind, rms(DISTINCT x) AS r, count(*) AS n FROM t GROUP BY kind ORDER BY kind"
    for kind, row in enumerate(ctx.sql(sql).to_pylist()):
        assert row["r"] == pytest.approx(rms(list(set(XS[kind::7]))))


def test_as_an_expression(ctx: SessionContext) -> None:
    function = udaf(RootMeanSquare())
    frame = ctx.table("t").aggregate([], [function(col("x")).alias("r")])
    assert frame.to_pylist() == [{"r": pytest.approx(rms(XS))}]


@pytest.mark.parametrize("arguments", ["", "1, 2", "TRUE"])
def test_wrong_arguments(ctx: SessionContext, arguments: str) -> None:
    with pytest.raises(Exception, match="rms"):
        ctx.sql(f"SELECT rms({arguments})")
