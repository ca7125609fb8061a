"""Groups of products that may be labelled at once, by their most typical ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from sklearn.cluster import MiniBatchKMeans

from shelver.labelling.candidates import Floats, Ints
from shelver.labelling.likeness import compared
from shelver.models.classes import Classes
from shelver.training.treewise import back_off, node_probabilities

SIZE = 30
"""Products in a cluster, on average."""
CLUSTERS = 1000
"""Clusters at most: with more products they are larger."""
SAMPLE = 50_000
"""Products by which the centres are found; all others are put to the nearest."""
FEWEST = 5
"""A smaller cluster is not worth an answer of its own."""
SURE = 0.8
"""Mean probability that a node of the tree needs to be the suggestion for a cluster."""
ODD = 2.5
"""Standard deviations below the mean cosine to the centre from which on a product is odd."""


@dataclass(frozen=True)
class Cluster:
    """Products that are near to each other.

    Attributes
    ----------
    places : ndarray of int64, shape (size,)
        The products, most typical first.
    odd : ndarray of int64, shape (odd ones,)
        Products near to them that do not seem to belong to them: far from the centre, or another thing to the model.
    tightness : float
        Mean cosine to the centre.
    purity : float
        Mean probability of the class that is most probable for them all; NaN without a model.
    node : int
        Position in the tree of the deepest category that holds them with a mean probability of `SURE`; −1: none.
    share : float
        Mean probability of that category, with all below it; NaN without a model.
    """

    places: Ints
    odd: Ints
    tightness: float
    purity: float = float("nan")
    node: int = -1
    share: float = float("nan")

    def __len__(self) -> int:
        return len(self.places)

    @property
    def worth(self) -> float:
        """Labels that one answer is expected to give, where a wrong one takes a right one away.

        Labels of a node that is no class of its own count half. Without a model: the tightness stands for the purity.
        """
        if np.isnan(self.purity):
            return len(self) * self.tightness
        return len(self) * max(2 * self.purity - 1, (2 * self.share - 1) / 2 if self.node >= 0 else 0.0)


def find_clusters(
    vectors: Floats,
    seed: int,
    classes: Classes | None = None,
    probabilities: Callable[[Ints], Floats] | None = None,
    size: int = SIZE,
) -> list[Cluster]:
    """Clusters of products, those first whose label is expected to give most (mini-batch k-means, Sculley 2010).

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, dims)
        Embeddings of unit length of products without a label; rows of zeros are in no cluster.
    seed : int
        Same products, same seed: same clusters.
    classes : Classes, optional
        Of the model.
    probabilities : callable, optional
        ``probabilities(places)``: what a model says of the exclusive classes, float32, shape (places, classes).
    size : int
        Products in a cluster on average, as long as there are not more than `CLUSTERS` of them.
    """
    there = np.flatnonzero(vectors.any(1)) if vectors.shape[1] else np.empty(0, np.int64)
    if len(there) < FEWEST:
        return []
    rng = np.random.default_rng(seed)
    sample = there if len(there) <= SAMPLE else np.sort(rng.choice(there, SAMPLE, replace=False))
    count = int(np.clip(len(there) // size, 1, CLUSTERS))
    means = MiniBatchKMeans(count, batch_size=4096, n_init=1, random_state=seed, reassignment_ratio=0.0)
    centres = means.fit(vectors[sample]).cluster_centers_.astype(np.float32)
    length = np.linalg.norm(centres, axis=1, keepdims=True)
    centres = np.divide(centres, length, out=np.zeros_like(centres), where=length > 0)
    nearest = np.concatenate([block.argmax(1) for _, block in compared(vectors, centres)])
    nearest[~vectors.any(1)] = -1
    order = np.argsort(nearest, kind="stable")
    starts = np.searchsorted(nearest[order], np.arange(count + 1))
    found = [
        _cluster(order[low:high], vectors, classes, probabilities)
        for low, high in pairwise(starts)
        if high - low >= FEWEST
    ]
    worthy = [cluster for cluster in found if len(cluster) >= FEWEST and cluster.worth > 0]
    return sorted(worthy, key=lambda cluster: (-cluster.worth, int(cluster.places[0])))


def _cluster(
    places: Ints, vectors: Floats, classes: Classes | None, probabilities: Callable[[Ints], Floats] | None
) -> Cluster:
    """One cluster of some products."""
    centre = vectors[places].mean(0, dtype=np.float64)
    near = vectors[places] @ (centre / max(float(np.linalg.norm(centre)), 1e-9))
    order = np.lexsort((places, -near))
    places, near = places[order], near[order]
    odd = near < near.mean() - ODD * near.std()
    if classes is None or probabilities is None:
        return Cluster(places[~odd], places[odd], float(near[~odd].mean()))
    said = probabilities(places)
    node, _ = back_off(node_probabilities(said.mean(0, keepdims=True), classes), classes, SURE)
    low, high = classes.spans[node[0]] if node[0] >= 0 else (0, said.shape[1])
    odd |= said[:, low:high].sum(1) < 0.5
    if odd.all():
        return Cluster(places[:0], places, 0.0)
    kept = said[~odd]
    mean = kept.mean(0, keepdims=True)
    node, share = back_off(node_probabilities(mean, classes), classes, SURE)
    return Cluster(
        places[~odd], places[odd], float(near[~odd].mean()), float(mean.max()), int(node[0]), float(share[0])
    )
