"""What every strategy must do; a new strategy's test is one call of `check_strategy`."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from shelver.config.objectives import Kind
from shelver.labelling.candidates import Candidates, Floats, Ints, Strategy


def check_strategy(strategy: Strategy) -> None:
    """Check that a strategy keeps its promises, with both kinds of objectives and in odd situations.

    Parameters
    ----------
    strategy : Strategy
        The one to check. It is given beliefs and a committee in all cases.

    Raises
    ------
    AssertionError
        A promise is broken; the message says which, and when.
    """
    for kind in ("multi_class", "multi_label"):
        for when, candidates in _situations(kind):
            for size in (0, 1, 7, 1_000):
                _check(strategy, candidates, size, f"{kind}, {when}, {size} asked for")


def some_candidates(n: int, kind: Kind = "multi_class", classes: int = 5, dims: int = 3, seed: int = 0) -> Candidates:
    """Candidates of which everything is random: n of them, every third a near-duplicate of another one."""
    rng = np.random.default_rng(seed)
    groups = np.arange(n)
    groups[::3] = rng.integers(max(n, 1), size=len(groups[::3]))
    committee = _probabilities(rng, (4, n, classes), kind)
    return Candidates(
        committee.mean(axis=0), _unit(rng, n, dims), groups, kind, _unit(rng, 2, dims),
        _probabilities(rng, (n, classes), kind), lambda: committee,
    )  # fmt: skip


def _situations(kind: Kind) -> Iterator[tuple[str, Candidates]]:
    usual = some_candidates(60, kind)
    n, classes = usual.probabilities.shape
    yield "as usual", usual
    yield "no labels, none known", replace(usual, labelled=None)
    yield "no labels", replace(usual, labelled=usual.vectors[:0])
    yield "more labels than candidates", replace(usual, labelled=np.tile(usual.vectors, (3, 1)))
    yield "identical vectors", replace(usual, vectors=np.tile(usual.vectors[:1], (n, 1)))
    yield "zero vectors", replace(usual, vectors=np.zeros_like(usual.vectors))
    yield "some zero vectors", replace(usual, vectors=usual.vectors * (np.arange(n) % 2).astype(np.float32)[:, None])
    yield "vectors without dimensions", replace(usual, vectors=usual.vectors[:, :0], labelled=usual.vectors[:4, :0])
    yield "all of one group", replace(usual, groups=np.full(n, 17))
    yield "one candidate", some_candidates(1, kind)
    yield "no candidates", some_candidates(0, kind)
    yield "fewer candidates than classes", some_candidates(3, kind, classes=11)
    sure = np.zeros((n, classes), np.float32)
    sure[:, 2] = 1
    even = np.full((n, classes), 1 / classes, np.float32)
    for name, said in (("a model that is sure of one class", sure), ("a model that knows nothing", even)):
        yield name, replace(usual, probabilities=said, ask_committee=partial(np.stack, [said] * 3))
        yield f"{name}, and the same beliefs", replace(usual, probabilities=said, beliefs=said)


def _check(strategy: Strategy, candidates: Candidates, size: int, when: str) -> None:
    before = _frozen(candidates)
    hidden = np.random.get_state()[1].copy()  # type: ignore[index]  # noqa: NPY002
    found = _ask(strategy, candidates, size)
    _true(isinstance(found, np.ndarray) and found.dtype == np.int64 and found.ndim == 1, f"{when}: no list of int64")
    _true(len(set(found.tolist())) == len(found), f"{when}: a product twice")
    _true(bool(((found >= 0) & (found < len(candidates))).all()), f"{when}: places that are none")
    groups = candidates.groups[found]
    _true(len(set(groups.tolist())) == len(groups), f"{when}: two products of one group")
    wanted = min(size, len(set(candidates.groups.tolist())))
    _true(len(found) == wanted, f"{when}: {len(found)} products, not {wanted}")
    _true(np.array_equal(_ask(strategy, candidates, size), found), f"{when}: another answer for the same seed")
    _true(_frozen(candidates) == before, f"{when}: the strategy changed its input")
    same = np.array_equal(np.random.get_state()[1], hidden)  # type: ignore[index]  # noqa: NPY002
    _true(same, f"{when}: random numbers of another source than rng")


def _ask(strategy: Strategy, candidates: Candidates, size: int) -> Ints:
    return strategy(replace(candidates), size, np.random.default_rng(3))


def _frozen(candidates: Candidates) -> bytes:
    known = (candidates.probabilities, candidates.vectors, candidates.groups, candidates.labelled, candidates.beliefs)
    return pickle.dumps((known, candidates.committee))


def _probabilities(rng: np.random.Generator, shape: tuple[int, ...], kind: Kind) -> Floats:
    raw = rng.random(shape, dtype=np.float32) ** 3
    return raw if kind == "multi_label" else raw / raw.sum(axis=-1, keepdims=True)


def _unit(rng: np.random.Generator, n: int, dims: int) -> Floats:
    raw = rng.standard_normal((n, dims), dtype=np.float32)
    return np.asarray(raw / np.linalg.norm(raw, axis=1, keepdims=True), np.float32)


def _true(condition: bool, promise: str) -> None:
    if not condition:
        raise AssertionError(promise)
