from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.feeds.rows import MAX_RECORD
from shelver.feeds.text_lines import MAX_BYTES, line_blocks, text_lines

SIGNS = st.lists(
    st.sampled_from([b"a", b"bc", b"\n", b"\r", b"\r\n", "é".encode(), b",", b"\x85", b"\x0b"]), max_size=60
)


@given(SIGNS.map(b"".join), st.integers(1, 9))
def test_blocks_are_whole_lines(content: bytes, size: int) -> None:
    blocks = list(line_blocks(io.BytesIO(content), size))
    assert all(block.endswith(b"\n") and b"\r" not in block for block in blocks)
    text = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert b"".join(blocks) == text + (b"" if text.endswith(b"\n") or not text else b"\n")


@pytest.mark.parametrize("size", [100_000, 5_000_000, 20_000_000])
def test_the_rest_of_a_long_line_is_dropped(size: int) -> None:
    content = b"a\n" + b"x" * 10_000_000 + b"\nb\n" + b"y" * 10_000_000
    lines = b"".join(line_blocks(io.BytesIO(content), size)).split(b"\n")
    assert [len(line) for line in lines] == [1, MAX_BYTES, 1, MAX_BYTES, 0]


def test_lines_are_cut_after_the_limit() -> None:
    lines = list(text_lines(io.BytesIO(("é" * (MAX_RECORD + 9) + "\nb").encode()), "utf-8", "f"))
    assert [len(line) for line in lines] == [MAX_RECORD + 1, 1]
