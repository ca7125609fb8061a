"""Damaged feeds: mutations that know where files break, and what must hold of a reader whatever it is given.

    for content in mutants(CSV_SEEDS, 10_000, seeded(0)):
        check_csv(content)

Seeds are small files of many dialects; a mutant is a seed after one to six mutations, each of a kind that feeds show:
a transfer cut short, a quote that never closes, lines of two encodings, a field too long, NULs, lost delimiters.
"""

from __future__ import annotations

import io
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from types import FrameType

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.csv_reader import read_csv
from shelver.feeds.rows import MAX_RAW, RawRow
from shelver.feeds.text_lines import decoded, line_blocks, open_text

Mutation = Callable[[bytes, Random], bytes]

SECONDS = 10.0
"""Processor time that a reader may take for one small input."""

TOKENS = (
    b'"', b"'", b'""', b'","', b'"\n', b'\n"', b",", b";", b"\t", b"|", b"\n", b"\r", b"\r\n", b"\n\n", b"\x00",
    b"\\", b'\\"', b"\xef\xbb\xbf", b"\xff\xfe", b"\xff", b"\x81", b"\xe9", "é".encode(), "€".encode("cp1252"),
    "日本".encode(), b"\xe2\x80", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"\x1a", b"\x0b", b"\x0c", b"\xc2\x85", b"<", b">",
    b"&amp;", b"<![CDATA[", b"{", b"}", b"[", b"]", b":", b"null", b"NaN", b"1e999", b"-", b"   ", b"sep=;\n",
    b"=1+1", b"\\u0000", b"\\ud800",
)  # fmt: skip
"""What is put in: the signs that formats are made of, ends of lines, bytes of wrong encodings."""

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


def seeded(seed: int) -> Random:
    """Give a source of choices that are the same for the same seed."""
    return Random(seed)  # noqa: S311 (no secrets hang on it)


def mutate(seed: bytes, rng: Random) -> bytes:
    """Damage a file by one to six mutations."""
    made = seed
    for _ in range(rng.randint(1, 6)):
        made = rng.choice(MUTATIONS)(made, rng)
    return made


def mutants(seeds: Sequence[bytes], count: int, rng: Random) -> Iterator[bytes]:
    """Make `count` damaged files out of `seeds`."""
    for _ in range(count):
        yield mutate(rng.choice(seeds), rng)


@contextmanager
def time_limit(seconds: float = SECONDS) -> Iterator[None]:
    """Raise TimeoutError if the block takes more processor time; works in the main thread only."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"took more than {seconds:g} seconds")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


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


def check(condition: bool, message: str) -> None:
    """Raise AssertionError with a message unless the condition holds."""
    if not condition:
        raise AssertionError(message)


def _delete(seed: bytes, rng: Random) -> bytes:
    start = rng.randint(0, len(seed))
    return seed[:start] + seed[start + rng.choice((1, 1, 2, 5, 30)) :]


def _repeat(seed: bytes, rng: Random) -> bytes:
    start = rng.randint(0, len(seed))
    part = seed[start : start + rng.choice((1, 3, 20, 60))]
    return seed[:start] + part * rng.choice((1, 1, 2, 20)) + seed[start:]


def _move(seed: bytes, rng: Random) -> bytes:
    start, place = rng.randint(0, len(seed)), rng.randint(0, len(seed))
    part = seed[start : start + rng.randint(1, 40)]
    rest = seed[:start] + seed[start + len(part) :]
    return rest[:place] + part + rest[place:]


def _flip(seed: bytes, rng: Random) -> bytes:
    if not seed:
        return seed
    made = bytearray(seed)
    made[rng.randrange(len(made))] ^= 1 << rng.randrange(8)
    return bytes(made)


def _insert(seed: bytes, rng: Random) -> bytes:
    place = rng.randint(0, len(seed))
    return seed[:place] + rng.choice(TOKENS) * rng.choice((1, 1, 1, 2, 9)) + seed[place:]


def _replace(seed: bytes, rng: Random) -> bytes:
    return seed.replace(rng.choice(TOKENS), rng.choice(TOKENS), rng.choice((1, 2, -1)))


def _cut(seed: bytes, rng: Random) -> bytes:
    return seed[: rng.randint(0, len(seed))]


def _shuffle(seed: bytes, rng: Random) -> bytes:
    lines = seed.splitlines(keepends=True)
    rng.shuffle(lines)
    return b"".join(lines)


def _fill(seed: bytes, rng: Random) -> bytes:
    place = rng.randint(0, len(seed))
    sign = rng.choice((b"x", b'"', b"\n", b",", "é".encode(), b"\x00", b" ", b'"\n', b'a,"'))
    return seed[:place] + sign * rng.choice((100, 1_000, 5_000)) + seed[place:]


def _huge(seed: bytes, rng: Random) -> bytes:
    if rng.random() < 0.98:
        return _fill(seed, rng)
    place = rng.randint(0, len(seed))
    sign, count = rng.choice(((b"x", 131_073), (b"x", 1_100_000), (b'"', 131_073), (b"ab\n", 40_000), (b'"\n', 40_000)))
    return seed[:place] + sign * count + seed[place:]


def _encode(seed: bytes, rng: Random) -> bytes:
    text = seed.decode("utf-8", "replace")
    return text.encode(rng.choice(("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252")), "replace")


def _mix(seed: bytes, rng: Random) -> bytes:
    lines = seed.splitlines(keepends=True)
    for place in range(len(lines)):
        if rng.random() < 0.3:
            lines[place] = (
                lines[place].decode("utf-8", "replace").encode(rng.choice(("cp1252", "utf-16-le")), "replace")
            )
    return b"".join(lines)


MUTATIONS: tuple[Mutation, ...] = (
    _delete, _repeat, _move, _flip, _insert, _insert, _insert, _replace, _cut, _shuffle, _huge, _encode, _mix,
)  # fmt: skip
"""One is chosen at a time; those that put signs in more often."""
