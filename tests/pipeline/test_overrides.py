"""Settings changed by dotted path."""

import tomllib

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from shelver.config import Config
from shelver.errors import ConfigError
from shelver.pipeline.overrides import current, override, settings_with
from shelver.tomlfile import parse

TEXT = """\
# My shop.
[training]
epochs = 7  # enough

[features]
title = { kind = "text", max_tokens = 500 } # short
price = { kind = "number" }
"""


def test_values_by_path():
    config = parse(TEXT, Config, "x")
    assert current(config, "training.epochs") == 7
    assert current(config, "features.title.max_tokens") == 500
    assert current(config, "models.wide_deep.hidden") == (256, 128)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("models.linear.lerning_rate", 'did you mean "learning_rate"?'),
        ("models.liner.l2", 'did you mean "linear"?'),
        ("trainin.epochs", 'did you mean "training"?'),
        ("training.epochs.more", "training.epochs is a value already"),
        ("training", "training is a group of settings"),
        ("models", "models is a group of settings"),
    ],
)
def test_a_wrong_path_names_the_nearest(path, said):
    with pytest.raises(ConfigError) as caught:
        current(Config(), path, "tune.space")
    assert said in str(caught.value)
    assert "tune.space" in str(caught.value)


CHANGES = {
    "training.epochs": st.integers(0, 50),
    "training.schedule": st.sampled_from(["both", "pretrain"]),
    "models.linear.l2": st.floats(0, 3),
    "models.wide_deep.hidden": st.lists(st.integers(1, 9), max_size=3).map(tuple),
    "features.title.max_tokens": st.integers(1, 99),
    "objectives.rule_based.weight": st.floats(0.1, 3),
}


@given(st.fixed_dictionaries({}, optional=CHANGES), st.sampled_from(["", TEXT, "[models.linear]\nkind = 'linear'\n"]))
def test_only_what_is_named_changes(values, text):
    if "[models" in text:
        values.pop("models.wide_deep.hidden", None)
    before = parse(text, Config, "x")
    after, written = settings_with(text, values, "x")
    assert parse(written, Config, "x") == after
    assert {path: current(after, path) for path in values} == values
    restored = settings_with(written, {path: current(before, path) for path in values}, "x")[0]
    assert restored == before


def test_a_value_that_does_not_fit():
    with pytest.raises(ConfigError, match=r"models.linear.l2 .*greater than or equal to 0"):
        settings_with("", {"models.linear.l2": -1.0}, "x")


@given(st.fixed_dictionaries({}, optional=CHANGES))
def test_comments_stay(values):
    document = tomlkit.parse(TEXT)
    override(document, parse(TEXT, Config, "x"), values, tomlkit.table)
    text = tomlkit.dumps(document)
    assert "# My shop." in text
    assert "# enough" in text
    assert "# short" in text
    assert parse(text, Config, "x") == settings_with(TEXT, values, "x")[0]
    assert tomllib.loads(text)["features"].keys() == {"title", "price"}
