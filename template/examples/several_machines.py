"""Run a query on several workers: each gets the plan as bytes, and runs some of its partitions.

The workers are processes here. `submit` starts a task, so they can be machines as well:

    ProcessPoolExecutor    pool.submit
    Dask                   client.submit
    Ray                    lambda task, *arguments: ray.remote(task).remote(*arguments).future()
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib import metadata
from typing import Any

import pyarrow as pa
from datafusion import ExecutionPlan, SessionConfig, SessionContext

from {{crate_name}} import Readings, register_all

# A worker must have the same versions as the process that made the plan.
PACKAGES = ["datafusion", "{{project-name}}"]
VERSIONS = {name: metadata.version(name) for name in PACKAGES}
# Without this, DataFusion mixes the partitions of a table, and no task could read one by itself.
CONFIG = {"datafusion.optimizer.enable_round_robin_repartition": "false"}
# A partition of these nodes needs one partition of their inputs. Other nodes, such as joins, need
# rows of all partitions, or share state between them.
SPLITTABLE = (
    "AggregateExec: mode=Partial,",
    "CooperativeExec",
    "FFI_ExecutionPlan: SourceExec:",
    "FilterExec:",
    "ProjectionExec:",
    "UnionExec",
    "UnnestExec",
)
# These write rows. A worker would write them to its own memory or files.
WRITING = ("DataSinkExec:", "FFI_ExecutionPlan: InsertExec")
# These follow the partial aggregate of a GROUP BY. SQL does their work on the driver.
FINISHING = (
    "AggregateExec: mode=Final",
    "CoalescePartitionsExec",
    "FilterExec:",
    "GlobalLimitExec:",
    "LocalLimitExec:",
    "ProjectionExec:",
    "RepartitionExec:",
    "SortExec:",
    "SortPreservingMergeExec:",
)


def run_partition(plan: bytes, checksum: int, versions: dict[str, str], index: int) -> Any:
    """Run one partition, on a worker. A package that may be missing is imported after the check."""
    worker = f"{platform.node()}:{os.getpid()}"
    for package, version in versions.items():
        try:
            found = metadata.version(package)
        except metadata.PackageNotFoundError:
            found = "missing"
        if found != version:
            raise RuntimeError(
                f"worker {worker} needs {package} {version}, which made the plan, but there it is "
                f'{found}. Run there: pip install "{package}=={version}"'
            )
    if zlib.crc32(plan) != checksum:
        raise RuntimeError(f"worker {worker} got a damaged plan: send it again")
    from datafusion import ExecutionPlan, SessionContext

    from {{crate_name}} import PhysicalCodec

    ctx = SessionContext().with_physical_extension_codec(PhysicalCodec())
    stream = ctx.execute(ExecutionPlan.from_bytes(ctx, plan), index)
    return worker, [batch.to_pyarrow() for batch in stream]


def run(
    plan: ExecutionPlan, ctx: SessionContext, submit: Callable[..., Any], schema: pa.Schema
) -> pa.Table:
    """Run each partition of a plan as a task, and print what each task returned.

    `schema` has the names and types of the columns, which a plan does not tell.
    """
    check(plan)
    if any(metrics.output_rows is not None for _, metrics in plan.collect_metrics()):
        raise ValueError(
            "this plan has run, and may leave out rows when it runs again: send that of a new query"
        )
    data, count, batches = plan.to_bytes(ctx), plan.partition_count, []
    print(f"{count} tasks, {len(data)} bytes each")
    try:
        tasks = [submit(run_partition, data, zlib.crc32(data), VERSIONS, i) for i in range(count)]
        for done, task in enumerate(tasks, start=1):
            worker, part = task.result()
            print(f"  {done} of {count}: {sum(map(len, part)):,} rows from {worker}", flush=True)
            batches += part
    except Exception as error:
        # Python's own MemoryError has no text.
        raise RuntimeError(f"a task failed: {str(error) or repr(error)}") from error
    rows = pa.Table.from_batches(batches) if batches else schema.empty_table()
    return rows.rename_columns(schema.names)


def check(plan: ExecutionPlan) -> None:
    """Raise an error if a partition of this plan may need others. A single partition never does."""
    node = plan.display()
    if node.startswith(WRITING):
        raise ValueError("workers do not insert: send the plan of the SELECT, and insert here")
    if plan.partition_count == 1:
        return
    if not node.startswith(SPLITTABLE):
        raise ValueError(
            f"{node.split(':')[0].strip()} may need rows of several partitions, so workers cannot "
            "run them one by one: send partial(plan) for a GROUP BY over one table, else send a scan "
            "of each table, and finish the query here with SQL"
        )
    for child in plan.children():
        check(child)


def partial(plan: ExecutionPlan) -> ExecutionPlan:
    """Return the part of a GROUP BY that needs one partition only. The rest needs all of them."""
    while plan.display().startswith(FINISHING):
        (plan,) = plan.children()
    if not plan.display().startswith("AggregateExec: mode=Partial,"):
        raise ValueError(
            "this query is not a GROUP BY over the partitions of one table: send its plan as it is"
        )
    if " lim=[" in plan.display():
        raise ValueError(
            "the LIMIT of this query drops groups before all rows are known: leave it out here, "
            "and set it in the query that finishes"
        )
    check(plan)
    return plan


def main(submit: Callable[..., Any]) -> None:
    ctx = register_all(SessionContext(SessionConfig(CONFIG)))
    ctx.register_table("many", Readings(rows=1_000_000, partitions=8))

    {%- if scalar_udf %}
    query = ctx.sql("SELECT id, fahrenheit(celsius) FROM many WHERE fahrenheit(celsius) > 77")
    {%- else %}
    query = ctx.sql("SELECT id, celsius FROM many WHERE celsius > 25")
    {%- endif %}
    warm = run(query.execution_plan(), ctx, submit, query.schema())
    print(f"{warm.num_rows:,} readings are warm")

    # Workers return the state of each average, which is a count and a sum. SQL adds them up.
    {%- if aggregate_udf %}
    query = ctx.sql("SELECT sensor, avg(celsius), rms(celsius) FROM many GROUP BY sensor")
    columns = {
        "sensor": pa.string(),
        "n": pa.uint64(),
        "total": pa.float64(),
        "n_of_squares": pa.uint64(),
        "squares": pa.float64(),
    }
    finish = "sum(total) / sum(n) AS mean, sqrt(sum(squares) / sum(n_of_squares)) AS rms"
    {%- else %}
    query = ctx.sql("SELECT sensor, avg(celsius) FROM many GROUP BY sensor")
    columns = {"sensor": pa.string(), "n": pa.uint64(), "total": pa.float64()}
    finish = "sum(total) / sum(n) AS mean"
    {%- endif %}
    states = run(partial(query.execution_plan()), ctx, submit, pa.schema(columns))
    here = SessionContext()
    here.from_arrow(states, "states")
    print(here.sql(f"SELECT sensor, {finish} FROM states GROUP BY sensor ORDER BY sensor"))


if __name__ == "__main__":
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        main(pool.submit)
