"""The conformance tests run over this."""

from __future__ import annotations

from conformance import Table
from server import Api, start

import http_api_ext
from http_api_ext import Readings

PACKAGE = http_api_ext
SOME, NONE = Api(rows=1000), Api(rows=0)
# They end with the process.
SERVERS = [start(SOME), start(NONE)]
TABLES: list[Table] = [
    Table("readings", lambda: Readings(SOME.url), rows=1000, key=["id"]),
    Table("no readings", lambda: Readings(NONE.url), rows=0),
]
ARGUMENTS: dict[str, tuple[object, ...]] = {"Readings": (SOME.url,)}
