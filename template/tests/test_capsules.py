"""Capsules have the right names, and what is in one is released if nobody takes it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from datafusion import SessionContext
from hooks import SESSION_HOOKS, call, hooks

CAPSULES = [(name, hook) for name, hook in hooks() if hook not in SESSION_HOOKS]


@pytest.mark.parametrize(("name", "hook"), CAPSULES)
def test_name(ctx: SessionContext, name: str, hook: str) -> None:
    assert f'"{hook.strip("_")}"' in repr(call(ctx, name, hook))


SETUP = """
import importlib.metadata
from datafusion import SessionContext
from hooks import call

# Else every call would read a file.
version = importlib.metadata.version("datafusion")
importlib.metadata.version = lambda _: version
ctx = SessionContext()
"""


@pytest.mark.parametrize(("name", "hook"), hooks())
def test_dropped_unused(growth: Callable[[str, str], int], name: str, hook: str) -> None:
    assert growth(SETUP, f"call(ctx, {name!r}, {hook!r})") < 2**20
