import shutil
import subprocess
import sys
import tomllib

import numpy as np
import pyarrow as pa
import pytest
import tomli_w
import torch
from safetensors.torch import load, save

from shelver.config import BUILT_IN
from shelver.engine import Aligned, read_aligned
from shelver.errors import ModelError
from shelver.features.split import Side
from shelver.files import Files
from shelver.models.folder import MANIFEST, TREE, WEIGHTS, SavedModel, _hash, build_net, load_model, save_model
from shelver.pipeline.learn import saved_model
from shelver.pipeline.prepare import dataset, inputs_of
from shelver.training.predict import PredictStage


def rows_for(stage, workspace):
    tables = [*inputs_of(workspace, stage.model.transform.features), workspace.table("rule_labels")]
    source = Aligned(tables, stage.columns)
    return pa.Table.from_batches(list(read_aligned(source, 0, source.rows))).combine_chunks().to_batches()[0]


@pytest.fixture
def folder(plain_toy, tmp_path):
    """A copy of a trained model's folder."""
    _, workspace = plain_toy
    run_id = dataset(workspace).run_id
    shutil.copytree(workspace.folder("model", run_id=run_id, model_id="linear").prefix, tmp_path / "model")
    return Files(tmp_path / "model")


def test_saved_and_loaded_is_the_same(plain_toy, tmp_path):
    _, workspace = plain_toy
    model = saved_model(workspace)[2]
    save_model(Files(tmp_path), model)
    again = load_model(Files(tmp_path))
    assert again.fingerprint == model.fingerprint
    assert (again.classes, again.notes, again.net.spec) == (model.classes, model.notes, model.net.spec)
    assert again.transform.fingerprint() == model.transform.fingerprint()
    assert not again.net.training
    for name, value in model.net.state_dict().items():
        assert torch.equal(again.net.state_dict()[name], value)
    assert sorted(name for name in Files(tmp_path).names()) == ["model.toml", "transform.json", TREE, WEIGHTS]


SCRIPT = """
import sys, pyarrow as pa
from shelver.files import Files
from shelver.training.predict import PredictStage
stage = PredictStage.load(Files(sys.argv[1]))
batch = pa.ipc.open_file(sys.argv[2]).get_batch(0)
with pa.ipc.new_file(sys.argv[3], stage.schema) as sink:
    sink.write_batch(stage.apply(batch))
print(stage.fingerprint())
"""


def test_a_fresh_process_gives_equal_predictions(vector_toy, tmp_path):
    _, workspace = vector_toy
    data, _, model = saved_model(workspace)
    stage = PredictStage(model)
    batch = rows_for(stage, workspace)
    with pa.ipc.new_file(f"{tmp_path}/in.arrow", batch.schema) as sink:
        sink.write_batch(batch)
    folder = workspace.folder("model", run_id=data.run_id, model_id="linear").prefix
    command = [sys.executable, "-c", SCRIPT, folder, f"{tmp_path}/in.arrow", f"{tmp_path}/out.arrow"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == stage.fingerprint()
    assert pa.ipc.open_file(f"{tmp_path}/out.arrow").get_batch(0).equals(stage.apply(batch))


def test_no_model(tmp_path):
    with pytest.raises(ModelError, match="no model here") as caught:
        load_model(Files(tmp_path / "nowhere"))
    assert "shelver train" in caught.value.hint


@pytest.mark.parametrize("name", [WEIGHTS, TREE, "transform.json"])
def test_a_changed_or_missing_file_is_refused(folder, name):
    content = folder.read(name)
    for broken in (content[:-1], content[:50] + b"x" + content[51:], b"", content + b" "):
        folder.write(name, broken)
        with pytest.raises(ModelError, match="damaged or tampered with") as caught:
            load_model(folder)
        assert caught.value.where.endswith(name)
    folder.delete(name)
    with pytest.raises(ModelError, match="missing") as caught:
        load_model(folder)
    assert caught.value.where.endswith(name)
    folder.write(name, content)
    load_model(folder)


def edited(folder, change):
    manifest = tomllib.loads(folder.read(MANIFEST).decode())
    change(manifest)
    folder.write(MANIFEST, tomli_w.dumps(manifest))


@pytest.mark.parametrize("content", [b"", b"format = ", b"\xff\xfe", b'format = "shelver.model.v1"', b'x = "y"'])
def test_a_foreign_manifest_is_refused(folder, content):
    folder.write(MANIFEST, content)
    with pytest.raises(ModelError):
        load_model(folder)


BROKEN = {
    "format": lambda m: m.update(format="shelver.model.v2"),
    "kind": lambda m: m["spec"].update(kind="forest"),
    "setting": lambda m: m["spec"].update(surprise=1),
    "no spec": lambda m: m.pop("spec"),
    "other net": lambda m: m["spec"].update(inputs=["title", "price"]),
    "an objective less": lambda m: m["objectives"].pop("exclusive"),
    "an objective of no kind": lambda m: m["objectives"]["exclusive"].update(kind="guess"),
    "an objective of another kind": lambda m: m["objectives"]["exclusive"].update(heads="tree"),
    "an objective without classes": lambda m: m["objectives"].update(colour={"kind": "multi_label"}),
    "temperatures": lambda m: m.update(temperatures={"exclusive": "warm"}),
    "no temperatures": lambda m: m.pop("temperatures"),
    "a model of several": lambda m: m["spec"].update(kind="combined"),
    "hash": lambda m: m["files"].update({WEIGHTS: "0" * 40}),
    "unlisted weights": lambda m: m["files"].pop(WEIGHTS),
    "unlisted tree": lambda m: m["files"].pop(TREE),
    "another file": lambda m: m["files"].update({"gone.json": "0" * 40}),
    "no objectives": lambda m: m.pop("objectives"),
    "input of no feature": lambda m: m["spec"].update(inputs=["nothing"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_changed_manifest_is_refused(folder, name):
    edited(folder, BROKEN[name])
    with pytest.raises(ModelError):
        load_model(folder)


UNCAUGHT = {
    "no files": lambda m: m.pop("files"),
    "files no table": lambda m: m.update(files=5),
    "objectives no table": lambda m: m.update(objectives=5),
    "temperatures no table": lambda m: m.update(temperatures=5),
    "a folder": lambda m: m["files"].update({".": "0" * 40}),
    "unlisted transform": lambda m: m["files"].pop("transform.json"),
}


@pytest.mark.parametrize("name", UNCAUGHT)
def test_a_manifest_changed_in_its_form_is_refused(folder, name):
    edited(folder, UNCAUGHT[name])
    with pytest.raises(ModelError):
        load_model(folder)


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


@pytest.mark.parametrize("honest_hash", [True, False])
def test_a_pickle_in_place_of_the_weights_is_never_run(folder, tmp_path, honest_hash):
    torch.save({"wide": Bomb(str(tmp_path / "boom"))}, tmp_path / "bomb")
    content = (tmp_path / "bomb").read_bytes()
    folder.write(WEIGHTS, content)
    if honest_hash:
        edited(folder, lambda m: m["files"].update({WEIGHTS: _hash(content)}))
    with pytest.raises(ModelError):
        load_model(folder)
    assert not (tmp_path / "boom").exists()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("prior.spans", lambda v: v + 1),
        ("prior.spans", lambda v: torch.full_like(v, 2**40)),
        ("prior.spans", lambda v: v.double()),
        ("prior.words", lambda v: torch.full_like(v, torch.nan)),
        ("prior.centre", lambda v: v[:-1].clone()),
        ("prior.words_scale", lambda v: torch.full_like(v, torch.inf)),
    ],
)
def test_values_of_the_prior_that_cannot_be_are_refused_whatever_the_hash(name, change, vector_toy, tmp_path):
    files = Files(tmp_path)
    save_model(files, saved_model(vector_toy[1])[2])
    tensors = load(files.read(WEIGHTS))
    content = save(tensors | {name: change(tensors[name])})
    files.write(WEIGHTS, content)
    edited(files, lambda m: m["files"].update({WEIGHTS: _hash(content)}))
    with pytest.raises(ModelError, match="do not fit together"):
        load_model(files)


def test_a_model_half_written_does_not_exist(plain_toy, folder, monkeypatch):
    """Writing over a model takes its manifest away first, and puts the new one last."""
    model = load_model(folder)

    def full(self, name, content):
        raise OSError("disk full")

    monkeypatch.setattr(Files, "write", full)
    with pytest.raises(OSError, match="disk full"):
        save_model(folder, model)
    monkeypatch.undo()
    with pytest.raises(ModelError, match="no model here"):
        load_model(folder)


def test_build_net_is_repeatable_and_leaves_the_generator_alone(plain_toy):
    _, workspace = plain_toy
    examples = dataset(workspace).examples
    spec = workspace.config.models["wide_deep"]
    torch.manual_seed(5)
    before = torch.get_rng_state()
    known = {"exclusive": BUILT_IN["exclusive"]}
    nets = [build_net(spec, examples.transform, examples.classes, known, seed) for seed in (0, 0, 1)]
    assert torch.equal(before, torch.get_rng_state())
    states = [net.state_dict()["deep.hidden.layers.0.weight"] for net in nets]
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])


def test_notes_without_value_are_left_out(plain_toy, tmp_path):
    _, workspace = plain_toy
    model = saved_model(workspace)[2]
    save_model(Files(tmp_path), SavedModel(model.net, model.transform, model.classes, {"a": None, "b": [{"c": None}]}))
    assert load_model(Files(tmp_path)).notes == {"b": [{}]}


def test_labels_were_learnt(plain_toy):
    _, workspace = plain_toy
    model, examples = saved_model(workspace)[2], dataset(workspace).examples
    assert model.notes["labels"] == {name: len(examples.rows(name, Side.TRAIN)) for name in ("exclusive", "rule_based")}
    assert np.isfinite(list(model.notes["losses"][-1].values())).all()
