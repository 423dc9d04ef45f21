from __future__ import annotations

import subprocess
import sys

import pytest
from datafusion import SessionContext


@pytest.fixture
def ctx() -> SessionContext:
    return SessionContext()


class Subprocess:
    """Runs Python code in a process of its own, as it may hang or die."""

    def __call__(self, code: str, *, timeout: float = 60) -> str:
        """Run `code` and return what it printed; fail if it did not end well."""
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture
def run_python() -> Subprocess:
    return Subprocess()
