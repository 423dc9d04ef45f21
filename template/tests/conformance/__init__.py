"""The conformance kit: tests that hold for any table and any function.

They need not be changed; what they run over is listed in ``instances.py``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

Row = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Table:
    """A table, which ``make`` makes anew for each test that changes it.

    All its rows are read many times, so a thousand are enough. A mistake in ``partitions`` may read
    a row twice and leave out another: that shows if ``rows`` says how many there are, and ``key``
    names columns whose values, together, are different in each row.
    """

    name: str
    make: Callable[[], Any]
    rows: int | None = None
    key: Sequence[str] = ()

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class Function:
    """A function in SQL: use one of the subclasses.

    ``make`` is the class; called without arguments, it gives the object with the hook. The tests
    call the function with whatever values the types of its ``arguments`` have. If it refuses some
    of them, ``values`` has, for each argument, the ones to call it with.
    """

    make: Callable[[], Any]
    arguments: Sequence[pa.DataType]
    values: Sequence[Sequence[object]] | None = None

    def __str__(self) -> str:
        return f"{self.make.__name__}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True, eq=False)
class Scalar(Function):
    """A function that gives one value for each row.

    ``reference`` computes the value in Python, from the arguments of one row.
    """

    reference: Callable[..., object] | None = None


@dataclass(frozen=True, eq=False)
class Aggregate(Function):
    """A function that gives one value for many rows, in whatever order they come.

    ``reference`` computes the value in Python, from a list of rows, which are tuples of arguments.
    """

    reference: Callable[[list[Row]], object] | None = None


@dataclass(frozen=True, eq=False)
class Window(Function):
    """A function that gives one value for each row of a window.

    ``reference`` computes the values in Python, from the rows of one partition in their order,
    which are tuples of arguments.
    """

    reference: Callable[[list[Row]], Sequence[object]] | None = None


def run_python(code: str, *arguments: object) -> str:
    """Run code with arguments in a process of its own, as it may hang or die there.

    Returns what it printed; fails if it did not end well.
    """
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    # nox sets this, so that the tests run without the GIL whatever a package says.
    environment.pop("PYTHON_GIL", None)
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout
