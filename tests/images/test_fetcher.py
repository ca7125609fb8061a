"""One picture at a time, from a real server that behaves well or badly."""

import asyncio
import gzip
import random
import resource
import signal
import socket
import ssl
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from shelver.config import Images
from shelver.errors import ShelverError
from shelver.files import Files
from shelver.images.fetcher import Fetcher
from shelver.images.outcome import Outcome, Status, Wanted
from shelver.images.store import PictureStore
from shelver.testing.pictures import bomb, draw, product_pictures, stored
from shelver.testing.web import Reply, WebServer

PICTURE, OTHER = product_pictures(2)
HERE = frozenset({"127.0.0.1"})
PIXELS, ZIPPED = bomb(50_000), gzip.compress(PICTURE + bytes(60_000_000), 1)


async def drip():
    yield PICTURE[:40]
    while True:
        await asyncio.sleep(0.05)
        yield b"."


async def endless():
    yield PICTURE[:100]
    while True:
        yield bytes(100_000)


class Twice:
    """One reply, `count` times, then the picture."""

    def __init__(self, reply, count):
        self.reply, self.left = reply, count

    def __call__(self, request):
        self.left -= 1
        return self.reply if self.left >= 0 else Reply(PICTURE)


def tagged(request):
    same = request.headers.get("if-none-match") == '"v1"'
    return Reply(status=304) if same else Reply(PICTURE, headers={"ETag": '"v1"', "Last-Modified": "Mon, 01 Jan 2024"})


def routes():
    return {
        "/ok": Reply(PICTURE),
        "/odd type": Reply(PICTURE, headers={"Content-Type": "text/html"}),
        "/gone": Reply(status=410),
        "/forbidden": Reply(status=403),
        "/error": Reply(status=500),
        "/nothing": Reply(b""),
        "/no content": Reply(status=204),
        "/page": Reply(b"\n<!DOCTYPE html><p>Sorry", headers={"Content-Type": "image/jpeg"}),
        "/text": Reply(b"x" * 100, headers={"Content-Type": "image/jpeg"}),
        "/tiff": Reply(stored(draw("disc", (1, 2, 3)), "TIFF")),
        "/cut": Reply(PICTURE[: len(PICTURE) // 2]),
        "/lies": Reply(PICTURE[:500], headers={"Content-Length": str(len(PICTURE))}),
        "/bomb": Reply(PIXELS),
        "/drip": lambda request: Reply(drip()),
        "/endless": lambda request: Reply(endless()),
        "/long": Reply(PICTURE, headers={"Content-Length": "99999999999"}),
        "/late": Reply(PICTURE, delay=60),
        "/packed": Reply(gzip.compress(PICTURE), headers={"Content-Encoding": "gzip"}),
        "/gzip bomb": Reply(ZIPPED, headers={"Content-Encoding": "gzip"}),
        "/badly packed": Reply(b"\x1f\x8b" + bytes(100), headers={"Content-Encoding": "gzip"}),
        "/brotli": Reply(PICTURE, headers={"Content-Encoding": "br"}),
        "/moved": Reply(status=301, headers={"Location": "/ok"}),
        "/loop": Reply(status=307, headers={"Location": "/loop"}),
        "/inside": Reply(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"}),
        "/inside by name": Reply(status=302, headers={"Location": "http://inside.example/"}),
        "/to file": Reply(status=302, headers={"Location": "file:///etc/passwd"}),
        "/to data": Reply(status=302, headers={"Location": "data:image/png;base64,AAAA"}),
        "/to nothing": Reply(status=302, headers={"Location": "http://x:99999/"}),
        "/two errors": Twice(Reply(status=503), 2),
        "/busy": Twice(Reply(status=429, headers={"Retry-After": "1"}), 1),
        "/away": Reply(status=503, headers={"Retry-After": "3600"}),
        "/tagged": tagged,
    }


@pytest.fixture
def server():
    with WebServer({path.replace(" ", "%20"): reply for path, reply in routes().items()}) as running:
        yield running


@pytest.fixture
def fetch(server, tmp_path):
    """Fetch one path or address; every name of a host is this machine, but for those given."""

    def fetch(wanted, *, resolve=server.resolve, allow=HERE, pause=0.01, **settings):
        if isinstance(wanted, str):
            wanted = Wanted(server.url(wanted) if wanted.startswith("/") and wanted[1:2] != "/" else wanted)
        limits = Images(**{"rate": 1000, "timeout": 5, **settings})
        make = partial(Fetcher, limits, PictureStore(Files(tmp_path)), resolve=resolve, allow=allow, pause=pause)

        async def one():
            async with make(rng=random.Random(1)) as fetcher:  # noqa: S311 (not for secrets)
                return await fetcher.fetch(wanted)

        return asyncio.run(one())

    return fetch


def answers(*ips):
    """A resolver that gives one list of addresses after the other, the last for good."""
    asked = Counter()

    def resolve(host, port, **options):
        asked[host] += 1
        given = ips[min(asked[host], len(ips)) - 1]
        return [(2, 1, 6, "", (ip, port)) for ip in ([given] if isinstance(given, str) else given)]

    resolve.asked = asked
    return resolve


def test_a_picture_is_stored_by_its_content(fetch, tmp_path):
    found = fetch("/ok")
    assert found == Outcome(found.url, Status.OK, "", found.hash, "JPEG", len(PICTURE), found.width, found.height)
    assert (tmp_path / found.hash[:2] / found.hash).read_bytes() == PICTURE
    assert PictureStore(Files(tmp_path)).get(found.hash) == PICTURE
    assert PictureStore(Files(tmp_path)).names() == [found.hash]


def test_who_asks_and_what_for(fetch, server):
    fetch("/ok")
    headers = server.requests[0].headers
    assert headers["user-agent"].startswith("Shelver/")
    assert headers["accept-encoding"] == "identity"
    assert not {"cookie", "authorization", "referer", "if-none-match"} & set(headers)


def test_a_user_name_in_the_address_is_not_sent(fetch, server):
    assert fetch(server.url("/ok").replace("//", "//user:password@")).status is Status.OK
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/odd type", "ok", ""),
        ("/none", "gone", "answered 404 Not Found"),
        ("/gone", "gone", "answered 410 Gone"),
        ("/forbidden", "failed", "answered 403 Forbidden"),
        ("/nothing", "broken", "empty, or cannot be read"),
        ("/no content", "failed", "answered 204 No Content"),
        ("/page", "broken", "a web page, not a picture"),
        ("/text", "broken", "not a picture"),
        ("/tiff", "broken", "not a picture"),
        ("/cut", "broken", "damaged or cut off"),
        ("/bomb", "refused", "more than 50,000,000 pixels"),
        ("/long", "refused", "more than 20,000,000 bytes"),
        ("/packed", "ok", ""),
        ("/gzip bomb", "refused", "more than 20,000,000 bytes"),
        ("/badly packed", "broken", "packed in a damaged way"),
        ("/brotli", "failed", "packed in a way that was not asked for"),
        ("/moved", "ok", ""),
        ("/loop", "refused", "more than 5 redirects"),
        ("/inside", "refused", "leads to 169.254.169.254, which is not public"),
        ("/to file", "refused", 'an address by "file:", not by http or https'),
        ("/to data", "refused", 'an address by "data:", not by http or https'),
        ("/to nothing", "refused", "not a valid address"),
    ],
)
def test_one_request_tells(fetch, server, tmp_path, path, status, reason):
    resolve = answers("169.254.169.254") if path == "/inside" else server.resolve

    def by_name(host, port, **options):
        return (server.resolve if host == "127.0.0.1" else resolve)(host, port, **options)

    found = fetch(path, resolve=by_name)
    assert (found.status, found.reason.partition(" (")[0]) == (status, reason)
    assert len(server.requests) == {"/moved": 2, "/loop": 6}.get(path, 1)
    assert bool(list(tmp_path.rglob("*/*"))) == (status == "ok"), "nothing else is stored"


@pytest.mark.parametrize(
    "address", ["", "x.jpg", "/x.jpg?", "data:image/png;base64,AAAA", "file:///etc/passwd", "ftp://x/y", "http://", "http://[",
                "http://x\0y/", "https://x:0/", "https://x:99999/", "javascript:alert(1)", "http://" + "x" * 9000]
)  # fmt: skip
def test_what_is_no_address_is_refused_unasked(fetch, server, address):
    found = fetch(Wanted(address))
    assert found.status is Status.REFUSED
    assert found.reason
    assert server.requests == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "127.1", "0x7f000001", "2130706433", "[::ffff:127.0.0.1]"]
)
def test_this_machine_is_refused_however_it_is_written(fetch, server, host):
    found = fetch(server.url("/ok", host), resolve=socket.getaddrinfo, allow=frozenset())
    assert found.status is Status.REFUSED
    assert "not public" in found.reason
    assert server.requests == []


def test_a_name_that_leads_inside_is_refused(fetch, server):
    for ips in (["10.0.0.7"], ["8.8.8.8", "127.0.0.1"], ["fd00:ec2::254"]):
        found = fetch(server.url("/ok", "shop.example"), resolve=answers(ips), allow=frozenset())
        assert found.status is Status.REFUSED
        assert "not public" in found.reason
    assert server.requests == []


def test_a_redirect_to_a_name_that_leads_inside_is_refused(fetch, server):
    def resolve(host, port, **options):
        return [(2, 1, 6, "", ("10.1.2.3" if host == "inside.example" else "127.0.0.1", port))]

    found = fetch("/inside by name", resolve=resolve)
    assert (found.status, found.reason) == (Status.REFUSED, "leads to 10.1.2.3, which is not public")


def test_a_resolver_that_changes_its_mind_gains_nothing(fetch, server):
    """The name is resolved once for a connection: the address that was checked is the one that is connected to."""
    resolve = answers("127.0.0.1", "10.0.0.1")
    assert fetch(server.url("/ok", "rebind.example"), resolve=resolve).status is Status.OK
    assert resolve.asked == {"rebind.example": 1}
    resolve = answers("127.0.0.9", "127.0.0.1")
    found = fetch(server.url("/ok", "rebind.example"), resolve=resolve, allow=frozenset({"127.0.0.9"}), retries=1)
    assert (found.status, found.reason) == (Status.REFUSED, "leads to 127.0.0.1, which is not public")
    assert resolve.asked == {"rebind.example": 2}
    assert len(server.requests) == 1, "the first, allowed"


def test_the_host_is_named_though_its_address_is_connected_to(fetch, server):
    assert fetch(server.url("/ok", "shop.example")).status is Status.OK
    assert server.requests[0].host == "shop.example"


def test_the_second_address_is_tried_if_the_first_is_dead(fetch, server):
    resolve = answers(["127.0.0.9", "127.0.0.1"])
    assert fetch("/ok", resolve=resolve, allow=frozenset({"127.0.0.9", "127.0.0.1"})).status is Status.OK


def test_proxies_of_the_environment_are_not_used(fetch, server, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert fetch("/ok").status is Status.OK


@pytest.mark.parametrize("path", ["/drip", "/late"])
def test_slow_ones_end_in_time(fetch, server, path):
    begun = time.monotonic()
    found = fetch(path, timeout=0.5, retries=3)
    assert (found.status, found.reason) == (Status.FAILED, "took more than 0.5 seconds")
    assert time.monotonic() - begun < 2
    assert len(server.requests) == 1, "no second try in this run"


def test_connections_that_were_given_up_are_free_again(server, tmp_path):
    async def run():
        limits = Images(rate=1000, timeout=0.3, connections=1, per_host=1, retries=0)
        async with Fetcher(limits, PictureStore(Files(tmp_path)), allow=HERE) as fetcher:
            paths = ("/drip", "/late", "/endless", "/ok", "/none", "/page", "/ok")
            return [(await fetcher.fetch(Wanted(server.url(path)))).status.value for path in paths]

    assert asyncio.run(run()) == ["failed", "failed", "refused", "ok", "gone", "broken", "ok"]


def test_a_connection_is_used_again(server, tmp_path):
    async def run():
        async with Fetcher(Images(rate=1000), PictureStore(Files(tmp_path)), allow=HERE) as fetcher:
            for path in ("/ok", "/none", "/moved", "/ok"):
                await fetcher.fetch(Wanted(server.url(path)))
            return len(fetcher._pool.connections)

    assert asyncio.run(run()) == 1
    assert server.connections == 1


def test_an_endless_body_is_cut_off(fetch):
    assert fetch("/endless", max_bytes=1_000_000).reason == "more than 1,000,000 bytes"


def test_settings_of_pixels(fetch):
    assert fetch("/ok", max_pixels=100).reason == "more than 100 pixels"


def test_two_errors_then_a_picture(fetch, server):
    assert fetch("/two errors").status is Status.OK
    assert len(server.requests) == 3


def test_errors_without_end(fetch, server):
    found = fetch("/error", retries=2)
    assert (found.status, found.reason) == (Status.FAILED, "answered 500 Internal Server Error")
    assert len(server.requests) == 3


def test_a_body_that_breaks_off_is_asked_for_again(fetch, server):
    found = fetch("/lies", retries=1)
    assert (found.status, found.reason) == (Status.FAILED, "the answer is no valid HTTP, or broke off")
    assert len(server.requests) == 2


def test_pauses_grow(fetch, server):
    fetch("/error", retries=3, pause=0.1)
    times = [request.at for request in server.requests]
    first, second, third = (b - a for a, b in pairwise(times))
    assert 0.05 <= first <= 0.25
    assert 0.1 <= second <= 0.4
    assert 0.2 <= third <= 0.8


def test_retry_after_is_kept_to(fetch, server):
    assert fetch("/busy").status is Status.OK
    first, second = server.requests
    assert second.at - first.at >= 1


def test_a_host_that_wants_a_long_rest_gets_it(fetch, server):
    found = fetch("/away")
    assert (found.status, found.wait) == (Status.FAILED, 3600)
    assert len(server.requests) == 1
    server.routes["/date"] = Reply(
        status=503, headers={"Retry-After": format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)}
    )
    assert 7100 < fetch("/date").wait <= 7200
    server.routes["/odd"] = Reply(status=503, headers={"Retry-After": "soon"})
    assert fetch("/odd", retries=0).wait == 0


def test_what_has_not_changed_is_not_sent_again(fetch, server):
    first = fetch("/tagged")
    assert (first.etag, first.last_modified) == ('"v1"', "Mon, 01 Jan 2024")
    again = fetch(Wanted(first.url, first.hash, first.etag, first.last_modified))
    assert again == Outcome(first.url, Status.OK, hash=first.hash, etag='"v1"', last_modified="Mon, 01 Jan 2024")
    assert server.requests[1].headers["if-modified-since"] == "Mon, 01 Jan 2024"
    changed = fetch(Wanted(first.url, first.hash, '"v0"'))
    assert changed.size == len(PICTURE)


def test_what_hosts_say_stops_no_run(fetch, server):
    found = fetch(Wanted(server.url("/ok"), "h", '"\xe9"'))
    assert found.status is Status.OK
    assert server.requests[0].headers["if-none-match"] == '"\xe9"'
    server.routes["/odd"] = Reply(status=302, headers={"Location": ":http://] "})
    assert fetch("/odd").reason == "a redirect to what is no valid address"
    server.routes["/never"] = Reply(status=503, headers={"Retry-After": "Fri, 31 Dec 9999 23:59:59 -2300"})
    assert fetch("/never").wait == 30 * 86_400


def test_a_full_disk_is_not_the_hosts_fault(fetch, server):
    server.routes["/big"] = Reply(PICTURE + bytes(2 << 20))
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.raises(ShelverError, match="may not grow that large"):
            fetch("/big")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_nobody_there(fetch):
    found = fetch("http://127.0.0.1:1/x.jpg", retries=1)
    assert (found.status, found.reason, found.silent) == (Status.FAILED, "no connection", True)
    found = fetch("http://does-not-exist.invalid/x.jpg", resolve=socket.getaddrinfo)
    assert (found.status, found.reason, found.silent) == (Status.FAILED, "nobody knows the host", True)


@pytest.fixture
def certificate(tmp_path_factory):
    """A certificate for shop.example that nobody signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.example")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
    names = x509.SubjectAlternativeName([x509.DNSName("shop.example")])
    signed = made.add_extension(names, critical=False).sign(key, hashes.SHA256())
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + signed.public_bytes(Encoding.PEM))
    return path


def test_tls_is_spoken_with_the_name_of_the_host_and_its_certificate_checked(fetch, certificate):
    asked = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda connection, name, context: asked.append(name)
    with WebServer({"/ok": Reply(PICTURE)}, context) as secure:
        found = fetch(secure.url("/ok", "shop.example"), resolve=secure.resolve)
        assert secure.requests == []
    assert (found.status, found.reason) == (Status.FAILED, "the host's certificate is not valid")
    assert asked == ["shop.example"]
