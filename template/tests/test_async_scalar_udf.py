"""The scalar function that waits gives the right values, many rows at a time."""

from __future__ import annotations

import time

import pyarrow as pa
import pytest
from conformance import is_ended_by_ctrl_c
from datafusion import SessionConfig, SessionContext, udf

from {{crate_name}} import FloorOf, register_all

FLOORS = {"cellar": -1, "kitchen": 0, "garden": 0, "attic": 2, "elsewhere": None, None: None}


def context(partitions: int, rows: int) -> SessionContext:
    ctx = SessionContext(SessionConfig().with_target_partitions(partitions))
    ctx.register_udf(udf(FloorOf()))
    sensors = [list(FLOORS)[i % len(FLOORS)] for i in range(rows)]
    table = pa.table({"id": range(rows), "sensor": sensors})
    size = -(-rows // partitions)
    batches = [table.slice(first, size).to_batches() for first in range(0, rows, size)]
    ctx.register_record_batches("t", batches)
    return ctx


def test_register_all() -> None:
    ctx = register_all(SessionContext())
    assert ctx.sql("SELECT floor_of('attic') AS f").to_pylist() == [{"f": 2}]


@pytest.mark.parametrize("partitions", [1, 3])
def test_many_rows_wait_together(partitions: int) -> None:
    ctx = context(partitions, 1_000)
    started = time.monotonic()
    rows = ctx.sql("SELECT sensor, floor_of(sensor) AS f FROM t").to_pylist()
    # One after the other, they take 20 s.
    assert time.monotonic() - started < 5
    assert len(rows) == 1_000
    assert all(row["f"] == FLOORS[row["sensor"]] for row in rows)


QUERY = """
from test_async_scalar_udf import context

frame = context(1, 100_000).sql("SELECT floor_of(sensor) FROM t")
"""


def test_ctrl_c() -> None:
    assert is_ended_by_ctrl_c(QUERY)


def test_as_a_filter() -> None:
    rows = context(2, 12).sql("SELECT id FROM t WHERE floor_of(sensor) = 2 ORDER BY id").to_pylist()
    assert [row["id"] for row in rows] == [3, 9]


def test_an_error_names_the_row() -> None:
    ctx = context(1, 6)
    with pytest.raises(Exception, match=r"floor_of\(''\): .*a sensor has a name"):
        ctx.sql("SELECT floor_of(CASE WHEN id = 4 THEN '' ELSE sensor END) FROM t").collect()


@pytest.mark.parametrize("arguments", ["", "'attic', 'cellar'", "5"])
def test_wrong_arguments(arguments: str) -> None:
    with pytest.raises(Exception, match=r"floor_of\(sensor: Utf8\) cannot be called with"):
        context(1, 1).sql(f"SELECT floor_of({arguments})")
