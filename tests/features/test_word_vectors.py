import numpy as np
import pyarrow as pa
import pytest

from shelver.config import Sequence, Text
from shelver.errors import ModelError
from shelver.features import word_vectors as module
from shelver.features.sequence import SequenceFeature
from shelver.features.text import TextFeature
from shelver.features.word_vectors import embedding_rows, word_vectors

TEXTS = pa.array(["red shoe", "red hat", "red shoe"])


def lengths(texts):
    """An encoder of 3 dims: number of characters, of vowels, and 1."""
    rows = [[len(text), sum(map(text.count, "aeiou")), 1] for text in texts]
    return np.array(rows, np.float32).reshape(len(rows), 3)


def test_every_token_has_its_row(monkeypatch):
    feature = TextFeature.fit(Text(min_count=1), [TEXTS])
    assert feature.tokens == ("red", "shoe", "hat")
    expected = [[3, 1, 1], [4, 2, 1], [3, 1, 1]]
    assert embedding_rows(feature, lengths).tolist() == expected
    monkeypatch.setattr(module, "CHUNK", 2)
    found = word_vectors(feature.tokens, lengths)
    assert found.tolist() == expected
    assert found.dtype == np.float32


def test_padding_is_zero_and_the_unknown_word_is_the_mean():
    feature = SequenceFeature.fit(Sequence(), [TEXTS])
    found = embedding_rows(feature, lengths)
    assert found.tolist() == [[0, 0, 0], [3.5, 1.5, 1], [3, 1, 1], [4, 2, 1]]
    assert len(found) == feature.size


def test_an_empty_vocabulary_has_rows_of_zeros():
    assert embedding_rows(TextFeature.fit(Text(), []), lengths).tolist() == [[0, 0, 0]]
    assert embedding_rows(SequenceFeature.fit(Sequence(), []), lengths).tolist() == [[0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("encode", [lambda texts: lengths(texts)[1:], lambda texts: lengths(texts) * np.nan])
def test_an_encoder_that_does_not_do_is_refused(encode):
    with pytest.raises(ModelError, match="of 2 words"):
        word_vectors(["red", "shoe"], encode)
