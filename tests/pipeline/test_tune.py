"""Studies: resumable, killable, parallel; they leave the workspace alone."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shelver.cli.main import app
from shelver.config import NAME, Config
from shelver.errors import ConfigError, ShelverError
from shelver.models.folder import load_model
from shelver.pipeline import tune as module
from shelver.pipeline.learn import saved_model
from shelver.pipeline.study import RETRIES, Study
from shelver.pipeline.tune import tune, tuned
from shelver.pipeline.tune_apply import apply_best
from shelver.testing import toy as toys
from shelver.tomlfile import parse

SETTINGS = """
# How we train.
[training]
epochs = 2  # few
min_steps = 3
model = "linear"
"""
SPACE = {"models.linear.l2": {"low": 0.001, "high": 1.0, "log": True}, "training.epochs": [1, 2, 3]}


class KilledError(Exception):
    pass


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    toy = toys.write_toy(tmp_path_factory.mktemp("tune") / "toy", 140, settings=SETTINGS)
    toys.run_toy(toy).close()
    return toy


@pytest.fixture
def shop(prepared, tmp_path):
    from tests.pipeline.conftest import copied

    return copied(prepared, tmp_path / "shop").workspace()


def files_of(workspace, *folders):
    """Content of everything in some folders, without the control database's own files."""
    root = Path(workspace.prefix)
    return {
        str(p.relative_to(root)): p.read_bytes() for f in folders for p in sorted(root.glob(f"{f}/**/*")) if p.is_file()
    }


def test_a_study_and_what_it_leaves(shop):
    before = files_of(shop, "runs", "tables", "features")
    found = tune(shop, 4, search=SPACE, keep=2)
    assert files_of(shop, "runs", "tables", "features") == before
    assert [line.number for line in found.trials] == [0, 1, 2, 3]
    assert {line.state for line in found.trials} <= {"done", "pruned"}
    assert found.metric == "exclusive.macro_f1"
    assert found.present.number == 0
    assert found.present.values == {"models.linear.l2": 0.03, "training.epochs": 2}
    assert found.best.value == max(line.value for line in found.trials if line.value is not None)
    kept = [line for line in found.trials if shop.files.exists(f"tune/linear/trials/{line.number:04}/models")]
    assert len(kept) == 2
    assert found.best in kept
    for line in found.trials:
        folder = shop.files.sub(f"tune/linear/trials/{line.number:04}")
        config = parse(folder.read(NAME).decode(), Config, "x")
        assert config.models["linear"].l2 == line.values["models.linear.l2"]
        assert config.training.epochs == line.values["training.epochs"]
        if line.state == "done":
            scores = folder.read_json("scores.json")
            assert scores["value"] == line.value == scores["scores"]["exclusive"]["macro_f1"]
    assert load_model(shop.files.sub(f"tune/linear/trials/{kept[0].number:04}/models/linear")).net.objectives


def test_the_present_settings_score_as_the_model_does(shop):
    from shelver.features.split import Side

    found = tune(shop, 1, search=SPACE, metric="accuracy")
    assert found.present.value == shop.evaluate(side=Side.VALID).model.exclusive.accuracy
    trial = load_model(shop.files.sub("tune/linear/trials/0000/models/linear"))
    assert all(
        (a == b).all() for a, b in zip(trial.net.parameters(), saved_model(shop)[2].net.parameters(), strict=True)
    )


def values(found):
    return [(line.state, line.values, line.value) for line in found.trials]


def test_killed_and_taken_up_equals_undisturbed(shop, prepared, tmp_path):
    from tests.pipeline.conftest import copied

    other = copied(prepared, tmp_path / "other").workspace()

    def kill(step, done, total):
        if step == "trial 2 train":
            raise KilledError

    shop.report = kill
    with pytest.raises(KilledError):
        tune(shop, 4, search=SPACE)
    shop.report = lambda step, done, total: None
    assert [line.state for line in tuned(shop).trials] == ["done", "done", "running"]
    found = tune(shop, 4, search=SPACE)
    assert len(found.trials) == 4
    assert [line.number for line in found.trials] == [0, 1, 3, 4]  # 2 was killed; 3 tries its settings again
    undisturbed = tune(other, 4, search=SPACE)
    assert values(found)[:3] == values(undisturbed)[:3]
    assert tune(shop, 3, search=SPACE).trials == found.trials  # there are enough


def test_a_trial_that_always_kills_is_given_up(shop):
    def kill(step, done, total):
        if step.endswith(" train"):
            raise KilledError

    shop.report = kill
    for _ in range(RETRIES + 1):
        with pytest.raises(KilledError):
            tune(shop, 1, search=SPACE)
    shop.report = lambda step, done, total: None
    study = Study(shop.files, "linear")
    study.recover()
    waiting = [trial for trial in study.trials.get_trials(False) if trial.state.name == "WAITING"]
    assert waiting == []


def command(shop, *more):
    return [sys.executable, "-m", "shelver.cli.main", "tune", "-w", shop.prefix, "--json", *more]


def search_file(shop):
    shop.files.write("search.toml", 'training.epochs = [1, 2, 3]\n"models.linear.l2" = { low = 0.01, high = 1.0 }\n')
    return ["--search", shop.files.path("search.toml")]


@pytest.mark.slow
def test_a_killed_worker_loses_only_its_trial(shop):
    process = subprocess.Popen(
        command(shop, "--trials", "4", "--jobs", "2", *search_file(shop)), stdout=subprocess.PIPE
    )
    victim = 0
    deadline = time.time() + 400
    while not victim and time.time() < deadline and process.poll() is None:
        time.sleep(0.2)
        victim = next(iter(children_that_train(process.pid, shop)), 0)
    assert victim, "no worker began a trial"
    os.kill(victim, signal.SIGKILL)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0
    found = json.loads(output)
    assert [line["state"] for line in found["trials"]] == ["done"] * 4
    study = Study(shop.files, "linear")
    killed = [trial for trial in study.trials.get_trials(False) if trial.user_attrs.get("killed")]
    assert len(killed) == 1
    again = [trial for trial in study.trials.get_trials(False) if trial.user_attrs.get("again") == killed[0].number]
    assert [trial.params for trial in again] == [killed[0].params]


def children_that_train(parent, shop):
    """Workers of a process that have a trial under way."""
    if not shop.files.exists("tune/linear/study.db"):
        return
    trials = Study(shop.files, "linear").trials.get_trials(False)
    workers = [trial.user_attrs.get("worker") for trial in trials if trial.params and trial.state.name == "RUNNING"]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
            above = (folder / "stat").read_text().rsplit(")", 1)[1].split()[1]
        except OSError:
            continue
        if "shelver.pipeline.tune_worker" in words and int(above) == parent and int(words[-2]) in workers:
            yield int(folder.name)


@pytest.mark.slow
def test_interrupted_it_goes_on(shop):
    process = subprocess.Popen(command(shop, "--trials", "9", *search_file(shop)), stderr=subprocess.PIPE)
    deadline = time.time() + 400
    while time.time() < deadline and not shop.files.exists("tune/linear/trials/0001/shelver.toml"):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"run the command again to go on" in said
    done = len([line for line in tuned(shop).trials if line.state == "done"])
    assert 1 <= done < 9
    output = subprocess.run(
        command(shop, "--trials", str(done + 1), *search_file(shop)), stdout=subprocess.PIPE, check=True
    ).stdout
    assert [line["state"] for line in json.loads(output)["trials"]] == ["done"] * (done + 1)


def test_two_at_once_are_refused(shop):
    study = module.open_study(shop, "", SPACE, "", 0, True)
    with study.owned(), pytest.raises(ShelverError, match="another shelver tune works on this study"):
        tune(shop, 1, search=SPACE)


def test_a_study_that_began_with_something_else(shop):
    tune(shop, 1, search=SPACE)
    with pytest.raises(ShelverError, match="began with another space") as caught:
        tune(shop, 2, search={"training.epochs": [1, 2]})
    assert "--study linear-2" in caught.value.hint
    with pytest.raises(ShelverError, match="began with another metric"):
        tune(shop, 2, search=SPACE, metric="accuracy")
    text = shop.files.read(NAME).decode()
    shop.files.write(NAME, text.replace("min_steps = 3", "min_steps = 4"))
    with pytest.raises(ShelverError, match="began with another settings"):
        tune(fresh(shop), 2, search=SPACE)
    shop.files.write(NAME, text.replace("epochs = 2", "epochs = 3"))  # tuned itself
    assert len(tune(fresh(shop), 2, search=SPACE).trials) == 2


def fresh(workspace):
    return type(workspace)(workspace.prefix)


def test_new_labels_need_a_new_study(shop):
    tune(shop, 1, search=SPACE)
    key, answer = "t0001", "Shoes > Boots"
    shop.files.write("more.csv", f"id,category\n{key},{answer}\n")
    shop.import_labels(shop.files.path("more.csv"))
    with pytest.raises(ShelverError, match="the data changed"):
        tune(shop, 2, search=SPACE)
    latest = shop.files.read_json("runs/latest.json")
    assert saved_model(shop)[0].run_id == latest["run_id"]  # still the run that has a model


def test_features_are_made_once_for_all_trials_that_share_them(shop):
    before = files_of(shop, "runs")
    sizes = {"features.title.max_tokens": [20, 500], "training.epochs": [1, 2]}
    found = tune(shop, 5, search=sizes)
    assert {line.state for line in found.trials} == {"done"}
    assert {line.values["features.title.max_tokens"] for line in found.trials} == {20, 500}
    assert len([name for name in shop.files.sub("features").names() if name.startswith("features-")]) == 2
    after = files_of(shop, "runs")
    assert {name: content for name, content in after.items() if name in before} == before
    runs = {shop.files.read_json(f"tune/linear/trials/{n:04}/scores.json")["run_id"] for n in range(5)}
    assert len(runs) == 2


def test_settings_that_do_not_work_together_fail_alone(shop):
    rates = {"models.linear.learning_rate": [0.03, 1e30], "training.epochs": [1, 2]}
    found = tune(shop, 6, search=rates, prune=False)
    states = {line.values["models.linear.learning_rate"]: line.state for line in found.trials}
    assert states[0.03] == "done"
    assert states.get(1e30) in ("failed", "done", None)
    failed = [line for line in found.trials if line.state == "failed"]
    assert all("went astray" in line.error for line in failed)


def test_pruning_ends_trials_that_are_worse(shop):
    rates = {"models.linear.learning_rate": {"low": 1e-6, "high": 0.1, "log": True}}
    text = shop.files.read(NAME).decode()
    shop.files.write(NAME, text.replace("epochs = 2", "epochs = 6\nsolver = 'adam'"))
    found = tune(fresh(shop), 12, search=rates)
    assert "pruned" in {line.state for line in found.trials}
    assert not Study(shop.files, "linear").prunes or found.best.value > 0
    study = module.open_study(fresh(shop), "other", {"objectives.rule_based.weight": [1.0, 2.0]}, "", 0, True)
    assert not study.prunes  # losses of different weights are not comparable


def test_a_metric_of_another_objective_and_less_is_better(shop):
    found = tune(shop, 2, search=SPACE, metric="rule_based.mean_average_precision")
    assert 0 <= found.best.value <= 1
    found = tune(shop, 3, search=SPACE, metric="calibration_error", study="calm")
    assert not found.maximize
    assert found.best.value == min(line.value for line in found.trials if line.value is not None)
    with pytest.raises(ShelverError, match='the objective "colour" is not trained'):
        tune(shop, 1, search=SPACE, metric="colour.accuracy", study="x")
    with pytest.raises(ShelverError, match='did you mean "accuracy"'):
        tune(shop, 1, search=SPACE, metric="acuracy", study="y")


def test_time_is_up(shop):
    begun = time.time()
    found = tune(shop, 1000, search=SPACE, timeout=0.01)
    assert len(found.trials) <= 1
    assert time.time() - begun < 60


def test_apply_writes_the_best_settings_and_keeps_comments(shop):
    found = tune(shop, 3, search=SPACE)
    before = shop.files.read(NAME).decode()
    values, backup = apply_best(shop, write=False)
    assert (values, backup) == (found.best.values, "")
    assert shop.files.read(NAME).decode() == before
    values, backup = apply_best(shop)
    after = shop.files.read(NAME).decode()
    assert "# How we train." in after
    assert "# few" in after
    config = fresh(shop).config
    assert config.models["linear"].l2 == values["models.linear.l2"]
    assert config.training.epochs == values["training.epochs"]
    assert set(config.models) == set(Config().models)
    assert Path(backup).read_text() == before
    assert apply_best(fresh(shop))[1] != backup


def test_nothing_to_apply(shop):
    with pytest.raises(ShelverError, match='there is no study "linear"'):
        apply_best(shop)
    module.open_study(shop, "", SPACE, "", 0, True)
    with pytest.raises(ShelverError, match="no trial of the study is done yet"):
        apply_best(shop)


def test_a_wrong_path_names_the_nearest_before_anything_is_made(shop):
    with pytest.raises(ConfigError, match="did you mean"):
        tune(shop, 3, search={"models.linear.learnin_rate": [1, 2]})
    assert not shop.files.exists("tune")


def test_the_command(shop):
    runner = CliRunner()
    options = ["tune", "-w", shop.prefix, *search_file(shop)]
    done = runner.invoke(app, [*options, "--trials", "2"])
    assert done.exit_code == 0, done.output
    assert "2 trials" in done.output
    assert "best: trial" in done.output
    done = runner.invoke(app, ["tune", "-w", shop.prefix, "--apply", "--json"])
    assert set(json.loads(done.output)["values"]) == {"training.epochs", "models.linear.l2"}


def test_an_object_store_cannot_hold_a_study(shop, monkeypatch):
    monkeypatch.setattr(shop.files, "remote", True)
    with pytest.raises(ShelverError, match="local database file"):
        tune(shop, 1, search=SPACE)
