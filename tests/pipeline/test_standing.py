"""Where labelling stands, on a catalogue whose answers are known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from shelver.catalogue.label_events import EXCLUSIVE
from shelver.catalogue.queue_items import NewQuestion, Round
from shelver.cli import standing_commands
from shelver.cli.main import app
from shelver.cli.standing_commands import print_standing
from shelver.errors import ShelverError
from shelver.pipeline.prepare import dataset
from shelver.pipeline.quick_model import make_fitter
from shelver.pipeline.second_look import labelled
from shelver.testing import toy as toys

SETTINGS = "[training]\nepochs = 3\n\n[models.linear]\nkind = 'linear'\n"


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A toy catalogue with 120 answers from the queue, every second about a product drawn at random; some unsure."""
    toy = toys.write_toy(tmp_path_factory.mktemp("standing"), products=400, settings=SETTINGS)
    workspace = toy.workspace()
    workspace.ingest()
    workspace.prepare()
    tree = workspace.tree()
    table = workspace.products().read(["product_id", "merchant_id"])
    product_of = dict(zip(table["merchant_id"].to_pylist(), table["product_id"].to_pylist(), strict=True))
    answer = {product_of[key]: tree.resolve(path).category_id for key, path in toy.answers.items()}
    rng = np.random.default_rng(3)
    queue = workspace.control.queue(EXCLUSIVE)
    chosen = [str(i) for i in rng.permutation(sorted(answer))[:130]]
    boots = tree.resolve("Shoes > Boots").category_id
    totes = tree.resolve("Bags > Totes").category_id
    questions = [
        NewQuestion(product, ((boots if i >= 120 else totes, 0.6),), "random" if i % 2 == 0 and i < 120 else "margin")
        for i, product in enumerate(chosen)
    ]
    queue.refill(questions, Round("margin", "linear", 0))
    for _ in questions:
        (question,) = queue.next("ann")
        if question.guess[0][0] == boots:
            queue.unsure(question.question_id, "ann")
        else:
            queue.answer(question.question_id, "ann", answer[question.product_id])
    return toy, answer


@pytest.fixture(scope="module")
def found(asked):
    return asked[0].workspace().standing(target=0.9)


def test_counts_labels_and_the_random_ones(found):
    assert (found.products, found.labels, found.drawn) == (400, 120, 60)


def test_the_estimate_is_that_of_the_truth(asked, found):
    toy, answer = asked
    workspace = toy.workspace()
    data = dataset(workspace)
    given = labelled(workspace, data.examples)
    fitter = make_fitter(workspace, data.examples, np.arange(data.examples.products))
    classes = data.examples.classes.exclusive
    truth = np.asarray([classes.index(answer[product]) for product in fitter.pool.product_ids])
    right = fitter.fit(given.rows, given.answers).probabilities().argmax(1) == truth
    left = np.setdiff1d(np.arange(400), given.rows)
    assert found.accuracy.remaining.low <= right[left].mean() <= found.accuracy.remaining.high + 0.01
    right[given.rows] = True
    assert found.accuracy.catalogue.value == pytest.approx(right.mean(), abs=0.08)
    assert found.accuracy.catalogue.answers == 60


def test_guesses_made_before_are_counted(found):
    assert found.guessed_before.answers == 60
    assert found.guessed_before.value < 0.4  # it always guessed the same


def test_every_category_is_there_and_adds_up(found):
    assert [each.path for each in found.categories] == sorted(toys.WORDS)
    assert sum(each.labels for each in found.categories) == 120
    assert sum(each.products for each in found.categories) == 280


def test_branches_of_the_tree_have_intervals(found):
    for each in found.nodes:
        assert each.path in ("Bags", "Hats", "Shoes")
        assert each.right.low <= each.right.value <= each.right.high
        assert each.right.answers >= 30


def test_a_curve_was_fitted(found):
    assert found.prospect is not None
    assert found.prospect.gain.low >= 0
    assert [labels for labels, _ in found.prospect.measured] == sorted(labels for labels, _ in found.prospect.measured)


def test_questions_without_an_answer_name_their_category(found):
    assert [each.path for each in found.unsure] == ["Shoes > Boots"]
    assert (found.unsure[0].questions, found.unsure[0].unsure.value) == (10, 1.0)


def test_the_screen_is_calm(found, capsys):
    print_standing(found, 5)
    said = capsys.readouterr().out
    for words in ("120 of 400 products labelled by people, 60 drawn at random", "of all products", "90% right:"):
        assert words in said
    assert len(said.splitlines()) < 30


def test_json_is_one_document_and_the_same_again(asked, found):
    said = CliRunner().invoke(app, ["label", "status", "-w", asked[0].folder, "--json", "--target", "90"])
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout) == json.loads(json.dumps(found.as_dict()))


def test_imported_labels_count_as_random_only_if_told(plain_copy):
    told = plain_copy.workspace().standing(imports_are_random=True)
    assert told.drawn == told.labels == 300
    assert told.accuracy.catalogue.value == 1.0
    assert {each.path for each in told.nodes} == {"Bags", "Hats", "Shoes"}
    rest = plain_copy.workspace().standing()
    assert rest.accuracy is None
    lines = standing_commands.sentences(rest)
    assert "not enough answers yet: 0 of the 30 random questions needed; at labelling.random_share = 0.1" in lines[1]
    assert "about 300 more labels" in lines[1]
    assert sum("it cannot be told yet" in line for line in lines) <= 1
    never = standing_commands.sentences(replace(rest, random_share=0.0))
    assert "labelling.random_share = 0 none is asked" in never[1]


def test_categories_without_products_are_the_models_opinion(found, capsys):
    bare = [replace(each, labels=0, products=0) for each in found.categories]
    print_standing(replace(found, categories=tuple(bare)), 2)
    assert f"the model puts no product into {len(bare)} categories so far: " in capsys.readouterr().out


def test_a_target_below_one_percent_is_a_slip(asked):
    with pytest.raises(ShelverError, match=r"did you mean 95\?"):
        standing_commands.status(asked[0].folder, target=0.95)


def test_too_many_labels_say_what_to_do(asked, monkeypatch):
    workspace = asked[0].workspace()
    monkeypatch.setattr("shelver.pipeline.standing.MOST", 100)
    with pytest.raises(ShelverError, match="120 labels are more than this check is for"):
        workspace.standing()


def test_too_few_labels_say_what_to_do(tmp_path):
    toy = toys.write_toy(tmp_path, products=60)
    workspace = toy.workspace()
    workspace.ingest()
    workspace.prepare()
    with pytest.raises(ShelverError, match="too few"):
        workspace.standing()
