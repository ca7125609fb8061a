"""The pure parts of ``benchmarks/label_peers.py``: scores, means, verdicts, tables, and the loop of asking."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "peers")]

import label_adapter  # noqa: E402 - benchmarks are no package
import label_peers_verdict as verdict  # noqa: E402

CLASSES = 7
TRUTH = np.random.default_rng(0).integers(0, CLASSES, 300)


def answers(right: float, seed: int) -> np.ndarray:
    """Answers of which a share is surely right."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(len(TRUTH)) < right, TRUTH, rng.integers(0, CLASSES, len(TRUTH)))


def row(seed: int, seconds: float = 1.0, **at: float) -> dict:
    """What one contestant wrote down; ``b100=0.5`` is half right after 100 labels."""
    found = {
        "name": "x",
        "seed": seed,
        "stopped": "",
        "answers": {name[1:]: answers(right, seed).tolist() for name, right in at.items()},
        "rounds": [{"labels": int(name[1:]), "choose": 0.25 * seconds, "learn": 0.75 * seconds} for name in at],
    }
    return verdict.scored(found, TRUTH, CLASSES)


def test_budgets_double_and_stay_within_the_pool() -> None:
    assert verdict.budgets_up_to(1600, 9000) == [100, 200, 400, 800, 1600]
    assert verdict.budgets_up_to(1600, 900) == [100, 200, 400, 800]
    assert verdict.budgets_up_to(300, 9000) == [100, 200, 300]
    assert verdict.budgets_up_to(100, 9000) == [100]
    assert verdict.budgets_up_to(50, 9000) == [50]


def test_scores_are_those_of_scikit_learn() -> None:
    said = answers(0.6, 1)
    at = verdict.scored({"answers": {"100": said.tolist()}}, TRUTH, CLASSES)["at"]
    expected = f1_score(TRUTH, said, average="macro", zero_division=0)
    assert at == {100: {"accuracy": pytest.approx((said == TRUTH).mean()), "macro_f1": pytest.approx(expected)}}


def test_a_contestant_that_wrote_nothing_has_no_figures() -> None:
    found = verdict.scored({"name": "x", "seed": 0, "stopped": "stopped after 5 s"}, TRUTH, CLASSES)
    merged = verdict.merge([found])
    assert merged["at"] == {}
    assert merged["seconds_per_round"] is None
    assert merged["stopped"] == ["stopped after 5 s"]
    assert "| x | – | – | – | stopped after 5 s |" in verdict.table([merged], [100, 200])


def test_merging_takes_means_over_the_seeds_that_got_there() -> None:
    rows = [row(0, 2.0, b100=0.2, b200=0.9), row(1, 4.0, b100=0.6)]
    merged = verdict.merge(rows)
    assert merged["seconds_per_round"] == pytest.approx((2 + 2 + 4) / 3)
    assert merged["at"][100]["seeds"] == 2
    assert merged["at"][200]["seeds"] == 1
    each = [found["at"][100]["macro_f1"] for found in rows]
    assert merged["at"][100]["macro_f1"] == pytest.approx(np.mean(each))
    assert merged["at"][100]["macro_f1_range"] == [min(each), max(each)]


def test_a_clear_lead_at_every_budget() -> None:
    ours, peer = [row(0, 1.0, b100=0.8, b200=0.9)], [row(0, 3.0, b100=0.3, b200=0.4)]
    found = verdict.judge(ours, peer, [100, 200])
    assert found["ahead"] is True
    assert found["surely"] is True
    assert found["slower_by"] == pytest.approx(3.0)
    assert verdict.said(found) == "yes"
    low, high = found["at"][100]["accuracy_interval"]
    assert low < found["at"][100]["accuracy"] < high


def test_behind_at_one_budget_is_behind() -> None:
    ours, peer = [row(0, 2.0, b100=0.8, b200=0.4)], [row(0, 1.0, b100=0.3, b200=0.9)]
    found = verdict.judge(ours, peer, [100, 200])
    assert found["ahead"] is False
    assert found["slower_by"] == pytest.approx(0.5)
    assert verdict.said(found) == "**no**"
    shown = verdict.verdict_table({"peer": found}, [100, 200])
    assert "**0.50 times ours**" in shown


def test_the_same_answers_are_no_lead() -> None:
    rows = [row(0, b100=0.5)]
    found = verdict.judge(rows, rows, [100])
    assert found["at"][100]["macro_f1"] == 0
    assert found["ahead"] is False


def test_a_lead_within_noise_is_marked() -> None:
    one, two = row(0, b100=0.5), row(0, b100=0.5)
    wrong = next(place for place, said in enumerate(two["answers"][100]) if said != TRUTH[place])
    one["answers"][100] = [*two["answers"][100]]
    one["answers"][100][wrong] = int(TRUTH[wrong])
    found = verdict.judge([one], [two], [100])
    assert found["ahead"] is True
    assert found["surely"] is False
    assert "not always beyond noise" in verdict.said(found)
    assert "*" in verdict.verdict_table({"peer": found}, [100]).splitlines()[-1]


def test_budgets_that_the_peer_missed_are_named_and_those_that_we_missed_are_lost() -> None:
    short, long = [row(0, b100=0.9)], [row(0, b100=0.2, b200=0.2)]
    assert verdict.judge(short, long, [100, 200])["ahead"] is False
    found = verdict.judge([row(0, b100=0.9, b200=0.9)], [row(0, b100=0.2)], [100, 200])
    assert found["ahead"] is True
    assert verdict.said(found) == "yes (it did not reach 200)"
    nothing = verdict.judge(short, [], [100])
    assert nothing["ahead"] is None
    assert nothing["slower_by"] is None
    assert verdict.said(nothing) == "it reached none"


def test_only_seeds_of_both_are_compared() -> None:
    ours = [row(0, b100=0.9), row(1, b100=0.1)]
    found = verdict.judge(ours, [row(0, b100=0.5)], [100])
    assert found["at"][100]["accuracy"] == pytest.approx(
        ours[0]["at"][100]["accuracy"] - row(0, b100=0.5)["at"][100]["accuracy"]
    )


def test_the_table_shows_the_best_first() -> None:
    merged = [verdict.merge([{**row(0, b100=right), "name": name}]) for name, right in (("low", 0.2), ("high", 0.9))]
    lines = verdict.table(merged, [100]).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| high", "| low"]
    assert len({line.count("|") for line in lines}) == 1


class Player:
    """Asks in order and remembers what it was told."""

    def __init__(self, start: bool) -> None:
        self.start, self.sizes, self.told = start, [], []

    def first(self, size: int) -> np.ndarray | None:
        self.sizes.append(size)
        return np.arange(size) if self.start else None

    def learn(self, places: np.ndarray, answers: np.ndarray) -> None:
        self.told.append((places.copy(), answers.copy()))

    def choose(self, size: int) -> np.ndarray:
        self.sizes.append(size)
        left = np.setdiff1d(np.arange(50), self.told[-1][0])
        return left[:size]


@pytest.mark.parametrize(("batch", "sizes"), [(10, [10, 5, 10, 8]), (0, [15, 18])])
def test_the_loop_stops_at_every_budget_and_tells_right_answers(batch: int, sizes: list[int]) -> None:
    oracle = np.arange(50) * 3
    player = Player(start=True)
    labels = [count for count, _ in label_adapter.run(player, oracle, [15, 33], batch, seed=0)]
    assert player.sizes == sizes
    assert labels == np.cumsum(sizes).tolist()
    for places, said in player.told:
        np.testing.assert_array_equal(said, oracle[places])


def test_the_random_start_is_the_same_for_everybody_with_a_seed() -> None:
    starts = []
    for seed in (0, 0, 1):
        player = Player(start=False)
        next(iter(label_adapter.run(player, np.arange(50), [20], 10, seed)))
        starts.append(player.told[0][0].tolist())
    assert starts[0] == starts[1] != starts[2]
    assert len(set(starts[0])) == 10


def test_whoever_asks_twice_is_stopped() -> None:
    player = Player(start=True)
    player.choose = np.arange
    with pytest.raises(SystemExit, match="asked twice"):
        list(label_adapter.run(player, np.arange(50), [20], 10, 0))
