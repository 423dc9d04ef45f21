"""A server with the API that this package reads: sensors, and their readings in pages."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import parse_qsl, urlsplit

SENSORS = ["attic", "cellar", "garden", "kitchen"]


@dataclass
class Api:
    """What the server does, and what it was asked for."""

    rows: int = 1000
    token: str | None = None
    delay: float = 0.0
    # The answers to the next requests, before it answers as it should.
    refuse: list[int] = field(default_factory=list)
    url: str = ""
    requests: list[str] = field(default_factory=list)
    now: int = 0
    most: int = 0
    lock: Lock = field(default_factory=Lock)

    def answer(self, path: str, query: dict[str, str]) -> object:
        if path == "/sensors":
            return SENSORS
        first, last = int(query.get("from", 0)), int(query.get("to", self.rows - 1))
        first = max(first, int(query.get("cursor", 0)), 0)
        mine = SENSORS.index(query["sensor"])
        first += (mine - first) % len(SENSORS)
        ids = range(first, min(last, self.rows - 1) + 1, len(SENSORS))
        page = ids[: int(query["limit"])]
        rows = [{"id": i, "celsius": None if i % 9 == 8 else 15 + i % 90 / 8} for i in page]
        more = len(page) < len(ids)
        return {"rows": rows, "next": str(ids[len(page)]) if more else None}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: Api

    def do_GET(self) -> None:
        api = self.api
        with api.lock:
            # The conformance tests make thousands, and look at the memory of this process.
            if len(api.requests) < 1000:
                api.requests.append(self.path)
            api.now += 1
            api.most = max(api.most, api.now)
            refused = api.refuse.pop(0) if api.refuse else None
        time.sleep(api.delay)
        url = urlsplit(self.path)
        status, body = 200, b""
        if refused is not None:
            status = refused
        elif api.token is not None and self.headers["Authorization"] != f"Bearer {api.token}":
            status = 401
        else:
            body = json.dumps(api.answer(url.path, dict(parse_qsl(url.query)))).encode()
        with api.lock:
            api.now -= 1
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Do not print a line for each request."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Do not print that a client went away."""


def start(api: Api) -> Server:
    """Serve on a free port of this machine, until the server is shut down or the process ends."""
    handler = type("ApiHandler", (Handler,), {"api": api})
    server = Server(("127.0.0.1", 0), handler)
    api.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    return server


@contextmanager
def serve(api: Api) -> Iterator[Api]:
    """Serve for a while."""
    server = start(api)
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
