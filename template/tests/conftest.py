"""What the tests share."""

from __future__ import annotations

from collections.abc import Callable

import conformance
import pytest
from datafusion import SessionContext


@pytest.fixture
def ctx() -> SessionContext:
    return SessionContext()


@pytest.fixture
def run_python() -> Callable[..., str]:
    return conformance.run_python
