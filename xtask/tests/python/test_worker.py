"""A worker has the codecs of a package, and has registered none of its functions."""

from __future__ import annotations

import pytest
from datafusion import ExecutionPlan, SessionConfig, SessionContext
from datafusion.plan import LogicalPlan

from full_ext import LogicalCodec, Options, PhysicalCodec, register_all

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


@pytest.mark.parametrize("unit", [None, "celsius", "fahrenheit", "warm"])
def test_options_travel(worker: SessionContext, unit: str | None) -> None:
    config = SessionConfig().with_extension(Options("kelvin", 2))
    ctx = register_all(SessionContext(config))
    if unit is not None:
        ctx.sql(f"SET full_ext.unit = '{unit}'")
    other = SessionContext(SessionConfig().with_extension(Options("fahrenheit", 3)))
    other = other.with_logical_extension_codec(LogicalCodec())
    other = other.with_physical_extension_codec(PhysicalCodec())
    frame = ctx.sql("SELECT show_celsius(celsius) AS x FROM readings WHERE id < 3")

    def physical(worker: SessionContext) -> list[dict[str, object]]:
        plan = ExecutionPlan.from_bytes(worker, frame.execution_plan().to_bytes(ctx))
        batches = [b for p in range(plan.partition_count) for b in worker.execute(plan, p)]
        return [row for batch in batches for row in batch.to_pyarrow().to_pylist()]

    def logical(worker: SessionContext) -> list[dict[str, object]]:
        plan = LogicalPlan.from_bytes(worker, frame.logical_plan().to_bytes(ctx))
        return worker.create_dataframe_from_logical_plan(plan).to_pylist()

    for elsewhere in (physical, logical):
        for session in (worker, other):
            if unit == "warm":
                with pytest.raises(Exception, match='got "warm"'):
                    elsewhere(session)
            else:
                assert values(elsewhere(session)) == values(frame.to_pylist())


def test_options_of_no_session_are_the_defaults(ctx: SessionContext) -> None:
    config = SessionConfig().with_extension(Options("kelvin"))
    worker = SessionContext(config).with_physical_extension_codec(PhysicalCodec())
    frame = ctx.sql("SELECT show_celsius(celsius) AS x FROM readings LIMIT 1")
    plan = ExecutionPlan.from_bytes(worker, frame.execution_plan().to_bytes(ctx))
    [batch] = worker.execute(plan, 0)
    [row] = batch.to_pyarrow().to_pylist()
    assert row["x"].endswith(" °C")


def test_function_of_another_package(ctx: SessionContext, worker: SessionContext) -> None:
    plan = ctx.sql("SELECT fahrenheit(celsius) FROM readings").execution_plan().to_bytes(ctx)
    # A name of the same length, so that the bytes stay a plan.
    unknown = plan.replace(b"fahrenheit", b"fahrenhei?")
    with pytest.raises(Exception, match="this package has no scalar function fahrenhei"):
        ExecutionPlan.from_bytes(worker, unknown)
