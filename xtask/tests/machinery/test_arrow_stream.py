"""The Arrow PyCapsule Interface: read by others, without DataFusion."""

from __future__ import annotations

from datetime import datetime, timezone

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from conformance import run_python
from datafusion import SessionContext, col, lit

from plain_ext import Readings

ROWS = 20_000
SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("sensor", pa.string(), nullable=False),
        pa.field("celsius", pa.float64()),
        pa.field("recorded_at", pa.timestamp("us", "UTC"), nullable=False),
    ]
)


@pytest.fixture
def readings() -> Readings:
    return Readings(rows=ROWS, partitions=4)


def test_pyarrow(readings: Readings) -> None:
    assert pa.schema(readings) == SCHEMA
    table = pa.table(readings)
    table.validate(full=True)
    assert table.schema == SCHEMA
    assert table["id"].to_pylist() == list(range(ROWS))
    assert table["recorded_at"][1].as_py() == datetime(2026, 1, 1, 0, 0, 1, tzinfo=timezone.utc)


def test_polars(readings: Readings) -> None:
    frame = pl.DataFrame(readings)
    assert frame.shape == (ROWS, 4)
    assert frame["celsius"].null_count() == ROWS // 100


def test_duckdb(readings: Readings) -> None:
    rows = duckdb.execute("SELECT count(*), max(id), count(celsius) FROM readings").fetchall()
    assert rows == [(ROWS, ROWS - 1, ROWS - ROWS // 100)]


def test_a_query_computes_only_its_rows() -> None:
    """Through a `DataFrame`, filters and columns reach the source, whoever reads."""
    readings = Readings(rows=20_000_000)
    ctx = SessionContext()
    warm = ctx.read_table(readings).filter(col("id") >= lit(19_999_995)).select("sensor", "celsius")
    assert pa.table(warm).num_rows == 5
    assert pl.DataFrame(warm).height == 5
    assert len(duckdb.sql("SELECT * FROM warm").fetchall()) == 5
    assert (readings.counters["rows"], readings.counters["values"]) == (15, 30)


def test_every_stream_starts_anew(readings: Readings) -> None:
    assert pa.table(readings) == pa.table(readings)


def test_stream_is_lazy(readings: Readings) -> None:
    reader = pa.RecordBatchReader.from_stream(readings)
    assert readings.counters["rows"] == 0
    rows = reader.read_next_batch().num_rows
    assert readings.counters["rows"] == rows


def test_without_datafusion() -> None:
    code = """
import sys
sys.modules["datafusion"] = None  # importing it fails

import pyarrow as pa
from plain_ext import Readings
print(pa.table(Readings()).num_rows)
"""
    assert run_python(code) == "1000\n"


def test_requested_schema(readings: Readings) -> None:
    requested = SCHEMA.set(0, pa.field("id", pa.int32())).set(
        1, pa.field("sensor", pa.string_view())
    )
    table = pa.RecordBatchReader.from_stream(readings, schema=requested).read_all()
    assert table.schema == requested
    assert table["id"].to_pylist() == list(range(ROWS))
    assert table["sensor"][1].as_py() == "cellar"


def test_requested_schema_that_overflows(readings: Readings) -> None:
    requested = SCHEMA.set(0, pa.field("id", pa.int8()))
    reader = pa.RecordBatchReader.from_stream(readings, schema=requested)
    with pytest.raises(pa.ArrowInvalid, match="128 to type Int8"):
        reader.read_all()


@pytest.mark.parametrize(
    "requested",
    [
        pa.schema([("id", pa.int64())]),
        pa.schema([SCHEMA.field(i) for i in (1, 0, 2, 3)]),
        SCHEMA.set(2, pa.field("celsius", pa.list_(pa.date32()))),
    ],
)
def test_requested_schema_that_does_not_fit(readings: Readings, requested: pa.Schema) -> None:
    with pytest.raises(ValueError, match=r"^requested_schema does not fit: expected the columns"):
        readings.__arrow_c_stream__(requested.__arrow_c_schema__())


def test_requested_schema_that_is_none(readings: Readings) -> None:
    assert pa.RecordBatchReader._import_from_c_capsule(
        readings.__arrow_c_stream__(None)
    ).schema.equals(SCHEMA)


def test_requested_schema_that_is_no_schema(readings: Readings) -> None:
    with pytest.raises(TypeError, match=r'^expected a PyCapsule named "arrow_schema", got int$'):
        readings.__arrow_c_stream__(5)
    with pytest.raises(ValueError, match=r'^expected a PyCapsule named "arrow_schema", got'):
        readings.__arrow_c_stream__(readings.__arrow_c_stream__())


def test_requested_schema_that_has_been_released(readings: Readings) -> None:
    capsule = SCHEMA.__arrow_c_schema__()
    pa.Schema._import_from_c_capsule(capsule)
    with pytest.raises(ValueError, match="got one that has been released"):
        readings.__arrow_c_stream__(capsule)
