"""Scan the same rows in several ways, taking turns, and write how long each query took."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import bench_ext
import memtable_ext
import pyarrow as pa
import pyarrow.dataset as ds
import stub_ext
from datafusion import SessionConfig, SessionContext
from tqdm import tqdm

# Not SQL: takes every batch, one after the other, in the language that drives the way.
ITERATE = "iterate"
# Takes every batch of every column inside the engine, and returns no row. Only a filter does that:
# `count` is answered from statistics, and EXPLAIN ANALYZE sends each batch to another thread.
FULL_SCAN = "SELECT * FROM t WHERE id IS NULL"
FULL_SCAN_OF_STUB = "SELECT * FROM t WHERE celsius < 0"
# The batches of tables that are scanned in full.
BATCHES = 4096
# The rows of tables that hold their ids: see IDS in source.rs.
ROWS = 1 << 23
# Memory lies differently each time that a table is opened, which makes a few percent.
OPENINGS = 4


@dataclass(frozen=True)
class Table:
    """Rows of the generated stub, or batches of the benchmark's source if they have columns."""

    rows: int
    partitions: int = 1
    batch_rows: int = 8192
    columns: int = 0
    copy: bool = False
    # Whether the session has the functions of the host.
    functions: bool = True

    @property
    def arguments(self) -> tuple[int, ...]:
        if self.columns:
            return self.rows, self.partitions, self.columns, self.batch_rows, self.copy
        return self.rows, self.partitions

    def provider(self) -> Any:
        return (bench_ext if self.columns else stub_ext).Readings(*self.arguments)

    def session(self) -> SessionContext:
        config = SessionConfig().with_batch_size(self.batch_rows)
        session = SessionContext(config.with_target_partitions(self.partitions))
        if not self.functions:
            remove_functions(session)
        return session

    def batches(self) -> list[pa.RecordBatch]:
        return list(pa.RecordBatchReader.from_stream(self.provider()))


def remove_functions(session: SessionContext) -> None:
    """Takes all functions out of the session."""
    routines = SessionContext(SessionConfig().with_information_schema(True)).sql(
        "SELECT DISTINCT function_type, routine_name FROM information_schema.routines "
        "WHERE function_type <> 'TABLE'"
    )
    remove = {
        "SCALAR": session.deregister_udf,
        "AGGREGATE": session.deregister_udaf,
        "WINDOW": session.deregister_udwf,
    }
    for routine in routines.to_pylist():
        remove[routine["function_type"]](routine["routine_name"])


class Native:
    """The Rust program that links DataFusion."""

    def __init__(self, program: Path, table: Table) -> None:
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        numbers = table.batch_rows, table.partitions, *table.arguments
        self.say(" ".join(["open", *(str(int(number)) for number in numbers)]))

    def say(self, line: str) -> int:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def query(self, sql: str) -> int:
        return self.say(f"query {sql}" if sql != ITERATE else sql)

    def close(self) -> None:
        self.process.communicate()


class Registered:
    """A table of the released host, whoever provides it."""

    def __init__(self, table: Table, provider: object) -> None:
        self.session = table.session()
        self.session.register_table("t", provider)

    def query(self, sql: str) -> int:
        started = time.perf_counter_ns()
        if sql == ITERATE:
            for _ in self.session.table("t").execute_stream():
                pass
        else:
            self.session.sql(sql).collect()
        return time.perf_counter_ns() - started

    def close(self) -> None:
        pass


class HostMemTable(Registered):
    """The host's own table in memory."""

    def __init__(self, table: Table) -> None:
        self.session = table.session()
        batches = table.batches()
        count = -(-len(batches) // table.partitions)
        partitions = [batches[start : start + count] for start in range(0, len(batches), count)]
        self.session.register_record_batches("t", partitions)


class Stream:
    """An Arrow stream, which can be read once, so each query begins with taking it over."""

    def __init__(self, table: Table, stream: Callable[[], Any]) -> None:
        self.session = table.session()
        self.stream = stream

    def query(self, sql: str) -> int:
        started = time.perf_counter_ns()
        if sql == ITERATE:
            for _ in pa.RecordBatchReader.from_stream(self.stream()):
                pass
            return time.perf_counter_ns() - started
        self.session.from_arrow(self.stream(), name="t")
        self.session.sql(sql).collect()
        took = time.perf_counter_ns() - started
        self.session.deregister_table("t")
        return took

    def close(self) -> None:
        pass


class Generator(Stream):
    """Batches that Python yields."""

    def __init__(self, table: Table) -> None:
        batches = table.batches()

        def generate() -> Iterator[pa.RecordBatch]:
            yield from batches

        schema = batches[0].schema
        super().__init__(table, lambda: pa.RecordBatchReader.from_batches(schema, generate()))


Way = Native | Registered | Stream


class Bench:
    def __init__(self, folder: Path, rounds: int) -> None:
        programs = folder / "target" / "release"
        self.native = {True: programs / "batches", False: programs / "stub"}
        self.rounds = rounds
        self.rows: list[dict[str, Any]] = []

    def open(self, way: str, table: Table) -> Way:
        match way:
            case "native":
                return Native(self.native[table.columns > 0], table)
            case "extension":
                return Registered(table, table.provider())
            case "exported MemTable":
                return Registered(table, memtable_ext.Readings(*table.arguments))
            case "host's MemTable":
                return HostMemTable(table)
            case "pyarrow.dataset":
                return Registered(table, ds.dataset(table.batches()))
            case "generator":
                return Generator(table)
            case "Arrow stream":
                provider = table.provider()
                return Stream(table, lambda: provider)
        raise ValueError(way)

    def compare(self, case: Case) -> None:
        """Every way runs every query in turn: in each opening once to warm up, then some rounds."""
        times: dict[tuple[str, str], list[int]] = defaultdict(list)
        for _ in range(OPENINGS):
            opened = {way: self.open(way, case.table) for way in case.ways}
            turns = range(self.rounds + 1), case.queries.items(), opened.items()
            for turn, (query, sql), (name, way) in product(*turns):
                took = way.query(sql)
                if turn > 0:
                    times[query, name].append(took)
            for way in opened.values():
                way.close()
        for (query, name), ns in times.items():
            row = {"case": case.name, **asdict(case.table), "query": query, "way": name, "ns": ns}
            self.rows.append(row)


@dataclass(frozen=True)
class Case:
    name: str
    table: Table
    queries: dict[str, str]
    ways: list[str]


RUST = ["native", "extension", "exported MemTable", "host's MemTable"]
PYTHON = ["extension", "pyarrow.dataset", "generator", "Arrow stream"]

LIMIT = "SELECT * FROM t LIMIT 10"
FULL_SCANS = {"full scan": FULL_SCAN, "one column": "SELECT id FROM t WHERE id IS NULL"}
QUERIES = {
    "filter 0.1 %": f"SELECT * FROM t WHERE id < {ROWS // 1000}",
    "LIMIT 10": LIMIT,
    "count(*)": "SELECT count(*) FROM t",
    "group by": "SELECT id % 16 AS k, sum(id) FROM t GROUP BY k",
}
STUB_FULL_SCANS = {
    "full scan": FULL_SCAN_OF_STUB,
    "one column": "SELECT celsius FROM t WHERE celsius < 0",
}
STUB_QUERIES = {
    "filter 0.1 %": f"SELECT * FROM t WHERE id < {ROWS // 1000}",
    # The same rows, in words that the source does not understand.
    "filter 0.1 %, not pushed down": f"SELECT * FROM t WHERE -id > -{ROWS // 1000}",
    "LIMIT 10": LIMIT,
    "count(*)": "SELECT count(*) FROM t",
    "group by": "SELECT sensor, avg(celsius) FROM t GROUP BY sensor",
}
# Next to no rows: what the session costs each query.
SMALL_QUERIES = {
    "all rows": "SELECT * FROM t",
    "one row": "SELECT * FROM t WHERE id = 7",
    "one row by a function": "SELECT * FROM t WHERE abs(id) = 7",
}
# What takes batches of the table apart, or puts them together.
OPERATORS = {
    "group by": "SELECT id % 1000 AS k, sum(celsius) FROM t GROUP BY k",
    "join": "SELECT sum(a.celsius) FROM t a JOIN t b ON a.id = b.id + 1",
    "window": "SELECT max(w) FROM (SELECT avg(celsius) OVER (PARTITION BY id % 100) AS w FROM t)",
    "sort": "SELECT * FROM t ORDER BY celsius, id LIMIT 100000",
    # The limit is not pushed down below a filter that the source does not understand.
    "LIMIT 10, not pushed down": "SELECT * FROM t WHERE -id < 1 LIMIT 10",
}


def cases(quick: bool) -> Iterator[Case]:
    """What is measured."""
    shapes = product((1024, 8192, 65_536), (1, 8, 64), (1, 2))
    for batch_rows, columns, partitions in [(8192, 8, 1)] if quick else shapes:
        table = Table(BATCHES * batch_rows, partitions, batch_rows, columns)
        yield Case("batches", table, FULL_SCANS, RUST)
        yield Case("batches", replace(table, rows=ROWS), QUERIES, RUST)
    # What takes longer is scanned in full with fewer batches, but still for long enough that what a
    # query costs by itself does not show.
    most = 4 * ROWS
    for batch_rows in [8192] if quick else [1024, 8192, 65_536]:
        # The same, but each value is written anew. Only for ways that hold no rows.
        rows = min(BATCHES * batch_rows, most)
        table = Table(rows, 1, batch_rows, columns=8, copy=True)
        yield Case("copied", table, FULL_SCANS, ["native", "extension"])
    for batch_rows, partitions in [(8192, 1)] if quick else product((8192, 65_536), (1, 2)):
        table = Table(most, partitions, batch_rows)
        yield Case("stub", table, STUB_FULL_SCANS, ["native", "extension"])
        yield Case("stub", replace(table, rows=ROWS), STUB_QUERIES, ["native", "extension"])

    iterate = {"iterate": ITERATE}
    ways = ["native", "extension", "host's MemTable", "Arrow stream", "pyarrow.dataset"]
    yield Case("iterate", Table(ROWS, columns=8), iterate, ways)
    yield Case("iterate", Table(ROWS), iterate, ["native", "extension", "Arrow stream"])
    yield Case("python", Table(ROWS, columns=8), FULL_SCANS | QUERIES, PYTHON)
    # What a query costs before it reads anything.
    for table in [
        Table(10, columns=8),
        Table(10, columns=8, functions=False),
        Table(10, partitions=8, batch_rows=1, columns=8),
    ]:
        yield Case("fixed", table, {"10 rows": "SELECT * FROM t"}, RUST)
    for partitions in (1, 8, 64):
        table = Table(1000, partitions)
        yield Case("small", table, SMALL_QUERIES, ["extension", "host's MemTable"])
    yield Case("operators", Table(1 << 21), OPERATORS, ["native", "extension"])
    queries = {"LIMIT 10": LIMIT, "empty query": "SELECT 1"}
    for columns in (0, 8):
        table = Table(1_000_000_000, columns=columns)
        yield Case("billion", table, queries, ["native", "extension"])


def boundary(bench: Bench) -> list[dict[str, Any]]:
    """The nanoseconds of the parts of the boundary, for one batch."""
    found: list[dict[str, Any]] = []
    for columns in (1, 8, 64):
        with closing(Native(bench.native[True], Table(8192, columns=columns))) as native:
            for part in ("schema out", "array out", "schema in"):
                ns = median(native.say(f"boundary {part}") for _ in range(OPENINGS * bench.rounds))
                found.append({"columns": columns, "part": part, "ns": ns})
    return found


def rows_read_by_count() -> int:
    """The rows that the source produced for `count(*)`."""
    provider = stub_ext.Readings(ROWS, 2)
    table = Registered(Table(ROWS, 2), provider)
    table.query("SELECT count(*) FROM t")
    rows: int = provider.counters["rows"]
    return rows


def peak_memory(rows: int) -> int:
    """Scans so many rows in a process of its own; returns the most memory it had, in bytes."""
    arguments = [sys.executable, __file__, "--scan", str(rows)]
    return int(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout)


def scan(rows: int) -> None:
    Registered(Table(rows), Table(rows).provider()).query(FULL_SCAN_OF_STUB)
    # Not `ru_maxrss`, which a process has from the one that started it.
    status = Path("/proc/self/status").read_text()
    kibibytes = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    print(int(kibibytes.split()[1]) * 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--folder", type=Path, help="where everything was built, and where scan.json goes"
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--scan", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.scan is not None:
        return scan(args.scan)

    bench = Bench(args.folder, rounds=1 if args.quick else 4)
    for case in tqdm(list(cases(args.quick)), desc="Measuring", unit="table"):
        bench.compare(case)
    # Rows of the stub have 34 bytes on average: 8 + 10 + 8 + 8.
    gigabyte = 1_000_000_000 // 34
    result = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()} {platform.system()}",
        "quick": args.quick,
        "boundary": boundary(bench),
        "rows_read_by_count": rows_read_by_count(),
        "peak_memory": {
            gigabytes: peak_memory(gigabytes * gigabyte)
            for gigabytes in ([0, 1] if args.quick else [0, 1, 10])
        },
        "times": bench.rows,
    }
    (args.folder / "scan.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main()
