"""Many addresses: order, limits of hosts, hosts that are dead, what is stored and what is asked again."""

import asyncio
import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from shelver.config import Images
from shelver.errors import ShelverError
from shelver.files import Files
from shelver.images import fetching
from shelver.images.fetcher import Fetcher
from shelver.images.fetching import Fetching
from shelver.images.hosts import Hosts
from shelver.images.lanes import GIVE_UP, SILENT, by_host, hosts_of
from shelver.images.outcome import Outcome, Status
from shelver.images.records import IMAGES_SCHEMA, Records
from shelver.images.store import PictureStore
from shelver.table import Table
from shelver.testing.pictures import product_pictures
from shelver.testing.web import Reply, WebServer

PICTURES = product_pictures(8)
HERE = frozenset({"127.0.0.1"})
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def numbered(request):
    """Picture 3 of 8 for /p/3, /p/11, ..., after a moment."""
    return Reply(PICTURES[int(request.path.rpartition("/")[2]) % len(PICTURES)], delay=0.01)


@pytest.fixture
def server():
    with WebServer(
        {"/p/": numbered, "/fail/": Reply(status=500), "/rest": Reply(status=503, headers={"Retry-After": "900"})}
    ) as running:
        yield running


class Run:
    """Fetches addresses into a folder, again and again."""

    def __init__(self, folder, server, **settings):
        self.settings = Images(**{"rate": 10_000, "timeout": 5, "retries": 0, **settings})
        self.store = PictureStore(Files(folder / "pictures"))
        self.records = Records(Table(str(folder / "images.lance")), self.settings)
        self.make = partial(Fetcher, self.settings, self.store, resolve=server.resolve, allow=HERE, pause=0.01)
        self.told = []

    def due(self, urls, now=None, **options):
        stored = pa.array(self.store.names(), pa.string())
        return self.records.due(pa.array(urls, pa.string()), stored, now or datetime.now(UTC), **options)

    def __call__(self, urls, now=None, **options):
        """Gives how many were asked for."""
        due = self.due(urls, now, **options)

        async def run():
            await Fetching(self.records, due, self.told.append).run(self.make())

        asyncio.run(run())
        return due.num_rows

    def rows(self):
        return {row["url"]: row for row in self.records.read().to_pylist()}


@pytest.fixture
def run(tmp_path, server):
    return Run(tmp_path, server)


def test_all_are_fetched_equal_ones_stored_once(run, server):
    urls = [server.url(f"/p/{i}") for i in range(40)]
    assert run(urls) == 40
    rows = run.rows()
    assert sorted(rows) == sorted(urls)
    assert {row["status"] for row in rows.values()} == {"ok"}
    assert len(run.store.names()) == len(PICTURES)
    for i, url in enumerate(urls):
        assert run.store.get(rows[url]["hash"]) == PICTURES[i % len(PICTURES)]
        assert rows[url]["bytes"] == len(PICTURES[i % len(PICTURES)])
    assert run.told == list(range(1, 41))
    assert run(urls) == 0, "nothing is asked twice"
    assert len(server.requests) == 40


def test_limits_of_a_host_hold(tmp_path, server):
    run = Run(tmp_path, server, per_host=3, rate=50)
    hosts = [f"h{i}.example" for i in range(5)]
    begun = time.monotonic()
    assert run([server.url(f"/p/{i}", host) for i in range(12) for host in hosts]) == 60
    took = time.monotonic() - begun
    assert set(server.at_once) == set(hosts)
    assert max(server.at_once.values()) <= 3
    for host in hosts:
        times = np.array([request.at for request in server.requests if request.host == host])
        assert len(times) == 12
        assert times[-1] - times[0] >= 11 / 50 - 0.01, "50 a second at most"
    assert took < 5 * 11 / 50, "hosts side by side"


def test_several_at_a_time_to_one_host(tmp_path):
    with WebServer({"/": Reply(PICTURES[0], delay=0.1)}) as slow:
        run = Run(tmp_path, slow, per_host=4)
        run([slow.url(f"/{i}") for i in range(20)])
        assert slow.at_once == {"127.0.0.1": 4}


def test_the_limit_of_all(tmp_path):
    with WebServer({"/": Reply(PICTURES[0], delay=0.05)}) as slow:
        run = Run(tmp_path, slow, connections=3, per_host=2)
        at_once = []
        original = slow.routes["/"]
        slow.routes["/"] = lambda request: (at_once.append(slow._now.total()), original)[1]
        run([slow.url(f"/{i}", f"h{i % 10}.example") for i in range(40)])
        assert 2 <= max(at_once) <= 3


def test_redirects_keep_to_the_limits_of_where_they_lead(tmp_path):
    def away(request):
        return Reply(status=302, headers={"Location": f"http://cdn.example:{server.port}/picture"})

    with WebServer({"/": away, "/picture": Reply(PICTURES[0], delay=0.05)}) as server:
        run = Run(tmp_path, server, per_host=2)
        run([server.url(f"/{i}", f"h{i}.example") for i in range(12)])
        assert server.at_once["cdn.example"] == 2
        assert {row["status"] for row in run.rows().values()} == {"ok"}


def test_a_dead_host_is_given_up_and_keeps_no_other_waiting(tmp_path, server):
    run = Run(tmp_path, server)
    dead = [f"http://dead.example:1/{i}" for i in range(50)]
    good = [server.url(f"/p/{i}") for i in range(10)]
    assert run(dead + good) == 60
    rows = run.rows()
    assert {rows[url]["status"] for url in good} == {"ok"}
    reasons = Counter(rows[url]["reason"] for url in dead)
    assert set(reasons) == {"no connection", SILENT}
    assert reasons["no connection"] <= GIVE_UP + run.settings.per_host
    assert {rows[url]["tries"] for url in dead if rows[url]["reason"] == SILENT} == {0}
    assert run(dead) == 0, "asked again later"


def test_a_host_that_wants_to_be_left_alone_is(run, server):
    urls = [server.url("/rest"), *(server.url(f"/rest/{i}") for i in range(30))]
    run(urls)
    assert len(server.requests) <= run.settings.per_host
    rows = run.rows()
    assert {row["status"] for row in rows.values()} == {"failed"}
    assert run.due(urls, datetime.now(UTC) + timedelta(minutes=10)).num_rows == 0


def test_failures_are_tried_again_later_and_later(run, server):
    url = server.url("/fail/1")
    waits = []
    now = datetime.now(UTC)
    for _ in range(7):
        assert run([url], now, retry=True) == 1
        row = run.rows()[url]
        waits.append(round((row["next_try"] - row["fetched_at"]).total_seconds() / 3600))
        assert run([url]) == 0
    assert waits == [24, 48, 96, 192, 384, 720, 720]
    assert row["tries"] == 7
    server.routes["/fail/"] = Reply(PICTURES[0])
    assert run([url], now + timedelta(hours=721)) == 1
    row = run.rows()[url]
    assert (row["status"], row["reason"], row["tries"]) == ("ok", None, 0)


def test_what_is_gone_is_asked_for_only_when_told_to(run, server):
    url = server.url("/none")
    run([url])
    assert run.rows()[url]["next_try"] is None
    assert run([url], datetime.now(UTC) + timedelta(days=9999)) == 0
    assert run([url], retry=True) == 1
    assert len(run.rows()) == 1


def test_a_picture_stays_when_its_address_fails_later(run, server):
    url = server.url("/p/1")
    run([url])
    before = run.rows()[url]
    server.routes["/p/"] = Reply(status=404)
    assert run([url], datetime.now(UTC) + timedelta(days=31)) == 1
    after = run.rows()[url]
    assert (after["status"], after["reason"]) == ("gone", "answered 404 Not Found")
    assert (after["hash"], after["bytes"], after["format"]) == (before["hash"], before["bytes"], before["format"])


def test_refresh_asks_whether_it_has_changed(run, server):
    def tagged(request):
        version = '"2"' if len(server.requests) > 2 else '"1"'
        same = request.headers.get("if-none-match") == version
        return Reply(status=304) if same else Reply(PICTURES[int(version[1])], headers={"ETag": version})

    server.routes["/t"] = tagged
    url = server.url("/t")
    later = datetime.now(UTC) + timedelta(days=31)
    assert run([url]) == 1
    first = run.rows()[url]
    assert run([url], later) == 1
    second = run.rows()[url]
    assert {**second, "fetched_at": None, "next_try": None} == {**first, "fetched_at": None, "next_try": None}
    assert second["next_try"] > first["next_try"]
    assert run([url], later) == 1
    third = run.rows()[url]
    assert run.store.get(third["hash"]) == PICTURES[2]
    assert third["etag"] == '"2"'
    assert run.store.get(first["hash"]) == PICTURES[1], "nothing is deleted"


def test_a_stored_picture_that_was_deleted_is_fetched_again(run, server):
    urls = [server.url(f"/p/{i}") for i in range(3)]
    run(urls)
    name = run.rows()[urls[1]]["hash"]
    run.store.files.delete(f"{name[:2]}/{name}")
    assert run(urls) == 1
    assert run.store.get(name) == PICTURES[1]


def test_addresses_that_are_none_are_noted_too(run):
    urls = ["", "x.jpg", "data:image/png;base64,AA", "//", "http://"]
    assert run(urls) == 5
    assert {row["status"] for row in run.rows().values()} == {"refused"}


def test_stopped_by_the_user_what_was_fetched_is_kept(tmp_path, server):
    run = Run(tmp_path, server, per_host=1)
    urls = [server.url(f"/p/{i}") for i in range(100)]

    async def interrupted():
        task = asyncio.create_task(Fetching(run.records, run.due(urls), run.told.append).run(run.make()))
        while len(run.told) < 10:
            await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupted())
    kept = len(run.rows())
    assert kept == len(run.told) >= 10
    assert run(urls) == 100 - kept
    assert len(run.rows()) == 100


def test_stored_as_it_comes(run, server, monkeypatch):
    monkeypatch.setattr(fetching, "FLUSH_ROWS", 5)
    versions = []

    class Told:
        def append(self, done):
            versions.append(run.records.table.exists() and run.records.table.count())

    run.told = Told()
    run([server.url(f"/p/{i}") for i in range(30)])
    assert max(versions[:-1]) >= 15
    assert run.records.read().num_rows == 30


def test_stored_after_a_while_too(run, server, monkeypatch):
    monkeypatch.setattr(fetching, "FLUSH_SECONDS", 0.02)
    server.routes["/late"] = Reply(PICTURES[0], delay=1)
    server.routes["/first"] = Reply(PICTURES[1])
    run([server.url("/first"), server.url("/late")])
    assert run.records.table.count() == 2
    assert run.records.table.version >= 2, "not all in one commit"


def test_a_full_disk_is_said_at_once(tmp_path, server):
    run = Run(tmp_path, server)

    def full(name, content):
        raise ShelverError("the disk is full; nothing was changed", where=name)

    run.store.files.write = full
    with pytest.raises(ShelverError, match="disk is full"):
        run([server.url(f"/p/{i}") for i in range(5)])


def test_many_small_writes_are_merged(run):
    before = dict.fromkeys(IMAGES_SCHEMA.names)
    for i in range(7):
        run.records.write([run.records.row(before, Outcome(f"http://x/{i}", Status.GONE, "gone"), NOW)], known=False)
    run.records.tidy()
    assert len(run.records.table.open().get_fragments()) == 1
    assert run.records.read()["url"].to_pylist() == [f"http://x/{i}" for i in range(7)]


HOSTS = {
    "http://A.example/x": "a.example",
    "https://a.example:8080/": "a.example",
    " //a.example/x": "a.example",
    "HTTP://user:p@a.example/x?y=//b": "a.example",
    "http://a.example?x": "a.example",
    "http://a.example#x": "a.example",
    "http://[::1]:80/x": "[::1]",
    "x.jpg": "",
    "": "",
    "data:,//a": "",
    "ftp://b/x": "",
}


def test_hosts_of_addresses():
    assert hosts_of(pa.chunked_array([list(HOSTS)])).to_pylist() == list(HOSTS.values())


def test_by_host_gives_every_row_once_largest_first():
    rng = random.Random(0)  # noqa: S311 (not for secrets)
    urls = [f"http://{rng.choice('aabcc')}{rng.choice(['', '.x'])}/{i}" for i in range(100)]
    groups = list(by_host(pa.chunked_array([urls[:40], urls[40:]])))
    assert sorted(row for rows in groups for row in rows) == list(range(100))
    assert [len(rows) for rows in groups] == sorted((len(rows) for rows in groups), reverse=True)
    for rows in groups:
        assert len({urls[row].split("/")[2] for row in rows}) == 1
    assert list(by_host(pa.chunked_array([], pa.string()))) == []


def test_idle_hosts_are_forgotten():
    async def many():
        hosts = Hosts(2, 10_000.0, 4)
        for i in range(9000):
            async with hosts.turn(f"h{i}"):
                pass
        return len(hosts)

    assert asyncio.run(many()) <= 4097
