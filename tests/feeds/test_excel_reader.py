from __future__ import annotations

import io
import struct
import time

import pytest

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds import excel_reader, unpack
from shelver.feeds.readers import read_stream
from shelver.feeds.rows import RawRow, Reader
from shelver.testing.fuzz_tables import ODS, XLS, XLSX_ROWS, xlsx, zipped

ROWS = [["id", "title", "price"], ["1", "Shoe", 9.5]]


def opened(content: bytes, **settings: object) -> Reader:
    feed = Feed.model_validate({"name": "shop", "path": "f", **settings})
    return read_stream(io.BytesIO(content), "f.bin", feed, 3)


def rows(content: bytes, **settings: object) -> list[RawRow]:
    return [row for block in opened(content, **settings).batches for row in block.rows()]


def refused(content: bytes, **settings: object) -> str:
    with pytest.raises(FeedError) as caught:
        rows(content, **settings)
    assert str(caught.value).startswith("f.bin")
    return str(caught.value)


@pytest.mark.parametrize("content", [zipped(xlsx(XLSX_ROWS)), zipped(ODS), XLS], ids=["xlsx", "ods", "xls"])
def test_spreadsheets_are_known_by_content(content: bytes) -> None:
    found = rows(content)
    assert [row.values["id"] for row in found] == [f"sku-{number:04}" for number in range(7)]
    assert [row.line for row in found] == list(range(2, 9))
    assert found[0].values == {"id": "sku-0000", "title": "Shoe 0", "price": "9.5"}


def test_a_title_above_the_header_and_columns_without_a_name() -> None:
    table = [["Our products"], ["id", "title", "price"], ["1", "Shoe", 4006381333931.0, "note"], ["2", "Hat", 1e17]]
    reader = opened(zipped(xlsx(table)))
    assert reader.layout == 'excel, sheet "Products", header in row 2'
    assert reader.columns == ("id", "title", "price")
    found = [row for block in reader.batches for row in block.rows()]
    assert found[0].line == 3
    assert found[0].values == {"id": "1", "title": "Shoe", "price": "4006381333931", "column 4": "note"}
    assert found[1].values["price"] == "100000000000000000"


def test_no_header() -> None:
    assert [row.values for row in rows(zipped(xlsx(ROWS[1:])), header=False)] == [
        {"column 1": "1", "column 2": "Shoe", "column 3": "9.5"}
    ]


def test_what_is_refused() -> None:
    assert "there is no sheet" in refused(zipped(xlsx(ROWS)), sheet="Product")
    assert "a header, but no rows" in refused(zipped(xlsx(ROWS[:1])))
    assert "no rows" in refused(zipped(xlsx([])))
    assert "not a readable spreadsheet" in refused(zipped({"xl/workbook.xml": b"<"}))
    assert "no spreadsheet, but another" in refused(zipped({"word/document.xml": b"<"}))
    assert "has a password" in refused(excel_reader.OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le"))
    assert "an Office file, but no spreadsheet" in refused(excel_reader.OLE + bytes(600))


def test_a_decompression_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "FREE_BYTES", 1 << 20)
    assert "a decompression bomb" in refused(zipped(xlsx(ROWS) | {"xl/media/x": bytes(50 << 20)}))
    monkeypatch.setattr(excel_reader, "MAX_UNPACKED", 1_000)
    assert "too large" in refused(zipped(xlsx(ROWS)))


def test_a_sheet_that_asks_for_more_memory_than_there_is() -> None:
    members = xlsx(ROWS)
    name = "xl/worksheets/sheet1.xml"
    members[name] = members[name].replace(b'<row r="2">', b'<row r="1048576">').replace(b'r="C2"', b'r="XFD1048576"')
    assert "too much memory" in refused(zipped(members))
    assert len(rows(zipped(xlsx(ROWS)))) == 1  # the next file is read


def test_an_open_document_that_is_no_xml() -> None:
    """Calamine looks for the end of it without end."""
    for damage in (ODS["content.xml"][:900], ODS["content.xml"].replace(b"</text:p>", b"", 1)):
        begun = time.process_time()
        assert "not a readable spreadsheet" in refused(zipped(ODS | {"content.xml": damage}))
        assert time.process_time() - begun < 1


def test_an_old_file_with_a_cell_far_away() -> None:
    place = XLS.find(struct.pack("<HH", 7, 2))
    assert place > 0
    content = XLS[:place] + struct.pack("<HH", 65_535, 65_535) + XLS[place + 4 :]
    said = ""
    try:
        found = rows(content)
    except FeedError as error:
        said, found = str(error), []
    assert found or said.startswith("f.bin")
