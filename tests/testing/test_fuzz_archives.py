from __future__ import annotations

import io
from collections import Counter
from random import Random

from shelver.feeds.unpack import archive_kind
from shelver.feeds.zips import feed_members, open_zip
from shelver.testing import fuzz_archives
from shelver.testing.fuzz_archives import PACKERS, damaged_archive
from shelver.testing.fuzz_feeds import CSV_SEEDS
from shelver.testing.fuzz_formats import check_file


def test_archives_are_of_every_kind_and_the_same_for_the_same_seed() -> None:
    first, again = ([damaged_archive(rng) for _ in range(150)] for rng in (Random(3), Random(3)))  # noqa: S311
    assert first == again
    kinds = Counter(archive_kind(content[:512]) for content in first)
    assert set(kinds) >= set(PACKERS)
    found = [check_file("archive", content, False) for content in first]
    assert sum(bool(read.rows) for read in found) > 5
    assert len({read.refused.partition(": ")[2][:20] for read in found}) > 8


def test_the_long_form_of_a_zip_is_one() -> None:
    content = fuzz_archives._long_form(PACKERS["zip"](CSV_SEEDS[0]))
    assert feed_members(open_zip(io.BytesIO(content), "f"), "f") == ["a.csv", "b/c.csv"]
    assert not check_file("archive", content, False).refused


def test_a_patch_changes_one_field() -> None:
    rng = Random(1)  # noqa: S311
    content = PACKERS["zip"](CSV_SEEDS[0])
    for _ in range(50):
        patched = fuzz_archives._patched(content, rng)
        assert len(patched) == len(content)
        assert sum(old != new for old, new in zip(content, patched, strict=True)) <= 8
