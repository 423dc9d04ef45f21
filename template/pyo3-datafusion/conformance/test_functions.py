"""These tests hold for any function. ``FUNCTIONS`` in ``instances.py`` lists those of the package.

A function must give the same values however DataFusion cuts the rows into partitions and batches. A
failure names the methods in Rust to look at.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache, wraps
from typing import Any

import pyarrow as pa
import pytest
from datafusion import DataFrame, SessionConfig, SessionContext, col, lit, udaf, udf, udwf
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from instances import FUNCTIONS

from conformance.functions import Aggregate, Function, Row, Scalar, Window

# These can be added in any order: rounding changes only the last digits of the sum.
FLOATS = [0.0, -0.0, 0.5, 1.0, 3.0, -2.0, 1e-3, 1e10, math.inf, -math.inf, math.nan]

PARTS = {"target_partitions": "2", "batch_size": "2"}
# whole: DataFusion computes over all rows at once.
# parts: it computes over parts of the rows, and merges the states.
# ungrouped: it stops grouping the parts early, as it does if nearly every row is its own group.
WAYS = {
    "whole": {"target_partitions": "1"},
    "parts": PARTS,
    "ungrouped": {
        **PARTS,
        "skip_partial_aggregation_probe_rows_threshold": "1",
        "skip_partial_aggregation_probe_ratio_threshold": "0",
    },
}
# The rows are sorted by group, so a group can be complete before all rows were read.
SORTED = "(SELECT *, row_number() OVER (ORDER BY k) AS r FROM t) WHERE r > 0"


def each(kind: type[Function]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a check for each function of a kind, with tables that are always the same and others."""
    listed = [pytest.param(each, id=str(each)) for each in FUNCTIONS if isinstance(each, kind)]
    skip = pytest.mark.skip(f"instances.py lists no {kind.__name__}")
    over = pytest.mark.parametrize("function", listed or [pytest.param(None, marks=skip)])
    phases = [Phase.reuse, Phase.generate, Phase.shrink]
    examples = settings(deadline=None, max_examples=25, phases=phases, report_multiple_bugs=False)

    def decorate(check: Callable[..., None]) -> Callable[..., None]:
        @wraps(check)
        def test(function: Function, **how: Any) -> None:
            for table in fixed_tables(function):
                check(function, table, **how)
            drawn = given(tables(function))(lambda table: check(function, table, **how))
            examples(drawn)()

        signature = inspect.signature(check)
        parameters = [each for name, each in signature.parameters.items() if name != "table"]
        test.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        tested: Callable[..., None] = over(test)
        return tested

    return decorate


def pools(function: Function, at: int) -> list[list[Any]]:
    """Return lists of values of an argument's Arrow type. A list is for one table.

    Infinity, NaN and the largest number are in lists of their own: they can hide all other values.
    """
    if function.values is not None:
        return [list(function.values[at])]
    kind, types = function.arguments[at], pa.types
    if types.is_integer(kind):
        signed = types.is_signed_integer(kind)
        high = 2 ** (kind.bit_width - signed) - 1
        small = [1, 0, 2, 3, 12, *([-1, -3] if signed else [])]
        return [small, [*small, high], [*small, -high - 1 if signed else high - 1]]
    if types.is_floating(kind):
        finite = [1.0, 0.0, 0.5, 3.0, -2.0, 12.0, -0.0, 1e-3]
        return [finite, *([*finite, value] for value in (1e10, math.inf, -math.inf, math.nan))]
    if types.is_decimal(kind):
        return [[Decimal(number) for number in (1, 0, 2, -1, 9)]]
    if types.is_timestamp(kind):
        return [[datetime(year, 2, 28, 23, 59, 59) for year in (1970, 2024, 1700, 2199)]]
    if types.is_date(kind):
        return [[date(year, 2, 28) for year in (1970, 2024, 1, 9999)]]
    if types.is_boolean(kind):
        return [[True, False]]
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return [["a", "", "A", "ab", "%", "ä€😀", " a ", "12", "long enough for a buffer"]]
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind):
        return [[b"a", b"", b"\0\xff", b"long enough for a buffer"]]
    return []


# One group has one row, and another one only nulls.
GROUPS = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 2, 3, 1, 5, 5, 5, 2, 3, 1, 5, 2, 3, 1, 5]
NULLS = {3, 7, 8, 9, 20}


def fixed_tables(function: Function) -> list[pa.RecordBatch]:
    """Return tables of one row, of 24 rows, and of 1,500 rows in 60 groups."""
    of_arguments = [pools(function, at) for at in range(len(function.arguments))]
    if not all(of_arguments):
        return []  # Their types have values only in instances.py.

    def row(i: int, k: int, choice: int, null: bool) -> tuple[Any, ...]:
        chosen = [lists[min(choice, len(lists) - 1)] for lists in of_arguments]
        values = [each[(i + i // len(each) * at) % len(each)] for at, each in enumerate(chosen)]
        return (i, k, [True, False, None][i % 3], *(None if null else value for value in values))

    made = [table_of(function, [row(0, 0, 0, False)])]
    for choice in range(max(map(len, of_arguments), default=1)):
        few = [row(i, k, choice, i in NULLS) for i, k in enumerate(GROUPS)]
        made.append(table_of(function, few))
    many = [row(i, i % 60, 0, i % 7 == 6) for i in range(1_500)]
    return [*made, table_of(function, many)]


def table_of(function: Function, rows: list[Row]) -> pa.RecordBatch:
    """Make a table that has a number i, a group k, a condition p, and the arguments a0, a1, …."""
    fields = [("i", pa.int64()), ("k", pa.int64()), ("p", pa.bool_())]
    fields += [(f"a{at}", kind) for at, kind in enumerate(function.arguments)]
    arrays = [pa.array([row[at] for row in rows], kind) for at, (_, kind) in enumerate(fields)]
    return pa.record_batch(arrays, pa.schema(fields))


def some_rows(count: int) -> list[int]:
    """Return the numbers of all rows, or of some of many."""
    return [i for i in range(count) if count < 30 or i in {0, 1, 2, 1_001, count // 2, count - 1}]


def values(draw: st.DrawFn, function: Function, at: int) -> st.SearchStrategy[Any]:
    """Draw values of an argument's Arrow type, among them the smallest and the largest."""
    if function.values is not None:
        return st.sampled_from(function.values[at])
    kind, types = function.arguments[at], pa.types
    if types.is_integer(kind):
        signed = types.is_signed_integer(kind)
        high = 2 ** (kind.bit_width - signed) - 1
        low = -high - 1 if signed else 0
        # One large number is enough: the sum of two may lose all the digits of the small numbers.
        large = draw(st.sampled_from([low, high]) | st.integers(low, high))
        return st.integers(-3 if signed else 0, 3) | st.just(large)
    if types.is_floating(kind):
        return st.sampled_from(FLOATS) | st.integers(-9, 9).map(float)
    if types.is_decimal(kind):
        limit = 10 ** (kind.precision - kind.scale) - 1
        return st.decimals(-limit, limit, places=kind.scale)
    if types.is_timestamp(kind):
        times = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1))
        return times.map(lambda time: time.replace(microsecond=0))
    if types.is_date(kind):
        return st.dates()
    if types.is_boolean(kind):
        return st.booleans()
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        # A constant becomes the name of a column, which cannot have a NUL in it.
        return st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3)
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind):
        return st.binary(max_size=3)
    pytest.skip(f"of the type {kind}, no values are known here: list some in instances.py")


@st.composite
def tables(draw: st.DrawFn, function: Function) -> pa.RecordBatch:
    """Draw the rows of a table."""
    columns = [st.none() | values(draw, function, at) for at in range(len(function.arguments))]
    row = st.tuples(st.integers(0, 2), st.none() | st.booleans(), *columns)
    rows = draw(st.lists(row, max_size=12))
    return table_of(function, [(i, *rest) for i, rest in enumerate(rows)])


def and_extremes(table: pa.RecordBatch) -> list[pa.RecordBatch]:
    """Return the table, the table without its rows, and the table with nulls for its values."""
    nulls = [pa.nulls(len(table), column.type) for column in table.columns[3:]]
    without_values = pa.record_batch([*table.columns[:3], *nulls], table.schema)
    return [table, table.slice(0, 0), without_values]


def same(one: Any, other: Any, tolerance: float) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        close = math.isclose(one, other, rel_tol=tolerance, abs_tol=1e-7)
        return close or (math.isnan(one) and math.isnan(other))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(same(*pair, tolerance) for pair in pairs)
    if isinstance(one, dict) and isinstance(other, dict):
        return same(list(one.items()), list(other.items()), tolerance)
    return bool(one == other)


def shortened(values: Any) -> str:
    text = repr(values)
    return text if len(text) < 2_000 else f"{text[:1_000]} … {text[-500:]}"


def sql(constant: str | float | None) -> str:
    if constant is None:
        return "NULL"
    return "'" + constant.replace("'", "''") + "'" if isinstance(constant, str) else str(constant)


class Trial:
    """A function under test, with a session for each of the ``WAYS``."""

    def __init__(self, function: Function) -> None:
        kinds: dict[type[Function], tuple[Any, str, str]] = {
            Scalar: (udf, "register_udf", "ScalarUDFImpl::return_type or return_field_from_args"),
            Aggregate: (udaf, "register_udaf", "AggregateUDFImpl::return_type or is_nullable"),
            Window: (udwf, "register_udwf", "WindowUDFImpl::field"),
        }
        wrap, register, self.promise = kinds[type(function)]
        self.function = wrap(function.made())
        self.sessions = {}
        for way, options in WAYS.items():
            config = {f"datafusion.execution.{key}": options[key] for key in options}
            self.sessions[way] = SessionContext(SessionConfig(config))
            getattr(self.sessions[way], register)(self.function)
        self.columns = [f"a{at}" for at in range(len(function.arguments))]
        self.arguments = ", ".join([*self.columns, *map(sql, function.constants)])
        self.tolerance = 1e-9
        self.rows: list[Row] = []

    def call(self, distinct: str = "") -> str:
        return f'"{self.function.name}"({distinct} {self.arguments})'

    def load(self, table: pa.RecordBatch) -> None:
        """Register a table as t: in one batch, or in batches of no row, one row, and two rows.

        Batches of many rows have a thirtieth of them for each row.
        """
        step = 1 + len(table) // 30
        starts = [start for start in range(0, len(table), step) if start // step % 3 != 2]
        pieces = [table.slice(start, step * (1 + start // step % 3)) for start in starts]
        none = table.slice(0, 0)
        for way, session in self.sessions.items():
            parts = [[table]] if way == "whole" else [[none, *pieces[::2]], [*pieces[1::2], none]]
            session.deregister_table("t")
            session.register_record_batches("t", parts)
        columns = [column.to_pylist() for column in table.columns[3:]]
        self.rows = list(zip(*columns, strict=True))

    def ask(
        self, sql: str, way: str = "whole", *, method: str = "", may_refuse: bool = False
    ) -> list[Row]:
        """Return the rows of an answer. An error is the fault of a method, or of the promise."""
        return self.fetch(self.sessions[way].sql(sql), method, may_refuse=may_refuse)

    def fetch(self, frame: DataFrame, method: str = "", *, may_refuse: bool = False) -> list[Row]:
        """The rows, of the types that were promised before they were computed."""
        promised = frame.schema()
        rows = shortened(self.rows)
        try:
            batches = frame.collect()
        except Exception as error:
            if may_refuse and "not implemented" in str(error):
                pytest.skip(f"it refuses this: {error}")
            message = f"{rows} should give {promised.types}, but give {error}"
            hint = "If it may refuse these, list the values that it takes in instances.py."
            raise AssertionError(f"{method or self.promise}: {message}\n{hint}") from error
        for batch in batches:
            types = batch.schema.types
            message = f"{self.promise}: {rows} should give {promised.types}, but give {types}"
            assert types == promised.types, message
            for field, column in zip(promised, batch.columns, strict=True):
                message = f"{self.promise}: {rows} should give no null, but give one"
                assert field.nullable or not column.null_count, message
        if pa.float32() in promised.types:
            self.tolerance = 1e-5
        columns = [[column.to_pylist() for column in batch.columns] for batch in batches]
        return [row for batch in columns for row in zip(*batch, strict=True)]

    def check(self, method: str, how: str, got: object, basis: str, expected: object) -> None:
        if not same(got, expected, self.tolerance):
            given = f"{method}: {how}, {shortened(self.rows)} give"
            message = f"{given} {shortened(got)}, but {basis} {shortened(expected)}"
            raise AssertionError(message)


trial = cache(Trial)


@each(Scalar)
def test_scalar_rows(function: Scalar, table: pa.RecordBatch) -> None:
    """A value depends on the arguments in its row, and on nothing else."""
    on = trial(function)
    method = "ScalarUDFImpl::invoke_with_args"
    for each in and_extremes(table):
        on.load(each)
        whole = on.ask(f"SELECT {on.call()} FROM t")
        if function.reference:
            expected = [(function.reference(*row),) for row in on.rows]
            on.check(method, "in one batch", whole, "the reference gives", expected)
        parts = on.ask(f"SELECT {on.call()} FROM t ORDER BY i", "parts")
        on.check(method, "in small batches", parts, "one batch gives", whole)
        some = some_rows(len(each))
        rows = [on.ask(f"SELECT {on.call()} FROM t WHERE i = {i}") for i in some]
        on.check(method, "row by row", rows, "one batch gives", [[whole[i]] for i in some])
        nulls = on.ask(f"SELECT count(*) FROM t WHERE {on.call()} IS NULL")[0][0]
        given = sum(value is None for (value,) in whole)
        on.check(on.promise, "counted", nulls, "the number of nulls is", given)


@each(Scalar)
def test_scalar_constants(function: Scalar, table: pa.RecordBatch) -> None:
    """A constant gives the same value as a column that has this constant."""
    on = trial(function)
    method = "ScalarUDFImpl::invoke_with_args"
    on.load(table)
    whole = on.ask(f"SELECT {on.call()} FROM t")
    columns = [col(name) for name in table.schema.names[3:]]
    rest = [lit(constant) for constant in function.constants]
    for i in some_rows(len(table))[: 4 if len(table) <= 12 else None]:
        constants = [lit(column[i]) for column in table.columns[3:]]
        frame = on.sessions["whole"].table("t").select(on.function(*constants, *rest))
        how = f"with the constants {on.rows[i]}"
        given = on.fetch(frame, method)
        on.check(method, how, given, "columns give", [whole[i]] * len(table))
        for at in range(len(columns)):
            mixed = [*columns[:at], constants[at], *columns[at + 1 :]]
            frame = on.sessions["whole"].table("t").select(on.function(*mixed, *rest))
            how = f"in row {i} with the constant {on.rows[i][at]} as a{at}"
            on.check(method, how, on.fetch(frame, method)[i], "columns give", whole[i])


OTHER_TYPES = [
    *(getattr(pa, f"int{bits}")() for bits in (8, 16, 32, 64)), pa.uint8(), pa.uint64(),
    pa.float32(), pa.float64(), pa.decimal128(9, 2), pa.string(), pa.string_view(), pa.binary(),
    pa.bool_(), pa.date32(), pa.timestamp("us"), pa.duration("us"), pa.list_(pa.int64()), pa.null(),
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
def test_types_that_are_accepted(function: Function) -> None:
    """A function works with every type that its signature accepts, or that it is coerced to."""
    on = trial(function)
    method = f"{on.promise.partition('::')[0]}::signature or coerce_types"
    over = "" if isinstance(function, Scalar | Aggregate) else "OVER (ORDER BY i)"
    session = on.sessions["whole"]

    def ask(table: pa.Table, arguments: Sequence[str]) -> DataFrame | None:
        session.deregister_table("t")
        session.register_record_batches("t", [table.to_batches()])
        listed = ", ".join([*arguments, *map(sql, function.constants)])
        try:
            return session.sql(f'SELECT "{function_name}"({listed}) {over} FROM t')
        except Exception:
            return None  # It refuses the type, before it computes anything.

    function_name = on.function.name
    for kind in OTHER_TYPES:
        arguments = [f"a{at}" for at in range(len(function.arguments))]
        table = pa.table({"i": [0, 1], **dict.fromkeys(arguments, pa.nulls(2, kind))})
        on.rows = [(kind, None)]
        frame = ask(table, arguments)
        if frame is None or not arguments:
            continue
        on.fetch(frame, method, may_refuse=True)
        if kind not in (pa.int8(), pa.int16(), pa.int32()) or function.values is not None:
            continue
        # Numbers that fit are not changed by the cast to the type that is listed.
        numbers = {8: [1, 12, -7], 16: [300, -7], 32: [16_777_217, 40_000]}[kind.bit_width]
        cast = [
            f"arrow_cast({name}, '{ARROW.get(to)}')"
            for name, to in zip(arguments, function.arguments, strict=True)
        ]
        if not all(to in ARROW for to in function.arguments):
            continue
        table = pa.table(
            {"i": range(len(numbers)), **dict.fromkeys(arguments, pa.array(numbers, kind))}
        )
        plain, casted = ask(table, arguments), ask(table, cast)
        on.rows = [(number,) for number in numbers]
        if plain and casted and plain.schema().types == casted.schema().types:
            given, expected = on.fetch(plain, method), on.fetch(casted, method)
            on.check(method, f"as {kind}", given, "after a cast they give", expected)


# The types that hold all these numbers.
ARROW = {pa.int64(): "Int64", pa.float64(): "Float64"}


@each(Aggregate)
def test_aggregate_of_parts(function: Aggregate, table: pa.RecordBatch) -> None:
    """The states of the parts are merged into the state of the whole."""
    on = trial(function)
    for each in and_extremes(table):
        on.load(each)
        whole = on.ask(f"SELECT {on.call()} FROM t")
        if function.reference:
            method = "AggregateState::update or results, or Accumulator::update_batch or evaluate"
            expected = [(function.reference(on.rows),)]
            on.check(method, "as a whole", whole, "the reference gives", expected)
        method = "AggregateState::merge, or Accumulator::state or merge_batch"
        states = f"{method}, or AggregateUDFImpl::state_fields"
        parts = on.ask(f"SELECT {on.call()} FROM t", "parts", method=states)
        on.check(method, "in parts that are merged", parts, "the whole gives", whole)


@each(Aggregate)
@pytest.mark.parametrize("source", ["t", SORTED], ids=["unsorted", "sorted"])
@pytest.mark.parametrize("keep", ["TRUE", "p"], ids=["all", "filtered"])
def test_aggregate_of_groups(
    function: Aggregate, table: pa.RecordBatch, source: str, keep: str
) -> None:
    """A group gives the same value with ``GROUP BY`` and ``FILTER`` as with ``WHERE``."""
    on = trial(function)
    on.load(table)
    alone = [
        (k, *on.ask(f"SELECT {on.call()} FROM t WHERE k = {k} AND {keep}")[0])
        for k in sorted(set(table["k"].to_pylist()))
    ]
    methods = {
        "whole": "update_batch or evaluate",
        "parts": "update_batch, state, merge_batch or evaluate",
        "ungrouped": "convert_to_state",
    }
    how = f"in the groups {shortened(table['k'].to_pylist())}"
    only = ""
    if keep == "p":
        how += f" where {shortened(table['p'].to_pylist())}"
        only = "FILTER (WHERE p)"
    for way, method in methods.items():
        sql = f"SELECT k, {on.call()} {only} FROM {source} GROUP BY k ORDER BY k"
        method = f"GroupsAccumulator::{method}, or Accumulator::evaluate"
        on.check(method, how, on.ask(sql, way, method=method), "each alone gives", alone)


def without_negative_zeros(table: pa.RecordBatch) -> pa.RecordBatch:
    """Return ``table`` with ``0.0`` for ``-0.0``: to some hosts, these are two distinct values."""
    arrays = [
        pa.array([None if x is None else x + 0.0 for x in column.to_pylist()], column.type)
        if column.type in (pa.float32(), pa.float64())
        else column
        for column in table.columns
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=table.schema)


@each(Aggregate)
@pytest.mark.parametrize("beside", ["", ", count(*)"], ids=["alone", "beside_another"])
def test_aggregate_of_distinct(function: Aggregate, table: pa.RecordBatch, beside: str) -> None:
    """``DISTINCT`` ignores a row that came before, or the function refuses it."""
    on = trial(function)
    on.load(without_negative_zeros(table))
    once = on.ask(f"SELECT {on.call()} FROM (SELECT DISTINCT {', '.join(on.columns)} FROM t)")[0][0]
    # Few tables have a row twice by chance.
    twice = "(SELECT * FROM t UNION ALL SELECT * FROM t WHERE i = 0)"
    method = "AggregateUDFImpl::accumulator, which has to use or refuse is_distinct"
    for way in WAYS:
        sql = f"SELECT {on.call('DISTINCT')} {beside} FROM {twice}"
        distinct = on.ask(sql, way, method=method, may_refuse=True)[0][0]
        on.check(method, "with DISTINCT", distinct, "without duplicates they give", once)


# Each frame has at least one row: DataFusion answers for an empty frame by itself.
FRAMES = [(-1, 0), (-3, 2), (0, 2)]


@each(Aggregate)
@pytest.mark.parametrize("grows", [False, True], ids=["sliding", "growing"])
def test_aggregate_of_frames(function: Aggregate, table: pa.RecordBatch, grows: bool) -> None:
    """A frame of a window gives what its rows alone give. A sliding window may be refused."""
    on = trial(function)
    on.load(table)
    method = "AggregateUDFImpl::create_sliding_accumulator or Accumulator::retract_batch"
    if grows:
        method = "Accumulator::evaluate, which must not change the state"
    rows = some_rows(len(table))
    frames = FRAMES if len(table) > 12 else [FRAMES[len(table) % len(FRAMES)]]
    # Rows enter and leave one by one, and, with a third of the numbers, three at a time.
    for unit, number in (("ROWS", "i"), ("RANGE", "i / 3")):
        for first, last in frames:
            start = "UNBOUNDED" if grows else -first
            window = f"ORDER BY {number} {unit} BETWEEN {start} PRECEDING AND {last} FOLLOWING"
            sql = f"SELECT i, {on.call()} OVER ({window}) FROM t ORDER BY i"
            together = on.ask(sql, method=method, may_refuse=not grows)
            alone = []
            for i in rows:
                at = i if unit == "ROWS" else i // 3
                within = f"{number} BETWEEN {0 if grows else at + first} AND {at + last}"
                alone.append((i, *on.ask(f"SELECT {on.call()} FROM t WHERE {within}")[0]))
            given = [together[i] for i in rows]
            on.check(method, f"OVER ({window})", given, "each alone gives", alone)


@each(Window)
def test_window_of_rows(function: Window, table: pa.RecordBatch) -> None:
    """There is one value for each row, however the rows are cut into batches."""
    on = trial(function)
    method = "PartitionEvaluator::evaluate_all or evaluate"
    for each in and_extremes(table):
        on.load(each)
        sql = f"SELECT {on.call()} OVER (ORDER BY i) FROM t ORDER BY i"
        whole = on.ask(sql, method=f"{on.promise}, or {method}")
        assert len(whole) == len(each), f"{method}: {on.rows} give {len(whole)} rows"
        if function.reference:
            expected = [(value,) for value in function.reference(on.rows)]
            on.check(method, "in one batch", whole, "the reference gives", expected)
            backwards = on.ask(f"SELECT {on.call()} OVER (ORDER BY i DESC) FROM t ORDER BY i DESC")
            expected = [(value,) for value in function.reference(on.rows[::-1])]
            on.check(method, "in reverse", backwards, "the reference gives", expected)
        on.check(method, "in small batches", on.ask(sql, "parts"), "one batch gives", whole)


@each(Window)
def test_window_of_partitions(function: Window, table: pa.RecordBatch) -> None:
    """A partition of a window gives what its rows alone give."""
    on = trial(function)
    on.load(table)
    method = "WindowUDFImpl::partition_evaluator, which has to forget the partition before"
    for frame in ("", "ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING"):
        window = f"OVER (PARTITION BY k ORDER BY i {frame})"
        alone = []
        for k in sorted(set(table["k"].to_pylist())):
            sql = f"SELECT {on.call()} OVER (ORDER BY i {frame}) FROM t WHERE k = {k} ORDER BY i"
            alone += on.ask(sql)
        how = f"{window} where k is {shortened(table['k'].to_pylist())}"
        for way in WAYS:
            sql = f"SELECT {on.call()} {window} FROM t ORDER BY k, i"
            together = on.ask(sql, way, method=method)
            on.check(method, how, together, "each alone gives", alone)
