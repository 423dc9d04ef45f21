"""Prints what a catalog of pypaimon-rust does in `datafusion`, as JSON."""

from __future__ import annotations

import json
import sys
from tempfile import TemporaryDirectory

import pyarrow as pa
from datafusion import SessionContext
from pypaimon_rust.datafusion import PaimonCatalog, SQLContext

QUERY = "SELECT count(*) AS rows, sum(x) AS total FROM c.default.t WHERE part = 'p03'"

with TemporaryDirectory() as folder:
    options = {"warehouse": folder}
    own = SQLContext()
    own.register_catalog("c", options)
    own.sql("CREATE TABLE c.default.t (part STRING, x BIGINT) PARTITIONED BY (part)")
    for number in range(20):
        rows = pa.record_batch({"part": [f"p{number:02}"] * 1000, "x": range(1000)})
        own.register_batch(f"c.default.rows{number}", rows)
        own.sql(f"INSERT INTO c.default.t SELECT part, x FROM c.default.rows{number}")
    ctx = SessionContext()
    ctx.register_catalog_provider("c", PaimonCatalog(options))
    if "--plan" in sys.argv:
        print(ctx.sql(f"EXPLAIN ANALYZE {QUERY}"))
    print(json.dumps({"answer": ctx.sql(QUERY).to_pydict()}))
