"""Connections to public addresses only: what was checked is what is connected to."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import httpcore2
import httpx2

from shelver.addresses import Resolve, public_addresses

RESOLVERS = 64
"""Names resolved at the same time; a slow one cannot be stopped, so there are many."""
SocketOptions = Iterable[
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
]  # as httpcore2 has it


class PublicBackend(httpcore2.AsyncNetworkBackend):
    """Resolves the name of a host, checks every address that it has, and connects to one of these.

    Parameters
    ----------
    resolve : callable
        As `socket.getaddrinfo`.
    allow : frozenset of str
        Addresses that count as public; for tests only.

    Notes
    -----
    The name is never resolved a second time between the check and the connection, so an answer that changes (DNS
    rebinding) gains nothing. TLS is still spoken with the name: certificate and SNI are those of the host asked for.
    """

    def __init__(self, resolve: Resolve = socket.getaddrinfo, allow: frozenset[str] = frozenset()) -> None:
        self.resolve, self.allow = resolve, allow
        self._network = httpcore2.AnyIOBackend()
        self._threads = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="shelver-dns")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first address of a host that answers.

        Raises
        ------
        NotPublicError
            The host has an address that is not public.
        socket.gaierror
            Nobody knows the host.
        httpcore2.ConnectError, httpcore2.ConnectTimeout
            None of its addresses answers.
        """
        loop = asyncio.get_running_loop()
        begun = loop.time()
        ips = await loop.run_in_executor(
            self._threads, lambda: public_addresses(host, port, self.resolve, allow=self.allow)
        )
        for i, ip in enumerate(ips):
            left = None if timeout is None else max(timeout - (loop.time() - begun), 0.001) / (len(ips) - i)
            try:
                return await self._network.connect_tcp(ip, port, left, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if i == len(ips) - 1:
                    raise
        raise AssertionError("unreachable")  # `public_addresses` gives one address at least

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._network.sleep(seconds)

    def close(self) -> None:
        """End the threads that resolve names, without waiting for them."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def public_pool(backend: PublicBackend, connections: int) -> httpcore2.AsyncConnectionPool:
    """A pool of connections that all go through a `PublicBackend`; no proxy, no settings of the environment."""
    context: ssl.SSLContext = httpx2.create_ssl_context(trust_env=False)
    return httpcore2.AsyncConnectionPool(
        ssl_context=context, max_connections=connections, keepalive_expiry=10.0, network_backend=backend
    )
