"""The list of catalogs of a session, replaced by that of this package."""

from __future__ import annotations

import pytest
from datafusion import SessionConfig, SessionContext

from {{crate_name}} import ReadingsCatalogList, register_all


@pytest.fixture
def ctx() -> SessionContext:
    ctx = SessionContext(SessionConfig().with_information_schema())
    ctx.register_catalog_provider_list(ReadingsCatalogList())
    return ctx


def test_register_all_keeps_what_was_there() -> None:
    ctx = SessionContext()
    ctx.sql("CREATE TABLE mine AS VALUES (7)").collect()
    ctx = register_all(ctx)
    assert ctx.catalog_names() >= {"datafusion", "house"}
    assert ctx.sql("SELECT count(*) AS n FROM house.serial.minute").to_pylist() == [{"n": 60}]
    assert ctx.table("mine").schema().names == ["column1"]
    ctx.from_pydict({"x": [8]}, name="another")
    assert ctx.catalog().schema().table_names() >= {"another", "mine"}


def test_names(ctx: SessionContext) -> None:
    assert ctx.catalog_names() == {"house"}
    assert ctx.catalog("house").schema_names() == {"parallel", "serial"}


def test_catalogs_of_others_can_be_registered(ctx: SessionContext) -> None:
    other = SessionContext()
    other.sql("CREATE TABLE t AS VALUES (1), (2)").collect()
    ctx.register_catalog_provider("other", other.catalog())
    assert ctx.catalog_names() == {"house", "other"}
    assert ctx.sql("SELECT count(*) AS n FROM other.public.t").to_pylist() == [{"n": 2}]


def test_missing_catalog(ctx: SessionContext) -> None:
    with pytest.raises(Exception, match=r"not found|failed to resolve"):
        ctx.sql("SELECT * FROM garden.serial.day")
    with pytest.raises(KeyError):
        ctx.catalog("garden")
