"""Every strategy keeps its promises, and each does the right thing on a problem made for it."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from shelver.config.labelling import Labelling, StrategyName
from shelver.errors import ShelverError
from shelver.labelling import measures
from shelver.labelling.candidates import Candidates
from shelver.labelling.strategies import STRATEGIES, strategy_of
from shelver.labelling.strategies.density import density_of
from shelver.labelling.strategies.picking import best
from shelver.labelling.strategies.prob_cover import _covered, _neighbours
from shelver.testing.strategies import check_strategy, some_candidates


def rng(seed=0):
    return np.random.default_rng(seed)


def blobs(sizes, dims=8, spread=0.05, seed=0):
    """Unit vectors around as many directions, and which direction each is of."""
    made = rng(seed)
    centres = np.eye(dims, dtype=np.float32)[: len(sizes)]
    of = np.repeat(np.arange(len(sizes)), sizes)
    vectors = centres[of] + spread * made.standard_normal((len(of), dims)).astype(np.float32)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), of


def known(probabilities, vectors=None, **more):
    p = np.asarray(probabilities, np.float32)
    vectors = np.tile(np.eye(1, 3, dtype=np.float32), (len(p), 1)) if vectors is None else vectors
    return Candidates(p, vectors, np.arange(len(p)), **more)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_keeps_its_promises(name):
    check_strategy(STRATEGIES[name])


def test_settings_can_name_every_strategy_and_no_other():
    assert set(STRATEGIES) == set(get_args(StrategyName))
    for name in STRATEGIES:
        assert len(strategy_of(Labelling(strategy=name))(some_candidates(40), 5, rng())) == 5


def test_beta_of_the_settings_reaches_density():
    candidates = some_candidates(200)
    without = strategy_of(Labelling(strategy="density", beta=0))(candidates, 5, rng())
    np.testing.assert_array_equal(without, STRATEGIES["entropy"](candidates, 5, rng()))
    much = strategy_of(Labelling(strategy="density", beta=9))(candidates, 5, rng())
    np.testing.assert_array_equal(much, density_of(beta=9)(candidates, 5, rng()))
    assert set(much) != set(without)


def twice(candidates, size, rng):
    return np.zeros(min(size, len(candidates)), np.int64)


def deaf(candidates, size, rng):
    return best(np.random.rand(len(candidates)), candidates.groups, size, rng)  # noqa: NPY002


def careless(candidates, size, rng):
    return rng.permutation(len(candidates))[:size]


def lazy(candidates, size, rng):
    return STRATEGIES["margin"](candidates, size, rng)[:3]


def spoiling(candidates, size, rng):
    candidates.probabilities[:] = 0
    return STRATEGIES["margin"](candidates, size, rng)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (twice, "twice"),
        (deaf, "same seed|another source"),
        (careless, "two products of one group"),
        (lazy, "3 products, not 7"),
        (spoiling, "changed its input"),
        (lambda *_: [0], "no list"),
    ],
)
def test_the_check_finds_broken_promises(wrong, message):
    with pytest.raises(AssertionError, match=message):
        check_strategy(wrong)


def test_equal_scores_come_in_random_order():
    scores, groups = np.zeros(50, np.float32), np.arange(50)
    firsts = {int(best(scores, groups, 1, rng(seed))[0]) for seed in range(200)}
    assert len(firsts) > 30


def test_the_best_of_each_group_is_asked():
    scores = np.array([1, 5, 3, 4, 2], np.float32)
    assert best(scores, np.array([7, 8, 7, 8, 9]), 3, rng()).tolist() == [1, 2, 4]


@pytest.mark.parametrize(("scores", "message"), [([1, np.nan, 2], "1 of 3"), ([1, 2], r"\(2,\)")])
def test_scores_that_are_none_are_refused(scores, message):
    with pytest.raises(ValueError, match=message):
        best(np.array(scores, np.float32), np.arange(3), 1, rng())


def test_measures_ask_for_different_products():
    candidates = known([[0.5, 0.49, 0.01, 0.0], [0.4, 0.2, 0.2, 0.2], [0.45, 0.45, 0.1, 0.0], [0.9, 0.1, 0.0, 0.0]])
    asked = {name: int(STRATEGIES[name](candidates, 1, rng())[0]) for name in ("margin", "least_confidence", "entropy")}
    assert asked == {"margin": 2, "least_confidence": 1, "entropy": 1}
    assert STRATEGIES["margin"](candidates, 4, rng()).tolist() == [2, 0, 1, 3]


def test_margin_asks_at_the_boundary():
    x = np.linspace(-4, 4, 81)
    yes = 1 / (1 + np.exp(-3 * x))
    asked = STRATEGIES["margin"](known(np.stack([yes, 1 - yes], axis=1)), 5, rng())
    assert np.abs(x[asked]).max() <= 0.21


def test_a_committee_asks_where_it_splits():
    agree, split = np.array([0.9, 0.05, 0.05]), np.eye(3) * 0.9 + 0.05 * (1 - np.eye(3))
    committee = np.stack([np.stack([agree, split[member], agree]) for member in range(3)]).astype(np.float32)
    candidates = known(committee.mean(axis=0), ask_committee=lambda: committee)
    for name in ("vote_entropy", "consensus_kl"):
        assert STRATEGIES[name](candidates, 1, rng()).tolist() == [1]


def test_a_committee_that_doubts_alike_does_not_disagree():
    even, sure = np.full(2, 0.5), np.array([0.99, 0.01])
    committee = np.stack([np.stack([even, sure]), np.stack([even, sure[::-1]])]).astype(np.float32)
    candidates = known(committee.mean(axis=0), ask_committee=lambda: committee)
    assert STRATEGIES["consensus_kl"](candidates, 1, rng()).tolist() == [1]


def test_density_leaves_outliers():
    vectors, of = blobs([60, 1])
    candidates = known(np.full((61, 3), 1 / 3), vectors)
    assert of[STRATEGIES["density"](candidates, 60, rng())].sum() == 0
    assert any(60 in STRATEGIES["entropy"](candidates, 20, rng(seed)) for seed in range(20))


@pytest.mark.parametrize("name", ["typical", "prob_cover"])
@pytest.mark.parametrize("seed", range(5))
def test_coverage_asks_one_of_each_blob(name, seed):
    vectors, of = blobs([200, 40, 90, 25, 60], seed=seed)
    candidates = known(np.full((len(of), 5), 0.2), vectors)
    asked = STRATEGIES[name](candidates, 5, rng(seed))
    assert sorted(of[asked]) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ["typical", "prob_cover"])
def test_coverage_leaves_blobs_that_have_a_label(name):
    vectors, of = blobs([200, 40, 90, 25, 60])
    labelled = vectors[[3, 250]]  # of blobs 0 and 2
    candidates = known(np.full((len(of), 5), 0.2), vectors, labelled=labelled)
    assert sorted(of[STRATEGIES[name](candidates, 3, rng())]) == [1, 3, 4]


def test_typical_asks_in_the_middle_of_a_blob():
    vectors, of = blobs([150, 150], spread=0.2)
    middle = np.stack([vectors[of == blob].mean(axis=0) for blob in (0, 1)])
    apart = np.linalg.norm(vectors - middle[of], axis=1)
    asked = STRATEGIES["typical"](known(np.full((300, 2), 0.5), vectors), 2, rng())
    assert apart[asked].max() < np.quantile(apart, 0.25)


def test_typical_leaves_outliers_for_last():
    vectors, of = blobs([80, 80, 1, 2])
    candidates = known(np.full((len(of), 4), 0.25), vectors)
    assert set(of[STRATEGIES["typical"](candidates, 4, rng())]) == {0, 1}


def test_prob_cover_asks_for_the_biggest_first():
    vectors, of = blobs([200, 40, 90, 25, 60])
    asked = STRATEGIES["prob_cover"](known(np.full((len(of), 5), 0.2), vectors), 5, rng())
    assert of[asked].tolist() == [0, 2, 4, 1, 3]


@pytest.mark.parametrize("n", [7, 600, 1_100])  # one block, two, three
def test_neighbours_and_what_is_covered_are_those_of_all_distances(n):
    vectors, labelled = blobs([n // 2, n - n // 2], dims=5, spread=0.4)[0], blobs([9, 4], dims=5, spread=0.4, seed=1)[0]
    slow = np.linalg.norm(vectors[:, None] - vectors, axis=2)
    np.testing.assert_array_equal(_neighbours(vectors, 0.45), slow < 0.45)
    around = np.linalg.norm(vectors[:, None] - labelled, axis=2).min(axis=1)
    np.testing.assert_array_equal(_covered(vectors, labelled, 0.2), around < 0.2)


def test_badge_spreads_over_answers_and_vectors():
    vectors, of = blobs([50, 50, 50, 50])
    p = np.full((200, 6), 0.02, np.float32)
    p[np.arange(200), of], p[np.arange(200), 4] = 0.5, 0.42
    asked = np.array([sorted(of[STRATEGIES["badge"](known(p, vectors), 4, rng(seed))]) for seed in range(10)])
    assert (asked == np.arange(4)).all(axis=1).mean() >= 0.9


def test_badge_leaves_what_the_model_knows():
    vectors, of = blobs([100, 100])
    p = np.where(of[:, None] == 0, [0.999, 0.001], [0.55, 0.45]).astype(np.float32)
    assert of[STRATEGIES["badge"](known(p, vectors), 10, rng())].mean() >= 0.8


def test_disagreement_asks_about_the_planted_conflict():
    n, classes = 100, 4
    sure = np.full((n, classes), 0.01, np.float32)
    sure[np.arange(n), np.arange(n) % classes] = 0.97
    beliefs = sure.copy()
    beliefs[42] = np.roll(beliefs[42], 1)
    beliefs[7] = 1 / classes  # says nothing, so contradicts nothing
    candidates = known(sure, beliefs=beliefs)
    assert STRATEGIES["disagreement"](candidates, 1, rng()).tolist() == [42]
    assert measures.conflict(beliefs, sure)[7] < 1e-6
    with pytest.raises(ShelverError, match="margin"):
        STRATEGIES["disagreement"](replace(candidates, beliefs=None), 1, rng())


def test_adaptive_begins_with_typical_and_goes_on_with_margin():
    candidates = some_candidates(80, classes=5)
    few, enough = candidates.vectors[:4], candidates.vectors[:5]
    for labelled, name in ((None, "typical"), (few, "typical"), (enough, "margin")):
        now = replace(candidates, labelled=labelled)
        asked = STRATEGIES["adaptive"](now, 6, rng(4))
        np.testing.assert_array_equal(asked, STRATEGIES[name](now, 6, rng(4)))
