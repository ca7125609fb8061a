import numpy as np
import pyarrow as pa
import pytest

from shelver.catalogue.tree_paths import PathRow, rows_from_paths
from shelver.catalogue.tree_rows import tree_from_rows
from shelver.config import Categorical, Split, Text
from shelver.features.transform import Transform
from shelver.models.classes import Classes
from shelver.models.lexicon import Lexicon

PATHS = [("Garden", "Rose Bushes"), ("Garden", "Café Tables"), ("Kitchen", "Knives"), ("Kitchen", "Tables")]
PRODUCTS = pa.record_batch(
    {
        "product_id": ["1", "2", "3", "4", "5"],
        "title": ["Sharp knife", "A cafe table for two", "Rose", "", "garden rose bush bushes"],
        "raw_category": ["Kitchen", None, "garden", "kitchen / knives", ""],
        "brand": ["Knives", "x", "x", "x", "x"],
        "category": ["", "", "Garden > Tables", "", ""],
    }
)
FEATURES = {
    "title": Text(min_count=1, ngrams=2),
    "raw_category": Text(min_count=1),
    "category": Categorical(),
    "brand": Categorical(),
}


def made(features=FEATURES):
    transform = Transform(features, Split(test=1e-9, valid=1e-9)).fit(lambda: iter([PRODUCTS]))
    tree = tree_from_rows(rows_from_paths([PathRow(path, exclusive=True) for path in PATHS]))
    return Lexicon.of(transform, Classes(tree, ())), transform.to_batch(transform.apply(PRODUCTS)), tree


def words_of(lexicon, bag, row):
    return {lexicon.words[i] for i in bag.ids[bag.offsets[row] : bag.offsets[row + 1]]}


def test_words_are_found_in_any_field_that_says_what_it_is():
    lexicon, batch, _ = made()
    bag = lexicon.found(batch)
    assert {"cafe", "garden", "kitchen"} < set(lexicon.words)
    assert len(lexicon.words) == 7
    found = [words_of(lexicon, bag, row) for row in range(5)]
    assert [len(each) for each in found] == [2, 2, 3, 2, 3]
    assert "garden" in found[2], "from raw_category"
    assert found[0] == found[3], "knife and knives are one word; a brand is no kind of product"
    assert (bag.weights == 1).all()


def test_a_product_with_all_words_of_a_path_has_all_of_its_name():
    lexicon, batch, tree = made()
    bag = lexicon.found(batch)
    shares = np.stack([lexicon.shares[bag.ids[bag.offsets[i] : bag.offsets[i + 1]]].sum(axis=0) for i in range(5)])
    place = {category.path: i for i, category in enumerate(tree.exclusive)}
    np.testing.assert_allclose(lexicon.shares.sum(axis=0), 1, atol=1e-5)
    assert shares[0, place["Kitchen", "Knives"]] == pytest.approx(1, abs=1e-5)
    assert shares[4, place["Garden", "Rose Bushes"]] == pytest.approx(1, abs=1e-5)
    assert 0.5 < shares[1, place["Garden", "Café Tables"]] < 1
    assert shares[1, place["Garden", "Rose Bushes"]] == 0
    best = shares.argmax(axis=1)
    wanted = [("Kitchen", "Knives"), ("Garden", "Café Tables"), None, ("Kitchen", "Knives"), ("Garden", "Rose Bushes")]
    assert all(best[row] == place[path] for row, path in enumerate(wanted) if path)


def test_one_product_is_seen_as_among_others():
    lexicon, batch, _ = made()
    whole = lexicon.found(batch)
    for row in range(5):
        alone = lexicon.found(batch.take(np.array([row])))
        assert words_of(lexicon, alone, 0) == words_of(lexicon, whole, row)


def test_without_a_field_to_look_at_there_is_none():
    assert made({"brand": Categorical()})[0] is None
    assert made({"title": Text(tokens="characters", min_count=1)})[0] is None
