"""A source that goes wrong: in SQL and as an Arrow stream, Python gets an exception and goes on."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Each in a process of its own, as a fault that is not caught ends it. FAULT is set after the
# table was made where that is what goes wrong later.
QUERY = """
import faulthandler, os, sys
faulthandler.enable()
from datafusion import SessionContext
import pyarrow as pa
from hostile_ext import Readings

fault, sql = sys.argv[1:]
query = {
    "sql": lambda ctx, table: ctx.sql("SELECT sum(celsius), max(id) FROM t WHERE id >= 5 AND id + 0 >= 0").collect(),
    "count": lambda ctx, table: ctx.sql("SELECT count(*) FROM t").collect(),
    "explain": lambda ctx, table: ctx.sql("SELECT * FROM t").execution_plan().display_indent(),
    "arrow": lambda ctx, table: pa.table(table),
}[sql]

def attempt(f):
    try:
        return f()
    except Exception as error:
        print("EXCEPTION", type(error).__name__, str(error).replace("\\n", " "))

def make():
    ctx, table = SessionContext(), Readings(rows=100_000, partitions=3)
    ctx.register_table("t", table)
    return ctx, table

early = fault.split(":")[1] in ("try_new", "schema")
if early:
    os.environ["FAULT"] = fault
    attempt(make)
    del os.environ["FAULT"]
    ctx, table = make()
else:
    ctx, table = make()
    os.environ["FAULT"] = fault
    if attempt(lambda: query(ctx, table)) is not None:
        print("RESULT")
    del os.environ["FAULT"]
assert query(ctx, table) is not None
assert ctx.sql("SELECT count(id) AS n FROM t WHERE id + 0 >= 0").to_pylist() == [{"n": 100_000}]
print("ALIVE")
"""


def run(fault: str, query: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", QUERY, fault, query],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "ALIVE", done.stdout + done.stderr
    return lines[:-1]


@pytest.mark.parametrize(
    ("place", "query"),
    [
        ("try_new", "sql"),
        ("schema", "sql"),
        ("supports_filter", "sql"),
        ("plan", "sql"),
        ("plan", "arrow"),
        ("statistics", "sql"),
        ("statistics", "count"),
        ("statistics", "explain"),
        ("read", "sql"),
        ("read", "arrow"),
        ("batch", "sql"),
        ("batch", "arrow"),
    ],
)
def test_panic_is_an_exception(place: str, query: str) -> None:
    [said] = run(f"panic:{place}", query)
    assert said.startswith("EXCEPTION ")
    assert f"hostile-ext panicked: hostile {place}" in said


@pytest.mark.parametrize("query", ["sql", "arrow"])
@pytest.mark.parametrize("place", ["plan", "statistics", "read", "batch"])
def test_error_is_an_exception(place: str, query: str) -> None:
    [said] = run(f"error:{place}", query)
    assert said.startswith("EXCEPTION ")
    assert f"disk of {place}" in said


@pytest.mark.parametrize("query", ["sql", "arrow"])
@pytest.mark.parametrize("place", ["plan", "batch"])
def test_timers_and_tasks_work(place: str, query: str) -> None:
    assert run(f"wait:{place}", query) == ["RESULT"]


LEAK = """
import gc, sys
from datafusion import SessionContext
from hostile_ext import Readings

def resident_memory():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096

def make():
    # Its source owns 1 MiB.
    return {make}

ctx = SessionContext()
for _ in range(100):
    make()
before = resident_memory()
for _ in range(10_000):
    make()
print(resident_memory() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    "make",
    [
        "Readings().__datafusion_table_provider__(ctx)",
        "Readings().__arrow_c_stream__()",
        "Readings().__arrow_c_schema__()",
    ],
)
def test_capsule_that_is_dropped_unused_frees_the_source(make: str) -> None:
    grown = subprocess.run(
        [sys.executable, "-c", LEAK.format(make=make)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    ).stdout
    assert int(grown) < 8 * 2**20


HANG = """
import os, signal, sys, threading, time
from datafusion import SessionContext
from hostile_ext import Readings

ctx = SessionContext()
ctx.register_table("t", Readings())
os.environ["FAULT"] = sys.argv[1]
threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()
started = time.monotonic()
try:
    ctx.sql("SELECT sum(celsius) FROM t").collect()
except KeyboardInterrupt:
    print("interrupted" if time.monotonic() - started < 2.5 else "late")
"""


@pytest.mark.parametrize("place", ["plan", "batch"])
def test_ctrl_c_while_the_source_waits(place: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", HANG, f"hang:{place}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert said == "interrupted\n"
