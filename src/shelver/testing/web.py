"""A real web server on this machine, well or badly behaved, that counts what it is asked."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Request:
    """What the server was asked: host as the client named it, path with query, headers (lower case), and when."""

    host: str
    path: str
    headers: Mapping[str, str]
    at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Reply:
    """What it answers.

    Attributes
    ----------
    body : bytes or async iterator of bytes
        An iterator is sent in chunks as it comes, however long.
    status : int
        Status code.
    headers : dict
        Further headers; ``Content-Length`` is that of the body unless it is given.
    delay : float
        Seconds before the answer.
    """

    body: bytes | AsyncIterator[bytes] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


Route = Reply | Callable[[Request], Reply]


class WebServer:
    """A server on 127.0.0.1 in a thread; a context manager.

    Parameters
    ----------
    routes : mapping of str to Route
        Path (the longest that the request's path begins with counts) → reply, or what makes it of the request. Anything
        else is 404.
    tls : ssl.SSLContext, optional
        Speak https with this.

    Attributes
    ----------
    requests : list of Request
        All, in the order they came.
    at_once : Counter
        Host → most requests that were under way at the same time.
    connections : int
        Connections that were made.
    """

    def __init__(self, routes: Mapping[str, Route], tls: ssl.SSLContext | None = None) -> None:
        self.routes, self.tls = dict(routes), tls
        self.requests: list[Request] = []
        self.at_once: Counter[str] = Counter()
        self.port = self.connections = 0
        self._now: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """Address of a path, by whatever name of the host."""
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{path}"

    def resolve(self, host: str, port: int, **options: Any) -> list[Any]:
        """Every name is this machine, as `socket.getaddrinfo` would say it."""
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        request = Request(headers.get("host", "").rpartition(":")[0], first.split(" ")[1], headers)
        self.requests.append(request)
        self._now[request.host] += 1
        self.at_once[request.host] = max(self.at_once[request.host], self._now[request.host])
        try:
            return await self._reply(request, writer)
        finally:
            self._now[request.host] -= 1

    async def _reply(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        known = sorted((path for path in self.routes if request.path.startswith(path)), key=len)
        route: Route = self.routes[known[-1]] if known else Reply(status=404)
        reply = route if isinstance(route, Reply) else route(request)
        await asyncio.sleep(reply.delay)
        length = (
            {"Content-Length": str(len(reply.body))}
            if isinstance(reply.body, bytes)
            else {"Transfer-Encoding": "chunked"}
        )
        headers = length | dict(reply.headers)
        status = f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"
        head = "\r\n".join([status, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()
        if isinstance(reply.body, bytes):
            writer.write(head + reply.body)
            await writer.drain()
            return headers["Content-Length"] == str(len(reply.body))  # else it lied: break off
        writer.write(head)
        async for part in reply.body:
            writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True
