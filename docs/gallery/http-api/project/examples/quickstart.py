"""Query an HTTP API, and see what it is asked for."""

import sys
from pathlib import Path

from datafusion import SessionConfig, SessionContext

from http_api_ext import Readings

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from server import Api, serve

with serve(Api(rows=100_000, token="s3cret")) as api:
    ctx = SessionContext(SessionConfig().with_target_partitions(1))
    ctx.register_table("readings", Readings(api.url, token="s3cret"))
    query = "SELECT id, celsius FROM readings WHERE sensor = 'garden' AND id >= 99990"
    print(ctx.sql(query))
    print(*api.requests, sep="\n")
