"""What the tests of the machinery share, some of it with the kit of a project."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from datafusion import SessionContext

sys.path.append(str(Path(__file__).parents[3] / "template" / "tests"))
import conformance


@pytest.fixture
def ctx() -> SessionContext:
    return SessionContext()


@pytest.fixture
def run_python() -> Callable[..., str]:
    return conformance.run_python
