"""These fixtures are for all tests."""

from __future__ import annotations

import pytest
from datafusion import SessionContext


@pytest.fixture
def ctx() -> SessionContext:
    return SessionContext()
