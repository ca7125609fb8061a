from __future__ import annotations

import csv
import io
import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shelver.feeds import csv_blocks as module
from shelver.feeds.csv_blocks import csv_blocks
from shelver.feeds.csv_records import Dialect, Record
from shelver.feeds.rows import MAX_CELL, RawRow
from shelver.feeds.text_lines import BLOCK, line_blocks

PLAIN = Dialect()


def rows(
    content: bytes, dialect: Dialect = PLAIN, width: int = 3, fast: bool = True, size: int = BLOCK
) -> list[RawRow]:
    texts = line_blocks(io.BytesIO(content), size)
    blocks = csv_blocks(texts, dialect, tuple("abcdefgh"[:width]), 2, "not UTF-8", fast)
    return [row for block in blocks for row in block.rows()]


SIGNS = [
    b'"', b'"', b",", b",", b"\n", b"\n", b"a", b'b"', b'""', b"\r", b"\r\n", b" ", b"\t", b"\x00",
    b"\xff", b"\xc3\xa9", b"\\", b'\\"', b'",', b',"', b'"\n', b'\n"', b"\xef\xbb\xbf", b"\x01\x7f\x0b\x0c\x1c",
    "\x85\u2028".encode(), b";", b"'", b'1,"x",2\n', b"1,2,3\n", b'"q\nr",2,3\n', b"a,b,c,,\n", b",,\n",
    "é,ü,日本\n".encode(), b'1,"",""""\n',
]  # fmt: skip

DIALECTS = st.builds(
    Dialect, st.sampled_from([",", ",", ";", "\t", " "]), st.sampled_from(['"', '"', "'"]), st.booleans(), st.booleans()
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(SIGNS), max_size=60).map(b"".join), DIALECTS, st.integers(1, 4), st.integers(1, 30))
@example(b'1,"a\n2,b"\n3,c\n4,"d"\n', Dialect(), 2, 1)
@example(b"\xef\xbb\xbf\n", Dialect(), 1, 5)
def test_fast_and_careful_ways_agree_for_any_bytes(content: bytes, dialect: Dialect, width: int, size: int) -> None:
    careful = rows(content, dialect, width, fast=False)
    assert rows(content, dialect, width) == careful
    assert rows(content, dialect, width, size=size) == careful
    assert rows(content, dialect, width, fast=False, size=size) == careful


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.integers(1, 3), st.integers(1, 30))
def test_fast_and_careful_ways_agree_for_bytes_of_no_kind(content: bytes, width: int, size: int) -> None:
    assert rows(content, width=width, size=size) == rows(content, width=width, fast=False)


CELLS = st.text(st.sampled_from("ab,;\"'\n \té日\\\x00"), max_size=8)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3).filter(lambda row: any(map(str.strip, row))), max_size=20),
    st.integers(1, 40),
)
def test_what_the_csv_module_writes_is_read_back(table: list[list[str]], size: int) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(table)
    found = rows(out.getvalue().encode(), size=size)
    assert [list(row.values.values()) for row in found] == table
    assert [row.line for row in found] == [
        2 + len(table[:place]) + sum(cell.count("\n") for row in table[:place] for cell in row)
        for place in range(len(table))
    ]


def test_plain_rows_do_not_go_the_careful_way(monkeypatch: pytest.MonkeyPatch) -> None:
    careful: list[int] = []

    def read_record(number: int, *others: object) -> Record | None:
        careful.append(number)
        return Record(number, [], "", "bad")

    monkeypatch.setattr(module, "read_record", read_record)
    content = '1,"a, ""b""\nc",d\n2,é,\n\n3,x,y,,\n ,\t,\n'.encode() * 1_000
    assert len(rows(content)) == 3_000
    assert not careful
    stray = content + b'1,"a,b\n' + content + b'1,5" disk,x\n' + content
    rows(stray)
    assert len(careful) == 2


def test_stray_quotes_cost_little() -> None:
    line = b'4711,"Red, wide shoe","with ""laces"""\n'
    clean, stray = line * 40_000, (line * 399 + b'4711,"Red wide shoe,x\n') * 100

    def seconds(content: bytes) -> float:
        start = time.process_time()
        rows(content)
        return time.process_time() - start

    seconds(clean)
    assert sum(bool(row.reason) for row in rows(stray)) == 100
    assert seconds(stray) < 5 * seconds(clean) + 0.5


@pytest.mark.parametrize("size", [MAX_CELL - 1, MAX_CELL, MAX_CELL + 1])
@pytest.mark.parametrize("sign", ["x", "é", '""', "\n"])
def test_cells_at_the_limit(sign: str, size: int) -> None:
    content = f'0,a,b\n1,"{sign * size}",c\n2,d,e\n'.encode()
    found = rows(content)
    assert found == rows(content, fast=False) == rows(content, size=50_000)
    assert found[0].values == {"a": "0", "b": "a", "c": "b"}
    assert found[-1].values == {"a": "2", "b": "d", "c": "e"}


def test_blocks_are_of_columns_without_nulls() -> None:
    texts = line_blocks(io.BytesIO(b"1,,3\n4,5\nNULL,nan,true\n"))
    (block,) = csv_blocks(texts, Dialect(), ("a", "b", "c"), 2, "")
    assert block.cells.to_pydict() == {"a": ["1", "NULL"], "b": ["", "nan"], "c": ["3", "true"]}
    assert block.lines.to_pylist() == [2, 4]
    assert [row.line for row in block.bad] == [3]


def test_random_files_agree_at_the_real_block_size() -> None:
    weights = np.array([1] * (len(SIGNS) - 7) + [40] * 7)
    places = np.random.default_rng(0).choice(len(SIGNS), 30_000, p=weights / weights.sum())
    content = b"".join(SIGNS[place] for place in places)
    careful = rows(content, fast=False)
    assert len(careful) > 10_000
    assert rows(content) == careful
    assert rows(content, size=10_000) == careful
