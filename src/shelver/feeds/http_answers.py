"""What a web server may answer instead of a feed, and how long it may take: all that is refused of it."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, BinaryIO

import httpcore2

from shelver.errors import FeedError
from shelver.feeds.http_network import Clock

MAX_BYTES = 32 << 30
"""Bytes of one feed as it is sent."""

DEADLINE = 2 * 3600.0
"""Seconds that one try may take, with all its redirects."""

MIN_SPEED, GRACE = 1_000, 30.0
"""Bytes a second that a server must reach on average, after so many seconds."""

PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Statuses that may be others at the next try."""

HEAD = 1 << 14
"""Bytes that `check_page` looks at."""

_HTML = re.compile(rb"\s*+(?:<!--.*?-->\s*+)*+<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(rb"<title[^>]*>(.{0,300}?)</title", re.IGNORECASE | re.DOTALL)


class PassingError(Exception):
    """Something that may be different at the next try."""


def check_answer(status: int, headers: dict[str, str], shown: str) -> None:
    """Refuse an answer by its status and headers.

    Parameters
    ----------
    status : int
        Of HTTP.
    headers : dict of str to str
        By their names in small letters.
    shown : str
        Address for messages.

    Raises
    ------
    PassingError
        It may be different at the next try.
    FeedError
        It is not the feed, or the feed is packed as nobody asked for, or too large.
    """
    if status == 200:
        kind = headers.get("content-encoding", "identity").lower().strip()
        if kind not in ("", "identity", "gzip", "x-gzip", "zstd"):
            raise FeedError(
                f'sent packed as "{kind}", which was not asked for', where=shown, expected="the feed as it is"
            )
        if headers.get("content-length", "").isdecimal() and int(headers["content-length"]) > MAX_BYTES:
            raise FeedError(f"{int(headers['content-length']):,} bytes", where=shown, expected=f"at most {MAX_BYTES:,}")
        return
    phrase = next((each.phrase for each in HTTPStatus if each.value == status), "")
    said = f"the server answers {status} {phrase}".rstrip()
    if status in PASSING:
        raise PassingError(said)
    hints = {
        401: "check user and password",
        403: "check the key, or whether this machine may ask",
        404: "check the address",
    }
    raise FeedError(said, where=shown, expected="200 OK", hint=hints.get(status, "open the address in a browser"))


def receive(response: httpcore2.Response, out: BinaryIO, clock: Clock, shown: str) -> int:
    """Write what arrives; gives how many bytes.

    Raises
    ------
    FeedError
        Too much arrives, or too slowly.
    """
    size, begun = 0, clock.passed
    stream: Any = response.iter_stream()
    for chunk in stream:
        out.write(chunk)
        size += len(chunk)
        seconds = clock.passed - begun
        if size > MAX_BYTES:
            raise FeedError("the server sends without end", where=shown, expected=f"at most {MAX_BYTES:,} bytes")
        if seconds > GRACE and size < MIN_SPEED * seconds:
            raise slow(shown, f"sent {size:,} bytes in {seconds:.0f} seconds")
    return size


def slow(shown: str, what: str) -> FeedError:
    """The error about a server that is too slow."""
    return FeedError(
        f"the server is too slow: it {what}",
        where=shown,
        expected=f"{MIN_SPEED:,} bytes a second, all of it within {DEADLINE:g} seconds",
        hint="ask again later, or fetch the feed by other means and name the file",
    )


def check_page(head: bytes, shown: str) -> None:
    """Refuse a web page, whatever the server calls it: many call every feed ``text/html``.

    Raises
    ------
    FeedError
        These first bytes (`HEAD`) are those of a page; its title is told.
    """
    if _HTML.match(head.removeprefix(b"\xef\xbb\xbf")[:4096]):
        title = _TITLE.search(head)
        said = " ".join(title[1].decode("utf-8", "replace").split()) if title else ""
        raise FeedError(
            f"a web page{f' with the title “{said}”' if said else ''}, not a feed",
            where=shown,
            hint="it may ask for a login: open the address in a browser",
        )
