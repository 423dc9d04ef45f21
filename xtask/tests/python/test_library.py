"""Functions whose names are none in Python."""

from __future__ import annotations

from datafusion import SessionContext
from names_ext import functions, register_all


def test_names() -> None:
    ctx = register_all(SessionContext())
    query = 'SELECT lambda(5) AS a, "not-a-name"(5) AS b'
    assert ctx.sql(query).to_pylist() == [{"a": 5, "b": 5}]
    assert "lambda_" in functions.__all__
    assert not any("not" in name for name in functions.__all__)
    frame = ctx.sql("SELECT 1").select(getattr(functions, "lambda_")(5).alias("a"))
    assert frame.to_pylist() == [{"a": 5}]
