"""Every kind of net, saved and loaded with its features, answers the same to the last bit."""

import pytest
import torch
from small import CLASSES, OBJECTIVES
from test_learning import FEATURES, KINDS, products, things

from shelver.config import Exclusive, Sequence, Split, Text
from shelver.errors import ModelError
from shelver.features.batch import Bag, Batch
from shelver.features.transform import Transform
from shelver.files import Files
from shelver.models.folder import SavedModel, build_net, load_model, save_model
from shelver.models.nets import HITS
from shelver.testing.nets import scrambled
from shelver.training.predict import probabilities

FIXED = {
    "random_words": Text(column="title", embedding="random", average="mean", dims=0),
    "encoded_words": Sequence(column="title", embedding="pretrained"),
}


@pytest.fixture(scope="module")
def transform():
    return Transform({**FEATURES, **FIXED}, Split()).fit(lambda: iter([products(things(60, 0), 0)]))


@pytest.mark.parametrize("heads", ["flat", "tree"])
@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_loaded(kind, heads, transform, tmp_path):
    net = build_net(KINDS[kind], transform, CLASSES, {**OBJECTIVES, "exclusive": Exclusive(heads=heads)}, seed=5)
    for name, buffer in net.named_buffers():
        if name.endswith("words.weight"):
            torch.nn.init.normal_(buffer)
    model = SavedModel(scrambled(net), transform, CLASSES, {})
    save_model(Files(tmp_path), model)
    again = load_model(Files(tmp_path))
    assert again.net.spec == KINDS[kind]
    assert again.net.settings == net.settings
    assert again.net.objectives == net.objectives
    given = transform.to_batch(transform.apply(products(things(9, 1), 1)))
    hits = Bag(torch.arange(10).numpy(), torch.arange(9).numpy() % 7, torch.ones(9).numpy(), 7)
    given = Batch(9, {**given.bags, HITS: hits}, given.categories, given.numbers, given.vectors, given.sequences)
    for objective in OBJECTIVES:
        assert (probabilities(again, given, objective) == probabilities(model, given, objective)).all()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("exclusive = 1.5", "exclusive = -1.0"),
        ("exclusive = 1.5", "exclusive = nan"),
        ("exclusive = 1.5", "other = 1.5"),
        ("members = []", 'members = [{ kind = "linear" }]'),
        ("hidden = [", "hidden = [\n    100000000,"),
        ("[notes]", "[x]\n[[notes]]"),
    ],
)
def test_a_manifest_that_was_tampered_with_is_an_error_and_takes_no_memory(old, new, transform, tmp_path):
    net = build_net(KINDS["mlp"], transform, CLASSES, OBJECTIVES)
    save_model(Files(tmp_path), SavedModel(net, transform, CLASSES, {"run": "r"}, {"exclusive": 1.5}))
    text = (tmp_path / "model.toml").read_text()
    assert old in text
    (tmp_path / "model.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(ModelError, match="do not fit together"):
        load_model(Files(tmp_path))


@pytest.mark.parametrize("kind", ["combined", "bagged"])
def test_a_combination_without_members_is_an_error(kind, transform, tmp_path):
    net = build_net(KINDS["mlp"], transform, CLASSES, OBJECTIVES)
    save_model(Files(tmp_path), SavedModel(net, transform, CLASSES, {}))
    text = (tmp_path / "model.toml").read_text()
    start = text.index("[spec]")
    spec = {"combined": 'kind = "combined"\nmembers = ["a", "b"]\n', "bagged": 'kind = "bagged"\nmember = "a"\n'}[kind]
    end = text.find("\n[", start + 6)
    (tmp_path / "model.toml").write_text(text[:start] + "[spec]\n" + spec + text[end:])
    with pytest.raises(ModelError, match="has 0 members"):
        load_model(Files(tmp_path))
