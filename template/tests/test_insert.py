"""The journal has all rows of an INSERT, or none of them."""

from __future__ import annotations

import pyarrow as pa
import pytest
from datafusion import SessionContext

from {{crate_name}} import Journal, register_all


@pytest.fixture
def ctx() -> SessionContext:
    ctx = SessionContext()
    ctx.register_table("journal", Journal())
    return ctx


def rows(ctx: SessionContext, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in ctx.sql(sql).to_pylist()]


def test_register_all() -> None:
    assert register_all(SessionContext()).table_exist("journal")


def test_inserted_rows_are_there(ctx: SessionContext) -> None:
    assert rows(ctx, "INSERT INTO journal VALUES ('attic', 'warm')") == [(1,)]
    assert rows(ctx, "SELECT * FROM journal") == [("attic", "warm")]


def test_rows_of_several_partitions(ctx: SessionContext) -> None:
    table = pa.table({"id": range(10_000)})
    batches = table.to_batches(max_chunksize=1_000)
    ctx.register_record_batches("ids", [batches[:5], batches[5:]])
    sql = "INSERT INTO journal SELECT CAST(id AS VARCHAR), NULL FROM ids"
    assert rows(ctx, sql) == [(10_000,)]
    assert rows(ctx, "SELECT count(DISTINCT sensor) FROM journal") == [(10_000,)]


def test_rows_that_are_computed(ctx: SessionContext) -> None:
    ctx.from_pydict({"k": ["a", "b", "a"], "x": [1, 2, 3]}, name="t")
    sql = "INSERT INTO journal SELECT k, CAST(sum(x) OVER (PARTITION BY k) AS VARCHAR) FROM t"
    assert rows(ctx, sql) == [(3,)]
    sql = "SELECT sensor, note FROM journal ORDER BY sensor"
    assert rows(ctx, sql) == [("a", "4"), ("a", "4"), ("b", "2")]


def test_other_types_are_cast(ctx: SessionContext) -> None:
    kinds = pa.schema([("sensor", pa.string_view()), ("note", pa.large_string())])
    ctx.from_arrow(pa.table([["attic"], ["warm"]], schema=kinds)).write_table("journal")
    assert rows(ctx, "SELECT * FROM journal") == [("attic", "warm")]


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"note": ["warm"], "sensor": ["attic"]}),
        pa.table({"sensor": ["attic"]}),
        pa.table({"sensor": ["attic"], "remark": ["warm"]}),
    ],
)
def test_other_columns_are_refused(ctx: SessionContext, table: pa.Table) -> None:
    with pytest.raises(Exception, match="but the table has"):
        ctx.from_arrow(table).write_table("journal")
    assert rows(ctx, "SELECT * FROM journal") == []


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("INSERT INTO journal VALUES ('attic', ''), (NULL, '')", "non-nullable"),
        ("INSERT INTO journal SELECT 'attic', CAST(1 / (x - 1) AS VARCHAR) FROM t", "no row was"),
        ("INSERT OVERWRITE journal SELECT * FROM journal", "only INSERT INTO is possible"),
    ],
)
def test_failure_leaves_nothing_behind(ctx: SessionContext, sql: str, message: str) -> None:
    ctx.from_pydict({"x": [3, 2, 1]}, name="t")
    with pytest.raises(Exception, match=message):
        ctx.sql(sql).collect()
    assert rows(ctx, "SELECT * FROM journal") == []
