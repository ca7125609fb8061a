"""The demo on a file of the user's, and what it must not throw away."""

import json

import pytest

from shelver import Workspace
from shelver.catalogue.label_events import LabelEvent
from shelver.demo.run import demo
from shelver.errors import FeedError, ShelverError
from shelver.experiments.known import choose
from shelver.testing import toy as toys

COLOURS = ("red", "blue", "green", "black", "white")
SHELVES = {"boots": "Shoes > Boots", "sandals": "Shoes > Sandals", "caps": "Hats > Caps", "totes": "Bags > Totes"}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("it's own") / "own file.csv"
    rows = [f"{c} {w} no {n},{s}" for n in range(12) for c in COLOURS for w, s in SHELVES.items()]
    path.write_text("title,shelf\n" + "\n".join(rows) + "\n")
    return str(path)


@pytest.fixture(scope="module")
def played(file, tmp_path_factory):
    if not toys.can_encode():
        pytest.skip(toys.NO_VECTORS)
    folder = tmp_path_factory.mktemp("demo")
    return folder, demo(Workspace(folder), file, encoder="static")


def test_more_labels_are_better_and_all_are_perfect(played):
    _, result = played
    assert [stage.labels for stage in result.stages] == sorted(stage.labels for stage in result.stages)
    assert result.stages[-1].name == "all labels"
    assert result.stages[-1].scores.accuracy == 1.0
    assert (result.products, result.categories) == (240, 4)
    assert json.loads(json.dumps(result.as_dict(), allow_nan=False))["measured_on"] == result.measured > 0


def test_the_known_categories_are_no_feature(played):
    folder, _ = played
    assert set(Workspace(folder).table("products").read(["category"])["category"].to_pylist()) == {None}


def test_again_gives_the_same_from_no_labels_on(played, file):
    folder, result = played
    again = demo(Workspace(folder), file, encoder="static")
    assert [stage.scores for stage in again.stages] == [stage.scores for stage in result.stages]


def test_what_people_said_is_not_thrown_away(played, file):
    folder, _ = played
    workspace = Workspace(folder)
    product = workspace.table("products").read(["product_id"])["product_id"][0].as_py()
    workspace.add_labels([LabelEvent(product, workspace.tree().exclusive[0].category_id, person="ann")])
    workspace.close()
    with pytest.raises(ShelverError, match="people have labelled here"):
        demo(Workspace(folder), file, encoder="static")


def test_a_wrong_encoder_leaves_nothing_behind(file, tmp_path):
    with pytest.raises(ShelverError, match='did you mean "minilm"'):
        demo(Workspace(tmp_path), file, encoder="minlm")
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_categories_is_refused(tmp_path):
    (tmp_path / "f.csv").write_text("title,price\na,1\n")
    with pytest.raises(FeedError, match="--label COLUMN"):
        demo(Workspace(tmp_path / "w"), str(tmp_path / "f.csv"), encoder="static")


def test_more_labels_include_the_fewer():
    truth = {f"p{i}": f"c{i % 3}" for i in range(20)}
    one, four = choose(truth, 1), choose(truth, 4)
    assert len(one) == 3
    assert len(four) == 12
    assert one.items() <= four.items()
