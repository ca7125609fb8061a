import string

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from shelver.config import Text
from shelver.features.text import BAG, TextFeature, tokenize
from shelver.features.transform import read_bag

WORDS = ["red", "shoe", "shoes", "bag", "hat", "the", "of", "xl", "a", "2x", "500", "organic"]


def texts(n, seed=0):
    """Made-up ascii texts, of very unequal lengths, with repeats, capitals and punctuation."""
    rng = np.random.default_rng(seed)
    joints = [" ", "  ", "-", ", ", "/", ". "]
    made = []
    for _ in range(n):
        words = rng.choice(WORDS, rng.integers(0, 9))
        text = "".join(word.title() + str(rng.choice(joints)) for word in words)
        made.append(text)
    return made


def dense(column, size):
    bag = read_bag(column, size)
    table = np.zeros((len(bag), size))
    for row in range(len(bag)):
        span = slice(bag.offsets[row], bag.offsets[row + 1])
        np.add.at(table[row], bag.ids[span], bag.weights[span])
    return table


@pytest.mark.parametrize("ngrams", [1, 2, 3])
@pytest.mark.parametrize("min_count", [1, 2, 5])
def test_equals_scikit_learn(ngrams, min_count):
    train, test = texts(203), texts(57, seed=1)
    feature = TextFeature.fit(Text(ngrams=ngrams, min_count=min_count), [pa.array(train[:80]), pa.array(train[80:])])
    reference = TfidfVectorizer(ngram_range=(1, ngrams), min_df=min_count, token_pattern=r"[a-z0-9]+")  # noqa: S106 (no password)
    reference.fit(train)
    assert set(feature.tokens) == set(reference.vocabulary_)
    order = [reference.vocabulary_[token] for token in feature.tokens]
    np.testing.assert_allclose(feature.idf, reference.idf_[order], rtol=1e-12)
    expected = reference.transform(test).toarray()[:, order]
    np.testing.assert_allclose(dense(feature.apply(pa.array(test)), feature.size), expected, atol=1e-6)


def test_max_tokens_keeps_the_most_frequent_and_ties_are_alphabetical():
    column = pa.array(["b c", "b c", "b a", "d d d d"])
    assert TextFeature.fit(Text(max_tokens=3, min_count=1), [column]).tokens == ("b", "c", "a")
    assert TextFeature.fit(Text(min_count=2), [column]).tokens == ("b", "c"), "counted once for each product"


def test_tokens_are_lower_case_without_accents():
    rows, tokens = tokenize(pa.array(["Café-AU_lait", None, "", " !? ", "Ærø №5 ＡＢＣ", "日本 naïve"]))
    assert rows.tolist() == [0, 0, 0, 4, 4, 4, 5, 5]
    assert tokens.to_pylist() == ["cafe", "au", "lait", "ærø", "no5", "abc", "日本", "naive"]


def slow_tokens(text, ngrams):
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    return [" ".join(words[i : i + n]) for n in range(1, ngrams + 1) for i in range(len(words) - n + 1)]


ascii_texts = st.lists(st.one_of(st.none(), st.text(string.ascii_letters[:6] + "1 -,.", max_size=12)), max_size=7)


@given(ascii_texts, st.integers(1, 3))
def test_tokens_and_ngrams_against_a_slow_reference_never_across_rows(column, ngrams):
    rows, tokens = tokenize(pa.array(column, pa.string()), ngrams)
    found = [[] for _ in column]
    for row, token in zip(rows.tolist(), tokens.to_pylist(), strict=True):
        found[row].append(token)
    assert found == [slow_tokens(text or "", ngrams) for text in column]


@given(st.lists(st.one_of(st.none(), st.text(max_size=15)), min_size=1, max_size=12), st.data())
def test_any_division_into_batches_gives_the_same(column, data):
    feature = TextFeature.fit(Text(ngrams=2, min_count=1), [pa.array(column, pa.string())])
    whole = feature.apply(pa.array(column, pa.string()))
    cut = data.draw(st.integers(0, len(column)))
    array = pa.array(column, pa.string())
    parts = [feature.apply(array.slice(0, cut)), feature.apply(array.slice(cut))]
    assert pa.concat_arrays(parts).equals(whole)
    again = TextFeature.fit(Text(ngrams=2, min_count=1), [array.slice(0, cut), array.slice(cut)])
    assert (again.tokens, again.idf) == (feature.tokens, feature.idf)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=6))
def test_rows_have_length_one_or_nothing_and_ids_ascend(column):
    feature = TextFeature.fit(Text(min_count=1), [pa.array(column)])
    answer = feature.apply(pa.array(column))
    assert answer.type == BAG
    for entries in answer.to_pylist():
        ids = [entry["id"] for entry in entries]
        assert ids == sorted(set(ids))
        if entries:
            assert sum(entry["weight"] ** 2 for entry in entries) == pytest.approx(1, abs=1e-5)


def test_unknown_missing_and_empty_texts_are_empty_bags():
    feature = TextFeature.fit(Text(min_count=1), [pa.array(["red shoe"])])
    answer = feature.apply(pa.array(["blue", None, "", "red"], pa.large_string()))
    assert [len(entries) for entries in answer.to_pylist()] == [0, 0, 0, 1]
    assert len(feature.apply(pa.array([], pa.string()))) == 0


def test_empty_vocabulary():
    feature = TextFeature.fit(Text(min_count=2), [pa.array(["a", "b"]), pa.array([], pa.string())])
    assert feature.size == 0
    assert feature.apply(pa.array(["a", None])).to_pylist() == [[], []]
