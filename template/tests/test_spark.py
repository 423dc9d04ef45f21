"""The data source gives Sail the same answers as DataFusion gives over the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from datafusion import SessionContext

from {{crate_name}} import Readings

sail = pytest.importorskip("pysail.spark", reason="needs the session `spark` of noxfile.py")

from pyspark.sql import DataFrame, SparkSession

from {{crate_name}}.spark import ReadingsDataSource


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    server = sail.SparkConnectServer(port=0)
    server.start()
    _, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://localhost:{port}").getOrCreate()
    session.dataSource.register(ReadingsDataSource)
    yield session
    session.stop()
    server.stop()


def read(spark: SparkSession, **options: Any) -> DataFrame:
    return spark.read.format(ReadingsDataSource.name()).options(**options).load()


def expected(sql: str, rows: int = 1_000) -> list[dict[str, Any]]:
    ctx = SessionContext()
    ctx.register_table("t", Readings(rows))
    return in_order(ctx.sql(sql).to_arrow_table())


def in_order(table: pa.Table) -> list[dict[str, Any]]:
    return sorted(table.to_pylist(), key=str)


def test_rows_and_columns(spark: SparkSession) -> None:
    table = read(spark, rows=1_000, partitions=4).toArrow()
    assert in_order(table) == expected("SELECT * FROM t")
    assert table.schema.names == pa.schema(Readings()).names
    # The time zone is kept.
    assert table.schema.field("recorded_at").type.tz is not None


def test_where_reaches_the_source(spark: SparkSession) -> None:
    # A source that did not get the condition would compute a billion rows here.
    frame = read(spark, rows=10**9, where="id >= 999999998 AND celsius IS NOT NULL")
    sql = "SELECT * FROM t WHERE id >= 999999998 AND celsius IS NOT NULL"
    assert in_order(frame.toArrow()) == expected(sql, rows=10**9)
    assert read(spark, where="id < 0").toArrow().num_rows == 0


def test_group_by_and_join(spark: SparkSession) -> None:
    read(spark, rows=1_000, partitions=4).createOrReplaceTempView("t")
    for sql in (
        "SELECT sensor, count(*) AS n, avg(celsius) AS mean FROM t GROUP BY sensor",
        "SELECT a.id FROM t a JOIN t b ON a.id = b.id + 1 WHERE b.celsius > 20",
    ):
        assert in_order(spark.sql(sql).toArrow()) == expected(sql)


def test_a_frame_that_is_used_twice(spark: SparkSession) -> None:
    frame = read(spark, rows=10)
    assert [frame.filter("id = 1").count(), frame.count()] == [1, 10]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"color": "red"}, "there is no option color: choose rows, partitions, where"),
        ({"rows": "many"}, "invalid literal for int"),
        ({"rows": "-1"}, "rows must be between 0 and"),
        ({"where": "nothing = 1"}, "nothing"),
    ],
)
def test_wrong_options(spark: SparkSession, options: dict[str, str], message: str) -> None:
    with pytest.raises(Exception, match=message):
        read(spark, **options).toArrow()
