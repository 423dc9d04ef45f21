"""Prints what a table of deltalake does in `datafusion`, as JSON: before and after its adoption."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from datafusion import SessionContext
from deltalake import DeltaTable, QueryBuilder, write_deltalake

PARTITIONS, ROWS = 20, 100_000
QUERY = "SELECT count(*) AS rows, sum(x) AS total FROM t WHERE part = 'p03'"


def milliseconds(run: object) -> float:
    times = []
    for _ in range(7):
        start = time.perf_counter()
        run()  # type: ignore[operator]
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def attempt(run: object) -> str:
    try:
        return str(run())  # type: ignore[operator]
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


with TemporaryDirectory() as folder:
    for number in range(PARTITIONS):
        rows = pa.table({"part": [f"p{number:02}"] * ROWS, "x": range(ROWS)})
        write_deltalake(folder, rows, partition_by=["part"], mode="append")
    table, ctx = DeltaTable(folder), SessionContext()
    if "--register" in sys.argv:
        print(attempt(lambda: ctx.register_table("t", table)))
        sys.exit()
    ctx.register_table("t", table)
    builder = QueryBuilder().register("t", table)
    in_datafusion = lambda: ctx.sql(QUERY).to_pydict()
    in_its_own = lambda: builder.execute(QUERY).read_all()
    figures = {
        "answer": in_datafusion(),
        "files": len(list(Path(folder).rglob("*.parquet"))),
        "milliseconds": round(milliseconds(in_datafusion), 1),
        "milliseconds of its own engine": round(milliseconds(in_its_own), 1),
    }
    # The files that the query needs are those without which it fails.
    for number in range(PARTITIONS):
        if number != 3:
            shutil.rmtree(Path(folder) / f"part=p{number:02}")
    figures["reads only its partition"] = attempt(in_datafusion) == str(figures["answer"])
    print(json.dumps(figures))
