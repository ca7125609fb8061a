"""Near-duplicates: products of which a person is asked about one at most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from shelver.features.split import title_key
from shelver.labelling.candidates import Floats, Ints
from shelver.labelling.sketches import close_pairs

COSINE = 0.98
"""Products at least so close to the first of their group are near-duplicates."""
EXACT = 4_096
"""Up to so many products all pairs are compared; above, those that sketches find."""
ROWS = 512
"""Rows of the matrix of all pairs that are computed at once."""


def near_duplicates(
    titles: pa.Array, vectors: Floats | None = None, pictures: pa.Array | None = None, cosine: float = COSINE
) -> Ints:
    """Put products that are the same question into one group.

    Two products are in one group if their titles differ only in case, accents, punctuation or spaces; if they have the
    same picture; if their embeddings are tight; or if a chain of such products leads from one to the other. Tight
    means close to the first product of a cluster, not to any: so clusters do not grow into long chains. A missing
    title, picture or embedding is like no other.

    Parameters
    ----------
    titles : pyarrow.Array of string, length n
        Titles of the products.
    vectors : ndarray of float32, shape (n, dims), optional
        Embeddings of unit length, or zero where there is none.
    pictures : pyarrow.Array, length n, optional
        Hashes of pictures, of any type; null or empty where there is none.
    cosine : float
        How close embeddings are to be.

    Returns
    -------
    ndarray of int64, shape (n,)
        Numbers of groups, from 0, in the order of their first products.

    Raises
    ------
    ValueError
        Not as many vectors or pictures as titles.
    """
    n = len(titles)
    for name, values in (("vectors", vectors), ("pictures", pictures)):
        if values is not None and len(values) != n:
            raise ValueError(f"{len(values)} {name} for {n} titles")
    groups = joined(n, _same(title_key(titles)))
    if pictures is not None:
        groups = joined(n, np.concatenate([_of_groups(groups), _same(pictures)]))
    return groups if vectors is None else with_tight(groups, vectors, cosine)


def with_tight(groups: Ints, vectors: Floats, cosine: float = COSINE) -> Ints:
    """Join groups whose first products are in a tight cluster of embeddings.

    Parameters
    ----------
    groups : ndarray of int64, shape (n,)
        Groups that are known already.
    vectors : ndarray of float32, shape (n, dims)
        Embeddings of unit length, or zero where there is none.
    cosine : float
        How close embeddings are to be.

    Returns
    -------
    ndarray of int64, shape (n,)
        From 0, in the order of their first products.
    """
    _, firsts = np.unique(groups, return_index=True)
    found = tight(vectors, np.sort(firsts), cosine)
    return joined(len(groups), np.concatenate([_of_groups(groups), found]))


def tight(vectors: Floats, places: Ints, cosine: float = COSINE) -> Ints:
    """Clusters of products that are close to their first one.

    Products are taken in order; each joins the first leader that it is close to, or else becomes a leader itself.
    Up to `EXACT` products that is exact. Above, two products are compared only if sketches suggest it: some of those in
    no cluster then belong into one, but none is in a wrong one.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, dims)
        Of unit length, or zero: these are in no cluster.
    places : ndarray of int64, shape (m,)
        Which of them are looked at, ascending.
    cosine : float
        How close to the leader.

    Returns
    -------
    ndarray of int64, shape (pairs, 2)
        Leader and member.
    """
    known: npt.NDArray[np.bool_] = np.asarray(vectors.any(axis=1), bool)
    places = places[known[places]]
    if len(places) < 2:
        return np.zeros((0, 2), np.int64)
    pairs = _all_pairs(vectors, places, cosine) if len(places) <= EXACT else close_pairs(vectors, places, cosine)
    connected = joined(len(vectors), pairs)
    order = places[np.argsort(connected[places], kind="stable")]
    ends = np.flatnonzero(np.diff(connected[order], append=-1)) + 1
    found = []
    for start, end in zip(np.concatenate([[0], ends[:-1]]), ends, strict=True):
        members = order[start:end]
        while len(members) > 1:
            close = vectors[members] @ vectors[members[0]] >= cosine
            close[0] = True
            found.append(np.stack([np.full(close.sum() - 1, members[0]), members[close][1:]], axis=1))
            members = members[~close]
    return np.concatenate(found) if found else np.zeros((0, 2), np.int64)


def joined(n: int, pairs: Ints) -> Ints:
    """Groups of things that pairs connect, numbered from 0 in the order of their first members.

    Parameters
    ----------
    n : int
        Number of things.
    pairs : ndarray of int64, shape (pairs, 2)
        Which belong together.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    graph = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, labels = connected_components(graph, directed=False)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _same(values: pa.Array) -> Ints:
    """Pairs of the first thing with a value and each other one with it; null and empty values are like no other."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    codes = pc.fill_null(pc.dictionary_encode(values).indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type) or pa.types.is_binary(values.type):
        empty: npt.NDArray[np.bool_] = pc.fill_null(pc.equal(pc.binary_length(values), 0), True).to_numpy(
            zero_copy_only=False
        )
        codes[empty] = -1
    known = np.flatnonzero(codes >= 0)
    return _pairs(known, codes[known])


def _of_groups(groups: Ints) -> Ints:
    return _pairs(np.arange(len(groups)), groups)


def _pairs(places: Ints, codes: Ints) -> Ints:
    """The first place of each code, and every other place with it."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    pairs: Ints = np.stack([places[first[inverse]], places], axis=1)
    return np.asarray(pairs[pairs[:, 0] != pairs[:, 1]], np.int64)


def _all_pairs(vectors: Floats, places: Ints, cosine: float) -> Ints:
    few = vectors[places]
    found = [np.zeros((0, 2), np.int64)]
    for start in range(0, len(few), ROWS):
        a, b = np.nonzero(few[start : start + ROWS] @ few[start:].T >= cosine)
        found.append(np.stack([places[start + a], places[start + b]], axis=1)[a < b])
    return np.concatenate(found)
