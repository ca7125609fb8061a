from __future__ import annotations

import time

import pytest

from shelver.feeds.rows import RawRow
from shelver.testing import fuzz_feeds
from shelver.testing.fuzz_damage import MUTATIONS, mutants, seeded
from shelver.testing.fuzz_feeds import CSV_SEEDS, check_csv
from shelver.testing.fuzz_limit import time_limit


def test_no_line_of_a_damaged_file_is_lost() -> None:
    rng = seeded(5)
    read = sum(check_csv(content, size=rng.choice((1, 3, 4096))) for content in mutants(CSV_SEEDS, 800, rng))
    assert read > 500


def test_mutants_are_many_and_the_same_for_the_same_seed() -> None:
    first, again = (list(mutants(CSV_SEEDS, 200, seeded(1))) for _ in range(2))
    assert first == again
    assert len(set(first)) > 180
    rng = seeded(0)
    for mutation in MUTATIONS:
        assert isinstance(mutation(b"", rng), bytes)
        assert any(mutation(CSV_SEEDS[0], rng) != CSV_SEEDS[0] for _ in range(20))


def test_every_seed_is_read() -> None:
    assert all(check_csv(seed) for seed in CSV_SEEDS)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([RawRow(2, {"a": "1"}, ""), RawRow(4, {"a": "1"}, "")], "line 3 is in no row"),
        ([RawRow(2, {"a": "1"}, "")], "line 3 is in no row"),
        ([RawRow(2, {"a": "1\n2"}, ""), RawRow(3, {"a": "1"}, "")], "the row reaches into the next"),
        ([RawRow(3, {"a": "1"}, ""), RawRow(3, {"a": "1"}, ""), RawRow(4, {"a": "1"}, "")], "the row reaches"),
    ],
)
def test_what_is_lost_is_seen(rows: list[RawRow], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        fuzz_feeds._check_lines(rows, ["id,title", "1,a", "2,b", "3,c"])


def test_the_time_limit_stops_what_takes_too_long() -> None:
    def forever() -> None:
        with time_limit(0.05):
            while time.process_time():
                pass

    with pytest.raises(TimeoutError, match=r"0\.05 seconds"):
        forever()
