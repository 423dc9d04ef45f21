"""The table in SQL: right rows, and of each query only what it needs."""

from __future__ import annotations

import pytest
from datafusion import SessionConfig, SessionContext

from {{crate_name}} import Readings, register_all

ROWS = 10_000


@pytest.fixture
def readings(ctx: SessionContext) -> Readings:
    readings = Readings(rows=ROWS, partitions=4)
    ctx.register_table("readings", readings)
    return readings


def rows(ctx: SessionContext, sql: str) -> list[dict[str, object]]:
    return ctx.sql(sql).to_pylist()


def plan(ctx: SessionContext, sql: str) -> str:
    return ctx.sql(sql).execution_plan().display_indent()


def test_register_all(ctx: SessionContext) -> None:
    assert rows(register_all(ctx), "SELECT count(*) AS n FROM readings") == [{"n": 1000}]


@pytest.mark.usefixtures("readings")
def test_values_of_every_type(ctx: SessionContext) -> None:
    table = ctx.sql("SELECT * FROM readings WHERE id IN (0, 99) ORDER BY id").to_arrow_table()
    assert [str(field.type) for field in table.schema] == [
        "int64",
        "string",
        "double",
        "timestamp[us, tz=UTC]",
    ]
    first, failed = table.to_pylist()
    assert (first["id"], first["sensor"], first["celsius"]) == (0, "attic", 15.0)
    assert first["recorded_at"].isoformat() == "2026-01-01T00:00:00+00:00"
    assert failed["celsius"] is None


@pytest.mark.usefixtures("readings")
def test_every_row_is_read_once(ctx: SessionContext) -> None:
    # `id + 0` is a filter that nobody can push down.
    sql = "SELECT count(*) AS n, count(DISTINCT id) AS ids, sum(id) AS total FROM readings"
    sql += " WHERE id + 0 >= 0"
    assert rows(ctx, sql) == [{"n": ROWS, "ids": ROWS, "total": ROWS * (ROWS - 1) // 2}]


def test_projection_reaches_the_source(ctx: SessionContext, readings: Readings) -> None:
    sql = "SELECT sum(celsius) FROM readings"
    assert "projection=[celsius]" in plan(ctx, sql)
    rows(ctx, sql)
    assert readings.counters == {"partitions": 4, "rows": ROWS, "values": ROWS}


def test_no_columns_at_all(ctx: SessionContext, readings: Readings) -> None:
    assert len(rows(ctx, "SELECT 1 AS one FROM readings")) == ROWS
    assert readings.counters == {"partitions": 4, "rows": ROWS, "values": 0}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("id = 17", [17]),
        ("17 = id", [17]),
        ("id < 2", [0, 1]),
        ("id <= 1", [0, 1]),
        ("id > 9997", [9998, 9999]),
        ("id >= 9998", [9998, 9999]),
        ("2 > id", [0, 1]),
        ("id BETWEEN 4998 AND 5001", [4998, 4999, 5000, 5001]),
        ("id > 5 AND id < 5", []),
        ("id >= 10000", []),
        ("id < -5", []),
        ("id = 9223372036854775807", []),
        ("id = -9223372036854775808", []),
    ],
)
def test_exact_filter(
    ctx: SessionContext, readings: Readings, condition: str, expected: list[int]
) -> None:
    sql = f"SELECT id FROM readings WHERE {condition} ORDER BY id"
    assert "FilterExec" not in plan(ctx, sql)
    assert [row["id"] for row in rows(ctx, sql)] == expected
    assert readings.counters["rows"] == len(expected)


@pytest.mark.parametrize(
    ("condition", "expected", "partitions"),
    [
        ("recorded_at < TIMESTAMP '2026-01-01T00:00:02Z'", [0, 1], 1),
        ("recorded_at <= TIMESTAMP '2026-01-01T00:00:01.5Z'", [0, 1], 1),
        ("recorded_at > TIMESTAMP '2026-01-01T02:46:37Z'", [9998, 9999], 1),
        ("recorded_at >= TIMESTAMP '2026-01-01T02:46:37.5Z'", [9998, 9999], 1),
        ("recorded_at = TIMESTAMP '2026-01-01T00:41:40Z'", [2500], 1),
        ("recorded_at = TIMESTAMP '2026-01-01T00:41:40.5Z'", [], 1),
        ("recorded_at < TIMESTAMP '2025-01-01T00:00:00Z'", [], 0),
    ],
)
def test_inexact_filter_skips_partitions(
    ctx: SessionContext, readings: Readings, condition: str, expected: list[int], partitions: int
) -> None:
    sql = f"SELECT id FROM readings WHERE {condition} ORDER BY id"
    shown = plan(ctx, sql)
    assert "FilterExec" in shown
    assert ("filters=[recorded_at" if partitions else "EmptyExec") in shown
    assert [row["id"] for row in rows(ctx, sql)] == expected
    assert readings.counters["rows"] == partitions * ROWS // 4


def test_unsupported_filter_is_left_to_datafusion(ctx: SessionContext, readings: Readings) -> None:
    sql = "SELECT id FROM readings WHERE sensor = 'attic' AND id < 10 ORDER BY id"
    assert "FilterExec: sensor" in plan(ctx, sql)
    assert "filters=[id < Int64(10)]" in plan(ctx, sql)
    assert [row["id"] for row in rows(ctx, sql)] == [0, 4, 8]
    assert readings.counters["rows"] == 10


def test_limit_stops_reading(ctx: SessionContext) -> None:
    readings = Readings(rows=10**12)
    ctx.register_table("readings", readings)
    sql = "SELECT id FROM readings LIMIT 10"
    assert "limit=10" in plan(ctx, sql)
    assert len(rows(ctx, sql)) == 10
    assert readings.counters == {"partitions": 1, "rows": 10, "values": 10}


def test_limit_above_a_filter_stops_reading(ctx: SessionContext) -> None:
    readings = Readings(rows=10**12)
    ctx.register_table("readings", readings)
    assert len(rows(ctx, "SELECT id FROM readings WHERE sensor = 'attic' LIMIT 10")) == 10
    assert readings.counters["rows"] < 10**6


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT count(*) AS x FROM readings", ROWS),
        ("SELECT count(*) AS x FROM readings WHERE id < 42", 42),
        ("SELECT count(celsius) AS x FROM readings", ROWS - ROWS // 100),
        ("SELECT max(id) AS x FROM readings", ROWS - 1),
    ],
)
def test_statistics_answer_without_reading(
    ctx: SessionContext, readings: Readings, sql: str, expected: int
) -> None:
    assert rows(ctx, sql) == [{"x": expected}]
    assert readings.counters == {"partitions": 0, "rows": 0, "values": 0}


@pytest.mark.usefixtures("readings")
def test_statistics_are_shown_and_true(ctx: SessionContext) -> None:
    ctx.sql("SET datafusion.explain.show_statistics = true").collect()
    sql = "EXPLAIN SELECT id, celsius FROM readings WHERE id >= 2500 AND id < 7500"
    shown = str(rows(ctx, sql))
    assert "Rows=Exact(5000)" in shown
    assert "Min=Exact(Int64(2500))" in shown
    assert "Max=Exact(Int64(7499))" in shown
    assert "Null=Exact(50)" in shown


def test_batches_follow_the_session(readings: Readings) -> None:
    ctx = SessionContext(SessionConfig().with_batch_size(100))
    ctx.register_table("readings", readings)
    batches = ctx.sql("SELECT id FROM readings").collect()
    assert {batch.num_rows for batch in batches} == {100}


def test_partitions_are_read_in_parallel(ctx: SessionContext, readings: Readings) -> None:
    plan = ctx.sql("SELECT id FROM readings").execution_plan()
    assert plan.partition_count == 4


def test_metrics_are_in_explain_analyze(ctx: SessionContext, readings: Readings) -> None:
    [row] = rows(ctx, "EXPLAIN ANALYZE SELECT id FROM readings WHERE id < 10")
    assert "output_rows=10" in str(row["plan"])


@pytest.mark.parametrize("rows", [0, 1, 3, 99, 100, 101])
@pytest.mark.parametrize("partitions", [1, 2, 7])
def test_odd_sizes(ctx: SessionContext, rows: int, partitions: int) -> None:
    ctx.register_table("readings", Readings(rows, partitions))
    sql = "SELECT count(*) AS n, count(celsius) AS present FROM readings WHERE id + 0 >= 0"
    expected = {"n": rows, "present": rows - rows // 100}
    assert ctx.sql(sql).to_pylist() == [expected]


def test_joins_and_windows_over_itself(ctx: SessionContext, readings: Readings) -> None:
    sql = """
        SELECT a.id, avg(b.celsius) OVER (ORDER BY a.id ROWS 1 PRECEDING) AS mean
        FROM readings a JOIN readings b ON a.id = b.id + 1
        WHERE a.id < 4 ORDER BY a.id
    """
    assert [row["mean"] for row in rows(ctx, sql)] == [15.0, 15.25, 15.75]


@pytest.mark.parametrize(
    ("rows", "partitions", "message"),
    [
        (-1, 4, "rows must be between 0 and 1000000000000, got -1"),
        (10**12 + 1, 4, "rows must be between 0 and 1000000000000, got 1000000000001"),
        (10, 0, "partitions must be between 1 and 1024, got 0"),
        (10, 1025, "partitions must be between 1 and 1024, got 1025"),
    ],
)
def test_bad_arguments(rows: int, partitions: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Readings(rows, partitions)


def test_insert(ctx: SessionContext, readings: Readings) -> None:
    [row] = rows(ctx, "INSERT INTO readings VALUES (10000, 'roof', NULL, now())")
    assert row == {"count": 1}
    assert rows(ctx, "SELECT count(*) AS n FROM readings") == [{"n": ROWS + 1}]
    [row] = rows(ctx, "SELECT id, sensor, celsius FROM readings WHERE id >= 10000")
    assert row == {"id": 10_000, "sensor": "roof", "celsius": None}
    assert repr(readings) == "Readings(rows=10000, partitions=4) and 1 inserted"


@pytest.mark.usefixtures("readings")
def test_insert_from_several_partitions(ctx: SessionContext) -> None:
    sql = "INSERT INTO readings SELECT id + 10000, sensor, celsius, recorded_at FROM readings"
    assert rows(ctx, sql) == [{"count": ROWS}]
    sql = "SELECT count(*) AS n, max(id) AS last, count(DISTINCT id) AS ids FROM readings"
    assert rows(ctx, sql) == [{"n": 2 * ROWS, "last": 2 * ROWS - 1, "ids": 2 * ROWS}]
    # The statistics, which answer these, say the same as the rows.
    sql = "SELECT count(*) AS n FROM readings WHERE id + 0 >= 0"
    assert rows(ctx, sql) == [{"n": 2 * ROWS}]


@pytest.mark.usefixtures("readings")
def test_insert_of_what_is_computed(ctx: SessionContext) -> None:
    sql = """
        INSERT INTO readings
        SELECT 10000 + row_number() OVER (ORDER BY sensor), sensor, avg(celsius), max(recorded_at)
        FROM readings GROUP BY sensor
    """
    assert rows(ctx, sql) == [{"count": 4}]
    sql = "SELECT id, sensor FROM readings WHERE id > 9999 ORDER BY id"
    assert [row["sensor"] for row in rows(ctx, sql)] == ["attic", "cellar", "garden", "kitchen"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("(-1, 'roof', 1.0, now())", "id must be between 0 and 999999999999, got -1"),
        ("(1, NULL, 1.0, now())", "non-nullable"),
        ("(1, 'roof', 1.0)", "got 3 values in row 0 but expected 4"),
    ],
)
def test_insert_of_wrong_rows(
    ctx: SessionContext, readings: Readings, values: str, message: str
) -> None:
    with pytest.raises(Exception, match=message):
        rows(ctx, f"INSERT INTO readings VALUES {values}")
    assert repr(readings) == "Readings(rows=10000, partitions=4)"


@pytest.mark.usefixtures("readings")
def test_insert_that_would_overwrite(ctx: SessionContext) -> None:
    with pytest.raises(Exception, match="only INSERT INTO is possible"):
        rows(ctx, "INSERT OVERWRITE readings SELECT * FROM readings")


@pytest.mark.usefixtures("readings")
@pytest.mark.parametrize(
    "sql", ["DELETE FROM readings", "UPDATE readings SET sensor = 'roof'", "TRUNCATE readings"]
)
def test_what_does_not_cross(ctx: SessionContext, sql: str) -> None:
    # If this raises no more, `SourceTable` can offer it.
    with pytest.raises(Exception, match=r"not supported|not implemented"):
        rows(ctx, sql)


def test_repr() -> None:
    assert repr(Readings()) == "Readings(rows=1000, partitions=4)"
