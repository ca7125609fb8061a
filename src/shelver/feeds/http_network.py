"""Connections of one download: no read goes on beyond a deadline, and none leads where it may not."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore2

from shelver.addresses import Resolve, is_public, public_addresses

STEP_TIMEOUT = 30.0
"""Seconds that a server may be silent."""


class Clock:
    """When a download must have ended.

    Parameters
    ----------
    seconds : float
        From now.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begun = time.monotonic()

    @property
    def passed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.begun

    def step(self) -> float:
        """Seconds that the next step may take.

        Raises
        ------
        httpcore2.ReadTimeout
            None are left.
        """
        left = self.seconds - self.passed
        if left <= 0:
            raise httpcore2.ReadTimeout(f"not done after {self.seconds:g} seconds")
        return min(left, STEP_TIMEOUT)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, inner: httpcore2.NetworkStream, clock: Clock) -> None:
        self._inner, self._clock = inner, clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._clock.step())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._clock.step())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, self._clock.step()), self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class Network(httpcore2.NetworkBackend):
    """Connects, within the time that is left.

    Parameters
    ----------
    clock : Clock
        The deadline.
    public : bool
        Connect to public addresses only; the address that was checked is the one connected to.
    resolve : callable
        As `socket.getaddrinfo`.
    allow : frozenset of str
        Addresses that count as public; for tests only.
    """

    def __init__(
        self,
        clock: Clock,
        public: bool,
        resolve: Resolve = socket.getaddrinfo,
        allow: frozenset[str] = frozenset(),
    ) -> None:
        self.clock, self.public, self.resolve, self.allow = clock, public, resolve, allow
        self.reached = ""
        self._inner = httpcore2.SyncBackend()

    @property
    def reached_public(self) -> bool:
        """Whether the address that was connected to is public; by the connection, as a second look-up may differ."""
        return bool(self.reached) and (self.reached in self.allow or is_public(self.reached))

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to a host.

        Raises
        ------
        NotPublicError
            It has an address that is not public, and only those may be used.
        httpcore2.ConnectError, httpcore2.ConnectTimeout
            Nobody answers.
        """
        if not self.public:
            return self._connected(host, port)
        ips = public_addresses(host, port, self.resolve, allow=self.allow)
        for ip in ips[:-1]:
            try:
                return self._connected(ip, port)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return self._connected(ips[-1], port)

    def _connected(self, host: str, port: int) -> httpcore2.NetworkStream:
        stream = self._inner.connect_tcp(host, port, self.clock.step())
        self.reached = str(stream.get_extra_info("server_addr")[0])
        return _Stream(stream, self.clock)
