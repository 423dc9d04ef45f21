"""The journal has all rows of an INSERT, or none of them."""

from __future__ import annotations

import pyarrow as pa
import pytest
from datafusion import SessionConfig, SessionContext, col

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


@pytest.fixture
def numbers() -> SessionContext:
    """Two partitions of several batches, and a journal."""
    ctx = SessionContext(SessionConfig().with_target_partitions(4))
    batches = pa.table({"id": range(20_000)}).to_batches(max_chunksize=1_000)
    ctx.register_record_batches("ids", [batches[::2], batches[1::2]])
    ctx.register_table("journal", Journal())
    return ctx


@pytest.mark.parametrize(
    "query",
    [
        "SELECT CAST(id AS VARCHAR) AS sensor, 'x' AS note FROM ids ORDER BY sensor DESC",
        "SELECT CAST(id AS VARCHAR) AS sensor, 'x' AS note FROM ids ORDER BY id DESC",
        "SELECT CAST(id % 7 AS VARCHAR) AS sensor, NULL AS note FROM ids ORDER BY id % 7 LIMIT 9000",
        "SELECT CAST(id AS VARCHAR) AS sensor, NULL AS note FROM ids ORDER BY id DESC OFFSET 9",
        (
            "SELECT CAST(k AS VARCHAR) AS sensor, CAST(sum(id) AS VARCHAR) AS note"
            " FROM (SELECT id, id % 9000 AS k FROM ids) GROUP BY k ORDER BY sum(id) DESC"
        ),
        (
            "SELECT CAST(id AS VARCHAR) AS sensor, CAST(row_number() OVER (ORDER BY id) AS VARCHAR)"
            " AS note FROM ids ORDER BY id DESC"
        ),
        (
            "(SELECT CAST(id AS VARCHAR) AS sensor, 'x' AS note FROM ids)"
            " UNION ALL (SELECT 'x', NULL FROM ids) ORDER BY sensor DESC, note"
        ),
    ],
)
def test_rows_keep_the_order_of_the_query(numbers: SessionContext, query: str) -> None:
    expected = rows(numbers, query)
    assert rows(numbers, f"INSERT INTO journal {query}") == [(len(expected),)]
    assert rows(numbers, "SELECT * FROM journal") == expected


def test_rows_keep_the_order_of_a_frame(numbers: SessionContext) -> None:
    frame = numbers.sql("SELECT CAST(id AS VARCHAR) AS sensor, NULL AS note FROM ids")
    frame.sort(col("sensor").sort(ascending=False)).write_table("journal")
    expected = sorted((str(i) for i in range(20_000)), reverse=True)
    assert [sensor for sensor, _ in rows(numbers, "SELECT * FROM journal")] == expected


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


def test_overwrite(ctx: SessionContext) -> None:
    ctx.sql("INSERT INTO journal VALUES ('attic', 'warm'), ('cellar', 'cold')").collect()
    sql = "INSERT OVERWRITE journal SELECT sensor, 'dark' FROM journal WHERE note = 'cold'"
    assert rows(ctx, sql) == [(1,)]
    assert rows(ctx, "SELECT * FROM journal") == [("cellar", "dark")]
    ctx.from_pydict({"x": [3, 2, 1]}, name="t")
    sql = "INSERT OVERWRITE journal SELECT 'x', CAST(1 / (x - 1) AS VARCHAR) FROM t"
    with pytest.raises(Exception, match="no row was inserted"):
        ctx.sql(sql).collect()
    assert rows(ctx, "SELECT * FROM journal") == [("cellar", "dark")]
    assert rows(ctx, "INSERT OVERWRITE journal SELECT * FROM journal LIMIT 0") == [(0,)]
    assert rows(ctx, "SELECT * FROM journal") == []


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("INSERT INTO journal VALUES ('attic', ''), (NULL, '')", "non-nullable"),
        ("INSERT INTO journal SELECT 'attic', CAST(1 / (x - 1) AS VARCHAR) FROM t", "no row was"),
        ("REPLACE INTO journal VALUES ('attic', '')", "this table: use INSERT INTO"),
    ],
)
def test_failure_leaves_nothing_behind(ctx: SessionContext, sql: str, message: str) -> None:
    ctx.from_pydict({"x": [3, 2, 1]}, name="t")
    with pytest.raises(Exception, match=message):
        ctx.sql(sql).collect()
    assert rows(ctx, "SELECT * FROM journal") == []
