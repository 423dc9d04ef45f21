"""These tests hold for any table. ``TABLES`` in ``instances.py`` lists those of this package.

DataFusion answers each query twice: over the table, and over the same rows in memory. A failure
names the methods in Rust to look at.
"""

from __future__ import annotations

import math
import pickle
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from typing import Any

import pyarrow as pa
import pytest
from datafusion import DataFrame, Expr, SessionConfig, SessionContext, col, lit
from datafusion import functions as f
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import TABLES

from conformance import Table

BATCH_SIZE = 100


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def texts(column: pa.ChunkedArray) -> list[str]:
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.int64())  # Python has no nanoseconds.
    return [repr(value) for value in column.to_pylist()]


def rows(table: pa.Table) -> list[tuple[str, ...]]:
    """Return the rows as text, because NaN is not equal to itself."""
    if not table.num_columns:
        return [()] * table.num_rows
    return list(zip(*(texts(column) for column in table.columns), strict=True))


class Subject:
    """A table, registered as ``t``, and its rows in memory, registered as ``expected``."""

    def __init__(self, table: Table, partitions: int = 4, batch_size: int = BATCH_SIZE) -> None:
        config = SessionConfig().with_target_partitions(partitions).with_batch_size(batch_size)
        self.table, self.made, self.ctx = table, table.make(), SessionContext(config)
        self.ctx.register_table("t", self.made)
        self.all = self.ctx.table("t").to_arrow_table()
        self.schema = self.all.schema
        self.register("expected", self.all)

    def register(self, name: str, rows: pa.Table) -> None:
        empty = pa.record_batch([pa.array([], each.type) for each in self.schema], self.schema)
        batches = rows.to_batches(max_chunksize=BATCH_SIZE) or [empty]
        self.ctx.register_record_batches(name, [batches])

    def same(self, ask: str | Callable[[DataFrame], DataFrame], look_at: str) -> None:
        """Fail if a query gives other rows than in memory. In SQL, ``$t`` stands for the table."""

        def frame(name: str) -> DataFrame:
            if isinstance(ask, str):
                return self.ctx.sql(ask.replace("$t", name))
            return ask(self.ctx.table(name))

        def answer(name: str) -> tuple[list[str], list[tuple[str, ...]]] | str:
            try:
                found = frame(name).to_arrow_table()
            except Exception as error:
                return str(error)
            return [str(each) for each in found.schema.types], rows(found)

        found, expected = answer("t"), answer("expected")
        if isinstance(found, str) and isinstance(expected, str):
            return
        query = ask.replace("$t", "t") if isinstance(ask, str) else frame("t").logical_plan()
        if isinstance(found, str) or isinstance(expected, str):
            pytest.fail(f"{query}\ngives {found}, but in memory {expected}. Look at {look_at}.")
        assert found[0] == expected[0], f"{query}\nhas other types. Look at {look_at}."
        missing = Counter(expected[1]) - Counter(found[1])
        extra = Counter(found[1]) - Counter(expected[1])
        if missing or extra:
            pytest.fail(
                f"{query}\nlacks {sum(missing.values())} rows, such as {next(iter(missing), None)}, "
                f"and has {sum(extra.values())} too many, such as {next(iter(extra), None)}. "
                f"Look at {look_at}."
            )

    def same_sum(self, name: str) -> None:
        """Fail if the sum of a column of floats differs by more than rounding explains."""

        def answer(what: str, table: str) -> float | None:
            [row] = self.ctx.sql(f"SELECT {what} AS answer FROM {table}").to_pylist()
            total: float | None = row["answer"]
            return total

        found, expected = answer(f"sum({name})", "t"), answer(f"sum({name})", "expected")
        if found is None or expected is None or not math.isfinite(expected):
            same = repr(found) == repr(expected)
        else:
            magnitude = answer(f"sum(abs(CAST({name} AS DOUBLE)))", "expected") or 0.0
            rounding = self.all.num_rows * sys.float_info.epsilon * magnitude
            same = abs(found - expected) <= rounding
        message = f"sum({name}) is {found}, but in memory {expected}"
        assert same, f"{message}. Look at Partition::statistics."


PARAMETERS: list[Any] = [pytest.param(table, id=str(table)) for table in TABLES]


@pytest.mark.parametrize("table", PARAMETERS)
def test_rows_can_be_read(table: Table) -> None:
    subject = Subject(table)
    promised = subject.ctx.table("t").schema()
    assert promised == subject.schema, "Source::schema says other columns"


@pytest.fixture(scope="module", params=PARAMETERS)
def subject(request: pytest.FixtureRequest) -> Subject:
    try:
        return Subject(request.param)
    except Exception:
        pytest.skip("the rows cannot be read: test_rows_can_be_read says why")


def test_number_of_rows(subject: Subject) -> None:
    table = subject.table
    if table.rows is not None:
        look_at = "Source::partitions, Partition::read, and Insert::insert if it made the rows"
        assert subject.all.num_rows == table.rows, f"Look at {look_at}."
    if table.key:
        [(row, times)] = Counter(rows(subject.all.select(table.key))).most_common(1) or [((), 1)]
        assert times == 1, f"{row} comes {times} times: look at Source::partitions."


@pytest.mark.parametrize("batch_size", [1, 7, 8192])
@pytest.mark.parametrize("partitions", [1, 4])
def test_batches(subject: Subject, batch_size: int, partitions: int) -> None:
    other = Subject(subject.table, partitions, batch_size)
    assert Counter(rows(other.all)) == Counter(rows(subject.all)), "Look at Partition::read."
    promised = other.ctx.table("t").schema()
    for batch in other.ctx.table("t").collect():
        assert batch.schema.equals(promised, check_metadata=True), "Look at Source::schema."
        assert batch.num_rows <= batch_size
        for field, column in zip(promised, batch.columns, strict=True):
            assert field.nullable or not column.null_count, f"{field} has a null: Source::schema."


def test_columns(subject: Subject) -> None:
    names = [quoted(name) for name in subject.schema.names]
    pairs = product(names[:12], repeat=2)  # More pairs would take long.
    lists = [[], *([name] for name in names), *pairs]
    for columns in lists:
        projected = ", ".join(["1 AS one", *(f"{c} AS c{i}" for i, c in enumerate(columns))])
        subject.same(f"SELECT {projected} FROM $t", "Partition::read and Scan::schema")


def test_statistics(subject: Subject) -> None:
    subject.same("SELECT count(*) FROM $t", "Partition::statistics")
    for field in subject.schema:
        name = quoted(field.name)
        asked = [f"{what}({name})" for what in ("count", "min", "max")]
        asked.append(f"count(DISTINCT {name})")
        # The sum of floats depends on the order in which they come.
        if pa.types.is_integer(field.type) or pa.types.is_decimal(field.type):
            asked.append(f"sum({name})")
        for what in asked:
            subject.same(f"SELECT {what} FROM $t", "Partition::statistics")
        if pa.types.is_floating(field.type):
            subject.same_sum(name)


def test_queries(subject: Subject) -> None:
    look_at = "Partition::read"
    for name in map(quoted, subject.schema.names):
        subject.same(f"SELECT {name}, count(*) FROM $t GROUP BY {name}", look_at)
        subject.same(f"SELECT DISTINCT {name} FROM $t", look_at)
        ordered = f"SELECT {name} FROM $t ORDER BY {name} LIMIT 9 OFFSET 2"
        subject.same(ordered, "Source::sort_order")
        keys = f"SELECT DISTINCT {name} AS k FROM $t"
        subject.same(f"SELECT count(*) FROM $t JOIN ({keys}) ON {name} = k", look_at)
    subject.ctx.sql("EXPLAIN ANALYZE SELECT * FROM t").collect()


def literal(subject: Subject, name: str) -> st.SearchStrategy[Expr]:
    """Draw a value of a column that is in the table, or a null."""
    column = subject.all[name].combine_chunks()
    index = st.integers(-1, len(column) - 1)
    return index.map(lambda i: lit(pa.scalar(None, column.type) if i < 0 else column[i]))


@st.composite
def comparison(draw: st.DrawFn, subject: Subject) -> Expr:
    name = draw(st.sampled_from(subject.schema.names))
    column, literals = col(quoted(name)), literal(subject, name)
    x, y = draw(literals), draw(literals)
    some = [
        column == x, column != x, column < x, column <= x, column > x, column >= x,
        x == column, x < column, x >= column, column.between(x, y), f.in_list(column, [x, y]),
        f.in_list(column, [x, y], negated=True), column.is_null(), column.is_not_null(),
        f.coalesce(column, x) == y, column.cast(pa.string()) >= x.cast(pa.string()),
        f.starts_with(column.cast(pa.string()), f.left(x.cast(pa.string()), lit(2))),
    ]  # fmt: skip
    return draw(st.sampled_from(some))


def predicates(subject: Subject) -> st.SearchStrategy[Expr]:
    return st.recursive(
        comparison(subject),
        lambda inner: (
            st.builds(lambda a, b: a & b, inner, inner)
            | st.builds(lambda a, b: a | b, inner, inner)
            | inner.map(lambda a: ~a)
        ),
        max_leaves=4,
    )


examples = settings(deadline=None, max_examples=25, report_multiple_bugs=False)
FILTERS = "Source::supports_filter, and what Source::partitions does with Scan::filters"


@examples
@given(data=st.data())
def test_filters(subject: Subject, data: st.DataObject) -> None:
    predicate = data.draw(predicates(subject))
    column = data.draw(st.sampled_from(subject.schema.names))
    subject.same(lambda t: t.filter(predicate), FILTERS)
    subject.same(lambda t: t.filter(predicate).select(col(quoted(column))), FILTERS)
    count = f.count(lit(1))
    subject.same(lambda t: t.filter(predicate).aggregate([], [count]), "Partition::statistics")


def test_every_filter_by_itself(subject: Subject) -> None:
    """Filter by each comparison of each column, and by a pattern."""
    for name in subject.schema.names:
        column, values = col(quoted(name)), subject.all[name]
        for i in {0, len(values) // 2, len(values) - 1} if len(values) else ():
            x = lit(values[i])
            for by in (column == x, column != x, column < x, column <= x, column > x, column >= x):
                subject.same(lambda t, by=by: t.filter(by), FILTERS)  # type: ignore[misc]
        subject.same(f"SELECT * FROM $t WHERE {quoted(name)} LIKE '%a%'", FILTERS)
        subject.same(f"SELECT * FROM $t WHERE {quoted(name)} = NULL", FILTERS)


@examples
@given(data=st.data())
def test_limit(subject: Subject, data: st.DataObject) -> None:
    total = subject.all.num_rows
    limit, offset = (data.draw(st.integers(0, total + 2)) for _ in range(2))
    offset = data.draw(st.sampled_from([0, offset]))
    predicate = data.draw(st.none() | predicates(subject))

    def limited(name: str) -> DataFrame:
        frame = subject.ctx.table(name)
        return frame if predicate is None else frame.filter(predicate)

    try:
        possible = Counter(rows(limited("expected").to_arrow_table()))
    except Exception:
        return  # test_filters looks at such a filter.
    found = Counter(rows(limited("t").limit(limit, offset).to_arrow_table()))
    expected = max(0, min(limit, sum(possible.values()) - offset))
    assert sum(found.values()) == expected, "Look at what Source::partitions does with Scan::limit."
    assert not found - possible, "Look at what Source::partitions does with Scan::limit."


def test_again_and_in_threads(subject: Subject) -> None:
    def read(_: int = 0) -> list[tuple[str, ...]]:
        return sorted(rows(subject.ctx.sql("SELECT * FROM t").to_arrow_table()))

    half_read = subject.ctx.table("t").execute_stream()
    next(iter(half_read), None)
    del half_read
    expected = sorted(rows(subject.all))
    assert read() == expected, "Look at Partition::read: it gives other rows the second time."
    with ThreadPoolExecutor(8) as pool:
        assert all(found == expected for found in pool.map(read, range(8))), "Partition::read"


def test_pickle(subject: Subject) -> None:
    try:
        made = pickle.loads(pickle.dumps(subject.made))
    except TypeError as error:
        pytest.skip(str(error))
    subject.ctx.register_table("copied", made)
    copied = subject.ctx.table("copied").to_arrow_table()
    assert Counter(rows(copied)) == Counter(rows(subject.all)), "Look at __getnewargs__."


def test_arrow_stream(subject: Subject) -> None:
    if not hasattr(subject.made, "__arrow_c_stream__"):
        pytest.skip("the table is for DataFusion only")
    table = pa.table(subject.made)
    table.validate(full=True)
    assert table.schema.equals(subject.schema, check_metadata=True)
    assert Counter(rows(table)) == Counter(rows(subject.all)), "Look at Partition::read."


@pytest.mark.parametrize("table", PARAMETERS)
def test_insert_is_whole_or_refused(table: Table) -> None:
    subject = Subject(table)
    before, few = Counter(rows(subject.all)), subject.all.slice(0, 3)
    some = rows(few)
    subject.register("few", few)
    try:
        [answer] = subject.ctx.sql("INSERT INTO t SELECT * FROM few").to_pylist()
    except Exception:
        answer, some = {"count": 0}, []
    assert answer == {"count": len(some)}, "Look at Insert::insert."
    after = Counter(rows(subject.ctx.table("t").to_arrow_table()))
    assert after == before + Counter(some), "Look at Insert::insert: it kept other rows."
