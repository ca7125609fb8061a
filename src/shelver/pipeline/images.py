"""Fetch the pictures of products, and say how they stand."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
from filelock import FileLock, Timeout

from shelver.catalogue.on_offer import ON_OFFER
from shelver.config import Images
from shelver.errors import ShelverError
from shelver.files import is_url
from shelver.images.fetcher import Fetcher
from shelver.images.fetching import Fetching
from shelver.images.records import Records
from shelver.images.store import PictureStore
from shelver.pipeline.base import Base
from shelver.pipeline.images_report import ImagesReport, make_report
from shelver.table import Table

MakeFetcher = Callable[[Images, PictureStore], Fetcher]


def fetch_images(
    workspace: Base, limit: int = 0, *, retry: bool = False, every: bool = False, fetcher: MakeFetcher = Fetcher
) -> ImagesReport:
    """Fetch the pictures of active products that are not there yet, or are to be looked at again.

    Parameters
    ----------
    workspace : Base
        Its products, and the settings ``[images]``.
    limit : int
        Ask for so many addresses at most; 0: all that are due.
    retry : bool
        Ask again for all that could not be fetched, however long ago.
    every : bool
        All pictures of each product, not the first alone.
    fetcher : callable
        Makes the fetcher; for tests.

    Raises
    ------
    ShelverError
        There are no products, another process fetches pictures of this workspace, or the disk is full.
    ConfigError
        A feed's place of pictures is neither a folder nor a zip.
    """
    begun = time.perf_counter()
    products = workspace.products()
    own = workspace.pictures()
    for source in own.places:
        own.album(source)  # if there is anything wrong with it, say so first
    settings, store = workspace.config.images, PictureStore(workspace.folder("fetched"))
    records = Records(workspace.table("images"), settings)
    with _alone(workspace.prefix):
        urls = addresses(products, every)
        due = records.due(urls, pa.array(store.names(), pa.string()), datetime.now(UTC), retry=retry)
        due = due.slice(0, limit or None)
        if due.num_rows:
            fetching = Fetching(records, due, lambda done: workspace.report("images", done, due.num_rows))
            _run(lambda: fetching.run(fetcher(settings, store)))
            records.tidy()
    return images_status(workspace, every=every, asked=due.num_rows, seconds=time.perf_counter() - begun)


def images_status(workspace: Base, *, every: bool = False, asked: int = 0, seconds: float = 0.0) -> ImagesReport:
    """Say how the pictures stand; nothing is fetched.

    Parameters
    ----------
    workspace : Base
        Its products.
    every : bool
        All pictures of each product, not the first alone.
    asked, seconds : int, float
        What was asked for just now, and how long that took.

    Raises
    ------
    ShelverError
        There are no products.
    ConfigError
        A feed's place of pictures is neither a folder nor a zip.
    """
    products = workspace.products()
    records = Records(workspace.table("images"), workspace.config.images)
    rows = products.read(["source", "merchant_id", "image_url"], ON_OFFER)
    return make_report(rows, addresses(products, every), records.read(), workspace.pictures(), asked, seconds)


def addresses(products: Table, every: bool = False) -> pa.Array:
    """Addresses of pictures of active products, each once, in the products' order.

    Parameters
    ----------
    products : Table
        The products.
    every : bool
        All addresses of a product, the first of all products before any second.
    """
    found: list[pa.Array] = [pa.array([], pa.string())]
    for name in ("image_url", "image_urls") if every else ("image_url",):
        for batch in products.batches([name], 65_536, ON_OFFER):
            column = batch.column(0)
            found.append(pc.unique(column.flatten() if name == "image_urls" else column))
    urls = pc.unique(pa.chunked_array(found))
    return urls.filter(pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(urls), ""), False))


@contextmanager
def _alone(prefix: str) -> Iterator[None]:
    """Hold the lock of the one process that fetches pictures for a workspace; on an object store, on this machine."""
    path = os.path.join(prefix, "images.lock")
    if is_url(prefix):
        name = hashlib.blake2b(prefix.encode(), digest_size=8).hexdigest()
        path = os.path.join(tempfile.gettempdir(), f"shelver-images-{name}.lock")
    try:
        with FileLock(path, timeout=0):
            yield
    except Timeout:
        raise ShelverError(
            "another process fetches pictures of this workspace", where=prefix, hint="wait until it is done"
        ) from None


def _run(work: Callable[[], Coroutine[None, None, None]]) -> None:
    """Run a coroutine, also where a loop runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work())
        return
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(work())).result()
