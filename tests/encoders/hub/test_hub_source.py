import json

import pytest

from shelver.encoders import load_encoder
from shelver.encoders.hub import is_exported, is_model_name
from shelver.encoders.hub.layout import Layout, longest, read_layout
from shelver.encoders.hub.source import Source, find_model
from shelver.errors import ConfigError, ShelverError


class Config:
    def __init__(self, model_type, positions):
        self.model_type, self.max_position_embeddings = model_type, positions


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "models" / "Mine (v2)"
    made.mkdir(parents=True)
    (made / "config.json").write_text("{}")
    (made / "model.safetensors").write_bytes(b"weights")
    return made


def source(folder):
    return Source("./m", folder)


def test_names_of_models_and_of_encoders():
    for name in ("hub:a/b", "./models/x", "models/x", "/a/b", "../x"):
        assert is_model_name(name), name
    for name in ("static", "minilm-int8", "auto", "static.v1"):
        assert not is_model_name(name), name


def test_a_path_is_relative_to_the_workspace(folder, tmp_path):
    found = find_model("models/Mine (v2)", str(tmp_path))
    assert found.folder == folder
    assert found.short() == "mine-v2"
    assert find_model(str(folder), "s3://bucket/shop").folder == folder


@pytest.mark.parametrize(
    ("name", "base", "message"),
    [
        ("./nothing", "", 'no folder "./nothing"'),
        ("./models/x", "s3://bucket/shop", "not a folder on this machine"),
        ("s3://bucket/model", "", "not a folder on this machine"),
        ("hub:a b", "", "cannot be a model of a hub"),
        ("hub:../../etc/passwd", "", "cannot be a model of a hub"),
    ],
)
def test_what_is_no_model(name, base, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        find_model(name, base or str(tmp_path))


def test_a_hub_that_cannot_be_reached(monkeypatch, tmp_path):
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigError, match="hub:no-such-owner/no-such-model cannot be downloaded") as error:
        find_model("hub:no-such-owner/no-such-model", str(tmp_path))
    assert "copy the model's folder here" in error.value.hint


@pytest.mark.parametrize("file", ["pytorch_model.bin", "model.pt", "weights.pkl"])
def test_pickles_are_refused(folder, tmp_path, file):
    (folder / "model.safetensors").rename(folder / file)
    with pytest.raises(ShelverError, match=rf"{file}.*can carry code; expected model\.safetensors\n.*convert it"):
        find_model("models/Mine (v2)", str(tmp_path))


def test_a_pickle_beside_safetensors_is_not_read(folder, tmp_path):
    before = find_model("models/Mine (v2)", str(tmp_path)).digest()
    (folder / "pytorch_model.bin").write_bytes(b"evil")
    (folder / "README.md").write_text("words")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "config.json").write_text("{}")
    assert find_model("models/Mine (v2)", str(tmp_path)).digest() == before


def test_a_folder_without_weights_and_an_adapter_are_refused(folder, tmp_path):
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(ShelverError, match="an adapter"):
        find_model("models/Mine (v2)", str(tmp_path))
    (folder / "model.safetensors").unlink()
    with pytest.raises(ShelverError, match="no weights"):
        find_model("models/Mine (v2)", str(tmp_path))


def test_the_digest_is_of_names_and_content(folder):
    first = source(folder).digest()
    assert source(folder).digest() == first
    (folder / "config.json").rename(folder / "other.json")
    second = source(folder).digest()
    (folder / "model.safetensors").write_bytes(b"weightz")
    assert len({first, second, source(folder).digest()}) == 3


def test_layout_of_sentence_transformers(folder):
    modules = ["Transformer", "Pooling", "Dense", "Normalize"]
    paths = ["0_Transformer", "1_Pooling", "2_Dense", "3_Normalize"]
    rows = [{"type": f"sentence_transformers.models.{m}", "path": p} for m, p in zip(modules, paths, strict=True)]
    (folder / "modules.json").write_text(json.dumps(rows))
    for path in paths:
        (folder / path).mkdir()
    (folder / "1_Pooling/config.json").write_text(
        json.dumps({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True, "word_embedding_dimension": 8})
    )
    (folder / "0_Transformer/sentence_bert_config.json").write_text('{"max_seq_length": 33, "do_lower_case": true}')
    (folder / "config_sentence_transformers.json").write_text(
        '{"prompts": {"query": "query: "}, "default_prompt_name": "query"}'
    )
    assert read_layout(source(folder)) == Layout(
        transformer="0_Transformer",
        pooling=("cls", "mean"),
        dense=("2_Dense",),
        max_tokens=33,
        lower=True,
        prompt="query: ",
    )
    (folder / "1_Pooling/config.json").write_text('{"pooling_mode": "lasttoken"}')
    assert read_layout(source(folder)).pooling == ("lasttoken",)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"type": "sentence_transformers.models.WordEmbeddings", "path": ""}, 'a module "WordEmbeddings"'),
        ({"type": "custom_code.Transformer2", "path": ""}, 'a module "Transformer2"'),
        ({"type": "sentence_transformers.models.Dense", "path": "../../secret"}, "leads out of the model"),
        ({"type": "sentence_transformers.models.Pooling", "path": "nothing"}, "no such pooling: none"),
    ],
)
def test_modules_that_cannot_be_run(folder, row, message):
    (folder / "modules.json").write_text(json.dumps([row]))
    with pytest.raises(ShelverError, match=message):
        read_layout(source(folder))


def test_longest_text():
    assert longest(Layout(max_tokens=256), Config("bert", 512), 512) == 256
    assert longest(Layout(), Config("xlm-roberta", 514), 10**6) == 512
    assert longest(Layout(), Config("mpnet", 66), 10**6) == 64
    assert longest(Layout(), Config("t5", 0), 77) == 77
    assert longest(Layout(), Config("qwen", 32768), 10**6) == 512


def test_an_exported_model_that_is_not_there(tmp_path):
    name = "model-mine-0123456789ab-text.v1"
    assert is_exported(name)
    assert not is_exported("static.v1")
    with pytest.raises(ConfigError, match="no exported model"):
        load_encoder(name, str(tmp_path))
