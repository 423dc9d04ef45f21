from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from datafusion import SessionContext


@pytest.fixture
def ctx() -> SessionContext:
    return SessionContext()


@pytest.fixture
def run_python() -> Callable[..., str]:
    """Run code with arguments in a process of its own, as it may hang or die there.

    Returns what it printed; fails if it did not end well.
    """

    def run(code: str, *arguments: object) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        )
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    return run


@pytest.fixture
def growth(run_python: Callable[..., str]) -> Callable[[str, str], int]:
    """Make something and drop it 3,000 times; returns how many bytes of memory that has cost."""
    if sys.platform != "linux":
        pytest.skip("reads /proc")

    code = """
import sys

def resident_memory() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096

setup, make = (compile(code, "code", mode) for code, mode in zip(sys.argv[1:], ["exec", "eval"]))
exec(setup)
# So much memory that is free would hide a leak, were it not in use at first.
kept = [eval(make) for _ in range(3_000)]
for _ in range(1_000):
    eval(make)
before = resident_memory()
for _ in range(3_000):
    eval(make)
print(resident_memory() - before)
"""
    return lambda setup, make: int(run_python(code, setup, make))
