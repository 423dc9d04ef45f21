"""Protocol Buffers, in which filters and statistics cross, have no Float16."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datafusion import SessionConfig, SessionContext
from full_ext import ReadingsFiles


@pytest.mark.parametrize("pushdown", ["false", "true"])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT min(h), max(h), count(*) FROM t",
        "SELECT min(h) FROM t",
        "SELECT i FROM t WHERE h > 7",
        "SELECT i FROM t WHERE h IN (1.5, 9)",
    ],
)
def test_same_answers(tmp_path: Path, sql: str, pushdown: str) -> None:
    table = pa.table({"i": range(4), "h": pa.array([7.5, 1.5, None, 9.0], pa.float16())})
    pq.write_table(table, tmp_path / "halves.parquet")
    config = SessionConfig().set("datafusion.execution.parquet.pushdown_filters", pushdown)
    ctx, native = SessionContext(config), SessionContext(config)
    ctx.register_table("t", ReadingsFiles([str(tmp_path / "halves.parquet")]))
    native.from_arrow(table, "t")
    answer = ctx.sql(sql).to_arrow_table()
    assert answer.equals(native.sql(sql).to_arrow_table())
