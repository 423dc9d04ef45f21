"""The example gives right answers, and says what is wrong with a worker that cannot do its task."""

from __future__ import annotations

import multiprocessing
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import several_machines as example
from datafusion import ExecutionPlan, SessionConfig, SessionContext

from {{crate_name}} import Readings, register_all

SCAN = "SELECT id, celsius FROM parts WHERE celsius > 20"
GROUP_BY = "SELECT sensor, count(*) FROM parts GROUP BY sensor"


def make_pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with make_pool() as pool:
        yield pool


@pytest.fixture
def ctx() -> SessionContext:
    ctx = register_all(SessionContext(SessionConfig(example.CONFIG)))
    ctx.register_table("parts", Readings(rows=6_400, partitions=64))
    return ctx


def plan(ctx: SessionContext, sql: str) -> ExecutionPlan:
    return ctx.sql(sql).execution_plan()


def test_answers_are_those_of_one_process(
    pool: ProcessPoolExecutor, capsys: pytest.CaptureFixture[str]
) -> None:
    example.main(pool.submit)
    said = capsys.readouterr().out
    ctx = register_all(SessionContext())
    ctx.register_table("many", Readings(rows=1_000_000))
    warm = ctx.sql("SELECT id FROM many WHERE celsius > 25").count()
    assert f"\n{warm:,} readings are warm\n" in said
{%- if aggregate_udf %}
    averages = "avg(celsius) AS mean, rms(celsius) AS rms"
{%- else %}
    averages = "avg(celsius) AS mean"
{%- endif %}
    sql = f"SELECT sensor, {averages} FROM many GROUP BY sensor ORDER BY sensor"
    assert said.endswith(f"{ctx.sql(sql)}\n")
    assert said.count("8 tasks, ") == said.count("\n  8 of 8: ") == 2


def test_more_partitions_than_workers(pool: ProcessPoolExecutor, ctx: SessionContext) -> None:
    rows = example.run(plan(ctx, SCAN), ctx, pool.submit)
    expected = ctx.sql(SCAN).to_pylist()
    assert sorted(rows.to_pylist(), key=str) == sorted(expected, key=str)
    # A task that read more than its partition would count more rows than there are.
    states = example.run(example.partial(plan(ctx, GROUP_BY)), ctx, pool.submit)
    assert sum(states[1].to_pylist()) == 6_400
    assert states.num_rows == 64 * 4


def test_no_task_reads_all_rows(ctx: SessionContext) -> None:
    for stage in (plan(ctx, SCAN), example.partial(plan(ctx, GROUP_BY))):
        assert stage.partition_count == 64
        assert "RepartitionExec" not in stage.display_indent()


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (SCAN, "this query is not a GROUP BY over one table"),
        (f"{GROUP_BY} UNION ALL {GROUP_BY}", "this query is not a GROUP BY over one table"),
        (
            "SELECT count(*) FROM parts a JOIN parts b ON a.id = b.id",
            "this query mixes partitions first: each task would read all of them",
        ),
    ],
)
def test_what_is_not_partial(ctx: SessionContext, sql: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        example.partial(plan(ctx, sql))


def test_plans_are_small(ctx: SessionContext) -> None:
    sizes = []
    for rows in (100, 10**9):
        ctx.register_table(f"with_{rows}", Readings(rows, partitions=8))
        sizes.append(len(plan(ctx, f"SELECT id FROM with_{rows}").to_bytes(ctx)))
    # Larger numbers take a few more bytes.
    assert sizes[0] <= sizes[1] < min(1_000, sizes[0] + 100)


@pytest.mark.parametrize(
    ("package", "version", "found"),
    [
        ("datafusion", "0.1", r"\d+\.\S+"),
        ("{{project-name}}", "99.0", r"\d+\.\S+"),
        ("no-such-package", "1.0", "missing"),
    ],
)
def test_worker_with_other_packages(
    pool: ProcessPoolExecutor,
    ctx: SessionContext,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    version: str,
    found: str,
) -> None:
    monkeypatch.setitem(example.VERSIONS, package, version)
    sentence = (
        f"^a task failed: worker [^ ]+ needs {package} {version}, which made the plan, but there "
        f'it is {found}. Run there: pip install "{package}=={version}"$'
    )
    with pytest.raises(RuntimeError, match=sentence):
        example.run(plan(ctx, SCAN), ctx, pool.submit)


def test_damaged_plan(ctx: SessionContext) -> None:
    data = plan(ctx, SCAN).to_bytes(ctx)
    checksum = zlib.crc32(data)
    for i in range(len(data)):
        for damaged in (data[:i], data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :]):
            with pytest.raises(RuntimeError, match="got a damaged plan: send it again"):
                example.run_partition(damaged, checksum, example.VERSIONS, 0)


def test_worker_that_dies(ctx: SessionContext) -> None:
    with make_pool() as pool:

        def submit(task: Callable[..., Any], *arguments: Any) -> Any:
            # The last argument is the index of the partition.
            return pool.submit(os._exit, 1) if arguments[-1] == 5 else pool.submit(task, *arguments)

        with pytest.raises(RuntimeError, match=r"a task failed: A process .* was terminated"):
            example.run(plan(ctx, SCAN), ctx, submit)


def run_in_little_memory(*arguments: Any) -> Any:
    import resource

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + 2**26
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return example.run_partition(*arguments)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_worker_out_of_memory(ctx: SessionContext) -> None:
    ctx.register_table("large", Readings(rows=20_000_000, partitions=2))
    large = plan(ctx, "SELECT id, celsius FROM large")
    with make_pool() as pool:

        def submit(task: Callable[..., Any], *arguments: Any) -> Any:
            return pool.submit(run_in_little_memory, *arguments)

        with pytest.raises(RuntimeError, match=r"^a task failed: "):
            example.run(large, ctx, submit)
