"""Damage to files: mutations that know where files break.

    rng = seeded(0)
    damaged = mutate(content, rng)

A mutant is a file after one to six mutations, each of a kind that feeds show: a transfer cut short, a quote that never
closes, lines of two encodings, a field too long, NULs, lost delimiters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from random import Random

Mutation = Callable[[bytes, Random], bytes]

TOKENS = (
    b'"', b"'", b'""', b'","', b'"\n', b'\n"', b",", b";", b"\t", b"|", b"\n", b"\r", b"\r\n", b"\n\n", b"\x00",
    b"\\", b'\\"', b"\xef\xbb\xbf", b"\xff\xfe", b"\xff", b"\x81", b"\xe9", "é".encode(), "€".encode("cp1252"),
    "日本".encode(), b"\xe2\x80", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"\x1a", b"\x0b", b"\x0c", b"\xc2\x85", b"<", b">",
    b"&amp;", b"<![CDATA[", b"{", b"}", b"[", b"]", b":", b"null", b"NaN", b"1e999", b"-", b"   ", b"sep=;\n",
    b"=1+1", b"\\u0000", b"\\ud800", b"\\udc00", b"\\u12", b"-->", b"<!--", b"]]>", b"<?", b"?>", b"/>", b"</",
    b"<item>", b"</item>", b"<item/>", b"<g:id>", b' xmlns="', b' xmlns:g="urn:x"', b"<!DOCTYPE a>",
    b'<!DOCTYPE a [<!ENTITY b "c">]>', b"&b;", b"&#0;", b"&#xD800;", b"&#x110000;", b"&nbsp;", b"&", b'"id": ',
    b'"id": 1, ', b"{}", b"[]", b"true", b"+1", b"0x1F", b"01", b"//", b"/*", b"'\n", b"\xf4\x90\x80\x80", b"\xc0\x80",
    b"\xef\xbf\xbe", b"\xe2\x80\xae", b"\xff\xfe\x00\x00",
)  # fmt: skip
"""What is put in: the signs that formats are made of, ends of lines, bytes of wrong encodings."""


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


PAIRS = (
    (b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?a ", b"?>"), (b"<b>", b"</b>"), (b"<item>", b"</item>"),
    (b'"', b'"'), (b"'", b"'"), (b"[", b"]"), (b"{", b"}"), (b'{"a": ', b"}"), (b"/*", b"*/"), (b"(", b");"),
)  # fmt: skip
"""What a part is put between."""

OPENERS = ((b"[", b"]"), (b'{"a":', b"}"), (b"<a>", b"</a>"), (b"<!--", b"-->"), (b'"', b'"'), (b"&amp;", b""))
"""What is put in many times, within each other."""

ENDS = (b"\n", b"\r\n", b"\r", b"\n\r", b"\x0b", "\x85".encode(), "\u2028".encode())
"""Ends of lines, and what some programs take for them."""


def _between(seed: bytes, rng: Random) -> bytes:
    start = rng.randint(0, len(seed))
    stop = rng.randint(start, min(len(seed), start + rng.choice((10, 100, 1_000))))
    before, after = rng.choice(PAIRS)
    return seed[:start] + before + seed[start:stop] + after + seed[stop:]


def _nest(seed: bytes, rng: Random) -> bytes:
    place = rng.randint(0, len(seed))
    opener, closer = rng.choice(OPENERS)
    count = rng.choice((3, 7, 20, 60, 101, 300, 1_100))
    return seed[:place] + opener * count + closer * rng.choice((0, count, count, count - 1, count + 1)) + seed[place:]


def _half(seed: bytes, rng: Random) -> bytes:
    """Cut characters of several bytes."""
    places = [place for place, byte in enumerate(seed) if byte > 0x7F]
    if not places:
        return _insert(seed, rng)
    place = rng.choice(places)
    return seed[:place] + seed[place + 1 :] if rng.random() < 0.8 else seed[: place + 1]


def _recode(seed: bytes, rng: Random) -> bytes:
    """Write a part in another encoding, be it in the midst of a line."""
    start = rng.randint(0, len(seed))
    stop = rng.randint(start, len(seed)) if rng.random() < 0.5 else min(len(seed), start + 20)
    name = rng.choice(("utf-16", "utf-16-be", "utf-32", "utf-8-sig", "cp1252", "shift-jis", "cp037", "utf-7"))
    return seed[:start] + seed[start:stop].decode("utf-8", "replace").encode(name, "replace") + seed[stop:]


def _line_ends(seed: bytes, rng: Random) -> bytes:
    lines = seed.replace(b"\r\n", b"\n").split(b"\n")
    if rng.random() < 0.5:
        return rng.choice(ENDS).join(lines)
    return b"".join(line + rng.choice(ENDS) for line in lines)


def _delimiter(seed: bytes, rng: Random) -> bytes:
    """Go on with another delimiter."""
    place = rng.randint(0, len(seed))
    return seed[:place] + seed[place:].replace(
        rng.choice((b",", b";", b"\t", b"|")), rng.choice((b",", b";", b"\t", b"|"))
    )


def _last(seed: bytes, rng: Random) -> bytes:
    """Open something in the last line."""
    place = rng.randint(seed.rstrip().rfind(b"\n") + 1, len(seed))
    return seed[:place] + rng.choice((b'"', b"'", b'","', b"<!--", b"<![CDATA[", b"{", b"[", b"\\")) + seed[place:]


def _number(seed: bytes, rng: Random) -> bytes:
    """Make a number long."""
    found = [found.span() for found in re.finditer(rb"\d+", seed)]
    if not found:
        return _insert(seed, rng)
    start, stop = rng.choice(found)
    digits = rng.choice((b"9" * rng.choice((20, 400, 5_000)), b"1e" + b"9" * 30, b"0." + b"3" * 400, b"-0", b"1_000"))
    if rng.random() < 0.01:
        digits = b"7" * 1_000_000
    return seed[:start] + digits + seed[stop:]


MUTATIONS: tuple[Mutation, ...] = (
    _delete, _repeat, _move, _flip, _insert, _insert, _insert, _replace, _cut, _shuffle, _huge, _encode, _mix,
    _between, _between, _nest, _half, _recode, _line_ends, _delimiter, _last, _number,
)  # fmt: skip
"""One is chosen at a time; those that put signs in more often."""
