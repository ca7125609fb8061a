"""Circles of sectors in old Office files, each put into a real file."""

from __future__ import annotations

import io
import struct
from random import Random

import pytest

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.ole_chains import in_circle
from shelver.feeds.readers import read_stream
from shelver.testing.fuzz_damage import mutate
from shelver.testing.fuzz_tables import XLS

SIZE = 512
TABLE = (struct.unpack_from("<I", XLS, 76)[0] + 1) * SIZE
"""Where the table of sectors lies in the file."""

DIRECTORY = struct.unpack_from("<I", XLS, 48)[0]
END = 0xFFFFFFFE


def changed(place: int, value: int) -> bytes:
    return XLS[:place] + struct.pack("<I", value) + XLS[place + 4 :]


def table() -> tuple[int, ...]:
    return struct.unpack_from(f"<{len(XLS) // SIZE - 1}I", XLS, TABLE)


def test_a_file_as_it_should_be() -> None:
    assert not in_circle(XLS)
    assert table()[DIRECTORY] == END


@pytest.mark.parametrize("start", [0, DIRECTORY], ids=["workbook", "directory"])
def test_a_chain_that_comes_back(start: int) -> None:
    chain = [start]
    while table()[chain[-1]] != END:
        chain.append(table()[chain[-1]])
    for back in chain:
        content = changed(TABLE + 4 * chain[-1], back)
        assert in_circle(content)
        with pytest.raises(FeedError, match="follow each other in a circle"):
            read_stream(io.BytesIO(content), "f.xls", Feed(name="shop", path="f.xls"))


def test_a_list_of_places_that_comes_back() -> None:
    sector = len(XLS) // SIZE - 1
    content = changed(68, sector) + b"\xff" * (SIZE - 4) + struct.pack("<I", sector)
    assert in_circle(content)
    assert not in_circle(changed(68, sector) + b"\xff" * (SIZE - 4) + struct.pack("<I", END))


def test_a_small_stream_that_comes_back() -> None:
    """A stream below 4,096 bytes is in the table of small sectors, which is itself a chain."""
    sector = len(XLS) // SIZE - 1
    small = changed(60, sector) + struct.pack("<2I", 1, 0) + b"\xff" * (SIZE - 8)
    assert table()[sector - 1] != sector
    entry = (DIRECTORY + 1) * SIZE + 128  # the workbook
    small = small[: entry + 116] + struct.pack("<2I", 0, 100) + small[entry + 124 :]
    small = small[: TABLE + 4 * sector] + struct.pack("<I", END) + small[TABLE + 4 * sector + 4 :]
    assert in_circle(small)
    straight = small.replace(
        struct.pack("<2I", 1, 0) + b"\xff" * (SIZE - 8), struct.pack("<2I", 1, END) + b"\xff" * (SIZE - 8)
    )
    assert not in_circle(straight)


def test_any_other_damage_is_not_its_affair() -> None:
    rng = Random(3)  # noqa: S311
    for _ in range(500):
        in_circle(mutate(XLS, rng))
    for length in range(0, len(XLS), 37):
        in_circle(XLS[:length])
