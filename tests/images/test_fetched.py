import pickle
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from shelver.config import Images
from shelver.files import Files
from shelver.images.fetched import FetchedPictures
from shelver.images.outcome import Outcome, Status
from shelver.images.records import IMAGES_SCHEMA, Records
from shelver.images.store import PictureStore
from shelver.table import Table
from shelver.testing.pictures import product_pictures

PICTURES = product_pictures(6)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOTHING = dict.fromkeys(IMAGES_SCHEMA.names)


class Shop:
    """Tables of products and addresses, and stored pictures."""

    def __init__(self, folder, urls):
        self.store = PictureStore(Files(folder / "fetched"))
        self.records = Records(Table(str(folder / "images.lance")), Images())
        self.products = Table(str(folder / "products.lance"))
        rows = pa.record_batch({"image_url": pa.array(urls, pa.string())})
        self.products.write([rows], rows.schema, "x")

    def put(self, pictures, known=False):
        """Address → content, or None for one that is gone."""
        rows = []
        for url, content in pictures.items():
            found = Outcome(url, Status.GONE, "gone")
            if content is not None:
                found = Outcome(url, Status.OK, "", self.store.put(content), "JPEG", len(content), 10, 10)
            rows.append(self.records.row(NOTHING, found, NOW))
        self.records.write(rows, known)

    def open(self):
        return FetchedPictures(self.store.files, self.records.table.pinned(), self.products.pinned())


@pytest.fixture
def shop(tmp_path):
    made = Shop(tmp_path, ["http://x/0", "http://x/1", None, "http://x/ü\n", "http://x/1"])
    made.put({"http://x/0": PICTURES[0], "http://x/1": PICTURES[1], "http://x/ü\n": PICTURES[2], "http://x/gone": None})
    return made


def test_pictures_by_address(shop):
    found = shop.open()
    assert found.read("http://x/0") == PICTURES[0]
    assert found.read("http://x/ü\n") == PICTURES[2]
    assert [found.read(url) for url in ("http://x/gone", "http://x/new", "", None)] == [None] * 4


def test_a_stored_picture_that_was_deleted_is_none(shop):
    name = shop.store.put(PICTURES[0])
    shop.store.files.delete(f"{name[:2]}/{name}")
    assert shop.open().read("http://x/0") is None


def test_it_stays_at_its_state(shop):
    found = shop.open()
    before = found.fingerprint()
    shop.put({"http://x/0": PICTURES[3]}, known=True)
    assert found.read("http://x/0") == PICTURES[0]
    assert found.fingerprint() == before
    assert shop.open().read("http://x/0") == PICTURES[3]
    assert shop.open().fingerprint() != before


def test_other_processes_see_the_same(shop):
    found = shop.open()
    found.read("http://x/0")
    again = pickle.loads(pickle.dumps(found))  # noqa: S301 (our own)
    assert again.read("http://x/1") == PICTURES[1]
    assert again.fingerprint() == found.fingerprint()


def test_only_first_pictures_of_products_count_for_the_fingerprint(shop):
    before = shop.open().fingerprint()
    shop.put({"http://x/other": PICTURES[4]})
    assert shop.open().fingerprint() == before
    shop.put({"http://x/0": None}, known=True)
    assert shop.open().fingerprint() != before


def test_the_order_in_which_they_came_does_not_count(tmp_path):
    urls = [f"http://x/{i}" for i in range(6)]
    pictures = dict(zip(urls, PICTURES, strict=True))
    one, other = Shop(tmp_path / "one", urls), Shop(tmp_path / "other", urls)
    one.put(pictures)
    for url in reversed(urls):
        other.put({url: pictures[url]})
    other.put({urls[2]: pictures[urls[2]]}, known=True)
    assert one.open().fingerprint() == other.open().fingerprint()
    assert other.records.table.count() == 6


def test_no_picture_at_all(tmp_path):
    shop = Shop(tmp_path, ["http://x/0"])
    shop.put({"http://x/0": None})
    assert shop.open().fingerprint() == ""
    assert shop.open().read("http://x/0") is None
