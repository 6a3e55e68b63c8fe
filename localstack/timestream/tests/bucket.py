"""A stand-in for S3 that keeps what is put."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Bucket:
    """One bucket, at an address of its own."""

    name = "reports"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        #: How many puts fail first.
        self.failures = 0
        bucket = self

        class Handler(BaseHTTPRequestHandler):
            # It has an answer to clients that ask whether they may send.
            protocol_version = "HTTP/1.1"

            def do_PUT(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                if bucket.failures:
                    bucket.failures -= 1
                    self.send_response(503)
                else:
                    bucket.objects[self.path.partition("?")[0]] = content
                    self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def reports(self, number: int) -> list[tuple[str, Any]]:
        """The keys and contents of so many objects, when they are there."""
        deadline = time.monotonic() + 120
        while len(self.objects) < number and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(self.objects) == number
        return [(key, json.loads(content)) for key, content in sorted(self.objects.items())]
