"""Feeds on web servers: fetched into a copy below the workspace, again only when they changed."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import socket
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import unquote, urljoin, urlsplit

import httpcore2
import httpx2

from shelver.addresses import NotPublicError
from shelver.errors import FeedError
from shelver.feeds.addresses_shown import is_http, masked
from shelver.feeds.http_network import Clock, Network
from shelver.files import Files, tidy_errors
from shelver.workspace import PATHS

FOLDER = PATHS["feed_copies"]
"""Where the copies lie in the workspace."""

MAX_BYTES = 32 << 30
"""Bytes of one feed as it is sent."""

DEADLINE = 2 * 3600.0
"""Seconds that one try may take, with all its redirects."""

MIN_SPEED, GRACE = 1_000, 30.0
"""Bytes a second that a server must reach on average, after so many seconds."""

ANSWER_TIME = 120.0
"""Seconds in which the server must begin to send the feed itself, with all redirects."""

TRIES = 4
"""Times that a server is asked, if what goes wrong may pass."""

PAUSE = 1.0
"""Seconds before the second try; doubled before each further one."""

MAX_REDIRECTS = 5

ALLOWED: frozenset[str] = frozenset()
"""Addresses that count as public; for tests of servers on this machine only, no setting leads here."""

UNFINISHED = ".fetching-"
"""How the names of files begin that are not whole yet."""

_CHUNK = 1 << 20
_MOVED = (301, 302, 303, 307, 308)
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_HTML = re.compile(rb"\s*+(?:<!--.*?-->\s*+)*+<(!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(rb"<title[^>]*>(.{0,300}?)</title", re.IGNORECASE | re.DOTALL)


@dataclass
class Copy:
    """What is known of the copy of a feed.

    Attributes
    ----------
    address : str
        Where it is from, without secrets.
    etag, last_modified : str
        What the server said of this version; empty if nothing.
    size : int
        Bytes.
    """

    address: str
    etag: str = ""
    last_modified: str = ""
    size: int = 0


class _PassingError(Exception):
    """Something that may be different at the next try."""


def copy_name(url: str) -> str:
    """Name of the copy of a feed, relative to the workspace."""
    return f"{FOLDER}/{hashlib.blake2b(url.encode(), digest_size=16).hexdigest()}"


def fetch(files: Files, url: str) -> Copy:
    """Ask the server for a feed, and bring its copy up to date.

    Parameters
    ----------
    files : Files
        The workspace.
    url : str
        Address of the feed. User and password in it are sent to its own host only, and never shown.

    Returns
    -------
    Copy
        The copy, which is whole: it is replaced when all of the feed has arrived.

    Raises
    ------
    FeedError
        No answer, not the feed but a web page, too large, too slow, too many redirects, or a redirect to a private
        address though the feed's own is public.
    """
    shown = masked(url)
    name = copy_name(url)
    _check_address(url, shown)
    known = _known(files, name)
    for tried in range(1, TRIES + 1):
        try:
            return _try(files, url, name, known)
        except _PassingError as error:
            if tried == TRIES:
                raise FeedError(
                    f"cannot be fetched: {error} (asked {TRIES} times)",
                    where=shown,
                    hint="check the address and the connection; the products of the last delivery stay",
                ) from None
            time.sleep(PAUSE * 2 ** (tried - 1))
    raise AssertionError("unreachable")


def _check_address(url: str, shown: str) -> None:
    if not _is_address(url):
        raise FeedError("no address of a web server", where=shown, expected="https://host/path")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        httpx2.URL(url)
        return is_http(url) and bool(parts.hostname) and parts.port != 0
    except (ValueError, httpx2.InvalidURL):
        return False


def _known(files: Files, name: str) -> Copy | None:
    if not (files.exists(f"{name}.json") and files.exists(name)):
        return None
    try:
        return Copy(**files.read_json(f"{name}.json"))
    except (ValueError, TypeError):
        return None


def _try(files: Files, url: str, name: str, known: Copy | None) -> Copy:
    """One try, with all its redirects."""
    shown = masked(url)
    clock = Clock(min(ANSWER_TIME, DEADLINE))
    at, public, tls = url, False, None
    for _ in range(MAX_REDIRECTS + 1):
        network = Network(clock, public, allow=ALLOWED)
        tls = tls or (httpx2.create_ssl_context() if at[:6].lower() == "https:" else None)
        pool = httpcore2.ConnectionPool(ssl_context=tls, network_backend=network)
        target = httpx2.URL(at)
        headers = _headers(target, known, url)
        goal = httpcore2.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path)
        try:
            with pool, pool.stream("GET", goal, headers=headers) as response:
                answer = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in response.headers}
                if response.status in _MOVED and answer.get("location"):
                    at = _follow(at, answer["location"], shown)
                    public = public or network.reached_public
                    continue
                if response.status == 304 and known:
                    return known
                _check_answer(response.status, answer, shown)
                clock.seconds = DEADLINE
                return _keep(files, name, response, answer, clock, shown)
        except NotPublicError as error:
            raise FeedError(
                f"the server sends us on to {masked(at)}, which {error.what}",
                where=shown,
                expected="a public address",
                hint="if this is your own server, name its address as the feed's path",
            ) from None
        except UnicodeError:
            raise FeedError(
                f'"{target.host[:100]}" is no name of a host', where=shown, hint="check the address"
            ) from None
        except (httpcore2.UnsupportedProtocol, httpcore2.LocalProtocolError) as error:
            raise FeedError(f"cannot be asked for ({error})", where=shown, hint="check the address") from None
        except socket.gaierror as error:
            raise _PassingError(f"there is no such host ({error.strerror})") from None
        except httpcore2.TimeoutException as error:
            if clock.passed >= clock.seconds:
                raise _slow(shown, f"was not done after {clock.seconds:g} seconds") from None
            raise _PassingError(str(error) or "no answer in time") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise _PassingError(str(error) or "the connection broke") from None
    raise FeedError(f"more than {MAX_REDIRECTS} redirects", where=shown, hint="name the address they lead to")


def _headers(target: httpx2.URL, known: Copy | None, url: str) -> list[tuple[bytes | str, bytes | str]]:
    """What is sent: no compression asked for, as feeds have their own; access for the feed's own host only."""
    own, parts = httpx2.URL(url), urlsplit(url)
    headers: dict[bytes | str, bytes | str] = {
        "Host": target.netloc,
        "User-Agent": "shelver",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
    }
    if "@" in parts.netloc and (target.scheme, target.host, target.port) == (own.scheme, own.host, own.port):
        access = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(access.encode()).decode()
    if known and known.etag:
        headers["If-None-Match"] = known.etag.encode("latin-1", "replace")  # as it came
    if known and known.last_modified:
        headers["If-Modified-Since"] = known.last_modified.encode("latin-1", "replace")
    return list(headers.items())


def _follow(at: str, location: str, shown: str) -> str:
    try:
        target = urljoin(at, location)
    except ValueError:
        target = location
    if _is_address(target):
        return target
    raise FeedError(
        f"the server sends us on to {masked(target)[:200]}", where=shown, expected="an address with http or https"
    )


def _check_answer(status: int, headers: dict[str, str], shown: str) -> None:
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
    if status in _PASSING:
        raise _PassingError(said)
    hints = {
        401: "check user and password",
        403: "check the key, or whether this machine may ask",
        404: "check the address",
    }
    raise FeedError(said, where=shown, expected="200 OK", hint=hints.get(status, "open the address in a browser"))


def _keep(
    files: Files, name: str, response: httpcore2.Response, headers: dict[str, str], clock: Clock, shown: str
) -> Copy:
    """Write what arrives into a temporary file, and put it in the place of the copy when it is whole."""
    folder = None if files.remote else os.path.dirname(files.path(name))
    with tidy_errors(folder or tempfile.gettempdir()):
        if folder:
            os.makedirs(folder, exist_ok=True)
            _sweep(folder)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=UNFINISHED)
    try:
        with tidy_errors(temporary), os.fdopen(handle, "w+b") as out:
            size = _receive(response, out, clock, shown)
            out.seek(0)
            _check_page(out.read(1 << 14), shown)
        copy = Copy(shown, headers.get("etag", "")[:1000], headers.get("last-modified", "")[:100], size)
        files.delete(f"{name}.json")  # never the new file with what was said of the old one
        files.adopt(name, temporary)
        files.write_json(f"{name}.json", asdict(copy))
        return copy
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def _sweep(folder: str) -> None:
    """Remove what downloads that were killed left behind."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        with suppress(OSError):  # another process may remove it at the same time
            if name.startswith(UNFINISHED) and time.time() - os.path.getmtime(path) > DEADLINE:
                os.remove(path)


def _receive(response: httpcore2.Response, out: BinaryIO, clock: Clock, shown: str) -> int:
    size, begun = 0, clock.passed
    stream: Any = response.iter_stream()
    for chunk in stream:
        out.write(chunk)
        size += len(chunk)
        seconds = clock.passed - begun
        if size > MAX_BYTES:
            raise FeedError("the server sends without end", where=shown, expected=f"at most {MAX_BYTES:,} bytes")
        if seconds > GRACE and size < MIN_SPEED * seconds:
            raise _slow(shown, f"sent {size:,} bytes in {seconds:.0f} seconds")
    return size


def _slow(shown: str, what: str) -> FeedError:
    return FeedError(
        f"the server is too slow: it {what}",
        where=shown,
        expected=f"{MIN_SPEED:,} bytes a second, all of it within {DEADLINE:g} seconds",
        hint="ask again later, or fetch the feed by other means and name the file",
    )


def _check_page(head: bytes, shown: str) -> None:
    """Refuse a web page, whatever the server calls it: many call every feed ``text/html``."""
    if _HTML.match(head.removeprefix(b"\xef\xbb\xbf")[:4096]):
        title = _TITLE.search(head)
        said = " ".join(title[1].decode("utf-8", "replace").split()) if title else ""
        raise FeedError(
            f"a web page{f' with the title “{said}”' if said else ''}, not a feed",
            where=shown,
            hint="it may ask for a login: open the address in a browser",
        )
