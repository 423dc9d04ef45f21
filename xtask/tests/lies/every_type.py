"""A table with a column of every Arrow type: with rows, empty, of one row, and all null."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

TIMES = [datetime(1970, 1, 1), datetime(2024, 2, 29, 1, 2, 3), datetime(1700, 1, 1)]
FLOATS = [1.5, -2.0, math.nan, math.inf, -0.0, 0.0]
TEXTS = ["a", "", "Ä€😀", "a text of more than twelve bytes", "%"]
BYTES = [b"a", b"", b"\0\xff", b"more than twelve bytes"]

FLAT: list[tuple[pa.DataType, list[Any]]] = [
    *((getattr(pa, f"int{bits}")(), [1, 2, -1, -(2 ** (bits - 1))]) for bits in (8, 16, 32, 64)),
    *((getattr(pa, f"uint{bits}")(), [1, 2, 0, 2**bits - 1]) for bits in (8, 16, 32, 64)),
    (pa.float16(), FLOATS),
    (pa.float32(), FLOATS),
    (pa.float64(), FLOATS),
    (pa.bool_(), [True, False]),
    *((kind, TEXTS) for kind in (pa.string(), pa.large_string(), pa.string_view())),
    *((kind, BYTES) for kind in (pa.binary(), pa.large_binary(), pa.binary_view())),
    (pa.binary(2), [b"ab", b"\0\0"]),
    (pa.date32(), [date(1970, 1, 1), date(9999, 12, 31), date(1, 1, 1)]),
    (pa.date64(), [date(1970, 1, 1), date(2024, 2, 29)]),
    (pa.time32("s"), [time(0), time(23, 59, 59)]),
    (pa.time32("ms"), [time(0), time(1, 2, 3, 4000)]),
    (pa.time64("us"), [time(0), time(1, 2, 3, 4)]),
    (pa.time64("ns"), [1, 86_399_999_999_999]),
    *((pa.timestamp(unit), TIMES) for unit in ("s", "ms", "us")),
    (pa.timestamp("ns"), [1, -1, 1_700_000_000_123_456_789]),
    (pa.timestamp("us", "UTC"), [each.replace(tzinfo=UTC) for each in TIMES]),
    (pa.timestamp("ns", "Europe/Berlin"), [1, 1_700_000_000_123_456_789]),
    *((pa.duration(unit), [timedelta(0), timedelta(days=-1)]) for unit in ("s", "ms", "us")),
    (pa.duration("ns"), [1, -1]),
    (pa.month_day_nano_interval(), [(0, 0, 0), (1, -2, 3)]),
    (pa.decimal32(5, 2), [Decimal("1.50"), Decimal("-999.99")]),
    (pa.decimal64(12, 2), [Decimal("1.50"), Decimal("-999.99")]),
    (pa.decimal128(5, 2), [Decimal("1.50"), Decimal("-999.99")]),
    (pa.decimal256(50, 10), [Decimal(0), Decimal("1234567890123456789.5")]),
    (pa.null(), []),
]
S = pa.struct([("n", pa.int64()), ("s", pa.string())])
NESTED: list[tuple[pa.DataType, list[Any]]] = [
    (S, [{"n": 1, "s": None}, {"n": 1, "s": "N"}, {"n": None, "s": None}]),
    (pa.struct([("t", pa.timestamp("ns"))]), [{"t": 1}, {"t": None}]),
    (pa.list_(pa.int64()), [[1, None], [], [2]]),
    (pa.large_list(pa.string()), [["a", None], []]),
    (pa.list_(pa.float64(), 2), [[1.0, None], [2.0, math.nan]]),
    (pa.list_(S), [[{"n": 1, "s": None}, None], []]),
    (pa.map_(pa.string(), pa.int64()), [[("k", 1), ("l", None)], []]),
    (pa.dictionary(pa.int8(), pa.string()), ["a", "", "b"]),
    (pa.dictionary(pa.int32(), pa.int64()), [1, 2]),
]


def column(kind: pa.DataType, values: list[Any], rows: int) -> pa.Array:
    """Return a column that starts with a null."""
    pool = [None, *values]
    return pa.array([pool[i % len(pool)] for i in range(rows)], kind)


def encoded(rows: int, null: bool) -> pa.Array:
    values = [None if null or i % 2 == 0 else f"r{i}" for i in range((rows + 1) // 2)]
    ends = [min(2 * i + 2, rows) for i in range(len(values))]
    return pa.RunEndEncodedArray.from_arrays(
        pa.array(ends, pa.int32()), pa.array(values, pa.string())
    )


def union(rows: int, null: bool, dense: bool) -> pa.Array:
    codes = pa.array([i % 2 for i in range(rows)], pa.int8())
    numbers = pa.array([None if null or i % 3 == 0 else i for i in range(rows)], pa.int64())
    texts = pa.array([None if null else str(i) for i in range(rows)], pa.string())
    if dense:
        places = pa.array(range(rows), pa.int32())
        return pa.UnionArray.from_dense(codes, places, [numbers, texts])
    return pa.UnionArray.from_sparse(codes, [numbers, texts])


def table(rows: int, null: bool = False) -> pa.Table:
    columns: dict[str, pa.Array] = {"id": pa.array(range(rows), pa.int64())}
    for at, (kind, values) in enumerate([*FLAT, *NESTED]):
        columns[f"c{at}"] = column(kind, [] if null else values, rows)
    columns["run_ends"] = encoded(rows, null)
    columns["sparse"], columns["dense"] = union(rows, null, False), union(rows, null, True)
    return pa.table(columns)


def tables() -> Iterator[tuple[str, pa.Table]]:
    yield "every type", table(33)
    yield "every type, empty", table(0)
    yield "every type, one row", table(1)
    yield "every type, all null", table(12, null=True)
