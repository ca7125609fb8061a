"""What was seen first, by sorted arrays, is what a dictionary would say."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.feeds.duplicates import FirstSeen, keys_of


def test_keys_are_the_first_64_bits_in_order() -> None:
    ids = ["0123456789abcdef00", "ffffffffffffffff01", "000000000000000002"]
    keys = keys_of(pa.array(["x", *ids])[1:])  # a slice: offsets do not begin at 0
    assert keys.tolist() == [int(each[:16], 16) for each in ids]
    assert [ids[i] for i in np.argsort(keys)] == sorted(ids)
    assert keys_of(pa.array([], pa.string())).tolist() == []


@pytest.mark.parametrize("ids", [["0123456789abcde"], ["0123456789abcdeg"], ["0123456789ABCDEF"], [None, "0" * 16]])
def test_what_is_no_id_is_refused(ids: list[str | None]) -> None:
    with pytest.raises(ValueError, match="an id "):
        keys_of(pa.array(ids, pa.string()))


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=12), max_size=20),
    st.integers(0, 2**64 - 31),
)
def test_as_a_dictionary_would_say(blocks: list[list[tuple[int, bool]]], base: int) -> None:
    seen, known, place = FirstSeen(), dict[int, int](), 0
    for block in blocks:
        expected = []
        places = np.arange(place, place + len(block))
        for (key, counts), here in zip(block, places.tolist(), strict=True):
            expected.append(known.get(key, -1))
            if counts:
                known.setdefault(key, here)
        keys = np.array([base + key for key, _ in block], np.uint64)
        assert seen.look(keys, np.array([counts for _, counts in block], bool), places).tolist() == expected
        place += len(block)
        assert len(seen) == len(known)
    sizes = [len(keys) for keys, _ in seen._runs]
    assert all(one >= 2 * other for one, other in pairwise(sizes))
