"""A worker has the codecs of a package, and has registered none of its functions."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import pytest
from datafusion import DataFrame, ExecutionPlan, SessionConfig, SessionContext
from datafusion.plan import LogicalPlan

from full_ext import Journal, LogicalCodec, Options, PhysicalCodec, Rooms, register_all

Run = Callable[[DataFrame, SessionContext, SessionContext], list[dict[str, object]]]
OF_OPTIONS = "SELECT show_celsius(celsius) AS x FROM readings"
QUERIES = [
    "SELECT fahrenheit(celsius) AS x FROM readings WHERE fahrenheit(celsius) > 70",
    OF_OPTIONS,
    "SELECT rms(celsius) AS x FROM readings",
    "SELECT sensor, rms(celsius) AS x FROM readings GROUP BY sensor",
    "SELECT change(celsius) OVER (ORDER BY id) AS x FROM readings",
    "SELECT rms(celsius) OVER (ORDER BY id ROWS 3 PRECEDING) AS x FROM readings",
]


@pytest.fixture
def ctx() -> SessionContext:
    return register_all(SessionContext())


# Older hosts do not tell a codec which session it is for.
TELLS_SESSION = int(version("datafusion").split(".")[0]) >= 55
tells_session = pytest.mark.skipif(not TELLS_SESSION, reason="the session is not known")


@pytest.mark.skipif(TELLS_SESSION, reason="the session is known")
def test_options_of_no_session_are_not_guessed(ctx: SessionContext) -> None:
    plan = ctx.sql(OF_OPTIONS).execution_plan()
    with pytest.raises(Exception, match="this codec does not know the session that has them"):
        plan.to_bytes(ctx)


def with_codecs(session: SessionContext) -> SessionContext:
    session = session.with_logical_extension_codec(LogicalCodec())
    return session.with_physical_extension_codec(PhysicalCodec())


@pytest.fixture
def worker() -> SessionContext:
    return with_codecs(SessionContext())


def run_physical(
    frame: DataFrame, ctx: SessionContext, worker: SessionContext
) -> list[dict[str, object]]:
    plan = ExecutionPlan.from_bytes(worker, frame.execution_plan().to_bytes(ctx))
    return [
        row
        for partition in range(plan.partition_count)
        for batch in worker.execute(plan, partition)
        for row in batch.to_pyarrow().to_pylist()
    ]


def run_logical(
    frame: DataFrame, ctx: SessionContext, worker: SessionContext
) -> list[dict[str, object]]:
    plan = LogicalPlan.from_bytes(worker, frame.logical_plan().to_bytes(ctx))
    return worker.create_dataframe_from_logical_plan(plan).to_pylist()


def values(rows: list[dict[str, object]]) -> list[str]:
    return sorted(repr(row["x"]) for row in rows)


@pytest.mark.parametrize("run", [run_physical, run_logical])
@pytest.mark.parametrize("sql", [q for q in QUERIES if TELLS_SESSION or q != OF_OPTIONS])
def test_plans(ctx: SessionContext, worker: SessionContext, sql: str, run: Run) -> None:
    frame = ctx.sql(sql)
    assert values(run(frame, ctx, worker)) == values(frame.to_pylist())


@tells_session
@pytest.mark.parametrize("run", [run_physical, run_logical])
@pytest.mark.parametrize("unit", [None, "celsius", "fahrenheit", "warm"])
def test_options_travel(worker: SessionContext, unit: str | None, run: Run) -> None:
    config = SessionConfig().with_extension(Options("kelvin", 2))
    ctx = register_all(SessionContext(config))
    if unit is not None:
        ctx.sql(f"SET full_ext.unit = '{unit}'")
    config = SessionConfig().with_extension(Options("fahrenheit", 3))
    other = with_codecs(SessionContext(config))
    frame = ctx.sql("SELECT show_celsius(celsius) AS x FROM readings WHERE id < 3")
    for session in (worker, other):
        if unit == "warm":
            with pytest.raises(Exception, match='got "warm"'):
                run(frame, ctx, session)
        else:
            assert values(run(frame, ctx, session)) == values(frame.to_pylist())


@tells_session
def test_options_of_no_session_are_the_defaults(ctx: SessionContext) -> None:
    config = SessionConfig().with_extension(Options("kelvin"))
    frame = ctx.sql("SELECT show_celsius(celsius) AS x FROM readings LIMIT 1")
    [row] = run_physical(frame, ctx, with_codecs(SessionContext(config)))
    assert str(row["x"]).endswith(" °C")


def test_function_of_another_package(ctx: SessionContext, worker: SessionContext) -> None:
    plan = ctx.sql("SELECT fahrenheit(celsius) FROM readings").execution_plan().to_bytes(ctx)
    # A name of the same length, so that the bytes stay a plan.
    unknown = plan.replace(b"fahrenheit", b"fahrenhei?")
    with pytest.raises(Exception, match="this package has no scalar function fahrenhei"):
        ExecutionPlan.from_bytes(worker, unknown)


@pytest.mark.parametrize("table", [Rooms(), Journal()])
def test_plans_of_others_are_left_alone(worker: SessionContext, table: Rooms | Journal) -> None:
    worker.register_table("t", table)
    if isinstance(table, Journal):
        worker.sql("INSERT INTO t VALUES ('attic', 'warm')").collect()
    plan = worker.table("t").execution_plan()
    with pytest.raises(Exception, match="this codec knows no such p"):
        plan.to_bytes(worker)
