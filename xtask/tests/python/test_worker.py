"""A worker has the codecs of a package, and has registered none of its functions."""

from __future__ import annotations

import pytest
from datafusion import ExecutionPlan, SessionContext
from datafusion.plan import LogicalPlan

from full_ext import LogicalCodec, PhysicalCodec, register_all

QUERIES = [
    "SELECT fahrenheit(celsius) AS x FROM readings WHERE fahrenheit(celsius) > 70",
    "SELECT show_celsius(celsius) AS x FROM readings",
    "SELECT rms(celsius) AS x FROM readings",
    "SELECT sensor, rms(celsius) AS x FROM readings GROUP BY sensor",
    "SELECT change(celsius) OVER (ORDER BY id) AS x FROM readings",
    "SELECT rms(celsius) OVER (ORDER BY id ROWS 3 PRECEDING) AS x FROM readings",
]


@pytest.fixture
def ctx() -> SessionContext:
    return register_all(SessionContext())


@pytest.fixture
def worker() -> SessionContext:
    worker = SessionContext().with_logical_extension_codec(LogicalCodec())
    return worker.with_physical_extension_codec(PhysicalCodec())


def values(rows: list[dict[str, object]]) -> list[str]:
    return sorted(repr(row["x"]) for row in rows)


@pytest.mark.parametrize("sql", QUERIES)
def test_physical_plans(ctx: SessionContext, worker: SessionContext, sql: str) -> None:
    frame = ctx.sql(sql)
    plan = ExecutionPlan.from_bytes(worker, frame.execution_plan().to_bytes(ctx))
    rows = [
        row
        for partition in range(plan.partition_count)
        for batch in worker.execute(plan, partition)
        for row in batch.to_pyarrow().to_pylist()
    ]
    assert values(rows) == values(frame.to_pylist())


@pytest.mark.parametrize("sql", QUERIES)
def test_logical_plans(ctx: SessionContext, worker: SessionContext, sql: str) -> None:
    frame = ctx.sql(sql)
    plan = LogicalPlan.from_bytes(worker, frame.logical_plan().to_bytes(ctx))
    rows = worker.create_dataframe_from_logical_plan(plan).to_pylist()
    assert values(rows) == values(frame.to_pylist())


def test_function_of_another_package(ctx: SessionContext, worker: SessionContext) -> None:
    plan = ctx.sql("SELECT fahrenheit(celsius) FROM readings").execution_plan().to_bytes(ctx)
    # A name of the same length, so that the bytes stay a plan.
    unknown = plan.replace(b"fahrenheit", b"fahrenhei?")
    with pytest.raises(Exception, match="this package has no scalar function fahrenhei"):
        ExecutionPlan.from_bytes(worker, unknown)
