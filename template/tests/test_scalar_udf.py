"""The scalar function gives the right values, in SQL and as an expression."""

from __future__ import annotations

import pyarrow as pa
import pytest
from datafusion import SessionContext, col, udf

from {{crate_name}} import Fahrenheit, register_all


@pytest.fixture
def ctx() -> SessionContext:
    ctx = SessionContext()
    ctx.register_udf(udf(Fahrenheit()))
    return ctx


def test_register_all() -> None:
    ctx = register_all(SessionContext())
    assert ctx.sql("SELECT fahrenheit(20.0) AS f").to_pylist() == [{"f": 68.0}]


@pytest.mark.parametrize(
    ("celsius", "fahrenheit"),
    [
        (pa.array([-40.0, None, 100.0]), pa.array([-40.0, None, 212.0])),
        (pa.array([20.0, None], pa.float32()), pa.array([68.0, None])),
        (pa.array([0, 100], pa.int16()), pa.array([32.0, 212.0])),
        (pa.array([0, None], pa.uint64()), pa.array([32.0, None])),
    ],
)
def test_columns(ctx: SessionContext, celsius: pa.Array, fahrenheit: pa.Array) -> None:
    frame = ctx.from_arrow(pa.table({"celsius": celsius}))
    function = udf(Fahrenheit())
    result = frame.select(function(col("celsius")).alias("f")).to_arrow_table()
    assert result["f"].combine_chunks() == fahrenheit


@pytest.mark.parametrize(
    ("argument", "result"),
    [("100", 212.0), ("CAST(100 AS FLOAT)", 212.0), ("NULL", None), ("10 + 10", 68.0)],
)
def test_literals(ctx: SessionContext, argument: str, result: float | None) -> None:
    assert ctx.sql(f"SELECT fahrenheit({argument}) AS f").to_pylist() == [{"f": result}]


@pytest.mark.parametrize("arguments", ["", "1, 2", "'warm'", "TRUE"])
def test_wrong_arguments(ctx: SessionContext, arguments: str) -> None:
    with pytest.raises(Exception, match=r"fahrenheit\(celsius: Float64\) cannot be called with"):
        ctx.sql(f"SELECT fahrenheit({arguments})")


def test_in_a_filter(ctx: SessionContext) -> None:
    sql = "SELECT x FROM (VALUES (20.0), (40.0)) AS t(x) WHERE fahrenheit(x) > 100"
    assert ctx.sql(sql).to_pylist() == [{"x": 40.0}]
