"""Fetch one picture: ask politely, follow redirects, try again, check what came, store it."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self

import httpcore2
import httpx2

from shelver import __version__
from shelver.addresses import Resolve
from shelver.config import Images
from shelver.images.address import follow, parse
from shelver.images.body import take
from shelver.images.check import check
from shelver.images.hosts import Hosts
from shelver.images.network import PublicBackend, public_pool
from shelver.images.outcome import Outcome, Status, Wanted
from shelver.images.store import PictureStore
from shelver.images.trouble import Trouble, answered, own_words

HEADERS = {
    "User-Agent": f"Shelver/{__version__} (product pictures)",
    "Accept": "image/jpeg, image/png, image/webp, image/gif;q=0.9, image/avif;q=0.5, image/bmp;q=0.5, */*;q=0.1",
    "Accept-Encoding": "identity",
}
MOVED = (301, 302, 303, 307, 308)
CONNECT = 10.0
"""Seconds for a connection, at most."""
PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds before the second try, doubled each time; a host that wants to wait longer is left for another run."""
LONGEST_WAIT = 30 * 86_400.0
"""Seconds that a host is left alone at most, whatever it wants."""
LONGEST_TAG = 1_000
SHORT = 64 << 10
"""Bytes of an answer without a picture that are read, so that its connection can be used again."""


@dataclass(frozen=True)
class _Answer:
    """A picture that came (`body`; None: the one we have is still right), or where to ask instead (`location`)."""

    etag: str = ""
    last_modified: str = ""
    body: SpooledTemporaryFile[bytes] | None = None
    location: str = ""


class Fetcher:
    """Fetches pictures; an asynchronous context manager.

    Parameters
    ----------
    settings : Images
        Limits.
    store : PictureStore
        Where pictures are kept.
    resolve : callable
        As `socket.getaddrinfo`.
    allow : frozenset of str
        IP addresses that count as public. Only for tests with a server on this machine: no setting, option or variable
        leads here.
    pause : float
        Seconds before the second try.
    rng : random.Random, optional
        Decides how pauses vary.
    """

    def __init__(
        self,
        settings: Images,
        store: PictureStore,
        *,
        resolve: Resolve = socket.getaddrinfo,
        allow: frozenset[str] = frozenset(),
        pause: float = PAUSE,
        rng: random.Random | None = None,
    ) -> None:
        self.settings, self.store, self.pause = settings, store, pause
        self.hosts = Hosts(settings.per_host, settings.rate, settings.connections)
        self._rng = rng or random.Random()  # noqa: S311  (not for secrets)
        self._backend = PublicBackend(resolve, allow)
        self._pool = public_pool(self._backend, settings.connections)
        self._threads = ThreadPoolExecutor(min(os.cpu_count() or 1, 4), thread_name_prefix="shelver-pictures")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.aclose()
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._backend.close()

    async def fetch(self, wanted: Wanted) -> Outcome:
        """Fetch a picture, check and store it; never raises for what a host does.

        Parameters
        ----------
        wanted : Wanted
            Its address, and what is known of the picture that is stored.
        """
        for tried in range(self.settings.retries + 1):
            try:
                return await self._try(wanted, parse(wanted.url))
            except Trouble as trouble:
                if not trouble.again or tried == self.settings.retries or trouble.wait > LONGEST_PAUSE:
                    return Outcome(wanted.url, trouble.status, trouble.reason, wait=trouble.wait, silent=trouble.silent)
                pause = min(self.pause * 2**tried, LONGEST_PAUSE) * self._rng.uniform(0.5, 1.5)
                await asyncio.sleep(max(pause, trouble.wait))
        raise AssertionError("unreachable")

    async def _try(self, wanted: Wanted, url: httpx2.URL) -> Outcome:
        """One try, with all its redirects."""
        left = self.settings.timeout
        for _ in range(self.settings.redirects + 1):
            async with self.hosts.turn(url.host):
                begun = asyncio.get_running_loop().time()
                answer = await self._ask(url, wanted, left)
                left -= asyncio.get_running_loop().time() - begun
            if not answer.location:
                return await self._keep(wanted, answer)
            url = follow(url, answer.location)
        raise Trouble(Status.REFUSED, f"more than {self.settings.redirects} redirects")

    async def _ask(self, url: httpx2.URL, wanted: Wanted, left: float) -> _Answer:
        slow = Trouble(Status.FAILED, f"took more than {self.settings.timeout:g} seconds", silent=True)
        if left <= 0:
            raise slow
        target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        limits = {"connect": min(CONNECT, left)}
        try:
            async with asyncio.timeout(left):
                with own_words():
                    stream = self._pool.stream("GET", target, headers=_headers(wanted), extensions={"timeout": limits})
                    async with stream as response:
                        return await self._answer(url, wanted, response)
        except TimeoutError:
            raise slow from None

    async def _answer(self, url: httpx2.URL, wanted: Wanted, response: httpcore2.Response) -> _Answer:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        if response.status != 200:
            await _drain(response, headers)
        if response.status in MOVED and headers.get("location"):
            return _Answer(location=headers["location"])
        etag, modified = headers.get("etag", ""), headers.get("last-modified", "")
        etag, modified = (text if len(text) <= LONGEST_TAG else "" for text in (etag, modified))
        if response.status == 304 and (wanted.etag or wanted.last_modified):
            return _Answer(etag or wanted.etag, modified or wanted.last_modified)
        if response.status != 200:
            wait = _seconds(headers.get("retry-after", ""))
            if response.status in (429, 503):
                self.hosts.leave_alone(url.host, min(wait or self.pause, LONGEST_PAUSE))
            raise answered(response.status, wait)
        body = await take(response.aiter_stream(), headers, self.settings.max_bytes)
        return _Answer(etag, modified, body)

    async def _keep(self, wanted: Wanted, answer: _Answer) -> Outcome:
        """Check and store what came, on a thread: pictures are unpacked, and files written."""
        if answer.body is None:
            outcome = Outcome(wanted.url, Status.OK, hash=wanted.hash)
        else:
            loop = asyncio.get_running_loop()
            outcome = await loop.run_in_executor(self._threads, self._check, wanted.url, answer.body)
        return replace(outcome, etag=answer.etag, last_modified=answer.last_modified)

    def _check(self, url: str, body: SpooledTemporaryFile[bytes]) -> Outcome:
        with body:
            body.seek(0)
            content = body.read()
        found = check(content, self.settings.max_pixels)
        name = self.store.put(content)
        return Outcome(url, Status.OK, "", name, found.kind, len(content), found.width, found.height)


def _headers(wanted: Wanted) -> dict[bytes | str, bytes | str]:
    asked = {"If-None-Match": wanted.etag, "If-Modified-Since": wanted.last_modified}
    headers: dict[bytes | str, bytes | str] = dict(HEADERS.items())
    headers.update({name: value.encode("latin-1", "replace") for name, value in asked.items() if value})  # as they came
    return headers


async def _drain(response: httpcore2.Response, headers: dict[str, str]) -> None:
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) <= SHORT:
        async for _ in response.aiter_stream():
            pass


def _seconds(retry_after: str) -> float:
    """Seconds of a ``Retry-After``: a number, or a date, up to `LONGEST_WAIT`; 0 if it says nothing."""
    text = retry_after.strip()
    if text.isdecimal():
        return min(float(text[:9]), LONGEST_WAIT)
    try:
        return min(max((parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT)
    except (ValueError, TypeError, OverflowError):
        return 0.0
