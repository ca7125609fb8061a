"""Fetching pictures: pictures per second, CPU time and memory beside plain httpx2, from a server in another process.

    python benchmarks/fetch_images.py                                    2,000 addresses, made-up pictures of 800 pixels
    python benchmarks/fetch_images.py --images pictures.zip --addresses 5000 --delay 0.05

The peers download and write each file; Shelver also resolves and checks every host, unpacks every picture to see that
it is whole, stores equal ones once and notes each address. Every contestant runs in a process of its own. The limits of
Shelver are raised, so that its work is seen and not its politeness. Compare the ratios, not the absolute times.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from multiprocessing.connection import Connection
from typing import Any
from zipfile import ZipFile

import httpx2
import numpy as np
import pyarrow as pa

from shelver.config import Images
from shelver.encoders.pictures import ENDINGS
from shelver.files import Files
from shelver.images.fetcher import Fetcher
from shelver.images.fetching import Fetching
from shelver.images.records import Records
from shelver.images.store import PictureStore
from shelver.table import Table
from shelver.testing.pictures import product_picture, stored
from shelver.testing.web import Reply, Request, WebServer

HOSTS, THREADS = 8, 32
CONTESTANTS = (
    "httpx2, one after the other",
    f"httpx2, {THREADS} threads",
    "shelver",
    "shelver, again",
    "shelver, refresh",
)


def pictures(path: str, count: int) -> list[bytes]:
    """Pictures of a zip, or made-up ones."""
    if not path:
        rng = np.random.default_rng(0)
        return [stored(product_picture(rng).resize((800, 800)), quality=85) for _ in range(count)]
    with ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.lower().endswith(ENDINGS))
        return [archive.read(name) for name in names[:: max(1, len(names) // count)][:count]]


def serve(contents: list[bytes], delay: float, told: Connection) -> None:
    """A server that gives picture i for ``/i``, after a moment."""

    def reply(request: Request) -> Reply:
        number = int(request.path[1:]) % len(contents)
        tag = f'"{number}"'
        if request.headers.get("if-none-match") == tag:
            return Reply(status=304, delay=delay)
        return Reply(contents[number], headers={"ETag": tag}, delay=delay)

    with WebServer({"/": reply}) as server:
        told.send(server.port)
        told.recv()


def by_httpx2(port: int, count: int, folder: str, threads: int) -> int:
    """The peer: download and write."""
    with httpx2.Client(trust_env=False, limits=httpx2.Limits(max_connections=threads)) as client:

        def one(number: int) -> None:
            answer = client.get(f"http://127.0.0.1:{port}/{number}")
            answer.raise_for_status()
            with open(os.path.join(folder, str(number)), "wb") as stream:
                stream.write(answer.content)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(one, range(count)))
    return count


def by_shelver(port: int, count: int, folder: str, refresh: bool) -> int:
    """Fetch what is due; gives how many that were."""
    settings = Images(rate=100_000, per_host=THREADS // HOSTS, connections=THREADS, refresh_after=0 if refresh else 720)
    store, records = PictureStore(Files(f"{folder}/fetched")), Records(Table(f"{folder}/images.lance"), settings)
    urls = pa.array([f"http://h{i % HOSTS}.example:{port}/{i}" for i in range(count)], pa.string())
    now = datetime.now(UTC) if not refresh else datetime(2100, 1, 1, tzinfo=UTC)
    due = records.due(urls, pa.array(store.names(), pa.string()), now)

    def resolve(host: str, port: int, **options: Any) -> list[Any]:
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    async def run() -> None:
        fetcher = Fetcher(settings, store, resolve=resolve, allow=frozenset({"127.0.0.1"}))
        await Fetching(records, due, lambda done: None).run(fetcher)

    if due.num_rows:
        asyncio.run(run())
        records.tidy()
    return due.num_rows


def contest(name: str, port: int, count: int, folder: str) -> dict[str, Any]:
    """One contestant, in this process."""
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall, cpu = time.perf_counter(), time.process_time()
    if name.startswith("httpx2"):
        asked = by_httpx2(port, count, folder, 1 if "after" in name else THREADS)
    else:
        asked = by_shelver(port, count, folder, name.endswith("refresh"))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"name": name, "asked": asked, "wall": wall, "cpu": cpu, "peak_mb": peak, "grown_mb": peak - base}


def main() -> None:
    """Run all, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--addresses", type=int, default=2000)
    parser.add_argument("--different", type=int, default=500, help="different pictures behind the addresses")
    parser.add_argument("--images", default="", help="zip with pictures")
    parser.add_argument("--delay", type=float, default=0.02, help="seconds before each answer of the server")
    parser.add_argument("--contest", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contest:
        name, port, folder = options.contest
        print(json.dumps(contest(name, int(port), options.addresses, folder)))
        return
    contents = pictures(options.images, options.different)
    print(
        f"{options.addresses:,} addresses of {len(contents):,} pictures, {np.mean([*map(len, contents)]) / 1e3:.0f} kB"
    )
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(contents, options.delay, theirs))
    server.start()
    port = ours.recv()
    print(f"{'':<28}{'asked':>8}{'s':>8}{'per s':>8}{'CPU ms each':>13}{'peak MB':>9}{'grown':>7}")
    with tempfile.TemporaryDirectory() as kept:
        for name in CONTESTANTS:
            with tempfile.TemporaryDirectory() as own:
                folder = kept if name.startswith("shelver") else own
                command = [sys.executable, __file__, "--addresses", str(options.addresses)]
                run = partial(subprocess.run, check=True, capture_output=True, text=True)
                line = json.loads(run([*command, "--contest", name, str(port), folder]).stdout)
            each = 1e3 * line["cpu"] / max(line["asked"], 1)
            rate = line["asked"] / line["wall"]
            print(
                f"{name:<28}{line['asked']:>8,}{line['wall']:>8.2f}{rate:>8.0f}{each:>13.2f}{line['peak_mb']:>9.0f}"
                f"{line['grown_mb']:>7.0f}"
            )
        files = [os.path.join(place, name) for place, _, names in os.walk(f"{kept}/fetched") for name in names]
        print(f"stored: {len(files):,} files, {sum(map(os.path.getsize, files)) / 1e6:.1f} MB")
    ours.send("done")
    server.join()


if __name__ == "__main__":
    main()
