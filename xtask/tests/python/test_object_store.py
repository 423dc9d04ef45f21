"""Eight files of several row groups, by the month: the package reads what the host reads itself."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datafusion import SessionContext
from hostile_ext import ReadingsFiles

ROWS = 20_000


@pytest.fixture(scope="module")
def ctx(tmp_path_factory: pytest.TempPathFactory) -> SessionContext:
    folder: Path = tmp_path_factory.mktemp("house")
    for month in ("01", "02", "03", "04"):
        for part in range(2):
            path = folder / f"month={month}" / f"{part}.parquet"
            path.parent.mkdir(exist_ok=True)
            ids = range(part * ROWS, (part + 1) * ROWS)
            columns = {"id": pa.array(ids, pa.int64()), "x": pa.array([i / 7 for i in ids])}
            pq.write_table(pa.table(columns), path, row_group_size=ROWS // 10)
    os.environ["HOUSE"] = str(folder)
    ctx = SessionContext()
    ctx.register_table("t", ReadingsFiles(["house://files/"], ["month"]))
    sql = f"""
        CREATE EXTERNAL TABLE native (id BIGINT, x DOUBLE, month VARCHAR)
        STORED AS PARQUET PARTITIONED BY (month) LOCATION '{folder}/'
    """
    ctx.sql(sql).collect()
    return ctx


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM {}",
        "SELECT min(id), max(x), count(x) FROM {}",
        "SELECT * FROM {} WHERE id = 12345",
        "SELECT x FROM {} WHERE id = 12345 AND month = '03'",
        "SELECT count(*) FROM {} WHERE id BETWEEN 1000 AND 5000 AND x > 200",
        "SELECT month, count(*), max(x) FROM {} WHERE id >= 39000 GROUP BY month",
        "SELECT a.id FROM {0} a JOIN {0} b ON a.id = b.id WHERE a.id < 3 AND b.month = '01'",
        "SELECT DISTINCT month FROM {} WHERE month <> '02'",
    ],
)
def test_same_rows_and_same_work(ctx: SessionContext, query: str) -> None:
    def rows(table: str) -> list[list[object]]:
        found = [list(row.values()) for row in ctx.sql(query.format(table)).to_pylist()]
        return sorted(found, key=str)

    def work(table: str) -> list[tuple[str, str]]:
        [plan] = ctx.sql(f"EXPLAIN ANALYZE {query.format(table)}").to_pylist()
        names = "bytes_scanned|files_opened|row_groups_pruned_statistics"
        return sorted(re.findall(rf"\b({names})=([^,\]]+)", plan["plan"]))

    assert rows("t") == rows("native")
    assert work("t") == work("native")


def test_an_unknown_scheme_says_so() -> None:
    with pytest.raises(ValueError, match="this package has no object store for shed://files/"):
        ReadingsFiles(["shed://files/"])
