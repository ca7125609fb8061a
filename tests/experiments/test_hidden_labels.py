import numpy as np
import pytest

from shelver.errors import ConfigError, ShelverError
from shelver.experiments import hidden_labels as study
from shelver.experiments.hidden_labels import RULES, gains, hidden_labels, hide, with_ancestors
from shelver.features.split import Side
from shelver.pipeline.prepare import dataset
from shelver.testing import toy as toys


@pytest.fixture
def examples(plain_toy):
    return dataset(plain_toy[1]).examples


def pairs(bag):
    return set(zip(np.repeat(np.arange(len(bag)), np.diff(bag.offsets)).tolist(), bag.ids.tolist(), strict=True))


def test_labels_with_all_above_them_are_those_of_the_run(examples):
    found = with_ancestors(examples.hits, examples.classes)
    assert found.size == examples.answers[RULES].size
    assert pairs(found) == pairs(examples.answers[RULES])


def test_nothing_is_hidden_from_the_test_side_and_the_rest_is_a_part(examples):
    seen = hide(examples, 0.5, np.random.default_rng(0))
    test = examples.rows(RULES, Side.TEST)
    assert len(test)
    assert seen.rows(RULES, Side.TEST).tolist() == test.tolist()
    assert (seen.target(RULES, test) == examples.target(RULES, test)).all()
    for side in (Side.TRAIN, Side.VALID):
        assert set(seen.rows(RULES, side)) < set(examples.rows(RULES, side))
    before, after = pairs(examples.hits), pairs(seen.hits)
    assert after < before
    others = [pair for pair in before if examples.side[pair[0]] != Side.TEST]
    assert 0.4 < sum(pair in after for pair in others) / len(others) < 0.6
    assert pairs(with_ancestors(seen.hits, seen.classes)) == pairs(seen.answers[RULES])


def test_hiding_changes_nothing_of_the_original_nor_of_other_objectives(examples):
    before = pairs(examples.hits), examples.known[RULES].copy()
    seen = hide(examples, 0.9, np.random.default_rng(0))
    assert pairs(examples.hits) == before[0]
    assert (examples.known[RULES] == before[1]).all()
    assert (seen.answers["exclusive"] == examples.answers["exclusive"]).all()


def test_products_without_a_label_stay_if_asked(examples):
    seen = hide(examples, 0.5, np.random.default_rng(0), "labels, all products")
    rows = seen.rows(RULES, Side.TRAIN)
    assert rows.tolist() == examples.rows(RULES, Side.TRAIN).tolist()
    assert (seen.target(RULES, rows).sum(1) == 0).any()


def test_a_share_of_nothing_hides_nothing(examples):
    for how in ("labels", "labels, all products"):
        seen = hide(examples, 0.0, np.random.default_rng(0), how)
        assert pairs(seen.answers[RULES]) == pairs(examples.answers[RULES])
        assert (seen.known[RULES] == examples.known[RULES]).all()


def test_phrases_are_hidden_as_a_whole(plain_toy, examples):
    phrases = study._phrases(plain_toy[1], examples)
    assert len(phrases) == len(examples.hits.ids)
    assert len(np.unique(phrases)) > len(np.unique(examples.hits.ids)), "a rule of the toy has several words"
    seen = hide(examples, 0.5, np.random.default_rng(1), "phrases", phrases)
    rows = np.repeat(np.arange(len(examples.hits)), np.diff(examples.hits.offsets))
    left = pairs(seen.hits)
    outside = examples.side[rows] != Side.TEST
    kept = np.asarray([(row, place) in left for row, place in zip(rows, examples.hits.ids, strict=True)])
    shares = [kept[outside & (phrases == phrase)].mean() for phrase in np.unique(phrases[outside])]
    assert set(shares) == {0.0, 1.0}
    with pytest.raises(ValueError, match="phrases are to be hidden"):
        hide(examples, 0.5, np.random.default_rng(1), "phrases")


def test_the_study_on_the_toy(tmp_path):
    settings = "[training]\nepochs = 4\nmin_steps = 20\n"
    workspace = toys.run_toy(toys.write_toy(tmp_path, 400, settings=settings))
    told = []
    rows = hidden_labels(workspace, 0.5, seeds=(1,), kinds=("labels, all products", "phrases"), tell=told.append)
    assert rows == told
    assert len(rows) == 2 * 5
    assert hidden_labels(workspace, 0.5, seeds=(1,), kinds=("phrases",)) == rows[-5:], "same seed, same figures"
    found = {(gain.how, gain.way): gain for gain in gains(rows)}
    assert len(found) == 10
    at_random = {way: gain for (how, way), gain in found.items() if how == "labels, all products"}
    assert at_random[study.NAIVE].gained == 0
    assert at_random[study.LOSS].least > 0.05
    assert at_random[study.EVERYTHING].macro_f1 > at_random[study.NAIVE].macro_f1
    for naive, lower in zip(rows[1::5], rows[2::5], strict=True):
        assert lower.mean_average_precision == pytest.approx(naive.mean_average_precision), "the order is the same"
    for row in rows:
        assert 0 <= row.macro_f1 <= 1
        if row.way == study.EVERYTHING:
            assert row.seen == 1
        elif row.how == "labels, all products":
            assert 0.3 < row.seen < 0.7
    with pytest.raises(ValueError, match="share is 1"):
        hidden_labels(workspace, 1)


def test_a_model_made_of_others_is_refused(tmp_path):
    settings = """
[models.one]
kind = "linear"
[models.several]
kind = "bagged"
member = "one"
bags = 2
[training]
model = "several"
"""
    workspace = toys.write_toy(tmp_path, 120, settings=settings).workspace()
    with pytest.raises(ConfigError, match="made of others"):
        hidden_labels(workspace)


def test_an_unprepared_workspace_is_refused(tmp_path):
    workspace = toys.write_toy(tmp_path, 120).workspace()
    with pytest.raises(ShelverError, match="nothing was prepared"):
        hidden_labels(workspace)
