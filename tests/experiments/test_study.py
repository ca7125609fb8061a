import csv

import pytest

from shelver.config import Text
from shelver.errors import ConfigError
from shelver.experiments.hypotheses import verdicts
from shelver.experiments.options import from_options
from shelver.experiments.zoo import compare, features, kinds


@pytest.fixture
def feed(tmp_path):
    words = {("Shoes", "Boots"): "boot", ("Shoes", "Sandals"): "sandal", ("Hats", "Caps"): "cap"}
    with open(tmp_path / "feed.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "title", "top", "leaf"])
        for i in range(240):
            (top, leaf), word = list(words.items())[i % 3]
            writer.writerow([f"p{i}", f"{['red', 'blue', 'green'][i % 7 % 3]} {word} model {i}", top, leaf])
    return tmp_path / "feed.csv"


def test_models_are_compared_on_a_file_of_ones_own(feed, tmp_path, needs_vectors):
    ((dataset, where),) = from_options(str(feed), "", "top,leaf")
    told = []
    rows = compare(
        dataset,
        str(tmp_path / "study"),
        where,
        encoder="static",
        only=("linear_words", "linear_counts", "deep_histogram", "average", "bagged"),
        epochs=8,
        tell=told.append,
    )
    assert told == rows
    names = [row.name for row in rows]
    assert names == [
        "linear_words", "linear_counts", "deep_histogram", "average", "bagged",
        "linear_words, tree heads", "deep_histogram, tree heads",
    ]  # fmt: skip
    for row in rows:
        assert row.accuracy > 0.9, row.name
        assert row.seconds > 0
        assert row.parameters > 0
        assert len(row.levels) == 2
        assert row.rule_map is not None
    found = {verdict.number for verdict in verdicts(rows)}
    assert found == {3}


def test_every_model_of_the_study_has_its_inputs():
    own = {"title": Text()}
    for images in (False, True):
        known = features(own, images, "static")
        for kind in kinds(tuple(own), images):
            assert set(getattr(kind.spec, "inputs", ())) <= set(known), kind.name


def test_options_that_name_nothing(feed):
    with pytest.raises(ConfigError, match="known category"):
        from_options(str(feed), "")
    with pytest.raises(ConfigError, match="no such file"):
        from_options(str(feed) + "x", "")
    with pytest.raises(ConfigError, match='no data set is called "fasion"'):
        from_options(str(feed.parent), "fasion")
