"""Do our strategies ask what those of scikit-activeml ask, where both define the same measure?

    pip install scikit-activeml        # best into an environment of its own
    python benchmarks/measures_agree.py [--problems 20] [--json OUT]

A problem is a pool of 400 made-up products in 7 classes, 40 of them with a label, and a logistic regression. Both sides
are given the same model and the same vectors, and asked for 20 products.

- *scores apart*: largest difference between our measure and theirs, over all products and problems, relative to the
  largest score.
- *same products*: share of our 20 that they ask, too. Where many products have equal scores (votes) or the order is
  drawn by lot, ``-``.
- *same worth*: the sum of the scores of our 20 by their measure, as a share of the sum of theirs.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from unittest.mock import patch

import numpy as np
from skactiveml.classifier import SklearnClassifier
from skactiveml.pool import ProbCover, QueryByCommittee, TypiClust, UncertaintySampling
from skactiveml.pool._badge import _d_2
from skactiveml.pool._query_by_committee import average_kl_divergence, vote_entropy
from skactiveml.pool._typi_clust import _typicality
from skactiveml.pool._uncertainty_sampling import uncertainty_scores
from sklearn.linear_model import LogisticRegression

from shelver.labelling import measures
from shelver.labelling.candidates import Candidates
from shelver.labelling.strategies import STRATEGIES, prob_cover
from shelver.labelling.strategies.badge import gradients
from shelver.labelling.strategies.typical import typicality

SIZE = 20
prob_cover_file = sys.modules["shelver.labelling.strategies.prob_cover"]


@dataclass(frozen=True)
class Problem:
    """Vectors, labels (NaN: none), and models that were fitted to them."""

    x: np.ndarray
    y: np.ndarray
    models: list[SklearnClassifier]

    @property
    def free(self) -> np.ndarray:
        """Places without a label."""
        return np.flatnonzero(np.isnan(self.y))

    def candidates(self) -> Candidates:
        """As our strategies see it."""
        x = self.x[self.free]
        said = np.stack([model.predict_proba(x) for model in self.models]).astype(np.float32)
        labelled = self.x[~np.isnan(self.y)]
        return Candidates(said[0], x, np.arange(len(x)), "multi_class", labelled, None, lambda: said)


@dataclass(frozen=True)
class Row:
    """One problem's comparison; None: it makes no sense."""

    apart: float | None
    same: float | None
    worth: float | None


def problem(seed: int, n: int = 400, classes: int = 7, dims: int = 12, labels: int = 40) -> Problem:
    """Overlapping clouds of unit vectors."""
    rng = np.random.default_rng(seed)
    of = rng.integers(classes, size=n)
    x = rng.standard_normal((classes, dims))[of] + 0.9 * rng.standard_normal((n, dims))
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    y = np.full(n, np.nan)
    known = np.concatenate([[np.flatnonzero(of == c)[0] for c in range(classes)], rng.permutation(n)[:labels]])
    y[known] = of[known]
    models = []
    for member in range(5):
        drawn = known if member == 0 else np.concatenate([known[:classes], rng.choice(known, len(known))])
        model = SklearnClassifier(LogisticRegression(C=10), classes=list(range(classes)))
        models.append(model.fit(x[drawn], of[drawn].astype(float)))
    return Problem(x, y, models)


def _compared(p: Problem, ours: np.ndarray, theirs: np.ndarray, asked: np.ndarray, peer: np.ndarray, ties: bool) -> Row:
    apart = float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-12))
    place = {place: i for i, place in enumerate(p.free)}
    worth = theirs[asked].sum() / theirs[[place[i] for i in peer]].sum()
    same = None if ties else len(set(p.free[asked]) & set(peer)) / SIZE
    return Row(apart, same, float(worth))


def uncertainty(name: str, method: str, p: Problem, beta: float | None = None) -> Row:
    """Least confidence, margin, entropy, and entropy weighed by density."""
    c = p.candidates()
    said = p.models[0].predict_proba(p.x[p.free])
    theirs = uncertainty_scores(said, method=method)
    ours = {"least_confidence": measures.least_confidence, "margin": measures.margin}.get(name, measures.entropy)(
        c.probabilities
    )
    weight = np.ones(len(p.free))
    if beta is not None:
        x = p.x[p.free].astype(float)
        weight = np.maximum((x @ x.T).mean(axis=1), 0) ** beta
        ours, theirs = measures.information_density(ours, c.vectors, beta), theirs * weight
    everyone = np.ones(len(p.x))
    everyone[p.free] = weight
    peer = UncertaintySampling(method=method, random_state=0).query(
        p.x, p.y, p.models[0], fit_clf=False, utility_weight=everyone, batch_size=SIZE
    )
    return _compared(p, ours, theirs, STRATEGIES[name](c, SIZE, np.random.default_rng(0)), peer, ties=False)


def committee(name: str, method: str, p: Problem) -> Row:
    """Vote entropy and divergence from the consensus."""
    c = p.candidates()
    said = np.stack([model.predict_proba(p.x[p.free]) for model in p.models])
    if name == "vote_entropy":
        ours = measures.vote_entropy(c.committee)
        theirs = vote_entropy(said.argmax(axis=2).T, np.arange(said.shape[2]))
    else:
        ours, theirs = measures.consensus_kl(c.committee), average_kl_divergence(said.copy())
    peer = QueryByCommittee(method=method, random_state=0).query(
        p.x, p.y, p.models, fit_ensemble=False, batch_size=SIZE
    )
    asked = STRATEGIES[name](c, SIZE, np.random.default_rng(0))
    return _compared(p, ours, theirs, asked, peer, ties=name == "vote_entropy")


def typical(p: Problem) -> Row:
    """How typical each product is of the whole pool; which clusters k-means finds is drawn by lot."""
    x = p.x[p.free]
    theirs = _typicality(x, np.arange(len(x)), 20)
    ours = typicality(x, np.random.default_rng(0))
    same = len(set(np.argsort(-ours)[:SIZE]) & set(np.argsort(-theirs)[:SIZE])) / SIZE
    return Row(float(np.abs(ours - theirs).max() / theirs.max()), same, None)


def blobs(p: Problem, seed: int) -> Row:
    """TypiClust as a whole, on 20 clouds that lie apart: the share of clouds asked about, ours over theirs."""
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(SIZE), rng.integers(10, 40, SIZE))
    x = np.eye(SIZE)[of] + 0.05 * rng.standard_normal((len(of), SIZE))
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    c = Candidates(np.full((len(x), 2), 0.5, np.float32), x, np.arange(len(x)))
    peer = TypiClust(k=20, random_state=seed).query(x, np.full(len(x), np.nan), batch_size=SIZE)
    asked = STRATEGIES["typical"](c, SIZE, rng)
    return Row(None, None, len(set(of[asked])) / len(set(of[peer])))


def cover(p: Problem, delta: float = 0.6) -> Row:
    """ProbCover at a given radius: products that the first 20 questions cover, and those that have a label."""
    c = p.candidates()
    near = np.linalg.norm(p.x[:, None].astype(float) - p.x, axis=2) <= delta
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The maximum purity was")  # it has no choice of radius
        peer = ProbCover(deltas=[delta], random_state=0).query(p.x, p.y, batch_size=SIZE)
    # We cover what can be asked, they also what has a label; that is covered from the start.
    with patch.object(prob_cover_file, "radius", lambda *_, **__: delta):
        asked = p.free[prob_cover(c, SIZE, np.random.default_rng(0))]
    known = near[~np.isnan(p.y)].any(axis=0)
    return Row(None, None, float(((near[asked].any(axis=0) | known).sum()) / (near[peer].any(axis=0) | known).sum()))


def badge(p: Problem) -> Row:
    """BADGE: squared distances between gradient embeddings, ours from factors, theirs from the embeddings."""
    c = p.candidates()
    errors = c.probabilities.copy()
    errors[np.arange(len(errors)), errors.argmax(axis=1)] -= 1
    lengths, distances = gradients(errors, c.vectors)
    embedded = (errors[:, :, None] * c.vectors[:, None]).reshape(len(errors), -1).astype(float)
    theirs = [_d_2(embedded, [place], np.inf) for place in range(0, len(errors), 10)]
    ours = [distances(place) for place in range(0, len(errors), 10)]
    apart = np.abs(np.array(ours) - theirs).max() / np.max(theirs)
    first = int(lengths.argmax()) == int(_d_2(embedded, []).argmax())
    return Row(float(apart), float(first), None)


COMPARISONS: dict[str, Callable[[Problem, int], Row]] = {
    "least confidence": lambda p, _: uncertainty("least_confidence", "least_confident", p),
    "margin": lambda p, _: uncertainty("margin", "margin_sampling", p),
    "entropy": lambda p, _: uncertainty("entropy", "entropy", p),
    "entropy × density": lambda p, _: uncertainty("density", "entropy", p, beta=1.0),
    "vote entropy": lambda p, _: committee("vote_entropy", "vote_entropy", p),
    "KL to consensus": lambda p, _: committee("consensus_kl", "KL_divergence", p),
    "TypiClust: typicality": lambda p, _: typical(p),
    "TypiClust: clouds found": blobs,
    "ProbCover: products covered": lambda p, _: cover(p),
    "BADGE: distances, first question": lambda p, _: badge(p),
}


def table(problems: int) -> Iterator[dict[str, object]]:
    """A row for each comparison: the worst difference, the mean shares."""
    made = [problem(seed) for seed in range(problems)]
    for name, compare in COMPARISONS.items():
        rows = [compare(p, seed) for seed, p in enumerate(made)]
        summary: dict[str, object] = {"measure": name, "problems": problems}
        for field, of in (("apart", max), ("same", np.mean), ("worth", np.mean)):
            values = [getattr(row, field) for row in rows]
            summary[field] = None if None in values else float(of(values))
        yield summary


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=20)
    parser.add_argument("--json", help="file to write the table to")
    options = parser.parse_args()
    rows = list(table(options.problems))
    print("| measure | scores apart | same products | same worth |\n|---|---|---|---|")
    for row in rows:
        shown = [(row["apart"], ".1e"), (row["same"], ".1%"), (row["worth"], ".1%")]
        cells = ["-" if value is None else format(value, how) for value, how in shown]
        print(f"| {row['measure']} | {' | '.join(cells)} |")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
