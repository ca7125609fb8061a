"""Products to offer together with one that was just labelled: one answer, many products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shelver.labelling.candidates import Floats, Ints
from shelver.labelling.likeness import NONE, Likeness, compared

MOST = 30
"""Products offered at once: a list that a person can read."""
LOOKED_AT = 10
"""Times as many are looked at, as some are taken out again."""


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A product that looks like another.

    Attributes
    ----------
    place : int
        Which product.
    cosine : float
        Of the two embeddings; 0 without.
    same_title, same_picture : bool
        What they have in common.
    """

    place: int
    cosine: float
    same_title: bool = False
    same_picture: bool = False

    @property
    def reason(self) -> str:
        """Why it is offered.

        Examples
        --------
        >>> LookAlike(7, 0.981, same_title=True).reason
        'same title'
        >>> LookAlike(7, 0.981).reason
        '0.98 alike'
        """
        found = [name for name, there in (("title", self.same_title), ("picture", self.same_picture)) if there]
        return f"same {' and '.join(found)}" if found else f"{self.cosine:.2f} alike"


@dataclass(frozen=True)
class Known:
    """What is known about the products that may be offered.

    Attributes
    ----------
    answers : ndarray of int64, shape (n,)
        Class that a person gave to the product itself; −1: none. Labels that were taken over are not in here.
    free : ndarray of bool, shape (n,)
        May be offered: it has no label of any kind.
    against : callable, optional
        ``against(places, place, answer)``: bool, shape (places,): do the rules speak against giving these products the
        answer of that one?
    probabilities : callable, optional
        ``probabilities(places)``: what a model says, float32, shape (places, classes).
    """

    answers: Ints
    free: npt.NDArray[np.bool_]
    against: Callable[[Ints, int, int], npt.NDArray[np.bool_]] | None = None
    probabilities: Callable[[Ints], Floats] | None = None


def look_alikes(
    likeness: Likeness, place: int, answer: int, known: Known, nearness: float, most: int = MOST
) -> list[LookAlike]:
    """Products that very likely have the same answer as one, to be confirmed together.

    Parameters
    ----------
    likeness : Likeness
        Titles, pictures and embeddings of all n products.
    place : int
        The product that was labelled.
    answer : int
        Its class.
    known : Known
        What is known of the others.
    nearness : float
        Cosine from which on products are alike, see `usual_nearness` and `safe_nearness`.
    most : int
        Offer so many at most.

    Returns
    -------
    list of LookAlike
        Best first: same title and picture, same title, same picture, then the nearest; equals by cosine, then by place.

    Notes
    -----
    A title or picture that people have put into several classes is no sign. A product is not offered if a product that
    people labelled otherwise is as near to it; if rules speak against it; or if the model sees it neither as that
    answer nor as it sees the labelled product.
    """
    title = _shares(likeness.titles, place, answer, known.answers)
    picture = _shares(likeness.pictures, place, answer, known.answers)
    offered = title | picture
    offered[likeness.near(place, nearness)] = True
    offered &= known.free
    offered[place] = False
    places = np.flatnonzero(offered)
    cosine = likeness.cosines(place, places)
    named = title[places] * 2 + picture[places]
    found = [
        LookAlike(int(places[i]), float(cosine[i]), bool(title[places[i]]), bool(picture[places[i]]))
        for i in np.lexsort((places, -cosine, -named))[: most * LOOKED_AT]
    ]
    for check in (_apart, _against_rules, _against_model):
        found = found and [
            each for each, bad in zip(found, check(likeness, place, answer, known, found), strict=True) if not bad
        ]
    return found[:most]


def _shares(codes: Ints, place: int, answer: int, answers: Ints) -> npt.NDArray[np.bool_]:
    """Which products have the sign of one, if nobody gave another class to a product with it."""
    same: npt.NDArray[np.bool_] = (codes == codes[place]) & (codes != NONE)
    said = answers[same]
    return same if bool(np.isin(said, (NONE, answer)).all()) else np.zeros(len(codes), np.bool_)


def _apart(likeness: Likeness, place: int, answer: int, known: Known, found: list[LookAlike]) -> npt.NDArray[np.bool_]:
    """Is a product that people labelled otherwise as near? Asked only where nothing but nearness speaks for it."""
    others = np.flatnonzero((known.answers != NONE) & (known.answers != answer))
    worst = np.full(len(found), -np.inf, np.float32)
    if len(others):
        for _, block in compared(likeness.vectors[others], likeness.vectors[_places(found)]):
            worst = np.maximum(worst, block.max(0))
    named = np.asarray([each.same_title or each.same_picture for each in found])
    bad: npt.NDArray[np.bool_] = (worst >= np.asarray([each.cosine for each in found], np.float32)) & ~named
    return bad


def _against_rules(
    likeness: Likeness, place: int, answer: int, known: Known, found: list[LookAlike]
) -> npt.NDArray[np.bool_]:
    """Do rules speak against it?"""
    return np.zeros(len(found), np.bool_) if known.against is None else known.against(_places(found), place, answer)


def _against_model(
    likeness: Likeness, place: int, answer: int, known: Known, found: list[LookAlike]
) -> npt.NDArray[np.bool_]:
    """Does a model see it neither as the answer nor as it sees the labelled product?"""
    if known.probabilities is None:
        return np.zeros(len(found), np.bool_)
    best = known.probabilities(np.append(_places(found), place)).argmax(1)
    bad: npt.NDArray[np.bool_] = (best[:-1] != answer) & (best[:-1] != best[-1])
    return bad


def _places(found: list[LookAlike]) -> Ints:
    return np.asarray([each.place for each in found], np.int64)
