"""The whole job on the tiny catalogue with a known right answer."""

import tempfile

import pyarrow as pa
import pytest
import torch

from shelver.config import BUILT_IN, Training, WideDeep
from shelver.engine import Aligned, read_aligned
from shelver.files import Files
from shelver.models.folder import SavedModel, build_net
from shelver.pipeline.learn import saved_model
from shelver.pipeline.prepare import inputs_of
from shelver.table import Table
from shelver.testing import toy as toys
from shelver.testing.stages import check_stage
from shelver.training.predict import PredictStage


@pytest.mark.parametrize("name", ["plain_toy", "vector_toy"])
def test_every_product_is_on_its_right_shelf(name, request):
    toy, workspace = request.getfixturevalue(name)
    assert toys.shelves(workspace) == toy.answers
    assert toys.accuracy(toy, workspace) == 1.0
    found = workspace.evaluate()
    assert found.model.exclusive.accuracy == found.model.exclusive.macro_f1 == 1.0
    assert found.rules.exclusive.accuracy < 1
    assert found.model.rule_based.mean_average_precision > 0.9


def test_wide_deep_learns_it_too(tmp_path):
    toy = toys.write_toy(tmp_path, settings='[training]\nmodel = "wide_deep"\nepochs = 8\n')
    assert toys.accuracy(toy, toys.run_toy(toy)) == 1.0


def test_shelves_are_those_of_products_on_offer(tmp_path):
    toy = toys.write_toy(tmp_path, 100)
    toys.run_toy(toy, labels=False)
    lines = toy.workspace().files.read("feed.csv").decode().splitlines(keepends=True)
    toy.workspace().files.write("feed.csv", lines[0] + "".join(lines[11:]))
    workspace = toys.run_toy(toy, labels=False)
    assert list(toys.shelves(workspace)) == list(toy.titles)[10:]


def test_the_toy_is_what_it_says(tmp_path):
    toy = toys.write_toy(tmp_path / "a", 100)
    assert len(toy.titles) == 100
    assert set(toy.answers.values()) == set(toys.WORDS)
    assert all(toys.right_answer(title) == toy.answers[key] for key, title in toy.titles.items())
    assert toys.right_answer("Blue umbrella") == ""
    again, other = toys.write_toy(tmp_path / "b", 100), toys.write_toy(tmp_path / "c", 100, seed=1)
    assert again.titles == toy.titles != other.titles
    assert {path.name for path in (tmp_path / "a").iterdir()} == {
        "shelver.toml",
        "feed.csv",
        "categories.csv",
        "rules.toml",
        "labels.csv",
    }


def test_the_rules_of_the_toy_are_right_but_do_not_know_all(plain_toy):
    toy, workspace = plain_toy
    tree = workspace.tree()
    keys = workspace.products().read(["merchant_id"])["merchant_id"].to_pylist()
    found = dict(zip(keys, workspace.table("rule_labels").read(["labels"])["labels"].to_pylist(), strict=True))
    said = {key: {str(tree.by_id(label["category_id"])) for label in labels} for key, labels in found.items()}
    assert all(toy.answers[key].startswith(path) for key, paths in said.items() for path in paths)
    assert 0.2 < sum(map(bool, said.values())) / len(said) < 0.8


def test_without_labels_the_prior_alone_is_far_better_than_chance(vector_toy, tmp_path):
    """No label, no step of training: the words of the tree and the rules."""
    toy = toys.write_toy(tmp_path, vectors=True, settings="[training]\nepochs = 0\n")
    assert toys.accuracy(toy, toys.run_toy(toy, labels=False)) > 0.5


def inputs(workspace, stage):
    tables = [*inputs_of(workspace, stage.model.transform.features), workspace.table("rule_labels")]
    source = Aligned(tables, stage.columns)
    return pa.Table.from_batches(list(read_aligned(source, 0, source.rows))).combine_chunks().to_batches()[0]


@pytest.mark.parametrize("name", ["plain_toy", "vector_toy"])
def test_contract_of_the_predict_stage(name, request):
    _, workspace = request.getfixturevalue(name)
    stage = PredictStage(saved_model(workspace)[2])
    check_stage(stage, inputs(workspace, stage).slice(0, 60))


def test_contract_of_the_predict_stage_with_several_threads(vector_toy):
    _, workspace = vector_toy
    stage = PredictStage(saved_model(workspace)[2])
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        check_stage(stage, inputs(workspace, stage).slice(0, 40))
    finally:
        torch.set_num_threads(before)


def test_contract_of_the_predict_stage_with_a_deep_net(vector_toy):
    _, workspace = vector_toy
    model = saved_model(workspace)[2]
    net = build_net(WideDeep(), model.transform, model.classes, BUILT_IN)
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(0)) / 4)
    with tempfile.TemporaryDirectory() as folder:
        PredictStage(SavedModel(net, model.transform, model.classes, {})).save(Files(folder))
        stage = PredictStage.load(Files(folder))
    check_stage(stage, inputs(workspace, stage).slice(0, 40))


def test_contract_of_the_predict_stage_with_another_top_k(plain_toy):
    _, workspace = plain_toy
    stage = PredictStage(saved_model(workspace)[2], top_k=2)
    check_stage(stage, inputs(workspace, stage).slice(0, 20))


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_the_size_of_batches_changes_nothing(vector_toy, tmp_path, batch_size):
    """The whole job again: equal vectors, features, weights and predictions, to the last bit."""
    _, workspace = vector_toy
    toy = toys.write_toy(tmp_path, vectors=True, settings=f"[engine]\nbatch_size = {batch_size}\n")
    other = toys.run_toy(toy)
    assert other.table("predictions").read().equals(workspace.table("predictions").read())
    one, two = saved_model(workspace), saved_model(other)
    assert one[0].run_id == two[0].run_id
    assert one[2].fingerprint == two[2].fingerprint
    assert other.table("vectors_text_vector").read().equals(workspace.table("vectors_text_vector").read())


def test_ranked_answers_are_probabilities_in_descending_order(vector_toy):
    _, workspace = vector_toy
    for ranked in workspace.table("predictions").read(["exclusive"])["exclusive"].to_pylist():
        numbers = [entry["probability"] for entry in ranked]
        assert numbers == sorted(numbers, reverse=True)
        assert 0 < sum(numbers) <= 1.00001
        assert len({entry["category_id"] for entry in ranked}) == len(ranked) == 5


class KilledError(Exception):
    pass


def test_killed_in_training_and_run_again_equals_undisturbed(tmp_path):
    settings = '[training]\nsolver = "adam"\n'
    undisturbed = toys.run_toy(toys.write_toy(tmp_path / "undisturbed", settings=settings))
    toy = toys.write_toy(tmp_path / "killed", settings=settings)
    workspace = toy.workspace()
    workspace.ingest()
    workspace.import_labels(toy.labels)

    def kill(step, done, total):
        if (step, done) == ("train", 4):
            raise KilledError

    workspace.report = kill
    with pytest.raises(KilledError):
        workspace.run()
    assert not workspace.table("predictions").exists()
    again, epochs = toy.workspace(), []
    again.report = lambda step, done, total: epochs.append(done) if step == "train" else None
    again.run()
    assert epochs == list(range(5, Training().epochs + 1))
    assert saved_model(again)[2].fingerprint == saved_model(undisturbed)[2].fingerprint
    assert again.table("predictions").read().equals(undisturbed.table("predictions").read())
    data, model_id, _ = saved_model(again)
    assert Files(again.files.path(again.path("checkpoint", run_id=data.run_id, model_id=model_id))).names() == []


def test_few_labels_are_solved_at_once(plain_toy, tmp_path):
    _, workspace = plain_toy
    notes = saved_model(workspace)[2].notes
    assert (notes["training"]["solver"], notes["epochs"], len(notes["losses"])) == ("auto", 1, 1)
    assert sorted(notes["solved"]) == ["exclusive", "rule_based"]
    toy = toys.write_toy(tmp_path, settings='[training]\nsolver = "adam"\n')
    stepwise = toys.run_toy(toy)
    assert saved_model(stepwise)[2].notes["epochs"] == Training().epochs
    assert toys.accuracy(toy, stepwise) == toys.accuracy(*plain_toy) == 1.0


@pytest.mark.parametrize("step", ["rules", "features", "targets", "predict"])
def test_killed_in_a_step_leaves_no_half_table(plain_toy, tmp_path, step):
    toy = toys.write_toy(tmp_path)
    workspace = toy.workspace()
    workspace.ingest()
    workspace.import_labels(toy.labels)

    def kill(name, done, total):
        if name == step:
            raise KilledError

    workspace.report = kill
    with pytest.raises(KilledError):
        workspace.run()
    tables = [Table(str(path)) for path in tmp_path.rglob("*.lance")]
    assert all(table.count() == 300 for table in tables if table.exists() and table.name != "rejects")
    again = toy.workspace()
    again.run()
    assert again.table("predictions").read().equals(plain_toy[1].table("predictions").read())
