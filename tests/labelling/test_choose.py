"""Batches: who is in them, by what right, and how likely."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.config.labelling import Labelling
from shelver.labelling.candidates import Candidates
from shelver.labelling.choose import Chosen, choose
from shelver.labelling.strategies import STRATEGIES
from shelver.testing.strategies import some_candidates

NONE = np.zeros(0, np.int64)


class World:
    """A pool of random products that remembers which ones were looked at."""

    def __init__(self, n=300, seed=0):
        self.all = some_candidates(n, seed=seed)
        self.looked = None

    def look(self, places):
        assert self.looked is None, "looked at twice"
        self.looked = places
        a = self.all
        return Candidates(
            a.probabilities[places], a.vectors[places], np.arange(len(places)), a.kind, a.labelled, a.beliefs[places],
            lambda: a.committee[:, places],
        )  # fmt: skip


def rng(seed=0):
    return np.random.default_rng(seed)


@given(
    name=st.sampled_from(sorted(STRATEGIES)),
    size=st.integers(0, 40),
    share=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    few=st.integers(100, 300),
    seed=st.integers(0, 999),
)
def test_a_batch_holds_no_product_twice_no_two_of_a_group_and_nothing_taken(name, size, share, few, seed):
    world = World(150, seed)
    made = np.random.default_rng(seed)
    groups = made.integers(90, size=150)
    taken = made.choice(150, 30, replace=False)
    settings = Labelling(strategy=name, random_share=share, batch=max(size, 1), candidates=few)
    chosen = choose(world.look, groups, taken, settings, rng(seed), size=size)
    assert chosen.places.dtype == np.int64
    assert len(set(chosen.places)) == len(chosen) == len(set(groups[chosen.places]))
    assert not set(chosen.places) & set(taken)
    asked = [place for place, by in zip(chosen.places, chosen.by, strict=True) if by != "random"]
    assert not set(groups[asked]) & set(groups[taken])
    assert set(chosen.by) <= {"random", name}
    free = set(groups) - set(groups[taken])
    assert len(chosen) == size or len(chosen) >= len(free)


def test_every_product_without_a_label_is_equally_likely_at_random():
    groups = np.array([0] * 6 + [1] * 3 + list(range(2, 31)))  # 38 products; of a group of 6 never two among 5
    taken = np.array([0, 7, 20])
    settings = Labelling(strategy="margin", random_share=0.5, batch=10)
    world, counts, rounds = World(38), np.zeros(38), 4_000
    for seed in range(rounds):
        world.looked = None
        chosen = choose(world.look, groups, taken, settings, rng(seed))
        drawn = chosen.places[[by == "random" for by in chosen.by]]
        assert len(drawn) == 5
        assert len(set(groups[drawn])) == 5
        counts[drawn] += 1
    assert (counts[taken] == 0).all()
    rest = np.delete(counts, taken)
    expected = rounds * 5 / 35
    assert np.abs(rest - expected).max() < 4.5 * np.sqrt(expected)


def test_random_questions_do_not_depend_on_the_model():
    settings = Labelling(strategy="margin", random_share=0.3, batch=20)
    drawn = []
    for seed in (1, 2):
        chosen = choose(World(300, seed).look, np.arange(300), NONE, settings, rng(5))
        drawn.append({p for p, by in zip(chosen.places, chosen.by, strict=True) if by == "random"})
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 6


def test_the_random_share_is_kept_on_average_also_by_single_questions():
    settings = Labelling(strategy="margin", random_share=0.25)
    by = [choose(World(30).look, np.arange(30), NONE, settings, rng(s), size=1).by[0] for s in range(800)]
    assert 0.19 < by.count("random") / 800 < 0.31


def test_random_questions_are_spread_over_the_batch():
    settings = Labelling(strategy="margin", random_share=0.2, batch=10)
    at = [
        i
        for s in range(300)
        for i, by in enumerate(choose(World(60).look, np.arange(60), NONE, settings, rng(s)).by)
        if by == "random"
    ]
    assert np.bincount(at, minlength=10).min() > 30


def test_the_strategy_comes_best_first():
    world = World(200)
    settings = Labelling(strategy="margin", random_share=0.0, batch=12)
    chosen = choose(world.look, world.all.groups, NONE, settings, rng())
    np.testing.assert_array_equal(chosen.places, STRATEGIES["margin"](world.all, 12, rng()))
    assert set(chosen.by) == {"margin"}


def test_of_a_big_pool_a_sample_is_looked_at_and_what_shall_be_seen_again():
    world = World(1_000)
    settings = Labelling(strategy="entropy", random_share=0.0, candidates=100, batch=5)
    again = np.array([3, 500, 999])
    chosen = choose(world.look, np.arange(1_000), np.array([500]), settings, rng(), again=again)
    assert 100 <= len(world.looked) <= 102
    assert {3, 999} <= set(world.looked)
    assert 500 not in world.looked
    assert set(chosen.places) <= set(world.looked)
    assert (np.diff(world.looked) > 0).all()


def test_a_pool_that_is_all_random_needs_no_model():
    def look(places):
        raise AssertionError("no strategy needs this")

    chosen = choose(look, np.arange(50), NONE, Labelling(strategy="random", batch=9), rng())
    assert chosen.by == ("random",) * 9
    assert len(choose(look, np.arange(4), np.arange(4), Labelling(), rng())) == 0
    assert len(choose(look, np.arange(0), NONE, Labelling(), rng())) == 0


def test_random_asks_as_many_as_there_are_groups():
    groups = np.array([0] * 40 + [1, 2, 3])
    chosen = choose(World().look, groups, NONE, Labelling(strategy="random", batch=10), rng())
    assert sorted(groups[chosen.places]) == [0, 1, 2, 3]


def test_a_group_is_asked_again_only_at_random():
    groups = np.zeros(10, np.int64)
    settings = Labelling(strategy="margin", random_share=0.0, batch=3)
    assert len(choose(World(10).look, groups, np.array([4]), settings, rng())) == 0
    chosen = choose(World(10).look, groups, np.array([4]), Labelling(random_share=1.0, batch=3), rng())
    assert chosen.by == ("random",)


def test_own_strategies_are_checked():
    settings = Labelling(random_share=0.0, batch=3)

    def ask(strategy):
        return choose(World(20).look, np.arange(20), NONE, settings, rng(), strategy=strategy)

    chosen = ask(lambda c, size, rng: np.arange(size))
    assert chosen.by == ("own",) * 3
    for wrong in (lambda c, size, rng: np.arange(size + 1), lambda c, size, rng: np.zeros(size, np.int64)):
        with pytest.raises(ValueError, match="the strategy gave"):
            ask(wrong)
    with pytest.raises(ValueError, match="19 are known"):
        choose(lambda places: some_candidates(19), np.arange(20), NONE, settings, rng())


def test_chosen_checks_itself_and_shows_its_size():
    assert repr(Chosen(np.arange(3), ("random", "margin", "margin"))) == "Chosen(3 products, 1 at random)"
    with pytest.raises(ValueError, match=r"\(3,\), not \(2,\)"):
        Chosen(np.arange(3), ("random", "margin"))
