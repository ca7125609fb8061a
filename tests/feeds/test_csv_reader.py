from __future__ import annotations

import io
import json

import pytest

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.csv_reader import read_csv
from shelver.feeds.rows import MAX_CELL, RawRow, Reader


def opened(content: bytes | str, size: int = 4096, **settings: object) -> Reader:
    feed = Feed.model_validate({"name": "shop", "path": "f.csv", **settings})
    return read_csv(io.BytesIO(content.encode() if isinstance(content, str) else content), "f.csv", feed, size)


def rows(reader: Reader) -> list[RawRow]:
    return [row for block in reader.batches for row in block.rows()]


def refused(content: bytes | str, **settings: object) -> str:
    with pytest.raises(FeedError) as caught:
        rows(opened(content, **settings))
    return str(caught.value)


def test_rows_lines_raw_and_layout() -> None:
    reader = opened('\ufeffid,title\r\n1,"Red\r\nshoe"\r\n\r\n2,15" disc\r\n3\r\n')
    found = rows(reader)
    assert [row.line for row in found] == [2, 5, 6]
    assert found[0].values == {"id": "1", "title": "Red\nshoe"}
    assert json.loads(found[1].raw) == {"id": "2", "title": '15" disc'}
    assert found[2] == RawRow(6, {}, "3", "1 cell, header has 2")
    assert reader.layout == 'csv, delimiter ","'


@pytest.mark.parametrize(
    ("content", "columns", "line", "layout"),
    [
        ("id,title\n1,a\n2,b\n", ("id", "title"), 2, 'csv, delimiter ","'),
        ("id^title\n1^a,b\n2^c\n", ("id", "title"), 2, 'csv, delimiter "^"'),
        ("id\x01title\n1\x01a\n2\x01c\n", ("id", "title"), 2, 'csv, delimiter "\\u0001"'),
        ("id~title\n1~a\n2~c\n", ("id", "title"), 2, 'csv, delimiter "~"'),
        ("id:title:price\n1:a:2\n2:b:3\n", ("id", "title", "price"), 2, 'csv, delimiter ":"'),
        ("sep=;\nid;title\n1;a\n", ("id", "title"), 3, 'csv, delimiter ";", header up to line 2'),
        ("sep=;\r\n1;Hat\r\n2;Cap\r\n", ("column 1", "column 2"), 2, 'csv, delimiter ";", no header'),
        ("Products of May\n\nid,title,price\n1,a,2\n2,b,3\n", ("id", "title", "price"), 4,
         'csv, delimiter ",", header up to line 3'),
        ("Date:,2024-05-01,,,\nid,title,price,size,x\n1,a,2,s,y\n2,b,3,m,z\n", ("id", "title", "price", "size", "x"), 3,
         'csv, delimiter ",", header up to line 2'),
        ("id,title,,\n1,a\n2,b\n", ("id", "title"), 2, 'csv, delimiter ","'),
        ("id,title,,\n1,a,,\n2,b,,\n", ("id", "title", "column 3", "column 4"), 2, 'csv, delimiter ","'),
        ("a,b,c,d,e,f,g,h,i\n1,2,3,4,5,6,7,8\n1,2,3,4,5,6,7,\n", tuple("abcdefgh"), 2,
         'csv, delimiter ",", no cells below the last column'),
        ("id,title\n1,a,\n2,b,\n", ("id", "title"), 2, 'csv, delimiter ","'),
        ("id,title,title,\n1,a,b,c\n", ("id", "title", "title (2)", "column 4"), 2, 'csv, delimiter ","'),
        ("1,Hat,9.99\n2,Cap,8\n", ("column 1", "column 2", "column 3"), 1, 'csv, delimiter ",", no header'),
        ("Hat,https://a.example/1\nCap,https://a.example/2\n", ("column 1", "column 2"), 1,
         'csv, delimiter ",", no header'),
        ("id,2023,2024\n1,5,6\n2,7,8\n", ("id", "2023", "2024"), 2, 'csv, delimiter ","'),
        ("'id','title'\n'1','it''s, red'\n'2','b'\n", ("id", "title"), 2, "csv, delimiter \",\", quote \"'\""),
        ('id;title\n1;"a, b, c"\n2;"d, e, f"\n', ("id", "title"), 2, 'csv, delimiter ";"'),
        ('id;title, in English;price\n1;a, b, c;2,5\n2;d;3,5', ("id", "title, in English", "price"), 2,
         'csv, delimiter ";"'),
        ("id;title\n1;é\n".encode("cp1252"), ("id", "title"), 2, 'csv, delimiter ";", Windows-1252'),
        ("id;title\n1;é\n".encode("utf-16"), ("id", "title"), 2, 'csv, delimiter ";", UTF-16-LE'),
        ("id;title\n1;é\n".encode("utf-16-be"), ("id", "title"), 2, 'csv, delimiter ";", UTF-16-BE'),
        ("id;title\n1;é\n".encode("utf-32"), ("id", "title"), 2, 'csv, delimiter ";", UTF-32-LE'),
    ],
)  # fmt: skip
def test_dialects_and_headers(content: bytes | str, columns: tuple[str, ...], line: int, layout: str) -> None:
    reader = opened(content)
    assert reader.columns == columns
    assert reader.layout == layout
    found = rows(reader)
    assert found[0].line == line
    assert not any(row.reason for row in found)


def test_header_can_be_given() -> None:
    assert opened("1,Hat\n2,Cap\n", header=True).columns == ("1", "Hat")
    assert opened("id,title\n1,Hat\n", header=False).columns == ("column 1", "column 2")


def test_delimiters_within_quotes_do_not_mislead() -> None:
    lines = [f'"{number}";"a, b, c, d | e","f"' for number in range(20)]
    assert opened('id;title,"x"\n' + "\n".join(lines)).layout == 'csv, delimiter ","'
    quoted = "\n".join(f'{number};"one, two, three\nfour, five"' for number in range(20))
    assert opened("id;title\n" + quoted).layout == 'csv, delimiter ";"'


def test_mysql_rows_over_lines_with_escaped_quotes() -> None:
    reader = opened('id,title\n1,"say \\"hi\\", then\ngo"\n2,"a \\"b\\",\nc"\n3,d\n')
    found = rows(reader)
    assert [row.values["title"] for row in found] == ['say "hi", then\ngo', 'a "b",\nc', "d"]
    assert "escaped" in reader.layout


def test_blanks_before_quotes() -> None:
    reader = opened('id, title, price\n1, "Hat, red", 5\n2, "Cap, ""big"", blue", 6\n3, Bag, 7\n')
    assert [row.values["title"] for row in rows(reader)] == ["Hat, red", 'Cap, "big", blue', " Bag"]
    assert "blanks before quotes" in reader.layout


def test_lines_of_another_encoding_are_mended_and_told() -> None:
    content = "id,title\n1,café\n".encode() * 1 + b"2,caf\xe9\n" + "3,crème\n".encode() * 3
    reader = opened(content)
    assert [row.values["title"] for row in rows(reader)][:2] == ["café", "café"]
    assert reader.layout == 'csv, delimiter ",", 1 line is Windows-1252'


def test_bytes_that_fit_nothing_make_a_bad_row() -> None:
    found = rows(opened("id,title\n1,ä\n".encode() + b"2,\x81b\n3,c\n"))
    assert [row.reason for row in found] == ["", "bytes that are not UTF-8 or Windows-1252", ""]
    assert found[1].raw == "2,\ufffdb"
    found = rows(opened(b"id,title\n1,\xe4\n3,c\n", encoding="utf-8"))
    assert [row.reason for row in found] == ['not UTF-8; try encoding = "auto"', ""]


def test_a_far_away_line_of_another_encoding_does_not_stop_the_feed() -> None:
    reader = opened(b"id,title\n" + b"1,abcdef\n" * 60_000 + b"2,\xe9\n")
    assert rows(reader)[-1] == RawRow(60_002, {"id": "2", "title": "é"}, '{"id": "2", "title": "é"}')


def test_huge_fields_are_refused_alone() -> None:
    found = rows(opened('id,title\n1,"' + "x" * 10_000_000 + '"\n2,' + "y" * (MAX_CELL + 1) + "\n3,c\n"))
    assert [row.line for row in found] == [2, 3, 4]
    assert "more than 1,048,576 characters" in found[0].reason
    assert "more than 131,072 characters" in found[1].reason
    assert found[2].values == {"id": "3", "title": "c"}


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_blocks_are_cut_to_size_in_order(size: int) -> None:
    blocks = list(opened("id,title\n" + "1,a\n2\n3,c\n4\n5\n6,f\n" * 2, size).batches)
    assert max(map(len, blocks)) <= size
    lines = [row.line for block in blocks for row in block.rows()]
    assert lines == list(range(2, 14))


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"\n \n", "nothing in the file"),
        (b"id,title\n", "a header, but no rows below it"),
        (b"id,title\n,\n\n", "a header, but no rows below it"),
        (b'id,"title\n1,a', "the header cannot be read: a quote opens"),
        (b"a:b\nc:d", 'only one column found: "a:b"'),
        (b",,,\n", "the header cannot be read: it is blank"),
    ],
)
def test_files_that_are_refused(content: bytes, part: str) -> None:
    message = refused(content)
    assert message.startswith("f.csv")
    assert part in message


def test_a_delimiter_that_cannot_be_one() -> None:
    assert "cannot be a delimiter" in refused("id,title\n1,a", delimiter='"')
    assert 'delimiter = ","' in refused("id,title\n1,a", delimiter=";")


def test_a_delimiter_of_two_bytes_is_read_row_by_row() -> None:
    assert rows(opened("id§title\n1§a\n", delimiter="§"))[0].values == {"id": "1", "title": "a"}


def test_the_file_need_not_be_one_that_can_be_sought_in() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self, content: bytes) -> None:
            self._content = content

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            size = min(3, len(buffer), len(self._content))
            buffer[:size], self._content = self._content[:size], self._content[size:]
            return size

    stream = io.BufferedReader(Pipe(b"id,title\n1,a\n2,b\n"))
    assert len(rows(read_csv(stream, "f.csv", Feed(name="shop", path="f.csv"), 10))) == 2
