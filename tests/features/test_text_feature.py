import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from shelver.config import Text
from shelver.features import utf8
from shelver.features.text import BAG, TextFeature
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


@pytest.mark.parametrize("weight", ["count", "binary"])
def test_counts_equal_scikit_learn(weight):
    train, test = texts(203), texts(57, seed=1)
    feature = TextFeature.fit(Text(weight=weight, min_count=1), [pa.array(train)])
    reference = CountVectorizer(binary=weight == "binary", token_pattern=r"[a-z0-9]+").fit(train)  # noqa: S106
    order = [reference.vocabulary_[token] for token in feature.tokens]
    expected = reference.transform(test).toarray()[:, order]
    assert expected.max() == (1 if weight == "binary" else 4)
    np.testing.assert_array_equal(dense(feature.apply(pa.array(test)), feature.size), expected)


@pytest.mark.parametrize("characters", [(1, 1), (2, 4), (3, 5), (4, 4)])
@pytest.mark.parametrize("weight", ["tfidf", "count"])
def test_characters_equal_scikit_learn(characters, weight):
    rng = np.random.default_rng(3)
    train, test = ([f"{text} Ünïçødé 日本語{rng.integers(9)} x" for text in texts(n, seed=n)] for n in (61, 23))
    spec = Text(tokens="characters", characters=characters, weight=weight, min_count=2)
    feature = TextFeature.fit(spec, [pa.array(train[:20]), pa.array(train[20:])])
    kind = TfidfVectorizer if weight == "tfidf" else CountVectorizer
    reference = kind(analyzer="char_wb", ngram_range=characters, min_df=2, preprocessor=simple).fit(train)
    assert set(feature.tokens) == set(reference.vocabulary_)
    order = [reference.vocabulary_[token] for token in feature.tokens]
    expected = reference.transform(test).toarray()[:, order]
    np.testing.assert_allclose(dense(feature.apply(pa.array(test)), feature.size), expected, atol=1e-6)


def simple(text):
    """As Shelver cuts texts, one character at a time."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).lower()
    return "".join(c if c.isalnum() else " " for c in plain)


SPECS = [Text(ngrams=2, min_count=1), Text(tokens="characters", min_count=1, weight="count")]


@pytest.mark.parametrize("spec", SPECS, ids=["words", "characters"])
@given(column=st.lists(st.one_of(st.none(), st.text(max_size=15)), min_size=1, max_size=12), data=st.data())
def test_any_division_into_batches_gives_the_same(spec, column, data):
    array = pa.array(column, pa.string())
    feature = TextFeature.fit(spec, [array])
    whole = feature.apply(array)
    cut = data.draw(st.integers(0, len(column)))
    parts = [feature.apply(array.slice(0, cut)), feature.apply(array.slice(cut))]
    assert pa.concat_arrays(parts).equals(whole)
    again = TextFeature.fit(spec, [array.slice(0, cut), array.slice(cut)])
    assert (again.tokens, again.idf) == (feature.tokens, feature.idf)


@pytest.mark.parametrize("spec", SPECS, ids=["words", "characters"])
def test_a_long_column_is_worked_on_in_pieces(spec, monkeypatch):
    column = pa.array([*texts(50), None, "Größe", *texts(30, seed=1)])
    feature = TextFeature.fit(spec, [column])
    whole = feature.apply(column)
    monkeypatch.setattr(utf8, "PIECE", 64)
    assert len(list(utf8.pieces(column))) > 10
    assert feature.apply(column).equals(whole)
    assert TextFeature.fit(spec, [column]) == feature


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
