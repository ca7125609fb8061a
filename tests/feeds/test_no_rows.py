"""Files without rows: told apart from files that are wrong, and passed over where others have rows."""

from __future__ import annotations

import io
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.ingest import read_products
from shelver.feeds.no_rows import NoRows, NoRowsError, warning_of
from shelver.feeds.readers import read_stream
from shelver.feeds.report import FeedReport
from shelver.files import Files
from shelver.testing.fuzz_tables import xlsx, zipped

GOOD = b"id,title\n1,Red hat\n2,Blue cap\n"


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"id": pa.array([], pa.string()), "title": pa.array([], pa.string())}), out)
    return out.getvalue()


def spreadsheet(*rows: list[str]) -> bytes:
    return zipped(xlsx(rows))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.csv", b"id,title\n"),
        ("a.csv", b"id,title"),
        ("a.csv", b"\n \n"),
        ("a.csv", b"\xef\xbb\xbf"),
        ("a.json", b"[]"),
        ("a.json", b"\xef\xbb\xbf[]\n"),
        ("a.json", b" \n"),
        ("a.json", b'{"errors": [], "error": null, "success": true, "message": "0 products found", "products": []}'),
        ("a.json", b'{"status": 200, "meta": {"code": 0, "error": "none"}, "products": []}'),
        ("a.json", b'{"count": 0, "products": []}'),
        ("a.jsonl", b"\n"),
        ("a.xml", b"<?xml version='1.0'?>\n<products>\n</products>"),
        ("a.xml", b"<products/>"),
        ("a.xml", b"<?xml version='1.0'?><products><!-- none today --></products>\n"),
        ("a.xml", b"\n"),
        ("a.parquet", parquet()),
        ("a.xlsx", spreadsheet()),
        ("a.xlsx", spreadsheet(["id", "title"])),
    ],
)
def test_files_without_rows(name: str, content: bytes) -> None:
    with pytest.raises(NoRowsError, match=name):
        read_stream(io.BytesIO(content), name, Feed(name="shop", path=name))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"Access denied\n"),
        ("a.xml", b"<error>no such key</error>"),
        ("a.xml", b"<error><code>12</code></error>"),
        ("a.csv", b"<html><title>Log in</title></html>"),
        ("a.xml", b"<?xml version='1.0'?>\n<products>"),
        ("a.xml", b"<products>\n  "),
        ("a.xml", b"<products></produ"),
        ("a.xml", b"<products><!-- cut"),
        ("a.xml", b"<products></products>Fatal error: memory"),
        ("a.xml", b"<products><!-- quota exceeded --></products>"),
        ("a.xml", b"<error/>"),
        ("a.xml", b"<ErrorResponse></ErrorResponse>"),
        ("a.json", b'{"products": []id": "80", "title": "Hat"}, {"id": "81", "title": "Cap"}]}'),
        ("a.json", b'{"products": [] , "x": "'),
        ("a.json", b'{"products": []'),
        ("a.json", b'{"products": []} Fatal error: memory'),
        ("a.json", b"[] 3"),
        ("a.json", b'{"error": "quota exceeded", "products": []}'),
        ("a.json", b'{"errors": ["quota exceeded"], "products": []}'),
        ("a.json", b'{"errors": [{"id": "1", "title": "quota exceeded"}], "products": []}'),
        ("a.json", b'{"meta": {"status": 503}, "products": []}'),
        ("a.json", b'{"statusCode": "429", "products": []}'),
        ("a.json", b'{"message": "Too many requests, try again later", "products": []}'),
        ("a.json", b'{"success": false, "products": []}'),
    ],
)
def test_what_is_no_feed_is_not_taken_for_an_empty_one(name: str, content: bytes) -> None:
    with pytest.raises(FeedError) as caught:
        read_stream(io.BytesIO(content), name, Feed(name="shop", path=name))
    assert not isinstance(caught.value, NoRowsError)


def read(folder, path: str) -> FeedReport:
    report = FeedReport("shop")
    rows = sum(good.num_rows for good, _ in read_products(Files(folder), Feed(name="shop", path=path), report))
    assert rows == report.products
    return report


def test_one_of_a_folder(tmp_path) -> None:
    for name, content in {"a.csv": b"", "b.csv": GOOD, "c.csv": b"id,title\n"}.items():
        (tmp_path / name).write_bytes(content)
    report = read(tmp_path, "*.csv")
    assert (report.rows, report.products) == (2, 2)
    assert report.empty == {
        "a.csv": NoRows("the file is empty", blank=True),
        "c.csv": NoRows("a header, but no rows below it"),
    }
    assert report.warning == (
        "2 of 3 files have no rows: a.csv (the file is empty), c.csv (a header, but no rows below it)"
    )


def test_one_of_a_zip(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("hats.csv", GOOD)
        archive.writestr("shoes.csv", b"")
    report = read(tmp_path, "all.zip")
    assert report.products == 2
    assert report.warning.startswith("1 of 2 files has no rows: all.zip/shoes.csv")


def test_all_of_them(tmp_path) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    with pytest.raises(NoRowsError, match=r"a\.csv: the file is empty"):
        read(tmp_path, "a.csv")
    (tmp_path / "b.csv").write_bytes(b"id,title\n")
    with pytest.raises(NoRowsError, match="none of the 2 files has rows"):
        read(tmp_path, "*.csv")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("b.csv", b"%PDF-1.4 ...", "PDF"),
        ("b.json", b'{"errors": [], "products": null}', "b.json"),
        ("b.json", b'{"error": "quota exceeded", "products": []}', "error: quota exceeded"),
        ("b.jsonl", b'{"error": "quota exceeded"}\n', "b.jsonl"),
        ("b.xml", b"<?xml version='1.0'?>\n<products>", "before <products> is closed"),
        ("b.json", b'{"products": []id": "80"}, {"id": "81"}]}', "no JSON"),
    ],
)
def test_a_file_that_is_wrong_refuses_all_of_them(tmp_path, name: str, content: bytes, said: str) -> None:
    (tmp_path / "a.csv").write_bytes(GOOD)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FeedError, match=said):
        read(tmp_path, "*.*")


MESSAGE = "Error: quota exceeded, please try again later"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("b.csv", f"{MESSAGE}\n".encode()),
        ("b.csv", MESSAGE.replace(",", ";").encode()),
        ("b.csv", b"error,title\n"),
        ("b.xlsx", spreadsheet([MESSAGE])),
        ("b.xlsx", spreadsheet(MESSAGE.split(","))),
    ],
)
@pytest.mark.parametrize("other", ["a", "z"])
def test_a_message_is_not_taken_for_a_header(tmp_path, name: str, content: bytes, other: str) -> None:
    (tmp_path / f"{other}.csv").write_bytes(b"id;title\n1;Red hat\n2;Blue cap\n")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FeedError, match=name):
        read(tmp_path, "*.*")


@pytest.mark.parametrize("header", ["Товар,Цена,Код", "код;товар;цена;новая", "Товар,Цена"])
def test_a_header_is_known_by_that_of_another_file(tmp_path, header: str) -> None:
    (tmp_path / "b.csv").write_text("Код,Товар,Цена\n1,Красная шляпа,5\n2,Синяя кепка,6\n", "utf-8")
    (tmp_path / "a.csv").write_text(f"{header}\n", "utf-8")
    feed = Feed(name="shop", path="*.csv", columns={"title": "Товар"})
    report = FeedReport("shop")
    list(read_products(Files(tmp_path), feed, report))
    assert report.empty == {"a.csv": NoRows("a header, but no rows below it")}


def test_many_are_not_all_named() -> None:
    said = warning_of({f"{n}.csv": NoRows("the file is empty") for n in range(9)}, 10)
    assert said.startswith("9 of 10 files have no rows: 0.csv")
    assert said.endswith(", and 4 more")
    assert warning_of({}, 3) == ""
