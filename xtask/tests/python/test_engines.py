"""The example of a project on engines that others wrote, with two workers each.

The module travels by value, as that of a script does: the workers have the package, and no file of
the project.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pyarrow as pa
import pytest
import several_machines as example
from datafusion import SessionConfig, SessionContext

from my_ext import Readings, register_all

Submit = Callable[..., Any]
ROWS = 64_000
SCAN = "SELECT id, fahrenheit(celsius) AS f FROM parts WHERE fahrenheit(celsius) > 70"
GROUP_BY = "SELECT sensor, rms(celsius) FROM parts GROUP BY sensor"
STATES = pa.schema({"sensor": pa.string(), "n": pa.uint64(), "squares": pa.float64()})
FINISH = "SELECT sensor, sqrt(sum(squares) / sum(n)) AS rms FROM states GROUP BY sensor"
# The index of the partition whose first worker is killed.
FATAL = 20


def by_value(register: Callable[[Any], None]) -> None:
    for module in (example, sys.modules[__name__]):
        register(module)


by_value(cloudpickle.register_pickle_by_value)


@contextlib.contextmanager
def dask() -> Iterator[Submit]:
    from dask.distributed import Client, LocalCluster

    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster) as client:
        yield client.submit


@contextlib.contextmanager
def ray() -> Iterator[Submit]:
    import ray

    # It has its own copy of cloudpickle.
    by_value(ray.cloudpickle.register_pickle_by_value)
    # Else it writes a token into the home folder.
    os.environ["RAY_AUTH_MODE"] = "disabled"
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        yield lambda task, *arguments: ray.remote(task).remote(*arguments).future()
    finally:
        ray.shutdown()


@pytest.fixture(scope="module", params=[dask, ray])
def submit(request: pytest.FixtureRequest) -> Iterator[Submit]:
    with request.param() as submit:
        yield submit


@pytest.fixture
def ctx() -> SessionContext:
    ctx = register_all(SessionContext(SessionConfig(example.CONFIG)))
    ctx.register_table("parts", Readings(rows=ROWS, partitions=64))
    return ctx


def die_once(folder: str, task: Callable[..., Any], *arguments: Any) -> Any:
    """Kill the worker at the first attempt to run one of the partitions."""
    with contextlib.suppress(FileExistsError):
        if arguments[-1] == FATAL:
            Path(folder, "died").touch(exist_ok=False)
            os.kill(os.getpid(), signal.SIGKILL)
    return task(*arguments)


def in_order(rows: Any) -> list[dict[str, Any]]:
    return sorted(rows, key=str)


def test_example(submit: Submit, capsys: pytest.CaptureFixture[str]) -> None:
    example.main(submit)
    said = capsys.readouterr().out
    ctx = register_all(SessionContext())
    ctx.register_table("many", Readings(rows=1_000_000))
    averages = "avg(celsius) AS mean, rms(celsius) AS rms"
    sql = f"SELECT sensor, {averages} FROM many GROUP BY sensor ORDER BY sensor"
    assert said.endswith(f"{ctx.sql(sql)}\n")


def test_a_worker_that_dies_once(submit: Submit, ctx: SessionContext, tmp_path: Path) -> None:
    def fatal(task: Callable[..., Any], *arguments: Any) -> Any:
        return submit(die_once, str(tmp_path), task, *arguments)

    frame = ctx.sql(SCAN)
    rows = example.run(frame.execution_plan(), ctx, fatal, frame.schema())
    assert (tmp_path / "died").exists()
    assert in_order(rows.to_pylist()) == in_order(ctx.sql(SCAN).to_pylist())

    stage = example.partial(ctx.sql(GROUP_BY).execution_plan())
    states = example.run(stage, ctx, submit, STATES)
    ctx.from_arrow(states, "states")
    expected = ctx.sql(GROUP_BY.replace("rms(celsius)", "rms(celsius) AS rms")).to_pylist()
    assert in_order(ctx.sql(FINISH).to_pylist()) == in_order(expected)


def test_an_error_of_a_worker(
    submit: Submit, ctx: SessionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(example.VERSIONS, "my-ext", "99.0")
    sentence = "my-ext 99.0, which made the plan, but there it is 0.1.0. Run there: pip"
    with pytest.raises(RuntimeError, match=sentence):
        example.run(ctx.sql(SCAN).execution_plan(), ctx, submit, ctx.sql(SCAN).schema())


RUN = """
import pathlib, sys
import cloudpickle

task, arguments = cloudpickle.loads(pathlib.Path(sys.argv[1]).read_bytes())
try:
    print(task(*arguments)[1][0].num_rows)
except RuntimeError as error:
    print(error)
"""


@pytest.mark.parametrize("worker", ["SAME", "EMPTY", "OLD_HOST", "OLD_PACKAGE"])
def test_workers_with_other_packages(ctx: SessionContext, tmp_path: Path, worker: str) -> None:
    """In the other environments, as an engine would send a task there."""
    data = ctx.sql("SELECT id FROM parts").execution_plan().to_bytes(ctx)
    arguments = (data, zlib.crc32(data), example.VERSIONS, 0)
    path = tmp_path / "task"
    path.write_bytes(cloudpickle.dumps((example.run_partition, arguments)))
    python = os.environ[f"{worker}_PYTHON"]
    finished = subprocess.run(
        [python, "-c", RUN, path], check=True, capture_output=True, text=True, timeout=60
    )
    host = example.VERSIONS["datafusion"]
    needed = {
        "SAME": "",
        "EMPTY": f"datafusion {host}, which made the plan, but there it is missing",
        "OLD_HOST": f"datafusion {host}, which made the plan, but there it is 54.1.0",
        "OLD_PACKAGE": "my-ext 0.1.0, which made the plan, but there it is 0.0.9",
    }[worker]
    if worker == "SAME":
        assert finished.stdout == f"{ROWS // 64}\n"
    else:
        assert f" needs {needed}. Run there: pip install " in finished.stdout
        assert finished.stdout.count("\n") == 1
