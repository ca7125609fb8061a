"""What a study tries."""

import optuna
import pytest

from shelver.config import CNN1D, RNN, Bagged, Combined, Config, Training, WideDeep, default_models
from shelver.config.tune import Range
from shelver.errors import ConfigError
from shelver.files import Files
from shelver.pipeline.overrides import current
from shelver.pipeline.space import FIXED, check_space, default_space, parse_space, present, read_space, shown, suggest

SEARCH = """\
models.linear.l2 = { low = 1e-3, high = 1.0, log = true }
features.title.max_tokens = [4000, 8000, 16000]
"objectives.rule_based.weight" = { low = 0.1, high = 2 }
[training]
schedule = ["both", "pretrain"]
epochs = { low = 2, high = 10, step = 2 }
"""
PATHS = {
    "models.linear.l2",
    "features.title.max_tokens",
    "objectives.rule_based.weight",
    "training.schedule",
    "training.epochs",
}


@pytest.mark.parametrize("text", [SEARCH, "[tune.space]\n" + SEARCH.replace("[training]", "[tune.space.training]")])
def test_a_search_file(tmp_path, text):
    (tmp_path / "search.toml").write_text(text)
    space = parse_space(read_space(Files(tmp_path), "search.toml"), "search.toml")
    assert set(space) == PATHS
    assert space["models.linear.l2"] == Range(low=1e-3, high=1.0, log=True)
    assert space["training.schedule"] == ["both", "pretrain"]
    check_space(space, Config(), "")


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        read_space(Files(tmp_path), "search.toml")
    (tmp_path / "search.toml").write_text("a = = b")
    with pytest.raises(ConfigError, match="not valid TOML"):
        read_space(Files(tmp_path), "search.toml")


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"training.epochs": 3}, "3 is nothing to choose from"),
        ({"training.epochs": [3]}, "is nothing to choose from"),
        ({"training.epochs": {"low": 3}}, "high: Field required"),
        ({"training.epochs": {"low": 3, "high": 2}}, "low = 3 is more than high = 2"),
        ({"models.linear.l2": {"low": 0, "high": 1, "log": True}}, "log needs low above 0"),
        ({"training.epochs": {"low": 1, "high": 2, "hihg": 3}}, "hihg"),
    ],
)
def test_a_wrong_space(space, said):
    with pytest.raises(ConfigError) as caught:
        parse_space(space, "tune.space")
    assert said in str(caught.value)
    assert "tune.space" in str(caught.value)


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({}, "nothing to try"),
        ({"models.linear.lerning_rate": [0.1, 0.2]}, 'did you mean "learning_rate"?'),
        ({"models.linear.l2": [0.1, -0.2]}, "greater than or equal to 0"),
        ({"models.linear.l2": {"low": -1.0, "high": 1.0}}, "greater than or equal to 0"),
        ({"training.schedule": ["both", "pretrian"]}, 'did you mean "pretrain"?'),
        ({"training.epochs": {"low": 0.5, "high": 2.5}}, "takes whole numbers"),
        ({"models.linear.prior": {"low": 0, "high": 1}}, "is no number"),
        ({"training.schedule": {"low": 0, "high": 1}}, "is no number"),
        ({"split.seed": [0, 1]}, "trials would not be judged on the same products"),
    ],
)
def test_a_space_that_does_not_fit_the_settings(space, said):
    with pytest.raises(ConfigError) as caught:
        check_space(parse_space(space, "tune.space"), Config(), "")
    assert said in str(caught.value)


def test_sections_that_cannot_be_tuned_are_sections():
    assert set(FIXED) - {"tune"} <= set(Config.model_fields)


@pytest.mark.parametrize("model", [*default_models(), "cnn", "rnn", "both", "bag"])
def test_a_space_for_any_model(model):
    models = default_models() | {
        "cnn": CNN1D(),
        "rnn": RNN(hidden=(9,)),
        "odd": WideDeep(hidden=(7,)),
        "both": Combined(members=("linear", "odd")),
        "bag": Bagged(member="linear"),
    }
    config = Config(models=models, training=Training(model=model))
    space = default_space(config)
    assert any(path.endswith(".learning_rate") for path in space)
    for path, tried in space.items():
        now = current(config, path)
        inside = (
            tried.low <= now <= tried.high
            if isinstance(tried, Range)
            else [*now] in tried
            if isinstance(now, tuple)
            else now in tried
        )
        assert inside, path
    assert set(present(space, config)) == set(space)


def test_suggested_values_are_of_the_right_kind():
    tried = {
        "models.wide_deep.hidden": [[], [8, 4]],
        "training.epochs": {"low": 2, "high": 9},
        "models.linear.l2": {"low": 1, "high": 2},
        "models.linear.prior": [True, False],
    }
    space = parse_space(tried, "")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(10):
        trial = study.ask()
        values = suggest(trial, space, Config())
        assert values["models.wide_deep.hidden"] in ([], [8, 4])
        assert isinstance(values["training.epochs"], int)
        assert isinstance(values["models.linear.l2"], float)
        assert values["models.linear.prior"] in (True, False)
        assert shown(space, trial.params) == values
        study.tell(trial, 0.0)


def test_the_present_settings_as_a_trial():
    space = parse_space({"training.epochs": {"low": 2, "high": 20}, "training.schedule": ["pretrain", "both"]}, "")
    assert shown(space, present(space, Config())) == {"training.epochs": 10, "training.schedule": "both"}
    assert present(parse_space({"training.epochs": {"low": 20, "high": 30}}, ""), Config()) is None
    assert present(parse_space({"training.epochs": [1, 2]}, ""), Config()) is None
