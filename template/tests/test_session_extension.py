"""One object installs everything that belongs together."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass
from typing import Any

import datafusion
import pytest
from datafusion import LogicalPlan, SessionContext

from {{crate_name}} import (
    Readings,
{%- unless across_55 %}
    SessionExtension,
{%- endunless %}
    register_all,
)
{%- if across_55 %}

try:
    from {{crate_name}} import SessionExtension
except ImportError as lacking:
    pytest.skip(str(lacking), allow_module_level=True)
{%- endif %}

ID = "{{project-name}}"


def test_register_all() -> None:
    ctx = register_all(SessionContext())
    assert ctx.logical_extension_codec_ids() == [ID]
    assert ctx.physical_extension_codec_ids() == [ID]


def test_codecs() -> None:
    ctx = SessionContext().with_extensions(SessionExtension())
    ctx.register_table("readings", Readings(rows=10))
    encoded = ctx.sql("SELECT max(id) AS last FROM readings").logical_plan().to_bytes(ctx)
    decoded = ctx.create_dataframe_from_logical_plan(LogicalPlan.from_bytes(ctx, encoded))
    assert decoded.to_pylist() == [{"last": 9}]
{%- if query_planner %}


def test_planner() -> None:
    ctx = SessionContext().with_extensions(SessionExtension())
    ctx.register_table("readings", Readings(rows=10**9))
    frame = ctx.sql("SELECT id FROM readings LIMIT 1 OFFSET 999999999")
    assert "id >= Int64(999999999)" in frame.execution_plan().display_indent()
    assert frame.to_pylist() == [{"id": 999_999_999}]
{%- else %}


def test_planner() -> None:
    # Without a planner, the queries of a session do not pass as bytes.
    ctx = SessionContext()
    fallback = ctx.__datafusion_query_planner__(ctx)
    assert SessionExtension().__datafusion_session_planner__(ctx, fallback) is None
{%- endif %}


def test_components_are_made_anew() -> None:
    ctx, extension = SessionContext(), SessionExtension()
    first, second = (extension.__datafusion_session_components__(ctx) for _ in range(2))
    for kind in ("logical", "physical"):
        (codec,), (other,) = (getattr(each, f"{kind}_extension_codecs") for each in (first, second))
        assert codec is not other
        assert hasattr(codec, f"__datafusion_{kind}_extension_codec__")
        # Nothing is installed yet.
        assert getattr(ctx, f"{kind}_extension_codec_ids")() == []
    users = weakref.ref(ctx)
    del ctx
    gc.collect()
    assert users() is None


def test_one_object_for_several_sessions() -> None:
    extension = SessionExtension()
    contexts = [SessionContext().with_extensions(extension) for _ in range(2)]
    for rows, ctx in enumerate(contexts, start=5):
        ctx.register_table("readings", Readings(rows))
    for rows, ctx in enumerate(contexts, start=5):
        assert ctx.sql("SELECT count(*) AS n FROM readings").to_pylist() == [{"n": rows}]


def test_together_with_another_extension() -> None:
    class Other:
        def __datafusion_session_components__(
            self, ctx: SessionContext
        ) -> datafusion.SessionExtensionComponents:
            return datafusion.SessionExtensionComponents(logical_extension_codecs=(Codec(),))

        def __datafusion_session_planner__(self, ctx: SessionContext, fallback: object) -> None:
            return None

    class Codec:
        """The codec of another package."""

        __datafusion_codec_id__ = "other"

        def __datafusion_logical_extension_codec__(self, session: object = None) -> object:
            return SessionContext().__datafusion_logical_extension_codec__()

    ctx = SessionContext().with_extensions(SessionExtension(), Other())
    assert sorted(ctx.logical_extension_codec_ids()) == sorted([ID, "other"])
    ctx.register_table("readings", Readings(rows=10))
    assert ctx.sql("SELECT count(*) AS n FROM readings").to_pylist() == [{"n": 10}]
    encoded = ctx.sql("SELECT id FROM readings").logical_plan().to_bytes(ctx)
    decoded = ctx.create_dataframe_from_logical_plan(LogicalPlan.from_bytes(ctx, encoded))
    assert decoded.count() == 10


@dataclass(frozen=True, kw_only=True)
class FurtherComponents(datafusion.SessionExtensionComponents):
    """With the fields that versions after 55.0 are to have."""

    udfs: tuple[Any, ...] = ()
    udafs: tuple[Any, ...] = ()
    udwfs: tuple[Any, ...] = ()
    udtfs: tuple[tuple[str, Any], ...] = ()
    physical_optimizer_rules: tuple[Any, ...] = ()
    table_providers: tuple[tuple[str, Any], ...] = ()
    catalog_providers: tuple[tuple[str, Any], ...] = ()


@pytest.fixture
def later_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``with_extensions`` install all components, as those of later versions are to."""
    install_codecs = SessionContext.with_extensions

    def with_extensions(ctx: SessionContext, *extensions: Any) -> SessionContext:
        ctx = install_codecs(ctx, *extensions)
        for extension in extensions:
            components = extension.__datafusion_session_components__(ctx)
            for function in components.udfs:
                ctx.register_udf(datafusion.udf(function))
            for function in components.udafs:
                ctx.register_udaf(datafusion.udaf(function))
            for function in components.udwfs:
                ctx.register_udwf(datafusion.udwf(function))
            for name, function in components.udtfs:
                ctx.register_udtf(datafusion.TableFunction(name, function, ctx))
            for rule in components.physical_optimizer_rules:
                ctx.add_physical_optimizer_rule(rule)
            for name, table in components.table_providers:
                ctx.register_table(name, table)
            for name, catalog in components.catalog_providers:
                ctx.register_catalog_provider(name, catalog)
        return ctx

    monkeypatch.setattr(datafusion, "SessionExtensionComponents", FurtherComponents)
    monkeypatch.setattr(SessionContext, "with_extensions", with_extensions)


def registered(ctx: SessionContext) -> list[list[str]]:
    """List the tables, the catalogs and the functions of a session."""
    tables = ctx.catalog().schema().table_names()
    lists = tables, ctx.catalog_names(), ctx.udfs(), ctx.udafs(), ctx.udwfs()
    return [sorted(names) for names in lists]


def test_register_all_with_a_later_host(request: pytest.FixtureRequest) -> None:
    assert not SessionExtension().complete
    one_by_one = registered(register_all(SessionContext()))
    request.getfixturevalue("later_host")
    assert SessionExtension().complete
    assert registered(register_all(SessionContext())) == one_by_one


def test_everything_together_with_a_later_host(later_host: None) -> None:
    ctx = SessionContext().with_extensions(SessionExtension())
    assert ctx.sql("SELECT count(*) AS n FROM readings").to_pylist() == [{"n": 1000}]


def test_a_host_with_some_of_the_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Components(datafusion.SessionExtensionComponents):
        udfs: tuple[Any, ...] = ()

    monkeypatch.setattr(datafusion, "SessionExtensionComponents", Components)
    assert not SessionExtension().complete
    ctx = register_all(SessionContext())
    assert ctx.logical_extension_codec_ids() == [ID]
    assert ctx.sql("SELECT count(*) AS n FROM readings").to_pylist() == [{"n": 1000}]
