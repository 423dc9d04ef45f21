"""The readings have the right values, and a query computes no more of them than it needs.

``conformance/test_tables.py`` tests that a query gets the right rows.
"""

from __future__ import annotations

import pytest
from datafusion import SessionContext

from {{crate_name}} import Readings, register_all

ROWS = 10_000


@pytest.fixture
def readings(ctx: SessionContext) -> Readings:
    readings = Readings(rows=ROWS, partitions=4)
    ctx.register_table("readings", readings)
    return readings


def test_register_all(ctx: SessionContext) -> None:
    count = register_all(ctx).sql("SELECT count(*) AS n FROM readings")
    assert count.to_pylist() == [{"n": 1000}]
    with pytest.raises(Exception, match="readings already exists"):
        register_all(ctx)


@pytest.mark.usefixtures("readings")
def test_values(ctx: SessionContext) -> None:
    table = ctx.sql("SELECT * FROM readings WHERE id IN (0, 99) ORDER BY id").to_arrow_table()
    types = ["int64", "string", "double", "timestamp[us, tz=UTC]"]
    assert [str(field.type) for field in table.schema] == types
    first, failed = table.to_pylist()
    assert (first["id"], first["sensor"], first["celsius"]) == (0, "attic", 15.0)
    assert first["recorded_at"].isoformat() == "2026-01-01T00:00:00+00:00"
    assert failed["celsius"] is None


@pytest.mark.parametrize(
    ("sql", "partitions", "rows", "columns"),
    [
        ("SELECT sum(celsius) FROM readings", 4, ROWS, 1),
        ("SELECT 1 FROM readings", 4, ROWS, 0),
        ("SELECT count(*) FROM readings", 0, 0, 0),
        ("SELECT id FROM readings LIMIT 10", 1, 10, 1),
        ("SELECT id FROM readings WHERE id BETWEEN 4998 AND 5001", 2, 4, 1),
        ("SELECT id FROM readings WHERE 2 > id", 1, 2, 1),
        ("SELECT id FROM readings WHERE id IN (10, 17)", 1, 8, 1),
        ("SELECT id FROM readings WHERE id IN (1, 3, 5, 7, NULL, 19)", 1, 19, 1),
        ("SELECT id FROM readings WHERE id = 2 OR 4 = id OR id IN (9, 8, 7, 6)", 1, 8, 1),
        ("SELECT id FROM readings WHERE id NOT IN (1, 3, 5, 7, 9)", 4, ROWS, 1),
        ("SELECT id FROM readings WHERE id = 2 OR celsius = 15", 4, ROWS, 2),
        ("SELECT id FROM readings WHERE id < 10 AND sensor = 'attic'", 1, 10, 2),
        ("SELECT recorded_at FROM readings WHERE recorded_at < '2026-01-01T00:00:02Z'", 1, 2500, 1),
    ],
)
def test_no_more_is_computed_than_needed(
    ctx: SessionContext, readings: Readings, sql: str, partitions: int, rows: int, columns: int
) -> None:
    ctx.sql(sql).collect()
    expected = {"partitions": partitions, "rows": rows, "values": rows * columns}
    assert readings.counters == expected


@pytest.mark.parametrize(
    ("rows", "partitions", "message"),
    [
        (-1, 4, "rows must be between 0 and 1000000000000, got -1"),
        (10, 1025, "partitions must be between 1 and 1024, got 1025"),
    ],
)
def test_bad_arguments(rows: int, partitions: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Readings(rows, partitions)


def test_repr() -> None:
    assert repr(Readings()) == "Readings(rows=1000, partitions=4)"
