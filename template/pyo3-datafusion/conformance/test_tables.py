"""These tests hold for any table. ``TABLES`` in ``instances.py`` lists those of this package.

DataFusion answers each query twice: over the table, and over the same rows in memory. A failure
names the methods in Rust to look at.
"""

from __future__ import annotations

import math
import pickle
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from itertools import combinations, compress, pairwise, product
from typing import Any

import pyarrow as pa
import pytest
from datafusion import DataFrame, Expr, SessionConfig, SessionContext, col, lit
from datafusion import functions as f
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import TABLES

from conformance import Table
from conformance.predicates import (
    ABSENT,
    ANY,
    COMPARISONS,
    absent,
    filters,
    parameters,
    scalar,
)
from conformance.values import rows, texts

BATCH_SIZE = 100
READ = "Partition::read"
FILTERS = "Source::supports_filter, and what Source::partitions does with Scan::filters"
LIMIT = "what Source::partitions does with Scan::limit"
STATISTICS = "Partition::statistics"
INSERTS = {"INSERT INTO": "Insert::insert", "INSERT OVERWRITE": "Insert::overwrite"}
CHANGES = (
    "asked again, it gives other rows. Look at Source::partitions and Partition::read, which must "
    "give the same rows each time"
)

Ask = str | Callable[[DataFrame], DataFrame]
Answer = tuple[list[str], Counter[tuple[str, ...]]] | str


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@cache
def made(table: Table) -> Any:
    """Make the object of a table once: it may hold a connection."""
    return table.make()


class Subject:
    """A table, registered as ``t``, and its rows in memory, registered as ``expected``."""

    def __init__(
        self, table: Table, made: Any, partitions: int = 4, batch_size: int = BATCH_SIZE
    ) -> None:
        config = SessionConfig().with_target_partitions(partitions).with_batch_size(batch_size)
        self.table, self.made, self.ctx = table, made, SessionContext(config)
        self.ctx.register_table("t", made)
        self.all = self.ctx.table("t").to_arrow_table()
        self.schema = self.all.schema
        self.register("expected", self.all)

    def register(self, name: str, rows: pa.Table) -> None:
        self.ctx.register_record_batches(name, [self.in_memory(rows)])

    def in_memory(self, rows: pa.Table) -> list[pa.RecordBatch]:
        empty = pa.record_batch([pa.nulls(0, each.type) for each in self.schema], self.schema)
        return rows.to_batches(max_chunksize=BATCH_SIZE) or [empty]

    @cached_property
    def texts(self) -> dict[str, list[str]]:
        """The values of each column as text."""
        return {name: texts(self.all[name]) for name in self.schema.names}

    @cached_property
    def rows(self) -> list[tuple[str, ...]]:
        return rows(self.all)

    @cached_property
    def other_layouts(self) -> list[str]:
        """The names of tables with the same rows in memory, in other batches and partitions."""
        small, whole = self.all.to_batches(max_chunksize=2), self.all.to_batches()
        layouts = [self.ctx.table("t").collect_partitioned(), [small], [small[::2], small[1::2]]]
        layouts.append([[batch] for batch in whole])
        names = []
        for at, layout in enumerate(layouts):
            if any(layout) and all(layout):
                names.append(f"expected_{at}")
                self.ctx.register_record_batches(names[-1], layout)
        if not names:
            # The host runs no plan over a table in memory that it knows to be empty.
            fields = [each.with_nullable(True) for each in self.schema]
            nulls = pa.record_batch([pa.nulls(1, each.type) for each in fields], pa.schema(fields))
            self.ctx.register_record_batches("nulls", [[nulls]])
            none = "SELECT * FROM expected UNION ALL SELECT * FROM nulls WHERE random() < 0"
            self.ctx.register_view("expected_none", self.ctx.sql(none))
            names.append("expected_none")
        return names

    def answer(self, ask: Ask, name: str, values: Mapping[str, pa.Scalar] | None = None) -> Answer:
        """Return the types and rows of an answer, or the error."""
        try:
            if isinstance(ask, str):
                used = {key: each for key, each in (values or {}).items() if f"${key}" in ask}
                frame = self.ctx.sql(ask.replace("$t", name), param_values=used)
            else:
                frame = ask(self.ctx.table(name))
            found = frame.to_arrow_table()
            return [str(each) for each in found.schema.types], Counter(rows(found))
        except Exception as error:
            return str(error)

    def same(self, ask: Ask, look_at: str, values: Mapping[str, pa.Scalar] | None = None) -> None:
        """Fail if a query gives other rows than in memory. In SQL, ``$t`` stands for the table."""
        found, expected = (self.answer(ask, name, values) for name in ("t", "expected"))
        if found == expected or isinstance(expected, str):
            return
        query = ask.replace("$t", "t") if isinstance(ask, str) else self.plan(ask)
        used = {key: each for key, each in (values or {}).items() if f"${key}" in query}
        query += "".join(f"\n${key} is {each!r}" for key, each in used.items())
        again = [self.answer(ask, "t", values) for _ in range(2)]
        # Of several errors, any may be the first.
        errors = all(isinstance(each, str) for each in (found, *again))
        changes = any(each != found for each in again) and not errors
        # The host may be wrong, or have several right answers: its answers differ then. The first
        # of these layouts reads the table again, so it differs if the table changes.
        layouts = [name for name in self.other_layouts if not changes or name != "expected_0"]
        if any(self.answer(ask, name, values) != expected for name in layouts):
            return
        if changes:
            pytest.fail(f"{query}\n{CHANGES}.")
        if isinstance(found, str):
            # An error of the machinery names the method itself.
            names_it = re.search(r"(Source|Partition|Insert)::\w", found)
            hint = "" if names_it else f" Look at {look_at}."
            pytest.fail(f"{query}\nfails, but not in memory: {found}.{hint}")
        assert found[0] == expected[0], f"{query}\nhas other types. Look at {look_at}."
        missing, extra = expected[1] - found[1], found[1] - expected[1]
        pytest.fail(
            f"{query}\nlacks {missing.total()} rows, such as {next(iter(missing), None)}, "
            f"and has {extra.total()} too many, such as {next(iter(extra), None)}. "
            f"Look at {look_at}."
        )

    def same_filters(
        self, conditions: Sequence[str], values: Mapping[str, pa.Scalar], look_at: str
    ) -> None:
        """Fail if a filter keeps other rows than those in memory for which it holds."""
        taken = [each for each in conditions if self.takes(each, values)]
        holds = self.holds([each for each in taken if "SELECT" not in each], values)
        for condition in taken:
            query = f"SELECT * FROM $t WHERE {condition}"
            if condition in holds:
                found = self.answer(query, "t", values)
                kept = Counter(compress(self.rows, holds[condition]))
                if not isinstance(found, str) and found[1] == kept:
                    continue
            self.same(query, look_at, values)

    def takes(self, condition: str, values: Mapping[str, pa.Scalar]) -> bool:
        """Say whether the table gets a filter. DataFusion itself applies all others."""
        used = {key: each for key, each in values.items() if f"${key}" in condition}
        query = f"SELECT * FROM t WHERE {condition.replace('$t', 't')}"
        try:
            plan = self.ctx.sql(query, param_values=used).optimized_logical_plan()
        except Exception:
            return True
        shown = plan.display_indent()
        return "SELECT" in condition or "full_filters=[" in shown or "partial_filters=[" in shown

    def holds(
        self, conditions: Sequence[str], values: Mapping[str, pa.Scalar]
    ) -> dict[str, list[bool | None]]:
        """Say for each row in memory whether it fulfills the conditions that the host accepts.

        One query for all conditions is faster than a query for each.
        """
        listed = ", ".join(f"({each}) AS c{at}" for at, each in enumerate(conditions))
        used = {key: each for key, each in values.items() if f"${key}" in listed}
        try:
            found = self.in_order.sql(f"SELECT {listed} FROM expected", param_values=used)
            columns = found.to_arrow_table().columns
        except Exception:
            half = len(conditions) // 2
            if not half:
                return {}
            return self.holds(conditions[:half], values) | self.holds(conditions[half:], values)
        return {each: column.to_pylist() for each, column in zip(conditions, columns, strict=True)}

    @cached_property
    def in_order(self) -> SessionContext:
        """A session that reads the rows in memory in their order."""
        ctx = SessionContext(SessionConfig().with_target_partitions(1))
        ctx.register_record_batches("expected", [self.in_memory(self.all)])
        return ctx

    def plan(self, ask: Callable[[DataFrame], DataFrame]) -> str:
        return str(ask(self.ctx.table("t")).logical_plan())

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
    try:
        subject = Subject(table, made(table))
    except KeyError as error:
        pytest.skip(f"pyarrow does not have the type of a column: {error}")
    promised = subject.ctx.table("t").schema()
    assert promised == subject.schema, "Source::schema says other columns"


@pytest.fixture(scope="module", params=PARAMETERS)
def subject(request: pytest.FixtureRequest) -> Subject:
    try:
        return Subject(request.param, made(request.param))
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


def test_rows_are_the_same_each_time(subject: Subject) -> None:
    def read(_: int = 0) -> Counter[tuple[str, ...]]:
        return Counter(rows(subject.ctx.sql("SELECT * FROM t").to_arrow_table()))

    query, expected = "SELECT * FROM t", Counter(rows(subject.all))
    half_read = subject.ctx.table("t").execute_stream()
    next(iter(half_read), None)
    del half_read
    assert all(read() == expected for _ in range(50)), f"{query}\n{CHANGES}."
    with ThreadPoolExecutor(8) as pool:
        in_threads = all(found == expected for found in pool.map(read, range(8)))
    assert in_threads, f"{query}\ngives other rows in threads. Look at {READ}."


def test_plan_is_executed_twice(subject: Subject) -> None:
    """Execute one plan several times, as a recursive query and some joins do."""
    plan = subject.ctx.sql("SELECT * FROM t").execution_plan()

    def read(partition: int) -> Counter[tuple[str, ...]]:
        batches = [batch.to_pyarrow() for batch in subject.ctx.execute(plan, partition)]
        return Counter(rows(pa.Table.from_batches(batches, subject.schema)))

    for partition in range(plan.partition_count):
        first = read(partition)
        same = all(read(partition) == first for _ in range(3))
        assert same, f"A partition that is read again gives other rows. Look at {READ}."
    for name in map(quoted, subject.schema.names[:8]):
        start, counted = "SELECT 0 AS i, CAST(0 AS BIGINT) AS n", f"SELECT {name} AS k FROM $t"
        step = f"SELECT i + 1, (SELECT count(DISTINCT k) FROM ({counted})) FROM r WHERE i < 3"
        recursive = f"WITH RECURSIVE r AS ({start} UNION ALL {step}) SELECT * FROM r"
        subject.same(recursive, READ)
        nested_loop = f"SELECT count(*) FROM $t a JOIN $t b ON a.{name} < b.{name}"
        subject.same(nested_loop, READ)


@pytest.mark.parametrize("batch_size", [1, 7, 8192])
@pytest.mark.parametrize("partitions", [1, 4])
def test_batches(subject: Subject, batch_size: int, partitions: int) -> None:
    other = Subject(subject.table, subject.made, partitions, batch_size)
    assert Counter(rows(other.all)) == Counter(rows(subject.all)), f"Look at {READ}."
    promised = other.ctx.table("t").schema()
    for batch in other.ctx.table("t").collect():
        assert batch.schema.equals(promised, check_metadata=True), "Look at Source::schema."
        assert batch.num_rows <= batch_size
        for field, column in zip(promised, batch.columns, strict=True):
            assert field.nullable or not column.null_count, f"{field} has a null: Source::schema."


def test_columns(subject: Subject) -> None:
    """Ask for no column, for each, for two and three, for all but one, and for all."""
    names = subject.schema.names
    asked: list[tuple[str, ...]] = [()]
    for size in (1, 2, 3):
        asked += combinations(names[:12], size)  # More of them would take long.
    asked += [(name,) for name in names[12:]]
    asked += [tuple(each for each in names if each != name) for name in names]
    asked += [tuple(names), tuple(reversed(names)), *((b, a) for a, b in pairwise(names))]
    for columns in asked:
        listed = ", ".join(["1 AS one", *map(quoted, columns)])
        query = f"SELECT {listed} FROM t"
        found = subject.answer(query, "t")
        look_at = f"Look at {READ} and Scan::schema."
        assert not isinstance(found, str), f"{query}\nfails: {found}. {look_at}"
        values = [["1"] * subject.all.num_rows, *(subject.texts[name] for name in columns)]
        if found[1] == Counter(zip(*values, strict=True)):
            continue
        assert subject.answer(query, "t") == found, f"{query}\n{CHANGES}."
        pytest.fail(f"{query}\ngives other values than SELECT *. {look_at}")


def test_statistics(subject: Subject) -> None:
    def same(query: str) -> None:
        subject.same(query, STATISTICS)

    same("SELECT count(*) FROM $t")
    for limit in (0, 1, BATCH_SIZE, subject.all.num_rows + 1):
        query = f"SELECT count(*) FROM (SELECT 1 FROM $t LIMIT {limit})"
        subject.same(query, f"{LIMIT}, or {STATISTICS}")
    for field in subject.schema:
        name = quoted(field.name)
        asked = [f"{what}({name})" for what in ("count", "min", "max")]
        asked.append(f"count(DISTINCT {name})")
        # The sum of floats depends on the order in which they come.
        if pa.types.is_integer(field.type) or pa.types.is_decimal(field.type):
            asked.append(f"sum({name})")
        for what in [*asked, ", ".join(["count(*)", *asked])]:
            same(f"SELECT {what} FROM $t")
        if pa.types.is_floating(field.type):
            subject.same_sum(name)
        # A filter or a limit leaves fewer rows.
        values = parameters(subject.all[field.name])
        for condition in ("= $a", "<> $a", "< $a", ">= $a", "= $x", "IS NULL", "IS NOT NULL"):
            some = f"count(*), count({name}), min({name}), max({name})"
            query = f"SELECT {some} FROM $t WHERE {name} {condition}"
            subject.same(query, f"{FILTERS}, or {STATISTICS}", values)
    # The statistics of several columns are in the order of the columns.
    for one, other in pairwise(map(quoted, subject.schema.names)):
        same(f"SELECT min({one}), max({other}), count({one}), count({other}) FROM $t")
        query = f"SELECT max({other}), min({one}) FROM $t WHERE {other} IS NOT NULL"
        subject.same(query, f"{FILTERS}, or {STATISTICS}")


def test_queries(subject: Subject) -> None:
    for field in subject.schema:
        name, values = quoted(field.name), parameters(subject.all[field.name])
        subject.same(f"SELECT {name}, count(*) FROM $t GROUP BY {name}", READ)
        subject.same(f"SELECT DISTINCT {name} FROM $t", READ)
        for order in ("", "DESC", "NULLS FIRST"):
            ordered = f"SELECT {name} FROM $t ORDER BY {name} {order} LIMIT 9 OFFSET 2"
            subject.same(ordered, "Source::sort_order")
        keys = f"SELECT DISTINCT {name} AS k FROM $t"
        subject.same(f"SELECT count(*) FROM $t JOIN ({keys}) ON {name} = k", READ)
        # Scans of one query have filters and columns of their own.
        twice = f"SELECT * FROM $t WHERE {name} = $a UNION ALL SELECT * FROM $t WHERE {name} <> $a"
        subject.same(f"{twice} UNION ALL SELECT * FROM $t", FILTERS, values)
        other = quoted(subject.schema.names[0])
        once = f"SELECT count(*), count({other}) FROM $t WHERE {name}"
        subject.same(
            f"SELECT * FROM ({once} = $a), ({once} <> $a), ({once} IS NULL)", FILTERS, values
        )
    subject.ctx.sql("EXPLAIN ANALYZE SELECT * FROM t").collect()


def named(condition: str, name: str) -> str:
    """Return a condition on the column ``c`` as one on the column ``name``."""
    return re.sub(r"(?<![$\w'])c\b", lambda _: quoted(name), condition)


def test_every_filter_by_itself(subject: Subject) -> None:
    """Filter each column in every way, by values in the table and by values that are in no row."""
    for field in subject.schema:
        name, column = field.name, subject.all[field.name]
        values = parameters(column)
        asked = [(filters(field.type) if len(column) else ANY, values)]
        asked += [(ABSENT, values | {"x": value}) for value in absent(column)]
        ends = {0, len(column) - 1} if len(column) else ()
        asked += [(COMPARISONS, {"a": scalar(column[at])}) for at in ends]
        for conditions, literals in asked:
            subject.same_filters([named(each, name) for each in conditions], literals, FILTERS)
        some = [f"count({quoted(each)})" for each in subject.schema.names if each != name]
        for condition in ("c = $a", "c <> $a", "c > $b", "c IN ($a, $b, $c, $d, $x)", "c IS NULL"):
            where = named(condition, name)
            for what in ("1 AS one", "count(*)", *some[:1], quoted(name)):
                subject.same(f"SELECT {what} FROM $t WHERE {where}", FILTERS, values)


def test_filters_of_two_columns(subject: Subject) -> None:
    fields = list(subject.schema)[:12]
    for one, other in combinations(fields, 2):
        a, b = quoted(one.name), quoted(other.name)
        values = {f"a_{key}": each for key, each in parameters(subject.all[one.name]).items()}
        values |= {f"b_{key}": each for key, each in parameters(subject.all[other.name]).items()}
        conditions = [
            f"{a} = $a_a AND {b} <> $b_b",
            f"{a} = $a_a OR {b} = $b_b",
            f"{a} IS NULL OR {b} > $b_a",
            f"NOT ({a} = $a_a AND {b} = $b_a)",
            f"NOT ({a} > $a_a OR {b} <= $b_a)",
            f"({a} IN ($a_a, $a_b, $a_c, $a_d, $a_x) OR {b} = $b_a) AND {a} IS NOT NULL",
            f"coalesce({a} = $a_a, {b} = $b_a)",
            *(f"{a} {op} {b}" for op in ("=", "<>", "<", "IS DISTINCT FROM")),
        ]
        subject.same_filters(conditions, values, FILTERS)


def test_every_limit_by_itself(subject: Subject) -> None:
    total = subject.all.num_rows
    limits = {0, 1, 2, BATCH_SIZE - 1, BATCH_SIZE, BATCH_SIZE + 1, total // 2, total - 1, total}
    for limit in sorted({max(limit, 0) for limit in limits} | {total + 1}):
        for offset in (0, 1, BATCH_SIZE):
            check_limit(subject, None, limit, offset)
    for field in subject.schema:
        column, known = col(quoted(field.name)), known_literals(subject, field.name)
        for predicate in [column.is_not_null(), *(column >= x for x in known[:2])]:
            for limit in (1, 3, BATCH_SIZE, total):
                check_limit(subject, predicate, limit, 0)


def known_literals(subject: Subject, name: str) -> list[Expr]:
    """Return values of a column as literals, and a null, if there are literals of its type."""
    column = subject.all[name]
    count = len(column)
    places = sorted({0, count // 3, count // 2, count - 1, *range(min(count, 20))}) if count else []
    values = [scalar(column[at]) for at in places] + [scalar(pa.nulls(1, column.type)[0])]
    try:
        return [lit(value) for value in values]
    except Exception:
        return []


def check_limit(subject: Subject, predicate: Expr | None, limit: int, offset: int) -> None:
    """Fail if a limit gives other rows than some of those without it, or not as many."""

    def filtered(table: DataFrame) -> DataFrame:
        return table if predicate is None else table.filter(predicate)

    possible = subject.answer(filtered, "expected")
    if isinstance(possible, str):
        return  # The host refuses the filter.
    found = subject.answer(lambda t: filtered(t).limit(limit, offset), "t")
    query = f"{subject.plan(lambda t: filtered(t).limit(limit, offset))}\n"
    assert not isinstance(found, str), f"{query}fails: {found}. Look at {LIMIT}."
    expected = max(0, min(limit, possible[1].total() - offset))
    count = found[1].total()
    if count != expected or found[1] - possible[1]:
        problem = f"gives {count} rows instead of {expected}"
        problem = problem if count != expected else "gives rows that are not in the table"
        pytest.fail(f"{query}{problem}. Look at {LIMIT}.")


@st.composite
def comparison(draw: st.DrawFn, subject: Subject) -> Expr:
    name = draw(st.sampled_from(subject.schema.names))
    column, known = col(quoted(name)), known_literals(subject, name)
    if not known:
        return draw(st.sampled_from([column.is_null(), column.is_not_null()]))
    x, y = draw(st.sampled_from(known)), draw(st.sampled_from(known))
    some = draw(st.lists(st.sampled_from(known), min_size=1, max_size=6))
    by = [
        column == x, column != x, column < x, column <= x, column > x, column >= x,
        x == column, x < column, x >= column, column.between(x, y), f.in_list(column, some),
        f.in_list(column, some, negated=True), column.is_null(), column.is_not_null(),
        f.coalesce(column, x) == y, column.cast(pa.string()) >= x.cast(pa.string()),
        f.starts_with(column.cast(pa.string()), f.left(x.cast(pa.string()), lit(2))),
    ]  # fmt: skip
    return draw(st.sampled_from(by))


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


@examples
@given(data=st.data())
def test_filters(subject: Subject, data: st.DataObject) -> None:
    predicate = data.draw(predicates(subject))
    column = data.draw(st.sampled_from(subject.schema.names))
    subject.same(lambda t: t.filter(predicate), FILTERS)
    subject.same(lambda t: t.filter(predicate).select(col(quoted(column))), FILTERS)
    count = f.count(lit(1))
    subject.same(lambda t: t.filter(predicate).aggregate([], [count]), STATISTICS)


@examples
@given(data=st.data())
def test_limit(subject: Subject, data: st.DataObject) -> None:
    total = subject.all.num_rows
    limit, offset = (data.draw(st.integers(0, total + 2)) for _ in range(2))
    offset = data.draw(st.sampled_from([0, offset]))
    check_limit(subject, data.draw(st.none() | predicates(subject)), limit, offset)


def test_pickle(subject: Subject) -> None:
    try:
        copy = pickle.loads(pickle.dumps(subject.made))
    except TypeError as error:
        pytest.skip(str(error))
    subject.ctx.register_table("copied", copy)
    copied = subject.ctx.table("copied").to_arrow_table()
    assert Counter(rows(copied)) == Counter(rows(subject.all)), "Look at __getnewargs__."


def test_arrow_stream(subject: Subject) -> None:
    if not hasattr(subject.made, "__arrow_c_stream__"):
        pytest.skip("the table is for DataFusion only")
    table = pa.table(subject.made)
    table.validate(full=True)
    assert table.schema.equals(subject.schema, check_metadata=True)
    assert Counter(rows(table)) == Counter(rows(subject.all)), f"Look at {READ}."


@pytest.mark.parametrize("table", PARAMETERS)
def test_insert_is_whole_or_refused(table: Table) -> None:
    """Insert all rows of the table once more: in many batches, in one, and some of them."""
    made = table.make()
    subject = Subject(table, made)
    names = ", ".join(map(quoted, subject.schema.names))
    first = quoted(subject.schema.names[0])
    few = subject.all.slice(0, 3)
    subject.register("some", subject.all)
    subject.register("few", few)
    selects = (
        f"SELECT {names} FROM some",
        f"SELECT {names} FROM some LIMIT 0",
        f"SELECT {names} FROM few ORDER BY {first} DESC",
        f"SELECT {names} FROM some UNION ALL SELECT {names} FROM some",
        f"SELECT {names} FROM some WHERE {first} IS NOT NULL",
    )
    taken = [statement for statement in INSERTS if takes_rows(subject, statement, few)]
    statements = list(product(taken, selects))
    if "INSERT OVERWRITE" in taken:
        # By the rows of the table itself, and at the end by those that it had.
        own = [f"SELECT {names} FROM {name}" for name in ("t", "some")]
        statements += product(["INSERT OVERWRITE"], own)
    for statement, select in statements:
        look_at = f"Look at {INSERTS[statement]}"
        given = Counter(rows(subject.ctx.sql(select).to_arrow_table()))
        kept = kept_rows(subject, statement)
        query = f"{statement} t {select}"
        try:
            [answer] = subject.ctx.sql(query).to_pylist()
        except Exception as error:
            pytest.fail(f"{query}\nfails, though one row was taken before: {error}. {look_at}.")
        total = given.total()
        assert answer == {"count": total}, f"{query}\nof {total} rows gives {answer}. {look_at}."
        after = Counter(rows(subject.ctx.table("t").to_arrow_table()))
        lost, extra = (kept + given) - after, after - (kept + given)
        problem = f"lost {lost.total()} rows, and kept {extra.total()} rows too many"
        assert not lost + extra, f"{query}\n{problem}. {look_at}."
    if not taken:
        return
    # What is claimed, and what the filters do, is as true of the new rows.
    grown = Subject(table, made)
    for name in map(quoted, grown.schema.names):
        grown.same(f"SELECT count(*), count({name}), min({name}), max({name}) FROM $t", STATISTICS)
    values = parameters(grown.all[grown.schema.names[0]])
    grown.same(f"SELECT * FROM $t WHERE {first} = $a", FILTERS, values)


def kept_rows(subject: Subject, statement: str) -> Counter[tuple[str, ...]]:
    """Return the rows of the table that a statement keeps."""
    if statement == "INSERT OVERWRITE":
        return Counter()
    return Counter(rows(subject.ctx.table("t").to_arrow_table()))


def takes_rows(subject: Subject, statement: str, few: pa.Table) -> bool:
    """Insert the rows of the table ``few``: they are taken, or refused, and then none is kept."""
    before = Counter(rows(subject.ctx.table("t").to_arrow_table()))
    wanted, taken = kept_rows(subject, statement) + Counter(rows(few)), few.num_rows
    try:
        [answer] = subject.ctx.sql(f"{statement} t SELECT * FROM few").to_pylist()
    except Exception:
        answer, wanted, taken = {"count": 0}, before, 0
    look_at = f"Look at {INSERTS[statement]}"
    assert answer == {"count": taken}, f"{look_at}."
    after = Counter(rows(subject.ctx.table("t").to_arrow_table()))
    assert after == wanted, f"{look_at}: it kept other rows."
    return bool(taken)
