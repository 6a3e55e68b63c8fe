"""Serves the deployed API at an address like that of the local process. The emulator has all its
gateways at one address: under a host for each, but then it answers `/health` itself, and under a
path for each, which is prepended here."""

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
    gateway = f"{place.emulator}/_aws/execute-api/{api}/$default"
    async with session() as to:

        async def answer(request: web.Request) -> web.Response:
            try:
                return await relay(to, gateway, request, await request.read())
            except ClientError as error:
                return web.Response(status=502, text=f"the emulator does not answer: {error}\n")

        runner = await serve(answer, listener)
        try:
            yield
        finally:
            await runner.cleanup()
