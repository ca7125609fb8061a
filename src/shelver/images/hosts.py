"""How often, and how many at a time, a host is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MANY = 4096
"""Of more hosts than this, those that nobody waits for are forgotten."""


class Host:
    """One host: its free places, who holds or waits for one, and when it may be asked next (the loop's time)."""

    def __init__(self, at_once: int) -> None:
        self.free = asyncio.Semaphore(at_once)
        self.users = 0
        self.next = 0.0


class Hosts:
    """Keeps to the limits of each host, and of all together.

    Parameters
    ----------
    at_once : int
        Requests to one host at the same time.
    rate : float
        Requests to one host in a second; they are spaced evenly.
    connections : int
        Requests at the same time to all hosts.
    """

    def __init__(self, at_once: int, rate: float, connections: int) -> None:
        self.at_once, self.pause = at_once, 1 / rate
        self._all = asyncio.Semaphore(connections)
        self._hosts: dict[str, Host] = {}

    def __len__(self) -> int:
        return len(self._hosts)

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Wait until a request may be sent to a host, and hold its place while it is under way."""
        loop, host = asyncio.get_running_loop(), self._host(name)
        host.users += 1
        try:
            async with host.free:
                while True:
                    await asyncio.sleep(max(host.next - loop.time(), 0))
                    await self._all.acquire()
                    if host.next <= loop.time():  # no place of all is held while a host is waited for
                        break
                    self._all.release()
                host.next = loop.time() + self.pause
                try:
                    yield
                finally:
                    self._all.release()
        finally:
            host.users -= 1

    def leave_alone(self, name: str, seconds: float) -> None:
        """Send no request to a host for some time."""
        host = self._host(name)
        host.next = max(host.next, asyncio.get_running_loop().time() + seconds)

    def _host(self, name: str) -> Host:
        if name not in self._hosts:
            if len(self._hosts) >= MANY:
                now = asyncio.get_running_loop().time()
                self._hosts = {name: host for name, host in self._hosts.items() if host.users or host.next > now}
            self._hosts[name] = Host(self.at_once)
        return self._hosts[name]
