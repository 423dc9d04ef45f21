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
