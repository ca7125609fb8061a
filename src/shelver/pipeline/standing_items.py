"""What `shelver label status` says, piece by piece."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from shelver.labelling.accuracy import Accuracy, Estimate
from shelver.labelling.gain import Gain
from shelver.labelling.stopping import Stopping


@dataclass(frozen=True)
class ShelfStanding:
    """Shelves that need a certain probability.

    Attributes
    ----------
    threshold : float
        That probability.
    shelved : float
        Share of the products without a label that have a shelf.
    right : Estimate or None
        Share of these whose category is the shelf or below it; None: too few answers.
    """

    threshold: float
    shelved: float
    right: Estimate | None


@dataclass(frozen=True)
class NodeStanding:
    """What the model puts at or below a category that is not the last of its branch.

    Attributes
    ----------
    category_id, path : str
        The category.
    products : int
        Products without a label that it puts there.
    right : Estimate
        Share of these that belong there.
    """

    category_id: str
    path: str
    products: int
    right: Estimate


@dataclass(frozen=True)
class CategoryStanding:
    """A category that people can assign.

    Attributes
    ----------
    category_id, path : str
        The category.
    labels : int
        Labels of people.
    products : int
        Products without a label that the model puts there.
    right : float or None
        Share of these that the model expects to be right; None if there are none.
    wrong : float
        How many that leaves.
    """

    category_id: str
    path: str
    labels: int
    products: int
    right: float | None
    wrong: float


@dataclass(frozen=True)
class Pair:
    """Two categories that the model takes for each other: are they one?

    Attributes
    ----------
    category_ids, paths : (str, str)
        The two.
    mistakes : (int, int)
        Labelled products of the first taken for the second, and the other way round.
    wrong : Estimate
        Share of such mistakes.
    p : float
        How likely so many are by chance if 10% are usual.
    """

    category_ids: tuple[str, str]
    paths: tuple[str, str]
    mistakes: tuple[int, int]
    wrong: Estimate
    p: float


@dataclass(frozen=True)
class Split:
    """A category whose labelled products are of two kinds: are they two categories?

    Attributes
    ----------
    category_id, path : str
        The category.
    sizes : (int, int)
        Labelled products of each kind.
    apart : float
        From 0 (touching) to 1 (far apart).
    p : float
        How likely such a gap is in a category of one kind.
    examples : (tuple of str, tuple of str)
        Titles of typical products of each kind.
    """

    category_id: str
    path: str
    sizes: tuple[int, int]
    apart: float
    p: float
    examples: tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class UnsureCategory:
    """A category of which people often were not sure: questions in which it was the guess, and the share unanswered."""

    category_id: str
    path: str
    questions: int
    unsure: Estimate


@dataclass(frozen=True)
class Prospect:
    """What more labels will bring, if things go on as they did.

    Attributes
    ----------
    more : int
        So many more labels.
    gain : Estimate
        Share of the products that they will put right.
    measured : tuple of (int, Estimate)
        Share of right products after so many labels until now, on the random questions.
    target : float or None
        Share of right products to reach.
    labels : Estimate or None
        Labels needed for that, all in all; None: by this curve it is never reached, or there is no target. Its upper
        end may be infinite.
    """

    more: int
    gain: Estimate
    measured: tuple[tuple[int, Estimate], ...]
    target: float | None = None
    labels: Estimate | None = None

    @classmethod
    def of(cls, gain: Gain, target: float | None) -> Prospect:
        """What a curve says."""
        measured = tuple((round(labels), right) for labels, right in gain.measured)
        needed = None if target is None else gain.labels_for(target)
        return cls(gain.more, gain.points, measured, target, needed)


@dataclass(frozen=True)
class Standing:
    """Where labelling stands.

    Attributes
    ----------
    run_id, model : str
        The prepared run, and the model that questions are chosen by: it is the one that is judged.
    products, labels, drawn : int
        Products; those that people labelled; those of them that were drawn at random.
    accuracy : Accuracy or None
        How much is right; None: fewer than 30 answers to random questions.
    believed : float
        What the model believes of itself: mean probability of its answers about products without a label, calibrated.
    guessed_before : Estimate or None
        How often its guess, made before the question was asked, was right in the last random questions.
    macro_f1 : Estimate or None
        Mean F1 of the categories, on the random questions; None where they are too few for it.
    shelves : ShelfStanding
        Shelves.
    nodes : tuple of NodeStanding
        Branches of the tree with enough answers, most products first.
    prospect : Prospect or None
        What more labels will bring; None: cannot be told yet.
    stopping : Stopping
        Is it enough?
    categories : tuple of CategoryStanding
        All categories that people can assign, in the order of the tree.
    confused : tuple of Pair
        Categories to merge, perhaps.
    splits : tuple of Split
        Categories to split, perhaps.
    unsure : tuple of UnsureCategory
        Categories that people were often not sure of.
    random_share : float
        Share of the questions that are drawn at random: `labelling.random_share`.
    """

    run_id: str
    model: str
    products: int
    labels: int
    drawn: int
    accuracy: Accuracy | None
    believed: float
    guessed_before: Estimate | None
    macro_f1: Estimate | None
    shelves: ShelfStanding
    nodes: tuple[NodeStanding, ...]
    prospect: Prospect | None
    stopping: Stopping
    categories: tuple[CategoryStanding, ...]
    confused: tuple[Pair, ...]
    splits: tuple[Split, ...]
    unsure: tuple[UnsureCategory, ...]
    random_share: float

    def most_wrong(self, limit: int = 5) -> list[CategoryStanding]:
        """Categories in which most products are expected to be wrong: there, labels pay most."""
        return sorted((each for each in self.categories if each.wrong >= 0.5), key=lambda each: -each.wrong)[:limit]

    def empty(self) -> list[CategoryStanding]:
        """Categories without any product, labelled or not."""
        return [each for each in self.categories if not each.labels and not each.products]

    def without_label(self) -> list[CategoryStanding]:
        """Categories into which the model puts products though nobody ever did, most products first."""
        found = [each for each in self.categories if not each.labels and each.products]
        return sorted(found, key=lambda each: -each.products)

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values; what is infinite is None."""
        found: dict[str, Any] = _finite(asdict(self))
        return found


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
