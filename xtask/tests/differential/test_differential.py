"""Random queries over random tables: an extension answers as DataFusion does over the same rows.

``SEED`` and ``ROUNDS`` in the environment choose others than those of the usual run.
"""

from __future__ import annotations

import math
import os
import random
import re
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pytest
from datafusion import DataFrame, SessionConfig, SessionContext, col, lit
from differential_ext import Readings

SEED = int(os.environ.get("SEED", "1"))
ROUNDS = int(os.environ.get("ROUNDS", "80"))
QUERIES = 8
OUTCOMES: Counter[str] = Counter()

TIMES = [datetime(1970, 1, 1), datetime(1700, 2, 28, 1, 2, 3), datetime(2200, 12, 31, 23, 59, 59)]


def integers(bits: int, signed: bool) -> list[int]:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return [low, high, 0, 1, 2, 5]


FLOATS = [0.0, -0.0, 1.5, -2.0, math.inf, -math.inf, math.nan]
TEXTS = ["", "a", "b", "ä€😀", "A" * 20, "%", "a'b"]
BYTES = [b"", b"a", b"\x00\xff", b"0123456789abcdef"]

FLAT: list[tuple[pa.DataType, list[Any]]] = [
    *((getattr(pa, f"int{bits}")(), integers(bits, True)) for bits in (8, 16, 32, 64)),
    *((getattr(pa, f"uint{bits}")(), integers(bits, False)) for bits in (8, 16, 32, 64)),
    (pa.float16(), FLOATS),
    (pa.float32(), FLOATS),
    (pa.float64(), [*FLOATS, 1e300, 5e-324]),
    (pa.bool_(), [True, False]),
    (pa.null(), [None]),
    (pa.string(), TEXTS),
    (pa.large_string(), TEXTS),
    (pa.string_view(), TEXTS),
    (pa.binary(), BYTES),
    (pa.large_binary(), BYTES),
    (pa.binary_view(), BYTES),
    (pa.binary(2), [b"ab", b"\x00\x00", b"\xff\xff"]),
    (pa.date32(), [date(1970, 1, 1), date(1, 1, 1), date(9999, 12, 31)]),
    (pa.date64(), [date(1970, 1, 1), date(2024, 2, 29)]),
    (pa.time32("s"), [time(0), time(23, 59, 59)]),
    (pa.time32("ms"), [time(0), time(1, 2, 3, 4000)]),
    (pa.time64("us"), [time(0), time(1, 2, 3, 4)]),
    (pa.time64("ns"), [time(0), time(1, 2, 3, 4)]),
    *((pa.timestamp(unit), TIMES) for unit in ("s", "ms", "us", "ns")),
    (pa.timestamp("us", "UTC"), [t.replace(tzinfo=UTC) for t in TIMES]),
    (pa.timestamp("ms", "Europe/Berlin"), [t.replace(tzinfo=UTC) for t in TIMES[:1]]),
    *(
        (pa.duration(unit), [timedelta(0), timedelta(-1), timedelta(days=2)])
        for unit in ("s", "us")
    ),
    (pa.month_day_nano_interval(), [(0, 0, 0), (1, -2, 3)]),
    (pa.decimal128(5, 2), [Decimal("0.00"), Decimal("-999.99"), Decimal("1.50")]),
    (pa.decimal256(50, 10), [Decimal(0), Decimal("1234567890123456789.5")]),
    (pa.dictionary(pa.int8(), pa.string()), ["a", "b", ""]),
]


def any_type(r: random.Random, depth: int = 1) -> tuple[pa.DataType, list[Any]]:
    """A type, and some of its values."""
    if depth == 0 or r.random() < 0.75:
        # Dictionaries that are nested do not pass through a stream of IPC.
        return r.choice(FLAT if depth else FLAT[:-1])
    inner, values = any_type(r, depth - 1)

    def some(most: int) -> list[Any]:
        return [r.choice([None, *values]) for _ in range(r.randint(0, most))]

    kind = r.choice(["list", "large", "fixed", "struct", "map"])
    if kind == "struct":
        other, others = any_type(r, 0)
        fields = pa.struct([pa.field("x", inner), pa.field("y", other)])
        return fields, [{"x": r.choice(values), "y": r.choice([None, *others])} for _ in range(3)]
    if kind == "map":
        return pa.map_(pa.string(), inner), [[], [("k", r.choice(values))]]
    if kind == "fixed":
        return pa.list_(inner, 2), [[r.choice(values), r.choice([None, *values])] for _ in range(3)]
    make = pa.list_ if kind == "list" else pa.large_list
    return make(inner), [some(3) for _ in range(3)]


def any_table(r: random.Random) -> list[pa.RecordBatch]:
    """Batches of a table: a number ``i`` of each row, and columns of any types."""
    fields, pools = [pa.field("i", pa.int64(), nullable=False)], [[0]]
    for at in range(r.randint(1, 4)):
        kind, values = any_type(r)
        nullable = kind == pa.null() or r.random() < 0.8
        metadata = r.choice([None, None, {"k": "v"}, {"ARROW:extension:name": "a.type"}])
        name = r.choice([f"c{at}", f"C {at}", f"ç{at}"])
        fields.append(pa.field(name, kind, nullable=nullable, metadata=metadata))
        pools.append([*values, None, None] if nullable else values)
    schema = pa.schema(fields, {"table": "t"} if r.random() < 0.3 else None)
    batches, rows = [], 0
    for _ in range(r.choice([0, 1, 2, 2, 3])):
        count = r.choice([0, 1, 7, 20])
        arrays = [pa.array(range(rows, rows + count), pa.int64())]
        for field, pool in zip(fields[1:], pools[1:], strict=True):
            arrays.append(pa.array([r.choice(pool) for _ in range(count)], field.type))
        batches.append(pa.record_batch(arrays, schema=schema))
        rows += count
    return batches or [pa.record_batch([pa.array([], f.type) for f in fields], schema=schema)]


def q(name: str) -> str:
    return f'"{name}"'


def any_query(r: random.Random, schema: pa.Schema) -> str:
    """SQL over the table ``$t``."""
    a, b = (q(r.choice(schema.names)) for _ in range(2))
    some = ", ".join(f"{q(r.choice(schema.names))} AS x{k}" for k in range(r.randint(1, 3)))
    n, m = r.randint(0, 9), r.randint(0, 3)
    compare = r.choice(["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM"])
    value = f"(SELECT {b} FROM $t WHERE i = {n})"
    literal = r.choice(["1", "-1", "1.5", "'a'", "NULL", "true", "DATE '2024-02-29'", f"{n}"])
    condition = r.choice([
        f"{a} {compare} {value}", f"{a} {compare} {literal}", f"{a} {compare} {b}",
        f"{a} IS NULL", f"NOT ({a} {compare} {literal})", f"{a} IN ({literal}, {literal})",
        f"{a} BETWEEN {literal} AND {literal}", f"CAST({a} AS VARCHAR) LIKE '%a%'",
        f"i < {n} OR {a} {compare} {literal}", f"i % 2 = 0 AND {a} IS NOT NULL",
        f"coalesce({a}, {b}) IS NOT NULL", f"i IN (SELECT i FROM $t WHERE {b} IS NULL)",
    ])  # fmt: skip
    return r.choice([
        f"SELECT {some} FROM $t", "SELECT * FROM $t", "SELECT 1 AS one FROM $t",
        f"SELECT * FROM $t WHERE {condition}", f"SELECT {some} FROM $t WHERE {condition}",
        f"SELECT i FROM $t WHERE {condition} ORDER BY i LIMIT {n} OFFSET {m}",
        f"SELECT count(*), count({a}), min({a}), max({a}) FROM $t WHERE {condition}",
        f"SELECT {a} AS k, count(*) FROM $t GROUP BY {a}", f"SELECT DISTINCT {a}, {b} FROM $t",
        f"SELECT count(DISTINCT {a}) FROM $t", f"SELECT array_agg(i ORDER BY i) FROM $t GROUP BY {a}",
        f"SELECT l.i, r.i AS j FROM $t l JOIN $t r ON l.{a} = r.{a}",
        f"SELECT l.i FROM $t l LEFT JOIN $t r ON l.{a} = r.{b} AND r.i < {n}",
        f"SELECT i, row_number() OVER (PARTITION BY {a} ORDER BY i) FROM $t",
        f"SELECT i, lag({a}) OVER (ORDER BY i), max({b}) OVER (ORDER BY i ROWS 2 PRECEDING) FROM $t",
        f"SELECT {a} AS x FROM $t UNION ALL SELECT {a} FROM $t WHERE i < {n}",
        f"SELECT {a} AS x FROM $t EXCEPT SELECT {a} FROM $t WHERE i < {n}",
        f"SELECT {a} AS x FROM $t INTERSECT SELECT {b} FROM $t",
        f"SELECT CASE WHEN i < {n} THEN {a} ELSE {b} END AS x FROM $t",
        f"SELECT i FROM $t o WHERE EXISTS (SELECT 1 FROM $t n WHERE n.{a} = o.{a} AND n.i > o.i)",
        f"SELECT {a} AS x, {b} AS y FROM $t ORDER BY i DESC LIMIT {n}",
        f"SELECT arrow_typeof({a}), CAST({b} AS VARCHAR) FROM $t",
    ])  # fmt: skip


def rows(batches: list[pa.RecordBatch]) -> Counter[str]:
    found: Counter[str] = Counter()
    for batch in batches:
        columns = []
        for column in batch.columns:
            # Python has no nanoseconds, and no years before 1.
            kind = str(column.type)
            if re.search(r"timestamp|time64|duration", kind) and not pa.types.is_nested(
                column.type
            ):
                column = column.cast(pa.int64())
            try:
                columns.append([repr(value) for value in column.to_pylist()])
            except (ValueError, OverflowError):
                columns.append([str(value) for value in column])
        found.update(map(str, zip(*columns, strict=True)) if columns else [""] * batch.num_rows)
    return found


Answer = tuple[pa.Schema, "Counter[str]"] | str


def answer(frame: DataFrame) -> Answer:
    return frame.schema(), rows(frame.collect())


class Pair:
    """Two sessions that are alike, but for where their tables ``t`` come from."""

    def __init__(self, batches: list[pa.RecordBatch], path: Path, partitions: int) -> None:
        with pa.ipc.new_stream(path, batches[0].schema) as file:
            for batch in batches:
                file.write_batch(batch)
        self.sessions = []
        for native in (False, True):
            config = SessionConfig().with_target_partitions(partitions)
            ctx = SessionContext(config.with_information_schema(True))
            if native:
                ctx.register_record_batches("t", [[batch] for batch in batches])
            else:
                ctx.register_table("t", Readings(str(path)))
            self.sessions.append(ctx)

    def ask(self, query: Any) -> tuple[Answer, Answer]:
        answers: list[Answer] = []
        for ctx in self.sessions:
            try:
                frame = ctx.sql(query) if isinstance(query, str) else query(ctx.table("t"))
                answers.append(answer(frame))
            except Exception as error:
                answers.append(str(error))
        return answers[0], answers[1]

    def check(self, query: Any, what: str) -> None:
        extension, native = self.ask(query)
        OUTCOMES["error" if isinstance(native, str) else "rows" if native[1] else "no rows"] += 1
        if isinstance(extension, str) and isinstance(native, str):
            return
        if isinstance(extension, str) or isinstance(native, str):
            pytest.fail(f"{what}\nextension: {extension}\nnative: {native}")
        assert extension[0].equals(native[0], check_metadata=True), what
        missing, extra = native[1] - extension[1], extension[1] - native[1]
        assert not missing and not extra, f"{what}\nlacks {missing}\nhas too many {extra}"


@pytest.mark.parametrize("seed", range(SEED * 1_000, SEED * 1_000 + ROUNDS))
def test_same_answers(seed: int, tmp_path: Path) -> None:
    r = random.Random(seed)
    batches = any_table(r)
    schema = batches[0].schema
    pair = Pair(batches, tmp_path / "t.arrow", r.choice([1, 4]))
    for _ in range(QUERIES):
        sql = any_query(r, schema)
        pair.check(sql.replace("$t", "t"), f"seed {seed}, {schema}\n{sql}")
    # Literals of any type.
    for name in schema.names[1:]:
        for batch in batches[:1]:
            if batch.num_rows:
                value = batch[name][r.randrange(batch.num_rows)]
                by = r.choice([lambda c, x: c == x, lambda c, x: c < x, lambda c, x: c != x])
                column = col(q(name))
                what = f"seed {seed}, {schema}\n{name} and {value!r}"
                pair.check(
                    lambda t, by=by, column=column, value=value: t.filter(by(column, lit(value))),
                    what,
                )


@pytest.mark.parametrize("seed", range(SEED * 1_000, SEED * 1_000 + ROUNDS // 4))
def test_same_changes(seed: int, tmp_path: Path) -> None:
    r = random.Random(seed)
    batches = any_table(r)
    pair = Pair(batches, tmp_path / "t.arrow", r.choice([1, 4]))
    a = q(r.choice(batches[0].schema.names))
    for statement in [
        f"INSERT INTO t SELECT * FROM t WHERE i < {r.randint(0, 5)}",
        "SELECT * FROM t",
        f"CREATE TABLE copied AS SELECT i, {a} AS x FROM t WHERE i > 1",
        "SELECT * FROM copied",
        f"CREATE VIEW seen AS SELECT {a} AS x FROM t",
        "SELECT * FROM seen",
        f"COPY (SELECT i FROM t) TO '{tmp_path}/copy.csv'",
        "INSERT INTO t SELECT i, i, i FROM t",
    ]:
        pair.check(statement, f"seed {seed}, {batches[0].schema}\n{statement}")


def test_half_floats(tmp_path: Path) -> None:
    """Protocol Buffers have no such numbers: bounds and filters with them must not be pushed down."""
    schema = pa.schema([("i", pa.int64()), ("h", pa.float16()), ("f", pa.float32())])
    columns = [list(range(4)), [7.5, 1.5, None, 9.0], [0.5, 1.5, 2.5, 3.5]]
    batch = pa.record_batch(dict(zip(schema.names, columns, strict=True)), schema=schema)
    pair = Pair([batch], tmp_path / "t.arrow", 1)
    for sql in [
        "SELECT min(h), max(h), count(*) FROM t",
        "SELECT min(h) FROM t",
        "SELECT i FROM t WHERE h > 7",
        "SELECT i FROM t WHERE h IN (1.5, 9)",
        "SELECT i FROM t WHERE h BETWEEN 1 AND 8 AND f > arrow_cast(1, 'Float32')",
    ]:
        extension, native = pair.ask(sql)
        assert not isinstance(native, str), f"{sql}: {native}"
        assert extension == native, sql


def test_most_queries_have_an_answer() -> None:
    print(OUTCOMES)
    assert OUTCOMES["rows"] > OUTCOMES["error"] + OUTCOMES["no rows"], OUTCOMES
