"""Damaged files of delimited text, and what must hold of the reader whatever it is given.

    for content in mutants(CSV_SEEDS, 10_000, seeded(0)):
        check_csv(content)

Seeds are small files of many dialects; see `fuzz_damage` for what is done to them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.csv_reader import read_csv
from shelver.feeds.rows import MAX_RAW, RawRow
from shelver.feeds.text_lines import decoded, line_blocks, open_text
from shelver.testing.fuzz_limit import check, time_limit

CSV_SEEDS: tuple[bytes, ...] = (
    b'id,title,price,url\n1,"Red, wide",9.99,https://a.example/1\n2,Hat,5,https://a.example/2\n3,"15"" disc",1,x\n',
    b'id;titre;prix\r\n1;"Chaussures\r\nrouges";12,90\r\n2;Sac \xc3\xa0 main;5\r\n\r\n3;Robe;7;;\r\n',
    'id\ttitle\tnote\n1\tGröße\tüber\n2\tb\t"c"\n3\té\t\n'.encode("cp1252"),
    "\ufeffid|name|brand\n1|a|b\n2|c|d\n3|e\n4|f|g|h\n".encode(),
    "id,title\n1,Hat\n2,Größe\n".encode("utf-16"),
    b"Products of today\n\nid,title,title,,\n1,a,b,,\n2,c,d,,\n",
    b"1,Hat,9.99\n2,Cap,8.99\n3,Bag,7\n",
    b"'id','title'\n'1','it''s, red'\n'2','b'\n'3','c'\n",
    b'id,title\n1,"say \\"hi\\", then\ngo"\n2,"b \\" c"\n3,d\n',
)
"""Small files of many dialects."""


def check_csv(content: bytes, feed: Feed | None = None, size: int = 4096) -> bool:
    """Read a file of delimited text and check that no line of it is lost.

    Returns
    -------
    bool
        Whether the file was read; False if it was refused as a whole, with a `FeedError`.

    Raises
    ------
    AssertionError
        A line is in no row and not blank, or in two, or a row has no reason or no cells.
    TimeoutError
        It took longer than `SECONDS`.
    """
    feed = feed or Feed(name="fuzz", path="fuzz.csv")
    try:
        with time_limit():
            reader = read_csv(io.BytesIO(content), feed.path, feed, size)
            blocks = list(reader.batches)
    except FeedError as error:
        check(str(error).startswith(feed.path), f"a message without the file: {error}")
        return False
    check(all(0 < len(block) <= size for block in blocks), "an empty block, or one with too many rows")
    check(all(block.cells.schema.names == list(reader.columns) for block in blocks), "a block of other columns")
    rows = [row for block in blocks for row in block.rows()]
    lines = [
        line for block in line_blocks(open_text(io.BytesIO(content), feed.encoding, "")) for line in decoded(block)
    ]
    _check_lines(rows, lines)
    return True


def _check_lines(rows: Sequence[RawRow], lines: Sequence[str]) -> None:
    """Check that every line below the header is in exactly one row, or has nothing but blanks and delimiters."""
    check(bool(rows), "no rows")
    after = rows[0].line
    for row, following in zip(rows, [*(row.line for row in rows[1:]), len(lines) + 1], strict=True):
        check(row.line >= after, f"line {row.line} is in two rows")
        _check_blank(lines[after - 1 : row.line - 1], after)
        text = row.raw if row.reason else "".join(value or "" for value in row.values.values())
        check(bool(row.reason) != bool(row.values), f"line {row.line}: cells and a reason, or neither")
        after = following if row.reason and len(text) > MAX_RAW else row.line + 1 + text.count("\n")
        check(after <= following, f"line {row.line}: the row reaches into the next")
    _check_blank(lines[after - 1 :], after)


def _check_blank(lines: Sequence[str], first: int) -> None:
    for number, line in enumerate(lines, start=first):
        signs = set(line) - set(" \t\"'")
        check(len(signs) <= 1, f"line {number} is in no row: {line!r}")
