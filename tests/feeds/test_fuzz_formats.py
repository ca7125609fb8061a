"""A little of what `benchmarks/fuzz_readers.py` does at length."""

from __future__ import annotations

from random import Random

import pytest

from shelver.testing.fuzz_formats import FORMATS, check_file, check_one_damaged, damaged
from shelver.testing.fuzz_texts import FRAMES, one_damaged


@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_files_give_rows_or_an_error(kind: str) -> None:
    rng = Random(5)  # noqa: S311
    found = [check_file(kind, content, rng.random() < 0.5) for content in damaged(kind, 150, rng)]
    assert any(read.refused for read in found)
    assert any(read.rows for read in found)


@pytest.mark.parametrize("kind", FRAMES)
def test_damage_in_one_product_loses_no_other(kind: str) -> None:
    rng = Random(6)  # noqa: S311
    found = [check_one_damaged(kind, one_damaged(kind, rng)) for _ in range(150)]
    assert sum(bool(read.rows) for read in found) > 50
