"""Measure the tables and functions of a package against the same rows in memory.

Usage: uvx nox --session benchmark

It measures the tables and functions of ``tests/instances.py``. A list ``BENCHMARKS`` there, with larger
tables, takes the place of ``TABLES``. A ratio of 2.0 means: twice as slow as the same query over
the same rows in memory, or, for a function, as reading its arguments. ``target/benchmark.json`` keeps the
ratios for the next run, which marks what became slower.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import datafusion
import pyarrow as pa
from datafusion import SessionContext

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "target" / "benchmark.json"
# Rows for a function.
ROWS = 100_000
# Of one query: it is repeated for this long, and the best time counts.
SECONDS = 0.5
# Best times differ by less than this from run to run.
SLOWER = 1.5
# For each kind of function: what makes it, how it is registered, the query, and the one without it.
KINDS = {
    "Scalar": (datafusion.udf, "register_udf", "SELECT {call} FROM t", "SELECT {columns} FROM t"),
    "Aggregate": (
        datafusion.udaf,
        "register_udaf",
        "SELECT {call} FROM t",
        "SELECT {count} FROM t",
    ),
    "Window": (
        datafusion.udwf,
        "register_udwf",
        "SELECT {call} OVER (ORDER BY i) FROM t",
        "SELECT row_number() OVER (ORDER BY i) FROM t",
    ),
}

Measured = tuple[str, float, float]


def best(run: Callable[[], object]) -> float:
    """The best time of a call, in seconds."""
    times: list[float] = []
    end = time.perf_counter() + SECONDS
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def query(ctx: SessionContext, sql: str) -> Callable[[], object]:
    return lambda: ctx.sql(sql).collect()


def of_table(table: Any) -> Iterator[Measured]:
    ours, memory = SessionContext(), SessionContext()
    ours.register_table("t", table.make())
    batches = ours.sql("SELECT * FROM t").to_arrow_table().to_batches()
    if not batches:
        return
    memory.register_record_batches("t", [batches])
    first = '"' + batches[0].schema.names[0].replace('"', '""') + '"'
    for what, sql in [
        ("all rows", "SELECT * FROM t"),
        ("one column", f"SELECT {first} FROM t"),
        ("LIMIT 10", "SELECT * FROM t LIMIT 10"),
        ("count(*)", "SELECT count(*) FROM t"),
    ]:
        yield f"{table}, {what}", best(query(ours, sql)), best(query(memory, sql))


def column(function: Any, at: int) -> pa.Array:
    """Values for an argument of a function."""
    kind = function.arguments[at]
    if function.values is not None:
        values = list(function.values[at])
        return pa.array((values * (ROWS // len(values) + 1))[:ROWS], kind)
    numbers = pa.array((i % 1_000 for i in range(ROWS)), pa.int32())
    for through in [kind, pa.int64(), pa.string()]:
        try:
            return numbers.cast(through).cast(kind)
        except pa.ArrowException:
            continue
    raise LookupError(f"of the type {kind}, no values are known here: list some in instances.py")


def of_function(function: Any) -> Iterator[Measured]:
    make, register, with_call, without = KINDS[type(function).__name__]
    made = make(function.made())
    names = [f"a{at}" for at in range(len(function.arguments))]
    arrays = [pa.array(range(ROWS)), *(column(function, at) for at in range(len(names)))]
    ctx = SessionContext()
    getattr(ctx, register)(made)
    table = pa.table(arrays, names=["i", *names])
    ctx.register_record_batches("t", [table.to_batches(max_chunksize=8_192)])
    constants = ["NULL" if value is None else repr(value) for value in function.constants]
    call = f'"{made.name}"({", ".join([*names, *constants])})'
    columns = ", ".join(names) or "i"
    count = ", ".join(f"count({name})" for name in names) or "count(*)"
    sqls = [sql.format(call=call, columns=columns, count=count) for sql in (with_call, without)]
    seconds = [best(query(ctx, sql)) for sql in sqls]
    yield str(function), seconds[0], seconds[1]


def main() -> None:
    sys.path.insert(0, str(ROOT / "tests"))
    instances: Any = importlib.import_module("instances")
    kept: dict[str, float] = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    ratios = dict(kept)
    print(f"{'':50} {'yours':>10} {'in memory':>10} {'ratio':>7} {'last run':>8}")
    listed = [(of_table, each) for each in getattr(instances, "BENCHMARKS", instances.TABLES)]
    listed += [(of_function, each) for each in getattr(instances, "FUNCTIONS", [])]
    for measure, each in listed:
        try:
            for what, ours, memory in measure(each):
                ratio, before = ours / memory, kept.get(what)
                last = f"{before:8.2f}" if before else f"{'-':>8}"
                slower = "  slower" if before and ratio > SLOWER * before else ""
                times = f"{ours * 1e3:7.2f} ms {memory * 1e3:7.2f} ms"
                print(f"{what:50} {times} {ratio:7.2f} {last}{slower}", flush=True)
                ratios[what] = round(ratio, 3)
        except Exception as error:
            print(f"{each}: {error}", flush=True)
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(ratios, indent=1), "utf-8")


if __name__ == "__main__":
    main()
