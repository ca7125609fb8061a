"""Feeds from real web servers on this machine: copies, retries, and what is refused."""

from __future__ import annotations

import base64
import gzip
import io
import os
import resource
import signal
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shelver.addresses_shown import masked
from shelver.config import Feed
from shelver.errors import FeedError, ShelverError
from shelver.feeds import http_answers, http_files, http_network
from shelver.feeds.http_files import fetch
from shelver.feeds.readers import read_feed
from shelver.feeds.sources import feed_digest, feed_files
from shelver.files import Files

CSV = b"id,title\n1,Red shoe\n2,Hat\n"

Answer = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.stopping = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        try:
            self.server.answers[self.path.partition("?")[0]](self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(http_files, "PAUSE", 0.01)
    running = Server()
    yield running
    running.stopping.set()
    running.shutdown()
    running.server_close()


def send(status: int = 200, body: bytes = CSV, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def feed(url: str) -> Feed:
    return Feed(name="shop", path=url)


def titles(files: Files, url: str) -> list[str | None]:
    found = feed_files(files, feed(url))
    return [
        row.values["title"]
        for path in found
        for block in read_feed(files, path, feed(url)).batches
        for row in block.rows()
    ]


def refused(folder: Path, url: str) -> str:
    with pytest.raises(FeedError) as caught:
        fetch(Files(folder), url)
    left = [path.name for path in (folder / "cache" / "feeds").glob("*")] if (folder / "cache").exists() else []
    assert left == []  # nothing half-written
    return str(caught.value)


def test_a_feed_is_fetched_once_and_read_from_its_copy(tmp_path: Path, server: Server) -> None:
    server.answers["/f.csv"] = send()
    files, url = Files(tmp_path), server.url("/f.csv")
    assert titles(files, url) == ["Red shoe", "Hat"]
    assert titles(files, url) == ["Red shoe", "Hat"]
    assert len(server.asked) == 1


def test_an_unchanged_feed_is_not_sent_again(tmp_path: Path, server: Server) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        tagged = handler.headers["If-None-Match"] == '"v1"' and handler.headers["If-Modified-Since"] == "yesterday"
        send(304 if tagged else 200, b"" if tagged else CSV, ETag='"v1"', Last_Modified="yesterday")(handler)

    server.answers["/f.csv"] = answer
    files, url = Files(tmp_path), server.url("/f.csv")
    first = feed_digest(files, feed(url))
    assert feed_digest(files, feed(url)) == first
    assert [headers.get("If-None-Match") for _, headers in server.asked] == [None, '"v1"']
    server.answers["/f.csv"] = send(body=CSV + b"3,New\n", ETag='"v2"')
    assert feed_digest(files, feed(url)) != first
    assert titles(files, url) == ["Red shoe", "Hat", "New"]


def test_a_failed_download_keeps_the_copy(tmp_path: Path, server: Server) -> None:
    server.answers["/f.csv"] = send()
    files, url = Files(tmp_path), server.url("/f.csv")
    fetch(files, url)
    server.answers["/f.csv"] = send(500, b"oops")
    with pytest.raises(FeedError, match=r"answers 500 Internal Server Error \(asked 4 times\)"):
        feed_digest(files, feed(url))
    assert titles(files, url) == ["Red shoe", "Hat"]


def test_errors_that_pass_are_tried_again(tmp_path: Path, server: Server) -> None:
    answers = [send(503), send(200, CSV, Content_Length="1000"), send()]  # the second is cut short

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        answers.pop(0)(handler)

    server.answers["/f.csv"] = answer
    assert fetch(Files(tmp_path), server.url("/f.csv")).size == len(CSV)
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_errors_that_stay_are_told_at_once(tmp_path: Path, server: Server, status: int) -> None:
    server.answers["/f.csv"] = send(status, b"no")
    assert f"answers {status}" in refused(tmp_path, server.url("/f.csv"))
    assert len(server.asked) == 1


def test_nobody_there(tmp_path: Path, server: Server) -> None:
    assert "cannot be fetched" in refused(tmp_path, "http://127.0.0.1:9/f.csv")
    assert "cannot be fetched" in refused(tmp_path, "http://no-such-host.invalid/f.csv")
    assert "no address of a web server" in refused(tmp_path, "http:///f.csv")
    told = refused(tmp_path, "https://me:s3/cret@feeds.example/f.csv")
    assert told.startswith("https://***@feeds.example/f.csv: no address of a web server")
    assert "write / as %2F" in told


def test_secrets_are_sent_but_not_shown(tmp_path: Path, server: Server) -> None:
    server.answers["/f.csv"] = send()
    server.answers["/gone"] = send(404)
    url = server.url("/f.csv?apikey=4f3e&id=3").replace("//", "//me:p%40ss@")
    files = Files(tmp_path)
    (name,) = feed_files(files, feed(url))
    assert name == server.url("/f.csv?apikey=***&id=3").replace("//", "//***@")
    assert server.asked[0][0] == "/f.csv?apikey=4f3e&id=3"
    assert base64.b64decode(server.asked[0][1]["Authorization"].split()[1]) == b"me:p@ss"
    assert titles(files, url) == ["Red shoe", "Hat"]
    stored = b"".join(path.read_bytes() for path in (tmp_path / "cache" / "feeds").iterdir())
    message = refused(tmp_path / "x", server.url("/gone?token=4f3e").replace("//", "//me:pw@"))
    for secret in ("4f3e", "p%40ss", "p@ss", "pw"):
        assert secret not in message
        assert secret.encode() not in stored


def test_secrets_do_not_follow_a_redirect_to_another_host(tmp_path: Path, server: Server) -> None:
    server.answers["/a"] = send(302, b"", Location=server.url("/b", "localhost"))
    server.answers["/b"] = send()
    fetch(Files(tmp_path), server.url("/a").replace("//", "//me:pw@"))
    assert ["Authorization" in headers for _, headers in server.asked] == [True, False]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://h/x.csv", "https://h/x.csv"),
        ("https://u@h/x", "https://***@h/x"),
        ("https://h/apikey/abc/format/csv", "https://h/apikey/***/format/csv"),
        ("https://h/?Access_Token=a&lang=de&sig=b", "https://h/?Access_Token=***&lang=de&sig=***"),
        ("https://[::1", "https://***"),
    ],
)
def test_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


def test_redirects(tmp_path: Path, server: Server) -> None:
    server.answers["/a"] = send(301, b"", Location="/b")
    server.answers["/b"] = send(307, b"", Location=server.url("/c"))
    server.answers["/c"] = send()
    assert fetch(Files(tmp_path), server.url("/a")).size == len(CSV)
    server.answers["/loop"] = send(302, b"", Location="/loop")
    assert "more than 5 redirects" in refused(tmp_path / "x", server.url("/loop"))
    server.answers["/file"] = send(302, b"", Location="file:///etc/passwd")
    assert "expected an address with http or https" in refused(tmp_path / "x", server.url("/file"))


def test_a_redirect_from_a_public_to_a_private_address(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_files, "ALLOWED", frozenset({"127.0.0.1"}))  # our server counts as public
    server.answers["/a"] = send(302, b"", Location=server.url("/b", "127.0.0.2"))
    server.answers["/b"] = send()
    message = refused(tmp_path, server.url("/a"))
    assert "sends us on to" in message
    assert "127.0.0.2, which is not public" in message
    assert [path for path, _ in server.asked] == ["/a"]
    server.answers["/c"] = send(302, b"", Location="http://169.254.169.254/latest/meta-data")
    assert "169.254.169.254, which is not public" in refused(tmp_path, server.url("/c"))
    server.answers["/d"] = send(302, b"", Location=server.url("/b"))
    assert fetch(Files(tmp_path / "x"), server.url("/d")).size == len(CSV)


def test_a_resolver_that_changes_its_mind_opens_no_private_address(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_files, "ALLOWED", frozenset({"127.0.0.1"}))
    server.answers["/a"] = send(302, b"", Location=server.url("/b", "127.0.0.2"))
    server.answers["/b"] = send()
    resolve, asked = socket.getaddrinfo, 0

    def rebinding(host: str, *rest: Any, **more: Any) -> Any:
        nonlocal asked
        asked += host == "feeds.example"
        return resolve({"feeds.example": "127.0.0.1" if asked < 2 else "127.0.0.3"}.get(host, host), *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    assert "127.0.0.2, which is not public" in refused(tmp_path, server.url("/a", "feeds.example"))
    assert [path for path, _ in server.asked] == ["/a"]


@pytest.mark.parametrize(
    "target", ["http://a..b/", f"http://{'a' * 64}.example/", "http://127.0.0.1:99999/", "http://h:0/", "http://[::1"]
)
def test_a_redirect_to_what_is_no_address(tmp_path: Path, server: Server, target: str) -> None:
    server.answers["/a"] = send(302, b"", Location=target)
    assert "no name of a host" in (said := refused(tmp_path, server.url("/a"))) or "sends us on to" in said
    assert len(server.asked) == 1


def test_letters_beyond_ascii(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo
    names = {"xn--mnchen-3ya.example": "127.0.0.1"}
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: resolve(names.get(host, host), *rest, **more)
    )
    server.answers["/f"] = send(ETag='"\xe9"')
    url = server.url("/f", "münchen.example")
    assert fetch(Files(tmp_path), url).etag == fetch(Files(tmp_path), url).etag == '"\xe9"'
    assert server.asked[1][1]["Host"] == f"xn--mnchen-3ya.example:{server.server_port}"
    assert server.asked[1][1]["If-None-Match"] == '"\xe9"'


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, server: Server) -> None:
    server.answers["/f"] = send(body=bytes(1 << 21))
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.raises(ShelverError, match="may not grow that large"):
            fetch(Files(tmp_path), server.url("/f"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert list((tmp_path / "cache" / "feeds").iterdir()) == []


def test_what_killed_downloads_left_is_removed(tmp_path: Path, server: Server) -> None:
    server.answers["/f"] = send()
    folder = tmp_path / "cache" / "feeds"
    folder.mkdir(parents=True)
    old, running = folder / ".fetching-old", folder / ".fetching-new"
    old.write_bytes(b"x")
    running.write_bytes(b"x")
    os.utime(old, (0, 0))
    fetch(Files(tmp_path), server.url("/f"))
    assert (old.exists(), running.exists()) == (False, True)


def test_a_web_page_is_refused_with_its_title(tmp_path: Path, server: Server) -> None:
    server.answers["/f"] = send(
        body=b"<!DOCTYPE html>\n<html><head><title>\n Please log in</title>", Content_Type="text/csv"
    )
    assert "a web page with the title “Please log in”, not a feed" in refused(tmp_path, server.url("/f"))
    server.answers["/g"] = send(Content_Type="text/html")  # what PHP says of everything
    assert titles(Files(tmp_path), server.url("/g")) == ["Red shoe", "Hat"]


@pytest.mark.parametrize("where", ["headers", "body"])
def test_a_slow_drip_server_is_cut_off(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(http_files, "ANSWER_TIME", 0.6)
    monkeypatch.setattr(http_answers, "GRACE", 0.5)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(
            b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: 1000000\r\n\r\n" if where == "body" else b"X: ")
        )
        while not server.stopping.wait(0.05):
            handler.wfile.write(b"x")

    server.answers["/f"] = drip
    begun = time.monotonic()
    assert "the server is too slow" in refused(tmp_path, server.url("/f"))
    assert time.monotonic() - begun < 5


def test_a_silent_server(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_network, "STEP_TIMEOUT", 0.1)
    server.answers["/f"] = lambda handler: server.stopping.wait(5) and None
    assert "(asked 4 times)" in refused(tmp_path, server.url("/f"))


def test_an_endless_body(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_answers, "MAX_BYTES", 1 << 20)

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
        while not server.stopping.is_set():
            handler.wfile.write(b"1,a\n" * 10_000)

    server.answers["/f"] = endless
    assert "the server sends without end; expected at most 1,048,576 bytes" in refused(tmp_path, server.url("/f"))
    server.answers["/g"] = send(200, b"", Content_Length="99999999999")
    assert "99,999,999,999 bytes" in refused(tmp_path, server.url("/g"))


def test_packed_feeds_by_content_not_by_name(tmp_path: Path, server: Server) -> None:
    files = Files(tmp_path)
    server.answers["/export.php"] = send(body=gzip.compress(CSV))
    assert titles(files, server.url("/export.php?id=3")) == ["Red shoe", "Hat"]
    server.answers["/transport"] = send(body=gzip.compress(CSV), Content_Encoding="gzip")
    assert titles(files, server.url("/transport")) == ["Red shoe", "Hat"]
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("a.csv", CSV)
        archive.writestr("b/c.csv", b"id,title\n3,Cap\n")
    server.answers["/all"] = send(body=whole.getvalue())
    url = server.url("/all?key=s3cret")
    assert feed_files(files, feed(url)) == [server.url("/all?key=***/a.csv"), server.url("/all?key=***/b/c.csv")]
    assert titles(files, url) == ["Red shoe", "Hat", "Cap"]
    server.answers["/br"] = send(Content_Encoding="br")
    assert 'packed as "br"' in refused(tmp_path / "x", server.url("/br"))
