"""Do people agree? Raw agreement, Cohen's kappa, Krippendorff's alpha, and where in the tree they part."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import sparse

from shelver.catalogue.tree import Tree
from shelver.labelling.accuracy import Bools, Doubles, Estimate
from shelver.labelling.accuracy import share as share_of
from shelver.labelling.bootstrap import bootstrap
from shelver.labelling.candidates import Ints
from shelver.labelling.opinions import Opinions


@dataclass(frozen=True)
class PairAgreement:
    """Two people on the products that both labelled."""

    people: tuple[str, str]
    products: int
    raw: Estimate | None
    kappa: Estimate | None


@dataclass(frozen=True)
class LevelAgreement:
    """Agreement on the category at one level of the tree, 1 at the top; shallower categories stand for themselves."""

    level: int
    raw: Estimate | None
    alpha: Estimate | None


@dataclass(frozen=True)
class Contested:
    """Two categories between which people are torn.

    Attributes
    ----------
    category_ids : (str, str)
        In tree order.
    pairs : int
        Pairs of answers that named one each.
    agreement : float
        Of all pairs of answers that named one of the two, the share that agreed on it.
    """

    category_ids: tuple[str, str]
    pairs: int
    agreement: float


@dataclass(frozen=True)
class PersonAgreement:
    """One person beside the others and the model.

    Attributes
    ----------
    person : str
        Name.
    products : int
        Products with an answer of theirs.
    others : Estimate or None
        How often they said what most of the others said about the same product; products where the others are split
        evenly are left out.
    model : Estimate or None
        How often a model that did not learn from the label of the product says the same.
    """

    person: str
    products: int
    others: Estimate | None
    model: Estimate | None


@dataclass(frozen=True)
class Agreement:
    """How far people agree on the products that two or more of them labelled.

    Attributes
    ----------
    products : int
        Products with answers of two or more people.
    raw : Estimate or None
        Share of pairs of answers to the same product that agree.
    alpha : Estimate or None
        Krippendorff's alpha: 1 is full agreement, 0 is what chance gives.
    siblings : Estimate or None
        Of the pairs that differ, the share whose categories have the same parent.
    levels, pairs, contested, people
        See the classes; `pairs` is of the people who share a product, `contested` the most often confused first.
    """

    products: int
    raw: Estimate | None
    alpha: Estimate | None
    siblings: Estimate | None
    levels: tuple[LevelAgreement, ...]
    pairs: tuple[PairAgreement, ...]
    contested: tuple[Contested, ...]
    people: tuple[PersonAgreement, ...]

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return asdict(self)


def agreement(said: Opinions, tree: Tree, predicted: Ints | None = None, top: int = 20, seed: int = 0) -> Agreement:
    """Measure all of it; intervals of agreement, kappa and alpha by bootstrap over products, of shares by Wilson.

    Parameters
    ----------
    said : Opinions
        One answer for each product and person.
    tree : Tree
        The places in `said` are places in it.
    predicted : ndarray of int64, shape (products,), optional
        A model's category of each of ``said.products``, as a place in the tree; −1: none.
    top : int
        Contested pairs kept.
    seed : int
        Of the bootstrap.
    """
    shared = np.bincount(said.product, minlength=len(said.products)) > 1
    kept = shared[said.product]
    _, unit = np.unique(said.product[kept], return_inverse=True)
    person, category = said.person[kept], said.category[kept]
    units = int(shared.sum())
    first, second = answer_pairs(unit)
    differs = category[first] != category[second]
    parent = np.asarray([-1 if c.parent_id is None else tree.position(c.parent_id) for c in tree], np.int64)
    torn = parent[category[first][differs]] == parent[category[second][differs]]
    return Agreement(
        products=units,
        raw=_raw(unit, category, units, seed),
        alpha=_alpha(unit, category, units, seed),
        siblings=_share(torn),
        levels=_levels(unit, level_table(tree)[category], units, seed),
        pairs=_pairs(unit, person, category, first, second, said.people, seed),
        contested=_contested(category[first], category[second], tree, top),
        people=_people(said, predicted),
    )


def level_table(tree: Tree) -> Ints:
    """Place of the category at or above each one at every level: shape (categories, depth); below itself: itself."""
    chains = [[*(tree.position(a.category_id) for a in tree.ancestors(c.category_id)), i] for i, c in enumerate(tree)]
    depth = max((len(chain) for chain in chains), default=0)
    return np.asarray([chain + chain[-1:] * (depth - len(chain)) for chain in chains], np.int64).reshape(-1, depth)


def answer_pairs(unit: Ints) -> tuple[Ints, Ints]:
    """All pairs of answers to the same unit, once each; `unit` is ascending. Shape (pairs,) twice."""
    firsts, seconds = [], []
    for step in range(1, len(unit)):
        same = np.flatnonzero(unit[:-step] == unit[step:])
        if not len(same):
            break
        firsts.append(same)
        seconds.append(same + step)
    none = np.zeros(0, np.int64)
    return np.concatenate([none, *firsts]), np.concatenate([none, *seconds])


def krippendorff(unit: Ints, category: Ints, weights: Doubles) -> Doubles:
    """Krippendorff's alpha for nominal data with any number of answers to each unit.

    ``α = 1 − D_o / D_e`` with ``D_o = 1/n Σ_u (m_u² − Σ_c n_uc²) / (m_u − 1)`` and
    ``D_e = (n² − Σ_c n_c²) / (n (n − 1))`` (Krippendorff 2011, *Computing Krippendorff's alpha-reliability*, section C,
    in counts instead of coincidences).

    Parameters
    ----------
    unit, category : ndarray of int64, shape (answers,)
        Units from 0, ascending, each with two answers or more.
    weights : ndarray of float64, shape (samples, units)
        How often each unit counts.

    Returns
    -------
    ndarray of float64, shape (samples,)
        NaN where all answers are the same category: there is no chance agreement to compare with.
    """
    counts = _counts(unit, category, weights.shape[1])  # (units, categories)
    answers = np.asarray(counts.sum(axis=1)).ravel()  # (units,)
    squares = np.asarray(counts.multiply(counts).sum(axis=1)).ravel()
    n = weights @ answers  # (samples,)
    observed = weights @ ((answers**2 - squares) / (answers - 1)) / n
    totals = weights @ counts  # (samples, categories)
    expected = (n**2 - (totals**2).sum(axis=1)) / (n * (n - 1))
    alpha: Doubles = 1 - np.divide(observed, expected, out=np.full(len(n), np.nan), where=expected > 0)
    return alpha


def cohen(first: Ints, second: Ints, weights: Doubles) -> Doubles:
    """Cohen's kappa: ``(p_o − p_e) / (1 − p_e)`` (Cohen 1960, eq. 1).

    Parameters
    ----------
    first, second : ndarray of int64, shape (units,)
        What two people said about the same units.
    weights : ndarray of float64, shape (samples, units)
        How often each unit counts.

    Returns
    -------
    ndarray of float64, shape (samples,)
        NaN where both always name one and the same category.
    """
    _, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    units, classes = np.arange(len(first)), int(codes.max()) + 1
    total = weights.sum(axis=1)
    observed = weights @ (first == second) / total
    margins = [
        weights @ sparse.csr_array((np.ones(len(units)), (units, said)), shape=(len(units), classes))
        for said in (codes[: len(first)], codes[len(first) :])
    ]  # (samples, classes) each
    expected = (margins[0] * margins[1]).sum(axis=1) / total**2
    away = 1 - expected
    kappa: Doubles = np.divide(observed - expected, away, out=np.full(len(total), np.nan), where=away > 1e-12)
    return kappa


def _counts(unit: Ints, category: Ints, units: int) -> sparse.csr_array:
    _, code = np.unique(category, return_inverse=True)
    shape = (units, int(code.max(initial=-1)) + 1)
    return sparse.csr_array((np.ones(len(unit)), (unit, code)), shape=shape)  # repeated places are added up


def _raw(unit: Ints, category: Ints, units: int, seed: int) -> Estimate | None:
    first, second = answer_pairs(unit)
    pairs = np.bincount(unit[first], minlength=units)
    equal = np.bincount(unit[first], category[first] == category[second], units)
    return bootstrap(lambda weights: (weights @ equal) / (weights @ pairs), units, len(first), seed)


def _alpha(unit: Ints, category: Ints, units: int, seed: int) -> Estimate | None:
    return bootstrap(lambda weights: krippendorff(unit, category, weights), units, units, seed)


def _levels(unit: Ints, above: Ints, units: int, seed: int) -> tuple[LevelAgreement, ...]:
    """Agreement at each level; `above` has the shape (answers, depth)."""
    levels = enumerate(above.T, 1) if units else ()
    return tuple(LevelAgreement(n, _raw(unit, at, units, seed), _alpha(unit, at, units, seed)) for n, at in levels)


def _share(right: Bools) -> Estimate | None:
    """A share with Wilson's interval; None of nothing."""
    return share_of(right) if len(right) else None


def _pairs(
    unit: Ints, person: Ints, category: Ints, first: Ints, second: Ints, people: tuple[str, ...], seed: int
) -> tuple[PairAgreement, ...]:
    keys = person[first] * len(people) + person[second]
    found = []
    for key in np.unique(keys).tolist():
        own = keys == key
        a, b = category[first[own]], category[second[own]]
        names = (people[key // len(people)], people[key % len(people)])
        kappa = bootstrap(lambda weights, a=a, b=b: cohen(a, b, weights), len(a), len(a), seed)  # type: ignore[misc]
        products, both = np.repeat(np.arange(len(a)), 2), np.stack([a, b], axis=1).ravel()
        found.append(PairAgreement(names, len(a), _raw(products, both, len(a), seed), kappa))
    return tuple(found)


def _contested(first: Ints, second: Ints, tree: Tree, top: int) -> tuple[Contested, ...]:
    size = max(len(tree), 1)
    agreed = np.bincount(first[first == second], minlength=size)
    named = np.bincount(first, minlength=size) + np.bincount(second, minlength=size) - agreed  # pairs that name it
    low, high = np.minimum(first, second), np.maximum(first, second)
    keys, counts = np.unique((low * size + high)[low != high], return_counts=True)
    order = np.lexsort((keys, -counts))[:top]
    found = []
    for key, count in zip(keys[order].tolist(), counts[order].tolist(), strict=True):
        a, b = divmod(key, size)
        either = int(named[a] + named[b] - count)  # each such pair names both
        ids = (tree.categories[a].category_id, tree.categories[b].category_id)
        found.append(Contested(ids, count, float(agreed[a] + agreed[b]) / either))
    return tuple(found)


def _people(said: Opinions, predicted: Ints | None) -> tuple[PersonAgreement, ...]:
    majority, clear = majority_of_others(said)
    found = []
    for number, name in enumerate(said.people):
        own = said.person == number
        beside = own & clear
        others = _share(said.category[beside] == majority[beside])
        model = None
        if predicted is not None:
            answer = predicted[said.product]
            known = own & (answer >= 0)
            model = _share(said.category[known] == answer[known])
        found.append(PersonAgreement(name, int(own.sum()), others, model))
    return tuple(found)


def majority_of_others(said: Opinions) -> tuple[Ints, Bools]:
    """What most others said about the product of each answer, and whether there is such a thing: shape (n,) twice."""
    majority, clear = np.full(len(said), -1, np.int64), np.zeros(len(said), bool)
    starts = np.searchsorted(said.product, np.arange(len(said.products) + 1))
    for start, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        categories, place, counts = np.unique(said.category[start:stop], return_inverse=True, return_counts=True)
        for i in range(start, stop) if stop - start > 1 else ():
            others = counts.copy()
            others[place[i - start]] -= 1
            best = int(others.argmax())
            majority[i], clear[i] = categories[best], (others == others[best]).sum() == 1
    return majority, clear
