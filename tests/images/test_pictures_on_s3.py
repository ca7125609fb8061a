"""Pictures and their table on an object store: moto's server on this machine."""

import asyncio
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from shelver.config import Images
from shelver.files import Files
from shelver.images.fetched import FetchedPictures
from shelver.images.fetcher import Fetcher
from shelver.images.fetching import Fetching
from shelver.images.records import Records
from shelver.images.store import PictureStore
from shelver.table import Table
from shelver.testing.pictures import product_pictures
from shelver.testing.web import Reply, WebServer

boto3 = pytest.importorskip("boto3")
moto_server = pytest.importorskip("moto.server")
PICTURES = product_pictures(4)


@pytest.fixture
def prefix(monkeypatch):
    """An empty bucket."""
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket="pictures")
    yield "s3://pictures/shop"
    server.stop()


def test_fetched_to_a_store_and_read_from_it(prefix):
    store = PictureStore(Files(prefix).sub("fetched"))
    records = Records(Table(f"{prefix}/tables/images.lance"), Images(rate=1000, retries=0))
    with WebServer({f"/{i}": Reply(content) for i, content in enumerate(PICTURES)}) as server:
        urls = pa.array([server.url(f"/{i}") for i in (0, 1, 2, 3, 9)])

        def run(now):
            due = records.due(urls, pa.array(store.names(), pa.string()), now)

            async def fetch():
                fetcher = Fetcher(records.settings, store, allow=frozenset({"127.0.0.1"}))
                await Fetching(records, due, lambda done: None).run(fetcher)

            asyncio.run(fetch())
            return due.num_rows

        now = datetime.now(UTC)
        assert run(now) == 5
        assert run(now) == 0
        assert run(now + timedelta(days=31)) == 4, "all but the one that is gone; replaced in one commit"
    assert len(store.names()) == 4
    rows = pa.record_batch({"image_url": urls})
    products = Table(f"{prefix}/tables/products.lance").write([rows], rows.schema, "x")
    found = FetchedPictures(store.files, records.table.pinned(), products)
    assert [found.read(url) for url in urls.to_pylist()] == [*PICTURES, None]
    assert found.fingerprint()
