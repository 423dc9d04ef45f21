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


# In a process of its own, whose memory is not disturbed by other tests.
DROP_UNUSED = """
import importlib.metadata, sys
from datafusion import SessionContext
from hooks import call

def resident_memory() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096

# Else every call would read a file.
version = importlib.metadata.version("datafusion")
importlib.metadata.version = lambda _: version

ctx = SessionContext()
# So much memory that is free would hide a leak, were it not in use at first.
kept = [call(ctx, *sys.argv[1:]) for _ in range(3_000)]
for _ in range(1_000):
    call(ctx, *sys.argv[1:])
before = resident_memory()
for _ in range(3_000):
    call(ctx, *sys.argv[1:])
print(resident_memory() - before)
"""


@pytest.mark.skipif("sys.platform != 'linux'", reason="reads /proc")
@pytest.mark.parametrize(("name", "hook"), hooks())
def test_dropped_unused(run_python: Callable[..., str], name: str, hook: str) -> None:
    grown = int(run_python(DROP_UNUSED, name, hook))
    assert grown < 2**20
