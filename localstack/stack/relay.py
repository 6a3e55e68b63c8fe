"""Hands a request on as it came, and the answer back."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from multidict import CIMultiDict
from yarl import URL

#: What belongs to one connection, or is counted anew.
HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect"}
#: More than the gateway takes, which is to refuse itself.
LARGEST_BODY, LARGEST_HEAD = 64 << 20, 64 << 10


async def serve(
    answer: Callable[[web.Request], Awaitable[web.Response]], listener: socket.socket
) -> web.AppRunner:
    """Has every request to a socket answered, until the runner is cleaned up."""
    application = web.Application(client_max_size=LARGEST_BODY)
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(
        application,
        access_log=None,
        auto_decompress=False,
        shutdown_timeout=1.0,
        max_line_size=LARGEST_HEAD,
        max_field_size=LARGEST_HEAD,
    )
    await runner.setup()
    await web.SockSite(runner, listener, backlog=1024).start()
    return runner


def session() -> ClientSession:
    """What requests are handed on with: as many connections as it takes, nothing added."""
    return ClientSession(
        connector=TCPConnector(limit=0),
        timeout=ClientTimeout(total=None, sock_connect=5),
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=["Accept", "Accept-Encoding", "Content-Type", "User-Agent"],
    )


async def relay(to: ClientSession, below: str, request: web.Request, body: bytes) -> web.Response:
    """Asks, below an address, what was asked here, with `body`."""
    headers = CIMultiDict(
        (key, value) for key, value in request.headers.items() if key.lower() not in HOP
    )
    headers.popall("Content-Length", None)
    # The path goes on byte for byte: what is escaped in it means something.
    url = URL(below + request.raw_path, encoded=True)
    async with to.request(
        request.method, url, headers=headers, data=body or None, allow_redirects=False
    ) as answer:
        content = await answer.read()
        kept = CIMultiDict(
            (key, value) for key, value in answer.headers.items() if key.lower() not in HOP
        )
        if request.method != "HEAD":
            kept.popall("Content-Length", None)
        return web.Response(status=answer.status, reason=answer.reason, headers=kept, body=content)
