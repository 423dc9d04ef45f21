"""A query reads no more files, and no more of each, than it needs.

``conformance/test_tables.py`` tests that a query gets the right rows.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datafusion import SessionConfig, SessionContext

from {{crate_name}} import ReadingsFiles, register_all

ROWS = 1_000


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Four files of ten row groups."""
    for month in ("01", "02"):
        for part in range(2):
            path = tmp_path / f"month={month}" / f"{part}.parquet"
            path.parent.mkdir(exist_ok=True)
            ids = pa.array(range(part * ROWS, (part + 1) * ROWS), pa.int64())
            pq.write_table(pa.table({"id": ids}), path, row_group_size=ROWS // 10)
    return f"{tmp_path}/"


@pytest.fixture
def ctx(folder: str) -> SessionContext:
    ctx = SessionContext()
    ctx.register_table("files", ReadingsFiles([folder], ["month"]))
    sql = f"""
        CREATE EXTERNAL TABLE native (id BIGINT, month VARCHAR)
        STORED AS PARQUET PARTITIONED BY (month) LOCATION '{folder}'
    """
    ctx.sql(sql).collect()
    return ctx


def work(ctx: SessionContext, sql: str) -> dict[str, str]:
    """What DataFusion says that reading the files took."""
    [row] = ctx.sql(f"EXPLAIN ANALYZE {sql}").to_pylist()
    names = "bytes_scanned|files_opened|row_groups_pruned_statistics"
    return dict(re.findall(rf"\b({names})=([^,\]]+)", row["plan"]))


def test_register_all() -> None:
    assert not register_all(SessionContext()).table_exist("files")


@pytest.mark.parametrize(
    "query",
    [
        "count(*) AS n FROM {}",
        "sum(id) AS s FROM {} WHERE month = '02'",
        "* FROM {} WHERE id = 1500",
        "* FROM {} WHERE id = 1500 AND month = '01'",
        "id FROM {} WHERE id BETWEEN 150 AND 250 AND id <> 200",
        "month, max(id) AS m FROM {} WHERE id < 50 OR id > 1990 GROUP BY month",
    ],
)
def test_no_more_is_read_than_datafusion_reads(ctx: SessionContext, query: str) -> None:
    def rows(table: str) -> list[str]:
        return sorted(map(str, ctx.sql(f"SELECT {query.format(table)}").to_pylist()))

    assert rows("files") == rows("native")
    read = work(ctx, f"SELECT {query.format('files')}")
    assert read == work(ctx, f"SELECT {query.format('native')}")


def test_one_row_is_in_one_row_group(ctx: SessionContext) -> None:
    read = work(ctx, "SELECT * FROM files WHERE id = 1500 AND month = '01'")
    assert read["row_groups_pruned_statistics"] == "10 total → 1 matched"


def test_several_places(folder: str) -> None:
    ctx = SessionContext()
    files = ReadingsFiles([f"{folder}month=01/0.parquet", f"{folder}month=02/"])
    ctx.register_table("files", files)
    assert ctx.sql("SELECT count(*) AS n FROM files").to_pylist() == [{"n": 3 * ROWS}]
    assert pa.table(files).num_rows == 3 * ROWS


@pytest.mark.parametrize(
    "predicate",
    [
        "date_part('month', ts) = 2",
        "date_part('month', date_trunc('day', ts)) = 2",
        "date_trunc('month', ts) = TIMESTAMP '2026-02-01'",
        "encode(name, 'hex') = '31'",
        "st['a'] = 1",
        "date_part('month', ts) = 2 OR encode(name, 'hex') = '30'",
    ],
)
def test_functions_of_the_host_in_files(tmp_path: Path, predicate: str) -> None:
    """A reader that evaluates filters calls them with constants, as the host does."""
    times = pa.array([datetime(2026, month, 5) for month in (1, 2, 3)], pa.timestamp("us"))
    structs = pa.array([{"a": 0}, {"a": 1}, {"a": None}])
    names = pa.array([b"0", b"1", None])
    table = pa.table({"id": range(3), "ts": times, "st": structs, "name": names})
    pq.write_table(table, tmp_path / "times.parquet")
    config = SessionConfig().set("datafusion.execution.parquet.pushdown_filters", "true")
    ctx = SessionContext(config)
    ctx.register_table("times", ReadingsFiles([str(tmp_path / "times.parquet")]))
    ctx.from_arrow(table, name="expected")
    sql = f"SELECT id FROM %s WHERE {predicate} ORDER BY id"
    assert ctx.sql(sql % "times").to_pylist() == ctx.sql(sql % "expected").to_pylist() != []


def test_files_that_are_read_again(tmp_path: Path) -> None:
    """A recursive query reads them once for each of its steps."""
    pq.write_table(pa.table({"id": range(10)}), tmp_path / "ids.parquet")
    ctx = SessionContext()
    ctx.register_table("ids", ReadingsFiles([str(tmp_path / "ids.parquet")]))
    sql = """
        WITH RECURSIVE steps AS (
            SELECT id AS i FROM ids WHERE id = 0
            UNION ALL SELECT id FROM ids JOIN steps ON id = i + 1
        )
        SELECT count(i) AS n FROM steps
    """
    assert ctx.sql(sql).to_pylist() == [{"n": 10}]


NOON = datetime(2026, 7, 1, 12, 30)


@pytest.mark.parametrize(
    ("values", "stored", "requested"),
    [
        ([1.5], pa.float64(), pa.int64()),
        ([1e300], pa.float64(), pa.float32()),
        ([2**53 + 1], pa.int64(), pa.float64()),
        ([None, 1, 300], pa.int64(), pa.int8()),
        ([NOON], pa.timestamp("us"), pa.date32()),
        ([1_000_001], pa.timestamp("us"), pa.timestamp("ms")),
        (["warm"], pa.string(), pa.int64()),
    ],
)
def test_a_cast_that_would_lose_something_is_refused(
    tmp_path: Path, values: list[object], stored: pa.DataType, requested: pa.DataType
) -> None:
    pq.write_table(pa.table({"x": pa.array(values, stored)}), tmp_path / "x.parquet")
    files = ReadingsFiles([str(tmp_path / "x.parquet")])
    with pytest.raises(pa.ArrowInvalid, match='column "x"'):
        pa.RecordBatchReader.from_stream(files, pa.schema([("x", requested)])).read_all()


@pytest.mark.parametrize(
    ("values", "stored", "requested"),
    [
        ([2.0, None, -0.5e3], pa.float64(), pa.int64()),
        ([2**53, None], pa.int64(), pa.float64()),
        ([NOON, None], pa.timestamp("us"), pa.timestamp("us", "America/New_York")),
        ([NOON, None], pa.timestamp("us", "Asia/Kolkata"), pa.timestamp("ms", "UTC")),
        ([NOON], pa.timestamp("us", "America/New_York"), pa.timestamp("us")),
        (["attic", None], pa.string(), pa.dictionary(pa.int32(), pa.string())),
        (["attic", None], pa.string(), pa.string_view()),
        ([1, None], pa.int64(), pa.string()),
    ],
)
def test_other_casts_are_those_of_pyarrow(
    tmp_path: Path, values: list[object], stored: pa.DataType, requested: pa.DataType
) -> None:
    column = pa.array(values, stored)
    pq.write_table(pa.table({"x": column}), tmp_path / "x.parquet")
    files = ReadingsFiles([str(tmp_path / "x.parquet")])
    schema = pa.schema([("x", requested)])
    read = pa.RecordBatchReader.from_stream(files, schema).read_all()
    assert read["x"].to_pylist() == column.cast(requested).to_pylist()


def test_insert(ctx: SessionContext, folder: str) -> None:
    ctx.register_table("one", ReadingsFiles([f"{folder}month=01/"]))
    assert ctx.sql("INSERT INTO one SELECT id FROM native").to_pylist() == [{"count": 4 * ROWS}]
    again = ReadingsFiles([f"{folder}month=01/"])
    assert pa.table(again).num_rows == 6 * ROWS


@pytest.mark.parametrize(
    ("urls", "columns", "error", "message"),
    [
        ([], [], ValueError, "^there is nothing to read: give one URL or path at least$"),
        (["https://me:secret@example.com/"], [], ValueError, "a user, a password or a token in"),
        (["https://example.com/a?sig=secret"], [], ValueError, "a user, a password or a token in"),
        (["s3://KEY:secret/RET@bucket/"], [], ValueError, "a user, a password or a token in"),
        (["s3://bucket/"], [], ValueError, "^this package has no object store for s3://bucket/: "),
        (["https://[::1]:80/a@b/"], [], ValueError, r"has no object store for https://\[::1\]:80/"),
        (["/no/such/folder/"], [], RuntimeError, "No files found at file:///no/such/folder/"),
        (["{}"], ["year"], RuntimeError, 'Inferred partitions to be ."month"., but got ."year".'),
    ],
)
def test_bad_arguments(
    folder: str, urls: list[str], columns: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as refusal:
        ReadingsFiles([url.format(folder) for url in urls], columns)
    assert "secret" not in str(refusal.value)
    assert "bug in DataFusion" not in str(refusal.value)


def test_a_file_that_is_broken(folder: str) -> None:
    Path(folder, "month=01", "0.parquet").write_text("not Parquet")
    with pytest.raises(RuntimeError, match="Invalid Parquet file"):
        ReadingsFiles([folder], ["month"])


def test_repr(folder: str) -> None:
    expected = f'ReadingsFiles(["{folder}"], partition_columns=["month"])'
    assert repr(ReadingsFiles([folder], ["month"])) == expected
