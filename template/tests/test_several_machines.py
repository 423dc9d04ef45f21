"""The example gives right answers, and says what is wrong with a worker that cannot do its task."""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import several_machines as example
from datafusion import ExecutionPlan, SessionConfig, SessionContext

from {{crate_name}} import {% if insert %}Journal, {% endif %}PhysicalCodec, Readings, register_all

SCAN = "SELECT id, celsius FROM parts WHERE celsius > 20"
COLUMNS = pa.schema({"id": pa.int64(), "celsius": pa.float64()})
GROUP_BY = "SELECT sensor, count(*) FROM parts GROUP BY sensor"
STATES = pa.schema({"sensor": pa.string(), "n": pa.int64()})


def make_pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with make_pool() as pool:
        yield pool


@pytest.fixture
def ctx() -> SessionContext:
    ctx = SessionContext(SessionConfig(example.CONFIG).with_target_partitions(4))
    # Not `register_all`: with a planner of this package, tables in memory cannot be queried.
    ctx = ctx.with_physical_extension_codec(PhysicalCodec())
    {%- if insert %}
    ctx.register_table("journal", Journal())
    {%- endif %}
    for name, rows, partitions in [
        ("parts", 6_400, 64),
        ("one", 100, 1),
        ("few", 60, 3),
        ("many", 400, 8),
        ("empty", 0, 3),
    ]:
        ctx.register_table(name, Readings(rows, partitions))
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
    rows = example.run(plan(ctx, SCAN), ctx, pool.submit, COLUMNS)
    expected = ctx.sql(SCAN).to_pylist()
    assert sorted(rows.to_pylist(), key=str) == sorted(expected, key=str)
    # A task that read more than its partition would count more rows than there are.
    states = example.run(example.partial(plan(ctx, GROUP_BY)), ctx, pool.submit, STATES)
    assert sum(states["n"].to_pylist()) == 6_400
    assert states.num_rows == 64 * 4


def test_no_task_reads_all_rows(ctx: SessionContext) -> None:
    for stage in (plan(ctx, SCAN), example.partial(plan(ctx, GROUP_BY))):
        assert stage.partition_count == 64
        assert "RepartitionExec" not in stage.display_indent()


NOT_PARTIAL = "not a GROUP BY over the partitions of one table: send its plan as it is"
NOT_SPLIT = "may need rows of several partitions, so workers cannot run them one by one: send"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (SCAN, NOT_PARTIAL),
        (f"{GROUP_BY} UNION ALL {GROUP_BY}", NOT_PARTIAL),
        ("SELECT max(n) FROM (SELECT count(celsius) AS n FROM many)", NOT_PARTIAL),
        (f"SELECT sum(n) OVER () FROM ({GROUP_BY}) AS t(sensor, n)", NOT_PARTIAL),
        (
            "SELECT count(*) FROM many WHERE celsius > (SELECT avg(celsius) FROM few) GROUP BY id",
            NOT_PARTIAL,
        ),
        ("SELECT count(DISTINCT id) FROM many", f"AggregateExec {NOT_SPLIT}"),
        ("SELECT DISTINCT sensor FROM many LIMIT 2", "leave it out here"),
        ("SELECT count(*) FROM parts a JOIN parts b ON a.id = b.id", f"HashJoinExec {NOT_SPLIT}"),
        (
            "SELECT count(*) FROM one WHERE id IN (SELECT id FROM many WHERE celsius > 20)",
            f"HashJoinExec {NOT_SPLIT}",
        ),
        (
            "SELECT count(*) FROM one WHERE id NOT IN (SELECT id FROM many WHERE celsius > 20)",
            f"HashJoinExec {NOT_SPLIT}",
        ),
        (
            "SELECT a.sensor, count(b.id) FROM one a LEFT JOIN many b ON a.id = b.id + 50 GROUP BY 1",
            f"HashJoinExec {NOT_SPLIT}",
        ),
        (
            "SELECT count(b.id) FROM (SELECT * FROM many WHERE id < 9) a LEFT JOIN many b USING (id)",
            f"HashJoinExec {NOT_SPLIT}",
        ),
    ],
)
def test_what_is_not_partial(ctx: SessionContext, sql: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        example.partial(plan(ctx, sql))


@pytest.mark.parametrize(
    ("sql", "node"),
    [
        ("SELECT a.id, b.id AS c FROM few a LEFT JOIN many b ON a.id = b.id + 50", "HashJoin"),
        ("SELECT a.id, b.id AS c FROM few a RIGHT JOIN many b ON a.id = b.id + 50", "HashJoin"),
        ("SELECT a.id, b.id AS c FROM few a FULL JOIN many b ON a.id = b.id + 50", "HashJoin"),
        ("SELECT a.id FROM few a LEFT JOIN many b ON a.id > b.id + 50", "NestedLoopJoin"),
        ("SELECT a.id FROM few a CROSS JOIN many b", "CrossJoin"),
        (
            "SELECT id FROM one UNION ALL SELECT id FROM few WHERE id IN (SELECT id FROM many)",
            "HashJoin",
        ),
        ("SELECT id, (SELECT max(celsius) FROM one) FROM many", "ScalarSubquery"),
        ("SELECT sum(id) OVER (PARTITION BY sensor) FROM many", "WindowAgg"),
        (GROUP_BY, "Aggregate"),
    ],
)
def test_what_is_not_split(ctx: SessionContext, sql: str, node: str) -> None:
    message = rf"{node}Exec {NOT_SPLIT}|RepartitionExec {NOT_SPLIT}"
    with pytest.raises(ValueError, match=message):
        example.run(plan(ctx, sql), ctx, submit_here, COLUMNS)


@pytest.mark.parametrize("table", ["copied"{% if insert %}, "journal"{% endif %}])
def test_inserts_stay_here(ctx: SessionContext, table: str) -> None:
    ctx.sql("CREATE TABLE copied AS SELECT sensor, 'cold' AS note FROM few").collect()
    insert = plan(ctx, f"INSERT INTO {table} SELECT sensor, 'warm' FROM few")
    with pytest.raises(ValueError, match="workers do not insert: send the plan of the SELECT"):
        example.run(insert, ctx, submit_here, COLUMNS)


def test_files_of_the_host_are_not_split(ctx: SessionContext, tmp_path: Path) -> None:
    """Its partitions share a queue of files, so each task would read all of them."""
    for i in range(2):
        pq.write_table(pa.table({"id": [i]}), tmp_path / f"{i}.parquet")
    ctx.register_parquet("files", str(tmp_path))
    stage = plan(ctx, "SELECT id FROM files")
    assert stage.partition_count == 2
    with pytest.raises(ValueError, match=f"DataSourceExec {NOT_SPLIT}"):
        example.run(stage, ctx, submit_here, COLUMNS)


def submit_here(task: Callable[..., Any], *arguments: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(task(*arguments))
    return future


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id, celsius FROM parts WHERE id < 0",
        "SELECT id, celsius FROM parts WHERE celsius > 1000",
        "SELECT id, celsius FROM parts WHERE false",
        "SELECT id, celsius FROM empty",
    ],
)
def test_no_rows(ctx: SessionContext, sql: str) -> None:
    frame = ctx.sql(sql)
    rows = example.run(frame.execution_plan(), ctx, submit_here, frame.schema())
    assert rows.num_rows == 0
    assert rows.schema.equals(frame.schema())


def test_no_groups(ctx: SessionContext) -> None:
    sql = "SELECT sensor, count(*) FROM parts WHERE celsius > 1000 GROUP BY sensor"
    states = example.run(example.partial(plan(ctx, sql)), ctx, submit_here, STATES)
    assert states.equals(STATES.empty_table())


def test_plan_that_ran(ctx: SessionContext) -> None:
    """Its filter would leave out the last of these rows."""
    frame = ctx.sql("SELECT id, celsius FROM many ORDER BY id DESC LIMIT 20")
    stage = frame.execution_plan()
    assert example.run(stage, ctx, submit_here, COLUMNS).num_rows == 20
    assert sum(len(batch.to_pyarrow()) for batch in ctx.execute(stage, 0)) == 20
    with pytest.raises(ValueError, match="this plan has run, and may leave out rows"):
        example.run(stage, ctx, submit_here, COLUMNS)


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
        example.run(plan(ctx, SCAN), ctx, pool.submit, COLUMNS)


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
            example.run(plan(ctx, SCAN), ctx, submit, COLUMNS)


def limit_memory() -> None:
    import resource

    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + 2**26
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def run_in_little_memory(*arguments: Any) -> Any:
    limit_memory()
    return example.run_partition(*arguments)


def return_in_little_memory(*arguments: Any) -> Any:
    returned = example.run_partition(*arguments)
    limit_memory()
    return returned


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("task", "cause"),
    [
        # Without memory, Rust ends the process, and PyO3 looks for an exception that Python
        # could not make.
        (
            run_in_little_memory,
            r"MemoryError|A process .* was terminated abruptly|attempted to fetch exception",
        ),
        (return_in_little_memory, "MemoryError"),
    ],
)
def test_worker_out_of_memory(ctx: SessionContext, task: Callable[..., Any], cause: str) -> None:
    ctx.register_table("large", Readings(rows=20_000_000, partitions=2))
    large = plan(ctx, "SELECT id, celsius FROM large")
    with make_pool() as pool:

        def submit(_: Callable[..., Any], *arguments: Any) -> Any:
            return pool.submit(task, *arguments)

        with pytest.raises(RuntimeError, match=f"^a task failed: ({cause})"):
            example.run(large, ctx, submit, COLUMNS)


SCANS = [
    "SELECT id, sensor, celsius FROM {table}",
    "SELECT id, sensor, celsius FROM {table} WHERE celsius > {number}",
    "SELECT id, sensor, celsius FROM {table} WHERE id < {number}",
    "SELECT id, upper(sensor) AS sensor, celsius / 2 AS celsius FROM {table} WHERE id % 3 = 1",
    "SELECT id + {number} AS id, sensor, celsius FROM {table} WHERE sensor IN ('attic', 'cellar')",
    "SELECT -id AS id, sensor, celsius FROM {table} WHERE id < 0 OR celsius IS NULL",
    "SELECT id, sensor, celsius FROM {table} WHERE false",
]
# They are made of the relations a and b, which have the same columns.
RELATIONS = [
    "SELECT id, sensor, 2 * celsius AS celsius FROM {a} WHERE id <> {number}",
    "SELECT unnest([id, {number}]) AS id, sensor, celsius FROM {a}",
    "SELECT DISTINCT id % 5 AS id, sensor, celsius FROM {a}",
    "SELECT max(id) AS id, sensor, avg(celsius) AS celsius FROM {a} GROUP BY sensor",
    "SELECT count(*) AS id, max(sensor) AS sensor, 1.5 AS celsius FROM {a}",
    "SELECT * FROM {a} ORDER BY id, sensor, celsius",
    "SELECT * FROM {a} ORDER BY id DESC, sensor, celsius LIMIT {number} OFFSET 2",
    "SELECT count(*) AS id, 'any' AS sensor, 0.5 AS celsius FROM (SELECT * FROM {a} LIMIT {number})",
    "SELECT id, sensor, sum(celsius) OVER (PARTITION BY sensor) AS celsius FROM {a}",
    "SELECT id, sensor, avg(celsius) OVER (ORDER BY id, sensor, celsius) AS celsius FROM {a}",
    "SELECT rank() OVER (PARTITION BY sensor ORDER BY id) AS id, sensor, celsius FROM {a}",
    "SELECT a.id, b.sensor, a.celsius FROM {a} a {join} JOIN {b} b ON a.id = b.id + {number}",
    "SELECT b.id, a.sensor, b.celsius FROM {a} a {join} JOIN {b} b ON a.id = b.id AND a.sensor > 'b'",
    "SELECT a.id, b.sensor, a.celsius FROM {a} a {join} JOIN {b} b ON abs(a.id - b.id) < 2",
    "SELECT a.id, b.sensor, a.celsius FROM {a} a CROSS JOIN (SELECT max(sensor) AS sensor FROM {b}) b",
    "SELECT * FROM {a} a WHERE a.id {maybe_not} IN (SELECT b.id FROM {b} b)",
    "SELECT * FROM {a} a WHERE {maybe_not} EXISTS (SELECT 1 FROM {b} b WHERE a.id = b.id + {number})",
    "SELECT * FROM {a} WHERE celsius > (SELECT avg(celsius) FROM {b})",
    "SELECT id, sensor, (SELECT max(celsius) FROM {b}) AS celsius FROM {a}",
    "SELECT * FROM {a} UNION ALL SELECT * FROM {b}",
    "SELECT * FROM {a} UNION SELECT * FROM {b}",
    "SELECT * FROM {a} INTERSECT SELECT * FROM {b}",
    "SELECT * FROM {a} EXCEPT SELECT * FROM {b}",
]


def relation(chance: random.Random, depth: int) -> str:
    return chance.choice(RELATIONS if depth else SCANS).format(
        a=f"({relation(chance, depth - 1)})" if depth else "",
        b=f"({relation(chance, chance.randrange(depth))})" if depth else "",
        table=chance.choice(["one", "few", "many", "empty"]),
        number=chance.choice([3, 20, 50]),
        join=chance.choice(["", "LEFT", "RIGHT", "FULL"]),
        maybe_not=chance.choice(["", "NOT"]),
    )


def in_any_order(table: pa.Table) -> Counter[tuple[object, ...]]:
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return Counter(
        tuple(round(value, 9) if isinstance(value, float) else value for value in row)
        for row in rows
    )


def run_or_refuse(
    stage: ExecutionPlan, ctx: SessionContext, schema: pa.Schema, expected: pa.Table
) -> bool:
    try:
        rows = example.run(stage, ctx, submit_here, schema)
    except ValueError as error:
        assert NOT_SPLIT in str(error)  # noqa: PT017
        return False
    assert in_any_order(rows) == in_any_order(expected)
    return True


def run_partial_or_refuse(stage: ExecutionPlan, ctx: SessionContext, expected: pa.Table) -> bool:
    """The plan has the columns sensor, count(*), min(id) and avg(celsius)."""
    columns = {"sensor": pa.string(), "n": pa.int64(), "id": pa.int64()}
    columns |= {"n_of_celsius": pa.uint64(), "total": pa.float64()}
    try:
        states = example.run(example.partial(stage), ctx, submit_here, pa.schema(columns))
    except ValueError as error:
        assert NOT_SPLIT in str(error) or NOT_PARTIAL in str(error)  # noqa: PT017
        return False
    here = SessionContext()
    here.from_arrow(states, "states")
    finish = "sum(n), min(id), sum(total) / sum(n_of_celsius)"
    rows = here.sql(f"SELECT sensor, {finish} FROM states GROUP BY sensor")
    assert in_any_order(rows.to_arrow_table()) == in_any_order(expected)
    return True


def test_random_queries_are_right_or_refused(ctx: SessionContext) -> None:
    failed, refused = 0, 0
    for seed in range(100):
        chance, depth = random.Random(seed), seed % 3
        rows = relation(chance, depth)
        groups = f"SELECT sensor, count(*), min(id), avg(celsius) FROM ({rows}) GROUP BY sensor"
        for sql in (rows, groups):
            frame = ctx.sql(sql)
            stage = frame.execution_plan()
            try:
                expected = frame.to_arrow_table()
            except Exception:
                failed += 1  # The host has bugs of its own.
                continue
            try:
                done = run_or_refuse(stage, ctx, frame.schema(), expected)
                if sql is groups:
                    done |= run_partial_or_refuse(stage, ctx, expected)
            except Exception as error:
                raise AssertionError(f"seed {seed}: {sql}") from error
            # A scan, and a GROUP BY over a scan, always run.
            assert done or depth > 0, sql
            refused += not done
    assert failed < 5
    assert 20 < refused < 100
