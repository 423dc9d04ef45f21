"""The window function gives the right values, in SQL and as an expression."""

from __future__ import annotations

import pyarrow as pa
import pytest
from datafusion import SessionContext, col, udwf
from datafusion.expr import Window

from {{crate_name}} import Change, register_all


@pytest.fixture
def ctx() -> SessionContext:
    ctx = SessionContext()
    ctx.register_udwf(udwf(Change()))
    xs = [1.0, 10.0, 3.0, None, 6.0, 30.0, None, 60.0]
    ctx.from_arrow(pa.table({"id": range(8), "kind": list("abababab"), "x": xs}), name="t")
    return ctx


def test_register_all() -> None:
    ctx = register_all(SessionContext())
    sql = "SELECT change(x) OVER (ORDER BY x) AS c FROM (VALUES (1.0), (3.0)) AS t(x) ORDER BY x"
    assert ctx.sql(sql).to_pylist() == [{"c": None}, {"c": 2.0}]


def test_partitions_and_order(ctx: SessionContext) -> None:
    sql = "SELECT id, change(x) OVER (PARTITION BY kind ORDER BY id) AS c FROM t ORDER BY id"
    changes = [row["c"] for row in ctx.sql(sql).to_pylist()]
    # A null has no change, and the next one is compared with the last value.
    assert changes == [None, None, 2.0, None, 3.0, 20.0, None, 30.0]


def test_descending(ctx: SessionContext) -> None:
    sql = "SELECT id, change(x) OVER (ORDER BY id DESC) AS c FROM t ORDER BY id DESC LIMIT 3"
    assert [row["c"] for row in ctx.sql(sql).to_pylist()] == [None, None, -30.0]


def test_many_rows(ctx: SessionContext) -> None:
    ctx.from_arrow(pa.table({"i": range(100_000)}), name="many")
    sql = "SELECT sum(c) AS s FROM (SELECT change(i) OVER (ORDER BY i) AS c FROM many)"
    assert ctx.sql(sql).to_pylist() == [{"s": 99_999.0}]


def test_as_an_expression(ctx: SessionContext) -> None:
    function = udwf(Change())
    window = Window(order_by=[col("id").sort()])
    frame = ctx.table("t").select(function(col("x")).over(window).alias("c")).limit(3)
    assert [row["c"] for row in frame.to_pylist()] == [None, 9.0, -7.0]


@pytest.mark.parametrize("arguments", ["", "x, x", "TRUE"])
def test_wrong_arguments(ctx: SessionContext, arguments: str) -> None:
    with pytest.raises(Exception, match="change"):
        ctx.sql(f"SELECT change({arguments}) OVER (ORDER BY id) FROM t")
