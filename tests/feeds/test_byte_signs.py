"""Whether bytes are UTF-8, said by whoever is quicker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.feeds.byte_signs import LONG, is_utf8


def decodes(text: bytes) -> bool:
    """The slow reference."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(
    st.text(min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=3),
    st.sampled_from([1, LONG]),
)
def test_is_utf8_of_short_and_of_long_texts(text: str, damage: list[tuple[int, int]], times: int) -> None:
    found = bytearray(text.encode() * times)
    for place, byte in damage:
        found[place % len(found)] = byte
    assert is_utf8(bytes(found)) == decodes(bytes(found))


@pytest.mark.parametrize("odd", [b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xff"])
def test_what_no_text_may_hold(odd: bytes) -> None:
    """Halves of surrogate pairs, forms that are too long, beyond Unicode, cut short, no start byte."""
    for long in (b"", b"a" * LONG):
        assert not is_utf8(long + odd)
        assert not is_utf8(odd + long)
