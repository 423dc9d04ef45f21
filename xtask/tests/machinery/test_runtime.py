"""Threads, Ctrl-C, fork, and contexts that go away: an exception at worst, never a hang."""

from __future__ import annotations

import gc
import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from conformance import run_python
from datafusion import SessionContext, col, functions, lit

from plain_ext import Readings


def test_threads(ctx: SessionContext) -> None:
    ctx.register_table("readings", Readings(rows=10_000))

    def query(thread: int) -> None:
        for i in range(20):
            id_ = thread * 1_000 + i
            rows = ctx.sql(f"SELECT id FROM readings WHERE id <= {id_} AND id + 0 >= {id_}")
            assert rows.to_pylist() == [{"id": id_}]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(query, range(8)))


def test_context_is_collected_before_the_query() -> None:
    """A scan needs nothing of its session."""
    context = SessionContext()
    context.register_table("readings", Readings())
    table = context.table("readings")
    few = table.filter(functions.abs(col("id")) < lit(10))
    del context
    gc.collect()
    assert table.count() == 1000
    assert few.count() == 10


NO_THREADS = """
import resource
from datafusion import SessionContext, col, functions, lit
from plain_ext import Readings

ctx = SessionContext()
ctx.sql("SELECT 1").collect()  # The host's own threads run by now.
with open("/proc/self/statm") as statm:
    in_use = int(statm.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (in_use + 1_000_000, resource.RLIM_INFINITY))
try:
    ctx.register_table("readings", Readings())
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_threads_can_be_started() -> None:
    said = run_python(NO_THREADS)
    assert said.startswith("RuntimeError Execution error: cannot start the tokio runtime: ")


CTRL_C = """
import signal, sys, threading, time
from datafusion import SessionConfig, SessionContext
from plain_ext import Readings

# A shell has it ignored in what runs in the background.
signal.signal(signal.SIGINT, signal.default_int_handler)
partitions = int(sys.argv[1])
ctx = SessionContext(SessionConfig().with_target_partitions(partitions))
readings = Readings(rows=10**12, partitions=partitions)
ctx.register_table("readings", readings)

def interrupt():
    while not readings.counters["rows"]:
        time.sleep(0.01)
    global interrupted_at
    interrupted_at = time.monotonic()
    signal.raise_signal(signal.SIGINT)

threading.Thread(target=interrupt).start()
try:
    ctx.sql("SELECT max(celsius) FROM readings WHERE id + 0 >= 0").collect()
except KeyboardInterrupt:
    assert time.monotonic() - interrupted_at < 30
    time.sleep(0.1)
    produced = readings.counters["rows"]
    time.sleep(0.1)
    assert readings.counters["rows"] == produced, "still reading"
    print("interrupted")
assert ctx.sql("SELECT id FROM readings LIMIT 1").to_pylist() == [{"id": 0}]
"""


def test_ctrl_c() -> None:
    # Both at once, as the host looks for signals only once a second.
    with ThreadPoolExecutor() as pool:
        printed = list(pool.map(run_python, [CTRL_C, CTRL_C], [1, 4]))
    assert printed == ["interrupted\n", "interrupted\n"]


MEMORY = """
import resource
from datafusion import SessionConfig, SessionContext
from plain_ext import Readings

batch_size = 65_536
ctx = SessionContext(SessionConfig().with_batch_size(batch_size).with_target_partitions(1))
ctx.register_table("readings", Readings(rows=10 * batch_size, partitions=1))
query = ctx.sql("SELECT * FROM readings WHERE celsius < 0")
query.collect()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
query.collect()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts the pages that Linux hands out")
def test_memory_of_a_batch_is_used_again() -> None:
    # A batch has some 500 pages.
    assert int(run_python(MEMORY)) < 500


FORK = """
import os, sys
from datafusion import SessionContext, col, functions, lit
import pyarrow as pa
from plain_ext import Readings

ctx = SessionContext()
readings = Readings()
ctx.register_table("readings", readings)
reader = pa.RecordBatchReader.from_stream(readings)
if sys.argv[1] == "after a query":
    assert ctx.sql("SELECT sum(id) AS x FROM readings").to_pylist() == [{"x": 499500}]

child = os.fork()
if child == 0:
    def attempt(f):
        try:
            print(f())
        except Exception as error:
            print(type(error).__name__, error)

    attempt(lambda: ctx.sql("SELECT sum(id) FROM readings").collect())
    attempt(lambda: SessionContext().register_table("readings", readings))
    attempt(lambda: pa.table(readings))
    attempt(reader.read_all)
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
assert ctx.sql("SELECT sum(id) AS x FROM readings").to_pylist() == [{"x": 499500}]
"""


@pytest.mark.skipif("not hasattr(__import__('os'), 'fork')", reason="needs fork")
@pytest.mark.parametrize("when", ["after a query", "after a table was registered"])
def test_fork(when: str) -> None:
    errors = run_python(FORK, when).splitlines()
    assert len(errors) == 4
    for error in errors:
        assert "was already in use when this process was forked" in error
        assert 'multiprocessing.get_context("spawn")' in error


def query_in_a_worker(rows: int) -> object:
    ctx = SessionContext()
    ctx.register_table("readings", Readings(rows))
    return ctx.sql("SELECT sum(id) AS total FROM readings").to_pylist()


def test_spawn() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(query_in_a_worker, (10,)) == [{"total": 45}]
