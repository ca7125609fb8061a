"""The report of a real workspace."""

import json
import os

import pytest
from typer.testing import CliRunner

from shelver.cli.main import app
from shelver.config import NAME
from shelver.errors import ShelverError
from shelver.features.split import Side
from shelver.files import Files
from shelver.pipeline import report as report_module
from shelver.pipeline.card import write_model_card, write_model_events
from shelver.pipeline.learn import saved_model
from shelver.pipeline.prepare import dataset
from shelver.pipeline.report import make_report, write_report
from shelver.reporting.card import encoders_of
from shelver.reporting.data import flat
from shelver.reporting.events import can_write_events


def test_scores_are_those_of_evaluate(plain_copy):
    workspace = plain_copy.workspace()
    found = make_report(workspace)
    scores = workspace.evaluate().as_dict()
    by_id = {model.model_id: model for model in found.models}
    assert list(by_id) == ["rules", "linear"]
    assert found.focus == "linear"
    for objective in ("exclusive", "rule_based"):
        for name, value in by_id["linear"].parts[objective].scores.items():
            assert value == pytest.approx(flat(scores["model"][objective])[name]), name
    rules = by_id["rules"].parts["exclusive"]
    assert rules.scores["accuracy"] == pytest.approx(scores["rules"]["exclusive"]["accuracy"])
    assert [level.right for level in by_id["linear"].parts["exclusive"].levels] == [1.0, 1.0]
    detail = next(found for found in found.details if found.objective == "rule_based")
    assert {line.path for line in detail.classes} == {line["path"] for line in scores["model"]["rule_based"]["classes"]}


def test_titles_of_what_is_wrong(plain_copy):
    """With labels moved after training, the model is wrong about products that we know."""
    workspace = plain_copy.workspace()
    data = dataset(workspace)
    rows = data.examples.rows("exclusive", Side.TEST)
    data.examples.answers["exclusive"] = (data.examples.answers["exclusive"] + 1) % len(data.examples.classes.exclusive)
    seen = report_module._Seen(workspace, data, "linear", Side.TEST)
    (detail, _) = seen.details()
    examples = [found for line in detail.classes for found in line.examples]
    assert examples
    keys = dict(zip(*(workspace.products().read([c])[c].to_pylist() for c in ("product_id", "title")), strict=True))
    assert all(keys[found.product_id] == found.title for found in examples)
    assert sum(pair.rows for pair in detail.pairs) == len(rows)


def test_a_second_report_asks_no_model(plain_copy, monkeypatch):
    workspace = plain_copy.workspace()
    first = make_report(workspace)
    monkeypatch.setattr(report_module, "judge", None)
    monkeypatch.setattr(report_module, "judge_labels", None)
    assert make_report(workspace) == first


def test_several_models_and_runs(plain_copy):
    workspace = plain_copy.workspace()
    before = workspace.files.read(NAME).decode()
    workspace.files.write(NAME, before + '\n[training]\nmodel = "wide_deep"\nepochs = 1\nmin_steps = 2\n')
    workspace = plain_copy.workspace()
    workspace.train()
    found = make_report(workspace, models=["wide_deep", "linear"])
    assert found.focus == "wide_deep"
    assert found.models[0].model_id == "rules"
    assert {model.model_id for model in found.models} == {"rules", "wide_deep", "linear"}
    assert {line.model_id for line in found.runs} == {"linear", "wide_deep"}
    assert found.as_dict()["differing_settings"]["training.epochs"] == [10, 1]
    with pytest.raises(ShelverError, match='there is no model "wide_dep"') as caught:
        make_report(workspace, models=["wide_dep"])
    assert 'did you mean "wide_deep"?' in caught.value.hint


def test_a_side_without_labels_is_an_error(tmp_path):
    from shelver.testing import toy as toys

    workspace = toys.run_toy(toys.write_toy(tmp_path, 60), labels=False)
    data = dataset(workspace)
    for objective in data.examples.known:
        data.examples.known[objective][:] = False
    seen = report_module._Seen(workspace, data, "linear", Side.TEST)
    assert seen.part.parts == {}


def test_the_command_writes_a_page(plain_copy, tmp_path):
    out = tmp_path / "page.html"
    done = CliRunner().invoke(app, ["report", "-w", plain_copy.folder, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert out.read_text().startswith("<!doctype html>")
    done = CliRunner().invoke(app, ["report", "-w", plain_copy.folder, "--json"])
    value = json.loads(done.output)
    assert value["focus"] == "linear"
    assert os.path.exists(value["file"])


def test_the_page_lies_beside_the_run(plain_copy):
    workspace = plain_copy.workspace()
    found = make_report(workspace, side=Side.VALID)
    assert found.split == "valid"
    place = write_report(workspace, found)
    assert place == workspace.folder("run", run_id=found.run_id).path("report.html")


def test_the_card_says_what_the_model_is_and_its_code_runs(plain_copy, monkeypatch, capsys):
    workspace = plain_copy.workspace()
    run, model_id, model = saved_model(workspace)
    folder = workspace.folder("model", run_id=run.run_id, model_id=model_id)
    write_model_card(workspace, dataset(workspace), model_id, model, evaluated=False)
    assert "Not evaluated yet" in folder.read("README.md").decode()
    workspace.evaluate()
    write_model_card(workspace, dataset(workspace), model_id, model)
    text = folder.read("README.md").decode()
    for words in ("`toy`", "| products |", "`rule_based`", "accuracy 100.0%", "training.epochs = 10", run.run_id):
        assert words in text, words
    assert workspace.prefix not in text
    code = [part.split("```")[0] for part in text.split("```python\n")[1:]]
    monkeypatch.chdir(folder.prefix)
    for part in code:
        exec(compile(part, "README.md", "exec"), {})  # noqa: S102
    assert "('exclusive', 'rule_based')" in capsys.readouterr().out
    monkeypatch.chdir(workspace.prefix)
    first = text.split("```\nfrom shelver import Workspace")[1].split("```")[0]
    exec(compile("from shelver import Workspace" + first, "README.md", "exec"), {})  # noqa: S102
    assert "exclusive" in capsys.readouterr().out


def test_a_card_changes_no_model(plain_copy):
    workspace = plain_copy.workspace()
    _, model_id, model = saved_model(workspace)
    write_model_card(workspace, dataset(workspace), model_id, model)
    assert saved_model(workspace)[2].fingerprint == model.fingerprint
    assert workspace.train().fresh


def test_licences_of_the_encoders_in_use(vector_toy):
    _, workspace = vector_toy
    assert encoders_of(workspace.config.features) == ["static"]


@pytest.mark.skipif(not can_write_events(), reason="the extra tensorboard is not installed")
def test_events_of_a_model(plain_copy):
    workspace = plain_copy.workspace()
    run, model_id, _ = saved_model(workspace)
    assert write_model_events(workspace, run.run_id, model_id, [{"exclusive": 1.0}])
    assert not write_model_events(workspace, run.run_id, model_id, [])
    names = Files(workspace.folder("model", run_id=run.run_id, model_id=model_id).path("events")).names()
    assert len(names) == 1
