"""Codecs and planner, installed together."""

from __future__ import annotations

from datafusion import LogicalPlan, SessionContext

from {{crate_name}} import (
    Readings,
    SessionExtension,
    register_all,
)

ID = "{{project-name}}"


def test_register_all() -> None:
    ctx = register_all(SessionContext())
    assert ctx.logical_extension_codec_ids() == [ID]
    assert ctx.physical_extension_codec_ids() == [ID]


def test_all_parts_work() -> None:
    ctx = SessionContext().with_extensions(SessionExtension())
    ctx.register_table("readings", Readings(rows=10**9))
    frame = ctx.sql("SELECT id FROM readings LIMIT 1 OFFSET 999999999")
    assert "id >= Int64(999999999)" in frame.execution_plan().display_indent()
    assert frame.to_pylist() == [{"id": 999_999_999}]
    encoded = ctx.sql("SELECT max(id) AS last FROM readings").logical_plan().to_bytes(ctx)
    decoded = ctx.create_dataframe_from_logical_plan(LogicalPlan.from_bytes(ctx, encoded))
    assert decoded.to_pylist() == [{"last": 999_999_999}]


def test_one_object_for_several_sessions() -> None:
    extension = SessionExtension()
    contexts = [SessionContext().with_extensions(extension) for _ in range(2)]
    for rows, ctx in enumerate(contexts, start=5):
        ctx.register_table("readings", Readings(rows))
    for rows, ctx in enumerate(contexts, start=5):
        assert ctx.sql("SELECT count(*) AS n FROM readings").to_pylist() == [{"n": rows}]


def test_together_with_another_extension() -> None:
    class Other:
        def __datafusion_session_planner__(self, ctx: SessionContext, fallback: object) -> None:
            return None

    ctx = SessionContext().with_extensions(SessionExtension(), Other())
    assert ctx.sql("SELECT 1 AS one").to_pylist() == [{"one": 1}]
