"""The demo on a file of the user's, and what it must not throw away."""

import json
import shlex
from collections import Counter

import numpy as np
import pytest
from typer.testing import CliRunner

from shelver import Workspace
from shelver.catalogue.label_events import LabelEvent
from shelver.catalogue.origins import SIMULATED
from shelver.cli.demo_screen import next_commands
from shelver.cli.main import app
from shelver.demo.asking import asked_for, at_random
from shelver.demo.playing import PLAYED
from shelver.demo.run import demo
from shelver.errors import FeedError, ShelverError
from shelver.features.split import Side
from shelver.pipeline.prepare import dataset
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


def test_every_amount_of_labels_is_played_both_ways(played):
    _, result = played
    assert [(stage.name, stage.labels) for stage in result.stages[:-1]] == [
        ("rules alone", 0), ("no labels", 0), ("4 at random", 4), ("4 asked for", 4), ("16 at random", 16),
        ("16 asked for", 16),
    ]  # fmt: skip
    assert result.stages[-1].name == "all labels"
    assert result.stages[-1].labels == result.products - result.measured
    assert result.stages[-1].scores.accuracy == 1.0
    assert (result.products, result.categories) == (240, 4)
    assert {stage.scores.rows for stage in result.stages} == {result.measured}
    assert json.loads(json.dumps(result.as_dict(), allow_nan=False))["measured_on"] == result.measured > 0


def test_the_history_tells_who_said_what_for_which_stage(played):
    folder, result = played
    control = Workspace(folder).control
    events = control.label_history().to_pylist()
    assert {(event["person"], event["how"]) for event in events} == {(PLAYED, SIMULATED)}
    given = Counter(event["batch"] for event in events if event["kind"] == "assign")
    assert given == {
        "demo measure": result.measured, "demo at random 4": 4, "demo at random 16": 12, "demo asked for 4": 4,
        "demo asked for 16": 12, "demo all": result.stages[-1].labels - 16,
    }  # fmt: skip
    assert sum(event["kind"] == "undo" for event in events) == 16
    assert control.current_labels().num_rows == result.products


def test_scores_are_those_that_evaluate_gives_with_these_labels(played, file, tmp_path):
    folder, result = played
    events = Workspace(folder).control.label_history().to_pylist()
    stages = {stage.name: stage for stage in result.stages}
    for way in ("at random", "asked for"):
        batches = {"demo measure", f"demo {way} 4", f"demo {way} 16"}
        own = Workspace(tmp_path / way.replace(" ", "-"))
        for name in ("shelver.toml", "categories.csv", "rules.toml"):
            own.files.write(name, Workspace(folder).files.read(name))
        own.ingest()
        own.add_labels(
            LabelEvent(event["product_id"], event["category_id"], person="ann")
            for event in events
            if event["batch"] in batches
        )
        own.prepare()
        own.train()  # both objectives, where the demo's rows with few labels learn one
        assert own.evaluate().model.exclusive == stages[f"16 {way}"].scores


def test_the_queue_is_played_in_batches_that_know_only_earlier_answers(played):
    folder, _ = played
    workspace = Workspace(folder)
    labels = workspace.control.current_labels()
    truth = dict(zip(labels["product_id"].to_pylist(), labels["category_id"].to_pylist(), strict=True))
    test = {event["product_id"] for event in workspace.control.label_history().to_pylist()
            if event["batch"] == "demo measure"}  # fmt: skip
    rest = {product_id: category for product_id, category in truth.items() if product_id not in test}
    usual = workspace.config
    settings = usual.labelling.model_copy(update={"batch": 5})
    workspace.config = usual.model_copy(update={"labelling": settings})
    long = asked_for(workspace, rest, 17)
    assert len(set(long)) == len(long) == 17
    assert set(long) <= set(rest)
    assert asked_for(workspace, rest, 9) == long[:9]
    turned = dict(zip(sorted(set(rest.values())), sorted(set(rest.values()), reverse=True), strict=True))
    other = {product_id: turned[category] for product_id, category in rest.items()}
    wrong = asked_for(workspace, other | {product_id: rest[product_id] for product_id in long[:5]}, 17)
    assert wrong[:10] == long[:10]  # the second batch was chosen by the first five answers alone
    assert wrong[10:] != long[10:]


def test_what_is_measured_on_is_never_given_as_a_label(played):
    folder, _ = played
    workspace = Workspace(folder)
    test = set(dataset(workspace).examples.rows("exclusive", Side.TEST).tolist())
    place = {product: i for i, product in enumerate(workspace.products().read(["product_id"])[0].to_pylist())}
    for event in workspace.control.label_history().to_pylist():
        assert (place[event["product_id"]] in test) == (event["batch"] == "demo measure") or event["kind"] == "undo"


def test_what_the_screen_advises_works(played, tmp_path, monkeypatch):
    folder, _ = played
    monkeypatch.chdir(tmp_path)
    workspace = Workspace(folder)
    commands = [line for _, line in next_commands(workspace, "shelver")]
    workspace.close()
    assert [shlex.split(line)[1] for line in commands] == [
        "classify", "evaluate", "rules", "label", "label", "simulate",
    ]  # fmt: skip
    for line in commands:
        done = CliRunner().invoke(app, shlex.split(line)[1:], input="q\n")
        assert done.exit_code == 0, (line, done.output)


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


def test_more_at_random_include_the_fewer_and_every_product_is_as_likely():
    truth = {f"p{i:02}": "c" for i in range(20)}
    few, many = at_random(truth, 3), at_random(truth, 12)
    assert many[:3] == few
    assert len(set(many)) == 12
    drawn = Counter(product_id for seed in range(2000) for product_id in at_random(truth, 5, seed))
    assert np.isclose([drawn[product_id] / 2000 for product_id in truth], 5 / 20, atol=0.05).all()


def test_too_few_products_for_any_stage_but_the_last(tmp_path):
    if not toys.can_encode():
        pytest.skip(toys.NO_VECTORS)
    rows = [f"{colour} {word},{shelf}" for colour in COLOURS for word, shelf in SHELVES.items()]
    (tmp_path / "f.csv").write_text("title,shelf\n" + "\n".join(rows) + "\n")
    result = demo(Workspace(tmp_path / "w"), str(tmp_path / "f.csv"), encoder="static", per_category=(10, 20))
    assert {stage.name for stage in result.stages} <= {"rules alone", "no labels", "all labels"}
