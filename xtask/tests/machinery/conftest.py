"""What the tests of the machinery share."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from datafusion import SessionContext


@pytest.fixture
def ctx() -> SessionContext:
    return SessionContext()


@pytest.fixture
def run_python() -> Callable[..., str]:
    """Run code with arguments in a process of its own, as it may hang or die there."""

    def run(code: str, *arguments: object) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    return run
