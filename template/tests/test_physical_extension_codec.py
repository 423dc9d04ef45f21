"""Another process gets a physical plan over the table as bytes, and executes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from conformance import run_python
from datafusion import ExecutionPlan, SessionContext

from {{crate_name}} import PhysicalCodec, Readings, register_all

ID = "{{project-name}}"
SQL = "SELECT id, celsius FROM readings WHERE id >= 995"


@pytest.fixture
def ctx() -> SessionContext:
    ctx = SessionContext().with_physical_extension_codec(PhysicalCodec())
    ctx.register_table("readings", Readings())
    return ctx


@pytest.fixture
def encoded(ctx: SessionContext) -> bytes:
    return ctx.sql(SQL).execution_plan().to_bytes(ctx)


def test_register_all() -> None:
    ctx = register_all(SessionContext())
    assert ctx.table("readings").execution_plan().to_bytes(ctx)

{% if before_55 %}
@pytest.mark.skipif(
    not hasattr(SessionContext, "physical_extension_codec_ids"),
    reason="datafusion 54 does not tell the ids",
)
{%- endif %}
def test_id(ctx: SessionContext) -> None:
    assert PhysicalCodec().__datafusion_codec_id__ == ID
    assert ctx.physical_extension_codec_ids() == [ID]


def test_no_rows_travel_too(ctx: SessionContext) -> None:
    nothing = ctx.sql("SELECT id FROM readings WHERE id < 0").execution_plan()
    plan = ExecutionPlan.from_bytes(ctx, nothing.to_bytes(ctx))
    assert plan.partition_count == 1
    assert [batch.to_pyarrow().num_rows for batch in ctx.execute(plan, 0)] in ([], [0])


def test_in_another_process(ctx: SessionContext, encoded: bytes, tmp_path: Path) -> None:
    path = tmp_path / "plan"
    path.write_bytes(encoded)
    code = """
import pathlib, sys
from datafusion import ExecutionPlan, SessionContext
from {{crate_name}} import PhysicalCodec

ctx = SessionContext().with_physical_extension_codec(PhysicalCodec())
plan = ExecutionPlan.from_bytes(ctx, pathlib.Path(sys.argv[1]).read_bytes())
print(plan.display_indent())
for partition in range(plan.partition_count):
    for batch in ctx.execute(plan, partition):
        print(batch.to_pyarrow().to_pylist())
"""
    said = run_python(code, path)
    assert "SourceExec: partitions=1, projection=[id, celsius], filters=[id >= Int64(995)]" in said
    assert said.endswith(f"{ctx.sql(SQL).to_pylist()}\n")


def test_limit_and_partitions(ctx: SessionContext) -> None:
    for sql in ["SELECT id FROM readings LIMIT 300", "SELECT id FROM readings"]:
        plan = ctx.sql(sql).execution_plan()
        decoded = ExecutionPlan.from_bytes(ctx, plan.to_bytes(ctx))
        assert decoded.display_indent() == plan.display_indent()
        assert decoded.partition_count == plan.partition_count


def test_without_the_codec(encoded: bytes) -> None:
    with pytest.raises(Exception, match=r"[Cc]odec"):
        ExecutionPlan.from_bytes(SessionContext(), encoded)


def test_damaged_bytes(encoded: bytes, tmp_path: Path) -> None:
    # A mistake here could be a crash, so this runs in a process of its own.
    path = tmp_path / "plan"
    path.write_bytes(encoded)
    code = """
import pathlib, sys
from datafusion import ExecutionPlan, SessionContext
from {{crate_name}} import PhysicalCodec

encoded = pathlib.Path(sys.argv[1]).read_bytes()
refused = 0
for i in range(len(encoded)):
    for damaged in (encoded[:i], encoded[:i] + bytes([encoded[i] ^ 0x55]) + encoded[i + 1 :]):
        ctx = SessionContext().with_physical_extension_codec(PhysicalCodec())
        try:
            ExecutionPlan.from_bytes(ctx, damaged).display_indent()
        except BaseException:  # The host itself may panic, which Python survives.
            refused += 1
print(refused > len(encoded))
"""
    assert run_python(code, path) == "True\n"
