"""What is in a capsule is released, whether somebody took it or not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from datafusion import SessionContext

from {{crate_name}} import Readings


def test_name(ctx: SessionContext) -> None:
    capsule = Readings().__datafusion_table_provider__(ctx)
    assert '"datafusion_table_provider"' in repr(capsule)


# In a process of its own, whose memory is not disturbed by other tests.
DROP_UNUSED = """
import sys
from datafusion import SessionContext
from {{crate_name}} import Readings

def resident_memory() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4096

ctx = SessionContext()
make = eval(sys.argv[1])
for _ in range(1_000):
    make(ctx)
before = resident_memory()
for _ in range(10_000):
    make(ctx)
print(resident_memory() - before)
"""


@pytest.mark.skipif("sys.platform != 'linux'", reason="reads /proc")
@pytest.mark.parametrize(
    "make",
    [
        "lambda ctx: Readings().__datafusion_table_provider__(ctx)",
        "lambda ctx: Readings().__arrow_c_schema__()",
        "lambda ctx: Readings().__arrow_c_stream__()",
    ],
)
def test_dropped_unused(run_python: Callable[..., str], make: str) -> None:
    grown = int(run_python(DROP_UNUSED, make))
    assert grown < 4 * 2**20


def test_the_class_may_be_dropped_before_the_query(ctx: SessionContext) -> None:
    ctx.register_table("readings", Readings(rows=10))
    assert ctx.sql("SELECT sum(id) AS total FROM readings").to_pylist() == [{"total": 45}]
