"""What the tests of the machinery share. They find the kit of a project."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from datafusion import SessionContext

sys.path.append(str(Path(__file__).parents[3] / "template/pyo3-datafusion"))


@pytest.fixture
def ctx() -> SessionContext:
    return SessionContext()
