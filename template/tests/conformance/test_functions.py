"""These tests hold for any function. ``FUNCTIONS`` in ``instances.py`` lists those of the package.

A function must give the same values however DataFusion cuts the rows into partitions and batches. A
failure names the methods in Rust to look at.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from functools import cache
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
    """Run a test for each function of a kind, with many tables."""
    listed = [pytest.param(each, id=str(each)) for each in FUNCTIONS if isinstance(each, kind)]
    skip = pytest.mark.skip(f"instances.py lists no {kind.__name__}")
    over = pytest.mark.parametrize("function", listed or [pytest.param(None, marks=skip)])
    phases = [Phase.reuse, Phase.generate, Phase.shrink]
    examples = settings(deadline=None, max_examples=25, phases=phases, report_multiple_bugs=False)
    return lambda test: over(examples(given(data=st.data())(test)))


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
    """Draw rows that have a number i, a group k, a condition p, and the arguments a0, a1, …."""
    columns = [st.none() | values(draw, function, at) for at in range(len(function.arguments))]
    row = st.tuples(st.integers(0, 2), st.none() | st.booleans(), *columns)
    rows = [(i, *rest) for i, rest in enumerate(draw(st.lists(row, max_size=12)))]
    fields = [("i", pa.int64()), ("k", pa.int64()), ("p", pa.bool_())]
    fields += [(f"a{at}", kind) for at, kind in enumerate(function.arguments)]
    arrays = [pa.array([row[at] for row in rows], kind) for at, (_, kind) in enumerate(fields)]
    return pa.record_batch(arrays, pa.schema(fields))


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


def sql(constant: str | float | None) -> str:
    if constant is None:
        return "NULL"
    return "'" + constant.replace("'", "''") + "'" if isinstance(constant, str) else str(constant)


class Trial:
    """A function under test, with a session for each of the ``WAYS``."""

    def __init__(self, function: Function) -> None:
        kinds: dict[type[Function], tuple[Any, str, str]] = {
            Scalar: (udf, "register_udf", "ScalarUDFImpl::return_type"),
            Aggregate: (udaf, "register_udaf", "AggregateUDFImpl::return_type"),
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
        """Register a table as t: in one batch, or in batches of no row, one row, and two rows."""
        starts = [start for start in range(len(table)) if start % 3 != 2]
        pieces = [table.slice(start, 1 + start % 3) for start in starts]
        none = table.slice(0, 0)
        for way, session in self.sessions.items():
            parts = [[table]] if way == "whole" else [[none, *pieces[::2]], [*pieces[1::2], none]]
            session.deregister_table("t")
            session.register_record_batches("t", parts)
        columns = [column.to_pylist() for column in table.columns[3:]]
        self.rows = list(zip(*columns, strict=True))

    def ask(self, sql: str, way: str = "whole", *, may_refuse: bool = False) -> list[Row]:
        return self.fetch(self.sessions[way].sql(sql), may_refuse=may_refuse)

    def fetch(self, frame: DataFrame, *, may_refuse: bool = False) -> list[Row]:
        """The rows, of the types that were promised before they were computed."""
        promised = frame.schema().types
        try:
            batches = frame.collect()
        except Exception as error:
            if may_refuse and "not implemented" in str(error):
                pytest.skip(f"it refuses this: {error}")
            message = f"{self.promise}: {self.rows} should give {promised}, but give {error}"
            hint = "If it may refuse these, list the values that it takes in instances.py."
            raise AssertionError(f"{message}\n{hint}") from error
        for batch in batches:
            types = batch.schema.types
            message = f"{self.promise}: {self.rows} should give {promised}, but give {types}"
            assert types == promised, message
        if pa.float32() in promised:
            self.tolerance = 1e-5
        columns = [[column.to_pylist() for column in batch.columns] for batch in batches]
        return [row for batch in columns for row in zip(*batch, strict=True)]

    def check(self, method: str, how: str, got: object, basis: str, expected: object) -> None:
        if not same(got, expected, self.tolerance):
            message = f"{method}: {how}, {self.rows} give {got}, but {basis} {expected}"
            raise AssertionError(message)


trial = cache(Trial)


@each(Scalar)
def test_scalar_rows(function: Scalar, data: st.DataObject) -> None:
    """A value depends on the arguments in its row, and on nothing else."""
    on = trial(function)
    method = "ScalarUDFImpl::invoke_with_args"
    for table in and_extremes(data.draw(tables(function))):
        on.load(table)
        whole = on.ask(f"SELECT {on.call()} FROM t")
        if function.reference:
            expected = [(function.reference(*row),) for row in on.rows]
            on.check(method, "in one batch", whole, "the reference gives", expected)
        parts = on.ask(f"SELECT {on.call()} FROM t ORDER BY i", "parts")
        on.check(method, "in small batches", parts, "one batch gives", whole)
        rows = [on.ask(f"SELECT {on.call()} FROM t WHERE i = {i}") for i in range(len(table))]
        on.check(method, "row by row", rows, "one batch gives", [[row] for row in whole])


@each(Scalar)
def test_scalar_constants(function: Scalar, data: st.DataObject) -> None:
    """A constant gives the same value as a column that has this constant."""
    on = trial(function)
    method = "ScalarUDFImpl::invoke_with_args"
    table = data.draw(tables(function))
    on.load(table)
    whole = on.ask(f"SELECT {on.call()} FROM t")
    columns = [col(name) for name in table.schema.names[3:]]
    rest = [lit(constant) for constant in function.constants]
    for i in range(min(len(table), 4)):
        constants = [lit(column[i]) for column in table.columns[3:]]
        frame = on.sessions["whole"].table("t").select(on.function(*constants, *rest))
        how = f"with the constants {on.rows[i]}"
        on.check(method, how, on.fetch(frame), "columns give", [whole[i]] * len(table))
        for at in range(len(columns)):
            mixed = [*columns[:at], constants[at], *columns[at + 1 :]]
            frame = on.sessions["whole"].table("t").select(on.function(*mixed, *rest))
            how = f"in row {i} with the constant {on.rows[i][at]} as a{at}"
            on.check(method, how, on.fetch(frame)[i], "columns give", whole[i])


@each(Aggregate)
def test_aggregate_of_parts(function: Aggregate, data: st.DataObject) -> None:
    """The states of the parts are merged into the state of the whole."""
    on = trial(function)
    for table in and_extremes(data.draw(tables(function))):
        on.load(table)
        whole = on.ask(f"SELECT {on.call()} FROM t")
        if function.reference:
            method = "AggregateState::update or results, or Accumulator::update_batch or evaluate"
            expected = [(function.reference(on.rows),)]
            on.check(method, "as a whole", whole, "the reference gives", expected)
        parts = on.ask(f"SELECT {on.call()} FROM t", "parts")
        method = "AggregateState::merge, or Accumulator::state or merge_batch"
        on.check(method, "in parts that are merged", parts, "the whole gives", whole)


@each(Aggregate)
@pytest.mark.parametrize("source", ["t", SORTED], ids=["unsorted", "sorted"])
@pytest.mark.parametrize("keep", ["TRUE", "p"], ids=["all", "filtered"])
def test_aggregate_of_groups(
    function: Aggregate, data: st.DataObject, source: str, keep: str
) -> None:
    """A group gives the same value with ``GROUP BY`` and ``FILTER`` as with ``WHERE``."""
    on = trial(function)
    table = data.draw(tables(function))
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
    how = f"in the groups {table['k'].to_pylist()}"
    only = ""
    if keep == "p":
        how += f" where {table['p'].to_pylist()}"
        only = "FILTER (WHERE p)"
    for way, method in methods.items():
        sql = f"SELECT k, {on.call()} {only} FROM {source} GROUP BY k ORDER BY k"
        on.check(f"GroupsAccumulator::{method}", how, on.ask(sql, way), "each alone gives", alone)


@each(Aggregate)
@pytest.mark.parametrize("beside", ["", ", count(*)"], ids=["alone", "beside_another"])
def test_aggregate_of_distinct(function: Aggregate, data: st.DataObject, beside: str) -> None:
    """``DISTINCT`` ignores a row that came before, or the function refuses it."""
    on = trial(function)
    on.load(data.draw(tables(function)))
    once = on.ask(f"SELECT {on.call()} FROM (SELECT DISTINCT {', '.join(on.columns)} FROM t)")[0][0]
    # Few tables have a row twice by chance.
    twice = "(SELECT * FROM t UNION ALL SELECT * FROM t WHERE i = 0)"
    method = "AggregateUDFImpl::accumulator, which has to heed or refuse is_distinct"
    for way in WAYS:
        sql = f"SELECT {on.call('DISTINCT')} {beside} FROM {twice}"
        distinct = on.ask(sql, way, may_refuse=True)[0][0]
        on.check(method, "with DISTINCT", distinct, "without duplicates they give", once)


@each(Aggregate)
@pytest.mark.parametrize("grows", [False, True], ids=["sliding", "growing"])
def test_aggregate_of_frames(function: Aggregate, data: st.DataObject, grows: bool) -> None:
    """A frame of a window gives what its rows alone give. A sliding window may be refused."""
    on = trial(function)
    table = data.draw(tables(function))
    on.load(table)
    # Each frame has at least one row: DataFusion answers for an empty frame by itself.
    first, last = data.draw(st.tuples(st.integers(-3, 0), st.integers(0, 2)))
    ranges = [(0 if grows else i + first, i + last) for i in range(len(table))]
    sql = f"SELECT {on.call()} FROM t WHERE i BETWEEN %s AND %s"
    alone = [on.ask(sql % ends)[0] for ends in ranges]
    start = "UNBOUNDED" if grows else -first
    window = f"ORDER BY i ROWS BETWEEN {start} PRECEDING AND {last} FOLLOWING"
    sql = f"SELECT {on.call()} OVER ({window}) FROM t ORDER BY i"
    method = "AggregateUDFImpl::create_sliding_accumulator or Accumulator::retract_batch"
    if grows:
        method = "Accumulator::evaluate, which must not change the state"
    together = on.ask(sql, may_refuse=not grows)
    on.check(method, f"OVER ({window})", together, "each alone gives", alone)


@each(Window)
def test_window_of_rows(function: Window, data: st.DataObject) -> None:
    """There is one value for each row, however the rows are cut into batches."""
    on = trial(function)
    method = "PartitionEvaluator::evaluate_all or evaluate"
    for table in and_extremes(data.draw(tables(function))):
        on.load(table)
        sql = f"SELECT {on.call()} OVER (ORDER BY i) FROM t ORDER BY i"
        whole = on.ask(sql)
        assert len(whole) == len(table), f"{method}: {on.rows} give {len(whole)} rows"
        if function.reference:
            expected = [(value,) for value in function.reference(on.rows)]
            on.check(method, "in one batch", whole, "the reference gives", expected)
        on.check(method, "in small batches", on.ask(sql, "parts"), "one batch gives", whole)


@each(Window)
def test_window_of_partitions(function: Window, data: st.DataObject) -> None:
    """A partition of a window gives what its rows alone give."""
    on = trial(function)
    table = data.draw(tables(function))
    on.load(table)
    frame = data.draw(st.sampled_from(["", "ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING"]))
    window = f"OVER (PARTITION BY k ORDER BY i {frame})"
    alone = []
    for k in sorted(set(table["k"].to_pylist())):
        sql = f"SELECT {on.call()} OVER (ORDER BY i {frame}) FROM t WHERE k = {k} ORDER BY i"
        alone += on.ask(sql)
    method = "WindowUDFImpl::partition_evaluator, which has to forget the partition before"
    how = f"{window} where k is {table['k'].to_pylist()}"
    for way in WAYS:
        together = on.ask(f"SELECT {on.call()} {window} FROM t ORDER BY k, i", way)
        on.check(method, how, together, "each alone gives", alone)
