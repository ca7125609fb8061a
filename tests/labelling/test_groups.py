"""Near-duplicates against brute force, and at a size where not all pairs are compared."""

import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shelver.features.split import title_key
from shelver.labelling import groups as module
from shelver.labelling.groups import near_duplicates, tight, with_tight
from shelver.labelling.sketches import close_pairs

TITLES = st.lists(
    st.sampled_from(["Red shoe", "red  SHOE!", "Réd shoe", "blue hat", "Blue-Hat", "x", "", "?!", None]), max_size=12
)


def slow_groups(n, pairs):
    """Numbers of connected components, by painting."""
    group = list(range(n))
    for _ in range(n):
        for a, b in pairs:
            group[a] = group[b] = min(group[a], group[b])
    numbers = {g: i for i, g in enumerate(dict.fromkeys(group))}
    return [numbers[g] for g in group]


def slow_leaders(vectors, places, cosine):
    leaders, pairs = [], []
    for i in places:
        if not vectors[i].any():
            continue
        leader = next((j for j in leaders if vectors[j] @ vectors[i] >= cosine), None)
        if leader is None:
            leaders.append(i)
        else:
            pairs.append((int(leader), int(i)))
    return pairs


def unit(rng, n, dims):
    raw = rng.standard_normal((n, dims)).astype(np.float32)
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


@given(titles=TITLES, seed=st.integers(0, 9), pictures=st.booleans())
def test_titles_pictures_and_vectors_as_brute_force_joins_them(titles, seed, pictures):
    rng = np.random.default_rng(seed)
    n = len(titles)
    vectors = unit(rng, n, 2) * (rng.random((n, 1)) < 0.8)
    vectors = vectors.astype(np.float32)
    hashes = [[None, "", "a", "b"][i] for i in rng.integers(4, size=n)]
    keys = title_key(pa.array(titles, pa.string())).to_pylist()
    pairs = [(i, j) for i in range(n) for j in range(i) if keys[i] and keys[i] == keys[j]]
    if pictures:
        pairs += [(i, j) for i in range(n) for j in range(i) if hashes[i] and hashes[i] == hashes[j]]
    before = slow_groups(n, pairs)
    firsts = [before.index(g) for g in dict.fromkeys(before)]
    expected = slow_groups(n, pairs + slow_leaders(vectors, firsts, 0.95))
    found = near_duplicates(
        pa.array(titles, pa.string()), vectors, pa.array(hashes, pa.string()) if pictures else None, cosine=0.95
    )
    assert found.tolist() == expected


@settings(max_examples=40)
@given(
    n=st.integers(1, 60), dims=st.integers(1, 4), cosine=st.sampled_from([0.8, 0.95, 0.999]), seed=st.integers(0, 99)
)
def test_clusters_are_those_of_leaders_taken_in_order(n, dims, cosine, seed):
    vectors = unit(np.random.default_rng(seed), n, dims)
    places = np.flatnonzero(np.random.default_rng(seed).random(n) < 0.8)
    assert sorted(map(tuple, tight(vectors, places, cosine).tolist())) == sorted(slow_leaders(vectors, places, cosine))


def test_a_chain_is_cut():
    angles = np.arange(8) * 0.15  # each 0.989 from the next
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert with_tight(np.arange(8), vectors, 0.98).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_every_title_that_is_repeated_is_found_at_any_size():
    rng = np.random.default_rng(0)
    titles = [f"Product {i}" for i in rng.integers(3_000, size=9_000)]
    noisy = [t.upper() if i % 2 else t + " !" for i, t in enumerate(titles)]
    found = near_duplicates(pa.array(noisy), unit(rng, 9_000, 16))
    number = {}
    assert all(number.setdefault(title, g) == g for title, g in zip(titles, found, strict=True))
    assert len(set(found.tolist())) == len(set(titles))


def test_sketches_find_what_is_close_and_nothing_else(monkeypatch):
    rng = np.random.default_rng(1)
    middles = unit(rng, 3_000, 48)
    of = rng.integers(3_000, size=12_000)
    off = unit(rng, 12_000, 48)
    vectors = middles[of] + 0.12 * (off - (off * middles[of]).sum(axis=1, keepdims=True) * middles[of])
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)  # 0.9857 apart in a group
    places = np.arange(12_000)
    pairs = close_pairs(vectors, places, 0.98)
    assert (np.einsum("nd,nd->n", vectors[pairs[:, 0]], vectors[pairs[:, 1]]) >= 0.98).mean() > 0.5  # others by chain
    assert (of[pairs[:, 0]] == of[pairs[:, 1]]).all()
    fast = module.joined(12_000, tight(vectors, places, 0.98))
    monkeypatch.setattr(module, "EXACT", 12_000)
    exact = module.joined(12_000, tight(vectors, places, 0.98))
    assert fast.max() <= 1.005 * exact.max()


def test_identical_vectors_are_one_group_at_any_size():
    vectors = np.tile(unit(np.random.default_rng(0), 1, 8), (6_000, 1))
    assert with_tight(np.arange(6_000), vectors).max() == 0


def test_zero_and_missing_vectors_are_like_no_other():
    assert with_tight(np.arange(3), np.zeros((3, 4), np.float32)).tolist() == [0, 1, 2]
    assert with_tight(np.arange(3), np.zeros((3, 0), np.float32)).tolist() == [0, 1, 2]
    assert near_duplicates(pa.array([], pa.string()), np.zeros((0, 4), np.float32)).tolist() == []


def test_chunks_and_numbers_are_taken():
    titles = pa.chunked_array([["a", "b"], ["A", "c"]])
    assert near_duplicates(titles, pictures=pa.array([1, None, 2, 1])).tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize("what", ["vectors", "pictures"])
def test_unequal_lengths_are_refused(what):
    wrong = np.zeros((3, 2), np.float32) if what == "vectors" else pa.array(["x"] * 3)
    with pytest.raises(ValueError, match=f"3 {what} for 2 titles"):
        near_duplicates(pa.array(["a", "b"]), **{what: wrong})


@pytest.mark.slow
def test_work_does_not_grow_with_the_square():
    rng = np.random.default_rng(0)
    vectors = unit(rng, 80_000, 32)
    took = []
    for n in (20_000, 80_000):
        start = time.perf_counter()
        with_tight(np.arange(n), vectors[:n])
        took.append(time.perf_counter() - start)
    assert took[1] < 10 * took[0]  # 4 times as many: 16 for the square
