"""Feeds on web servers: fetched into a copy below the workspace, again only when they changed."""

from __future__ import annotations

import base64
import socket
import time
from typing import BinaryIO
from urllib.parse import unquote, urljoin, urlsplit

import httpcore2
import httpx2

from shelver.addresses import NotPublicError
from shelver.addresses_shown import is_http, masked
from shelver.errors import FeedError
from shelver.feeds.http_answers import DEADLINE, HEAD, PassingError, check_answer, check_page, receive, slow
from shelver.feeds.http_copies import Copy, copy_name, keep_copy, known_copy
from shelver.feeds.http_network import Clock, Network
from shelver.files import Files

ANSWER_TIME = 120.0
"""Seconds in which the server must begin to send the feed itself, with all redirects."""

TRIES = 4
"""Times that a server is asked, if what goes wrong may pass."""

PAUSE = 1.0
"""Seconds before the second try; doubled before each further one."""

MAX_REDIRECTS = 5

ALLOWED: frozenset[str] = frozenset()
"""Addresses that count as public; for tests of servers on this machine only, no setting leads here."""

_MOVED = (301, 302, 303, 307, 308)


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
    known = known_copy(files, name)
    for tried in range(1, TRIES + 1):
        try:
            return _try(files, url, name, known)
        except PassingError as error:
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
        hint = "in a password, write / as %2F, ? as %3F and # as %23" if "@" in shown else ""
        raise FeedError("no address of a web server", where=shown, expected="https://host/path", hint=hint)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        httpx2.URL(url)
        return is_http(url) and bool(parts.hostname) and parts.port != 0
    except (ValueError, httpx2.InvalidURL):
        return False


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
                check_answer(response.status, answer, shown)
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
            raise PassingError(f"there is no such host ({error.strerror})") from None
        except httpcore2.TimeoutException as error:
            if clock.passed >= clock.seconds:
                raise slow(shown, f"was not done after {clock.seconds:g} seconds") from None
            raise PassingError(str(error) or "no answer in time") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise PassingError(str(error) or "the connection broke") from None
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


def _keep(
    files: Files, name: str, response: httpcore2.Response, headers: dict[str, str], clock: Clock, shown: str
) -> Copy:
    def write(out: BinaryIO) -> int:
        size = receive(response, out, clock, shown)
        out.seek(0)
        check_page(out.read(HEAD), shown)
        return size

    said = Copy(shown, headers.get("etag", "")[:1000], headers.get("last-modified", "")[:100])
    return keep_copy(files, name, said, write)
