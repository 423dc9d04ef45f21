"""The conformance kit: tests that hold for any table and any function.

``tests/instances.py`` lists the tables and functions that they run over.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Table:
    """A table. Tests call ``make`` for it, and call it again after they changed the table.

    The tests read all rows many times, so a thousand rows are enough. A mistake in ``partitions``
    may read one row twice and leave out another. The tests find that if ``rows`` is the number of
    rows, and if ``key`` names columns whose values, taken together, differ in each row.
    """

    name: str
    make: Callable[[], Any]
    rows: int | None = None
    key: Sequence[str] = ()

    def __str__(self) -> str:
        return self.name


def run_python(code: str, *arguments: object) -> str:
    """Run code with arguments in a process of its own, as it may hang or die there.

    Returns:
        What it printed.

    Raises:
        AssertionError: it ended with another exit code than 0.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    # nox sets PYTHON_GIL to 0, which would hide a package that switches the GIL on.
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


CTRL_C = """
import signal, threading, time

# A process that a shell started in the background ignores SIGINT.
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()
started = time.monotonic()
try:
    frame.collect()
except (Exception, KeyboardInterrupt) as error:
    # An error in Rust crosses as text.
    assert "KeyboardInterrupt" in repr(error)
    print(time.monotonic() - started < 5)
"""


def is_ended_by_ctrl_c(code: str) -> bool:
    """Return whether Ctrl-C ends the query ``frame``, which ``code`` makes, within five seconds."""
    return run_python(code + CTRL_C) == "True\n"
