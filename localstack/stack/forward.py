"""Serves the deployed API at an address like that of the local process. The emulator tells its
gateways apart by the host, which a client cannot be asked to set."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import ClientError, web

from place import Place
from relay import relay, serve, session


@asynccontextmanager
async def forward(place: Place, api: str, listener: socket.socket) -> AsyncIterator[None]:
    """Hands every request to the socket on to one API."""
    host = f"{api}.execute-api.localhost:{place.emulator_port}"
    async with session() as to:

        async def answer(request: web.Request) -> web.Response:
            try:
                return await relay(to, place.emulator, request, await request.read(), Host=host)
            except ClientError as error:
                return web.Response(status=502, text=f"the emulator does not answer: {error}\n")

        runner = await serve(answer, listener)
        try:
            yield
        finally:
            await runner.cleanup()
