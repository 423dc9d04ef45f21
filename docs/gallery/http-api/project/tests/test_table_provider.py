"""The API is asked for no more than a query needs, as often as it allows, and with its token."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from datafusion import SessionContext
from server import Api, serve

from http_api_ext import Readings


@pytest.fixture
def api() -> Iterator[Api]:
    with serve(Api(rows=10_000)) as api:
        yield api


@pytest.fixture
def ctx(api: Api) -> SessionContext:
    ctx = SessionContext()
    ctx.register_table("readings", Readings(api.url))
    assert api.requests == ["/sensors"]
    api.requests.clear()
    return ctx


def test_values(ctx: SessionContext) -> None:
    table = ctx.sql("SELECT * FROM readings WHERE id IN (1, 8) ORDER BY id").to_arrow_table()
    assert table.to_pylist() == [
        {"id": 1, "sensor": "cellar", "celsius": 15.125},
        {"id": 8, "sensor": "attic", "celsius": None},
    ]


@pytest.mark.parametrize(
    ("rest", "requests", "rows"),
    [
        ("", 12, 10_000),
        ("WHERE sensor = 'attic'", 3, 2_500),
        ("WHERE sensor IN ('attic', 'garden')", 6, 5_000),
        ("WHERE sensor = 'nobody'", 0, 0),
        ("WHERE sensor = 'attic&sensor=cellar'", 0, 0),
        ("WHERE id BETWEEN 500 AND 507", 4, 8),
        ("WHERE id > 9223372036854775806", 4, 0),
        ("WHERE id < 5 AND id > 7", 0, 0),
        ("WHERE sensor = 'kitchen' AND id = 3", 1, 1),
        ("LIMIT 5", 1, 5),
        ("LIMIT 2600", 4, 2_600),
        ("WHERE sensor = 'attic' LIMIT 1000", 1, 1_000),
        ("LIMIT 0", 0, 0),
    ],
)
def test_no_more_requests_than_needed(
    ctx: SessionContext, api: Api, rest: str, requests: int, rows: int
) -> None:
    table = ctx.sql(f"SELECT id, sensor FROM readings {rest}").to_arrow_table()
    assert table.num_rows == rows
    assert len(api.requests) == requests, api.requests


def test_no_more_at_one_time_than_allowed(api: Api) -> None:
    for most in (1, 2, 4):
        ctx = SessionContext()
        ctx.register_table("readings", Readings(api.url, requests=most))
        api.delay, api.most = 0.2, 0
        assert len(ctx.sql("SELECT id FROM readings").to_arrow_table()) == 10_000
        assert api.most == most
    with pytest.raises(ValueError, match="between 1 and 64, got 0"):
        Readings(api.url, requests=0)


def test_again_after_a_while(ctx: SessionContext, api: Api) -> None:
    api.refuse = [503, 502]
    assert ctx.sql("SELECT * FROM readings WHERE id < 4").to_arrow_table().num_rows == 4
    assert len(api.requests) == 4 + 2


def test_waits_as_long_as_the_api_says(ctx: SessionContext, api: Api) -> None:
    api.refuse = [429]
    start = time.monotonic()
    assert ctx.sql("SELECT * FROM readings LIMIT 1").to_arrow_table().num_rows == 1
    assert time.monotonic() - start >= 1
    assert len(api.requests) == 2


def test_not_for_ever(ctx: SessionContext, api: Api) -> None:
    api.refuse = [503] * 99
    with pytest.raises(Exception, match="503"):
        ctx.sql("SELECT * FROM readings LIMIT 1").collect()
    assert len(api.requests) == 5


def test_an_error_that_stays_is_not_tried_again(ctx: SessionContext, api: Api) -> None:
    api.refuse = [404]
    with pytest.raises(Exception, match="/readings: 404"):
        ctx.sql("SELECT * FROM readings LIMIT 1").collect()
    assert len(api.requests) == 1


def test_token_is_nowhere(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.token = "s3cret"
    with pytest.raises(RuntimeError, match="the token is missing or wrong") as refused:
        Readings(api.url, token="wr0ng")
    monkeypatch.setenv("READINGS_TOKEN", "s3cret")
    table = Readings(api.url)
    ctx = SessionContext()
    ctx.register_table("readings", table)
    explained = ctx.sql("EXPLAIN ANALYZE VERBOSE SELECT * FROM readings WHERE id = 1").to_pylist()
    shown = [repr(table), str(refused.value), str(explained), *api.requests]
    api.refuse = [500]
    with pytest.raises(Exception, match="500") as failed:
        ctx.sql("SELECT * FROM readings").collect()
    for text in [*shown, str(failed.value)]:
        assert "s3cret" not in text
        assert "wr0ng" not in text


@pytest.mark.parametrize("url", ["ftp://x", "http://user:pa55@x", "http://x?token=pa55"])
def test_url_without_secrets(url: str) -> None:
    with pytest.raises(ValueError, match=r"^url must") as refused:
        Readings(url)
    assert "pa55" not in str(refused.value)


def test_nobody_answers() -> None:
    with pytest.raises(RuntimeError, match=r"GET http://127\.0\.0\.1:9/sensors"):
        Readings("http://127.0.0.1:9")


INTERRUPTED = """
import sys
from datafusion import SessionContext
from http_api_ext import Readings

ctx = SessionContext()
ctx.register_table("readings", Readings(sys.argv[1]))
print("reading", flush=True)
ctx.sql("SELECT sum(celsius) FROM readings").collect()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has other signals")
def test_ctrl_c(api: Api) -> None:
    """A query of an hour ends at once, and asks for nothing more."""
    api.rows = 10_000_000
    command = [sys.executable, "-c", INTERRUPTED, api.url]
    query = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert query.stdout is not None
    assert query.stdout.readline() == "reading\n"
    api.delay = 0.5
    time.sleep(1.5)
    start = time.monotonic()
    query.send_signal(signal.SIGINT)
    _, problem = query.communicate(timeout=30)
    assert time.monotonic() - start < 2
    assert "KeyboardInterrupt" in problem
    asked = len(api.requests)
    assert asked < 1000
    time.sleep(1)
    assert len(api.requests) == asked
