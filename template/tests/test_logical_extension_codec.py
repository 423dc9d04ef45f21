"""Another process gets a logical plan over the table as bytes, and executes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from conformance import run_python
from datafusion import LogicalPlan, SessionContext

from {{crate_name}} import LogicalCodec, Readings, register_all

ID = "{{project-name}}"
SQL = "SELECT sensor, count(*) AS n FROM readings WHERE id >= 2 GROUP BY sensor ORDER BY sensor"
ROWS = [
    {"sensor": name, "n": n}
    for name, n in zip(["attic", "cellar", "garden", "kitchen"], [2, 2, 3, 3], strict=True)
]


@pytest.fixture
def ctx() -> SessionContext:
    return SessionContext().with_logical_extension_codec(LogicalCodec())


@pytest.fixture
def encoded(ctx: SessionContext) -> bytes:
    ctx.register_table("readings", Readings(rows=12, partitions=2))
    return ctx.sql(SQL).logical_plan().to_bytes(ctx)


def execute(ctx: SessionContext, encoded: bytes) -> list[dict[str, object]]:
    return ctx.create_dataframe_from_logical_plan(LogicalPlan.from_bytes(ctx, encoded)).to_pylist()


def test_register_all() -> None:
    ctx = register_all(SessionContext())
    assert ctx.table("readings").logical_plan().to_bytes(ctx)

{% if before_55 %}
@pytest.mark.skipif(
    not hasattr(SessionContext, "logical_extension_codec_ids"),
    reason="datafusion 54 does not tell the ids",
)
{%- endif %}
def test_id(ctx: SessionContext) -> None:
    assert LogicalCodec().__datafusion_codec_id__ == ID
    assert ctx.logical_extension_codec_ids() == [ID]


def test_in_another_process(encoded: bytes, tmp_path: Path) -> None:
    path = tmp_path / "plan"
    path.write_bytes(encoded)
    # The table is not registered there: it comes with the plan.
    code = """
import pathlib, sys
from datafusion import LogicalPlan, SessionContext
from {{crate_name}} import LogicalCodec

ctx = SessionContext().with_logical_extension_codec(LogicalCodec())
plan = LogicalPlan.from_bytes(ctx, pathlib.Path(sys.argv[1]).read_bytes())
print(ctx.create_dataframe_from_logical_plan(plan).to_pylist())
"""
    assert run_python(code, path) == f"{ROWS}\n"


def test_without_the_codec(encoded: bytes) -> None:
    with pytest.raises(Exception, match=r"[Cc]odec"):
        execute(SessionContext(), encoded)


def test_tables_of_others_are_left_alone(ctx: SessionContext) -> None:
    ctx.from_pydict({"x": [1, 2, 3]}, name="t")
    with pytest.raises(Exception, match="codec"):
        ctx.sql("SELECT * FROM t").logical_plan().to_bytes(ctx)


def test_damaged_bytes(encoded: bytes, tmp_path: Path) -> None:
    # A mistake here could be a crash, so this runs in a process of its own.
    path = tmp_path / "plan"
    path.write_bytes(encoded)
    code = """
import pathlib, sys
from datafusion import LogicalPlan, SessionContext
from {{crate_name}} import LogicalCodec

encoded = pathlib.Path(sys.argv[1]).read_bytes()
refused = 0
for i in range(len(encoded)):
    for damaged in (encoded[:i], encoded[:i] + bytes([encoded[i] ^ 0x55]) + encoded[i + 1 :]):
        ctx = SessionContext().with_logical_extension_codec(LogicalCodec())
        try:
            plan = LogicalPlan.from_bytes(ctx, damaged)
            ctx.create_dataframe_from_logical_plan(plan).execution_plan()
        except BaseException:  # The host itself may panic, which Python survives.
            refused += 1
print(refused > len(encoded))
"""
    assert run_python(code, path) == "True\n"


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"\x03", "written in format 3, but this package reads 4"),
        (b"\x04\xff", "these bytes are not a table"),
        (b"\x04\x08\x01", "this codec has no type number 1"),
        (b"\x04\x12\x02\x08\xff", "these bytes are not a source"),
        (b"\x04\x12\x02\x08\x05", "partitions must be between 1 and 1024, got 0"),
    ],
)
def test_wrong_bytes(ctx: SessionContext, encoded: bytes, payload: bytes, message: str) -> None:
    # What the codec writes for 12 rows in 2 partitions.
    good = b"\x04\x12\x04\x08\x0c\x10\x02"
    assert encoded.count(good) == 1
    # The payload must keep its length, so it is padded with an unknown field, which is skipped.
    padded = payload + b"\x7a\x00" * 4
    with pytest.raises(Exception, match=message):
        execute(ctx, encoded.replace(good, padded[: len(good)]))
