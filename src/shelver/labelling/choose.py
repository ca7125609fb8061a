"""Choose the next batch of questions: some at random, the rest by a strategy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from shelver.catalogue.queue_items import RANDOM
from shelver.config.labelling import Labelling
from shelver.labelling.candidates import Candidates, Ints, Strategy
from shelver.labelling.strategies import strategy_of
from shelver.labelling.strategies.picking import filled, one_of_each

Look = Callable[[Ints], Candidates]
"""What is known about the products at some places, in the order of the places."""


@dataclass(frozen=True)
class Chosen:
    """Products to ask about, in the order in which to ask.

    Attributes
    ----------
    places : ndarray of int64, shape (questions,)
        Each once, and no two of a group.
    by : tuple of str
        For each, how it was chosen: ``random`` if it was drawn so that every product without a label was equally
        likely; else the name of the strategy.

    Raises
    ------
    ValueError
        Not as many places as names.
    """

    places: Ints
    by: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.places.shape != (len(self.by),):
            raise ValueError(f"places have the shape {self.places.shape}, not ({len(self.by)},)")

    def __len__(self) -> int:
        return len(self.by)

    def __repr__(self) -> str:
        return f"Chosen({len(self)} products, {self.by.count(RANDOM)} at random)"


def choose(
    look: Look,
    groups: Ints,
    taken: Ints,
    settings: Labelling,
    rng: np.random.Generator,
    *,
    size: int | None = None,
    again: Ints | None = None,
    strategy: Strategy | None = None,
) -> Chosen:
    """Choose what to ask next.

    First products are drawn at random, from all that are not taken, whatever the model says: accuracy can be estimated
    from their answers. Then the strategy chooses among products of which no near-duplicate is taken. Of a big pool it
    sees a uniform sample, and only for this sample anything is computed.

    Parameters
    ----------
    look : callable
        Gives what is known about the products at some places. Called once at most.
    groups : ndarray of int64, shape (pool,)
        Near-duplicates have the same number: see `shelver.labelling.groups.near_duplicates`.
    taken : ndarray of int64, shape (any,)
        Places of products that have a label or were asked about.
    settings : Labelling
        ``strategy``, ``random_share``, ``batch``, ``candidates``, ``beta``.
    rng : numpy.random.Generator
        Source of randomness. The random questions are the first that it is used for.
    size : int, optional
        How many; not given: ``settings.batch``.
    again : ndarray of int64, optional
        Places that the strategy sees in any case, such as those of the last batch that nobody answered.
    strategy : Strategy, optional
        One of the user's own, in place of that which the settings name; it is called ``own``.

    Returns
    -------
    Chosen
        Random questions are spread evenly over the batch. There are fewer than asked for only if there are not so many
        groups that are not taken.

    Raises
    ------
    ValueError
        The answer of `look` or of the strategy is not as it must be.
    """
    size = settings.batch if size is None else size
    name = settings.strategy if strategy is None else "own"
    open_ = np.ones(len(groups), bool)
    open_[taken] = False
    drawn = _drawn(np.flatnonzero(open_), groups, _how_many(size, settings.random_share, name, rng), rng)
    open_ &= ~np.isin(groups, groups[np.concatenate([taken, drawn]).astype(np.int64)])
    places, missing = np.flatnonzero(open_), size - len(drawn)
    if name == RANDOM:
        more = places[filled(np.zeros(0, np.int64), groups[places], missing, rng)]
    elif missing and len(places):
        seen = _seen(places, open_, settings.candidates, again, rng)
        more = _asked(look, seen, groups, missing, strategy or strategy_of(settings), rng)
    else:
        more = places[:0]
    slots = np.sort(rng.choice(len(drawn) + len(more), len(drawn), replace=False))
    mixed, by = np.empty(len(drawn) + len(more), np.int64), np.full(len(drawn) + len(more), name, object)
    rest = np.ones(len(mixed), bool)
    rest[slots] = False
    mixed[slots], mixed[rest], by[slots] = drawn, more, RANDOM
    return Chosen(mixed, tuple(by))


def _how_many(size: int, share: float, name: str, rng: np.random.Generator) -> int:
    """Number of random questions: on average the share of all, also for batches of one."""
    wanted = size * (1.0 if name == RANDOM else share)
    return min(size, int(wanted + rng.random()))


def _drawn(places: Ints, groups: Ints, size: int, rng: np.random.Generator) -> Ints:
    """Draw products so that each is equally likely, and no two are of a group.

    A systematic sample (Madow & Madow 1944) of the products sorted by group, groups in random order: every product is
    drawn with the probability size / n, and of a group with no more than n / size products one at most. Of a larger one
    a second is left out: only then its products are less likely.
    """
    size = min(size, len(places))
    if size < 1:
        return places[:0]
    _, group = np.unique(groups[places], return_inverse=True)
    turn = rng.permutation(group.max() + 1)[group]
    shuffled = rng.permutation(len(places))
    order = places[shuffled[np.argsort(turn[shuffled], kind="stable")]]
    at = ((rng.random() + np.arange(size)) * (len(order) / size)).astype(np.int64)
    return one_of_each(rng.permutation(order[np.minimum(at, len(order) - 1)]), groups)


def _seen(places: Ints, open_: np.ndarray, most: int, again: Ints | None, rng: np.random.Generator) -> Ints:
    """A uniform sample of the places, and with it those to be seen again, ascending."""
    if len(places) <= most:
        return places
    sample = rng.choice(places, most, replace=False)
    if again is not None:
        sample = np.concatenate([sample, again[open_[again]]])
    return np.unique(sample).astype(np.int64)


def _asked(look: Look, seen: Ints, groups: Ints, size: int, strategy: Strategy, rng: np.random.Generator) -> Ints:
    """What the strategy chooses, checked: what it does wrong is an error now, not a question asked twice later."""
    candidates = look(seen)
    if len(candidates) != len(seen):
        raise ValueError(f"asked about {len(seen)} products, but {len(candidates)} are known")
    found = strategy(replace(candidates, groups=groups[seen]), size, rng)
    if len(found) > size or len(np.unique(groups[seen][found])) < len(found):
        raise ValueError(f"the strategy gave {len(found)} products for {size}, or two of a group")
    return np.asarray(seen[found], np.int64)
