"""What a query in a session asks of the session: the answers are those of the host's own tables."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from datafusion import SessionConfig, SessionContext, col, lit, udf
from full_ext import Readings, ReadingsFiles


@pytest.fixture
def files(tmp_path: Path) -> ReadingsFiles:
    """Files whose reader evaluates filters."""
    pq.write_table(pa.table({"id": range(10)}), tmp_path / "ids.parquet")
    return ReadingsFiles([str(tmp_path / "ids.parquet")])


@pytest.fixture
def ctx(files: ReadingsFiles) -> SessionContext:
    config = SessionConfig().set("datafusion.execution.parquet.pushdown_filters", "true")
    ctx = SessionContext(config)
    ctx.register_table("files", files)
    return ctx


def times(factor: int, name: str = "times") -> object:
    return udf(lambda x: pc.multiply(x, factor), [pa.int64()], pa.int64(), "immutable", name)


def ids(ctx: SessionContext, predicate: str, table: str = "files") -> list[int]:
    rows = ctx.sql(f"SELECT id FROM {table} WHERE {predicate} ORDER BY id").to_pylist()
    return [row["id"] for row in rows]


def test_a_function_that_is_registered_after_the_table(ctx: SessionContext) -> None:
    ctx.register_udf(times(3))
    assert ids(ctx, "times(id) = 6") == [2]
    assert ids(ctx, "times(id) + abs(-id) = 8") == [2]


def test_a_function_that_is_registered_again(ctx: SessionContext) -> None:
    ctx.register_udf(times(3))
    assert ids(ctx, "times(id) = 6") == [2]
    ctx.register_udf(times(2))
    assert ids(ctx, "times(id) = 6") == [3]


def test_a_function_that_is_gone(ctx: SessionContext) -> None:
    """A query has the function that it was made with."""
    ctx.register_udf(times(3))
    frame = ctx.sql("SELECT id FROM files WHERE times(id) = 6")
    ctx.deregister_udf("times")
    assert frame.to_pylist() == [{"id": 2}]


def test_a_function_that_was_never_registered(ctx: SessionContext) -> None:
    frame = ctx.table("files").filter(times(3)(col("id")) == lit(6))
    assert frame.to_pylist() == [{"id": 2}]


def test_functions_of_one_name(ctx: SessionContext) -> None:
    frame = ctx.table("files").filter(times(3)(col("id")) == lit(6))
    other = ctx.table("files").filter(times(2)(col("id")) == lit(6))
    assert frame.union(other).sort("id").to_pylist() == [{"id": 2}, {"id": 3}]


def test_many_functions_in_a_filter(ctx: SessionContext) -> None:
    ctx.register_udf(times(1))
    calls = " AND ".join(f"times(id + {n}) <> {n + 5}" for n in range(300))
    assert ids(ctx, calls) == [0, 1, 2, 3, 4, 6, 7, 8, 9]


def test_queries_at_the_same_time(ctx: SessionContext) -> None:
    found: list[list[int]] = []

    def query(factor: int) -> None:
        ctx.register_udf(times(factor, f"times_{factor}"))
        found.extend(ids(ctx, f"times_{factor}(id) = {factor * 7}") for _ in range(20))

    threads = [threading.Thread(target=query, args=[factor]) for factor in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[7]] * 80


@pytest.mark.parametrize("table", ["files", "readings"])
def test_a_session_that_is_gone(ctx: SessionContext, table: str) -> None:
    ctx.register_table("readings", Readings(rows=10, partitions=2))
    ctx.register_udf(times(3))
    frame = ctx.sql(f"SELECT id FROM {table} WHERE times(id) = 6 AND abs(id) = 2")
    del ctx
    gc.collect()
    assert frame.to_pylist() == [{"id": 2}]


def test_options_of_the_run() -> None:
    """The options when a plan runs are those of then, not those of when it was planned."""
    ctx = SessionContext(SessionConfig().with_batch_size(100))
    ctx.register_table("readings", Readings(rows=1000, partitions=1))
    plan = ctx.table("readings").execution_plan()

    def largest() -> int:
        return max(batch.to_pyarrow().num_rows for batch in ctx.execute(plan, 0))

    assert largest() == 100
    ctx.sql("SET datafusion.execution.batch_size = 10").collect()
    assert largest() == 10
    ctx.sql("SET datafusion.execution.batch_size = 50").collect()
    assert largest() == 50


def test_options_of_the_run_for_files(tmp_path: Path) -> None:
    ctx = SessionContext(SessionConfig().with_batch_size(100))
    pq.write_table(pa.table({"id": range(1000)}), tmp_path / "ids.parquet")
    ctx.register_table("files", ReadingsFiles([str(tmp_path / "ids.parquet")]))
    plan = ctx.table("files").execution_plan()
    ctx.sql("SET datafusion.execution.batch_size = 10").collect()
    assert max(batch.to_pyarrow().num_rows for batch in ctx.execute(plan, 0)) == 10


def test_a_plan_that_runs_twice() -> None:
    ctx = SessionContext()
    ctx.register_table("readings", Readings(rows=100, partitions=4))
    plan = ctx.table("readings").execution_plan()
    for _ in range(2):
        rows = [len(b.to_pyarrow()) for p in range(4) for b in ctx.execute(plan, p)]
        assert sum(rows) == 100


def fastest(run: Callable[[], object]) -> float:
    def once() -> float:
        start = time.perf_counter()
        run()
        return time.perf_counter() - start

    once()
    return min(once() for _ in range(15))


@pytest.mark.parametrize("predicate", ["true", "id = 3", "abs(id) = 3"])
def test_the_functions_of_a_session_are_not_copied(predicate: str) -> None:
    """With 10,000 functions, copies would take most of the time."""
    few, many = SessionContext(), SessionContext()
    for number in range(10_000):
        many.register_udf(times(number, f"times_{number}"))
    for ctx in (few, many):
        ctx.register_table("t", Readings(rows=1024, partitions=16))
    # The host itself looks at all functions once for each query.
    many.register_record_batches("host", [[pa.record_batch({"id": [3]})]])

    def query(ctx: SessionContext, table: str) -> float:
        return fastest(lambda: ctx.sql(f"SELECT * FROM {table} WHERE {predicate}").collect())

    assert query(many, "t") < 10 * (query(many, "host") + query(few, "t"))
