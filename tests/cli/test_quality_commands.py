"""``shelver label review``, ``label agreement`` and ``rules review``, as typed."""

import csv
import json

import pytest

from shelver.cli import main as cli
from shelver.testing import toy as toys


def run(*arguments, capsys):
    cli.app(list(arguments), standalone_mode=False)
    return capsys.readouterr().out


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The toy with labels of ann, of which some are wrong, and of bob, who agrees but on boots."""
    toy = toys.write_toy(tmp_path_factory.mktemp("shop"), 100)
    wrong = {"t0005": "Hats > Caps", "t0011": "Bags > Totes", "t0032": "Hats > Beanies"}
    ann = toy.answers | wrong
    bob = {key: "Shoes > Sandals" if path == "Shoes > Boots" else path for key, path in list(toy.answers.items())[50:]}
    for name, said in (("ann", ann), ("bob", bob)):
        with open(f"{toy.folder}/{name}.csv", "w", newline="") as file:
            csv.writer(file).writerows([("id", "category", "person"), *((*pair, name) for pair in said.items())])
    workspace = toy.workspace()
    workspace.ingest()
    workspace.import_labels(f"{toy.folder}/ann.csv")
    workspace.import_labels(f"{toy.folder}/bob.csv")
    workspace.prepare()
    workspace.close()
    return toy


def test_review_of_labels(shop, capsys):
    found = json.loads(run("label", "review", "-w", shop.folder, "--limit", "9", "--all", "--json", capsys=capsys))
    assert (found["labels"], len(found["suspects"])) == (100, 9)
    assert {"title", "category", "person", "suggested", "wrong", "reason"} <= set(found["suspects"][0])
    text = run("label", "review", "-w", shop.folder, "--ask", capsys=capsys)
    assert "labels are in doubt" in text
    asked = json.loads(run("label", "review", "-w", shop.folder, "--ask", "--json", capsys=capsys))
    assert asked["asked"] == 0  # the text above has put them into the queue


def test_agreement(shop, capsys):
    found = json.loads(run("label", "agreement", "-w", shop.folder, "--no-model", "--json", capsys=capsys))
    assert found["products"] == 50
    text = run("label", "agreement", "-w", shop.folder, capsys=capsys)
    assert "ann and bob" in text
    assert "Shoes > Boots  or  Shoes > Sandals" in text
    assert "same answer at level 1" in text


def test_one_figure_has_one_interval(shop, capsys):
    """Ann and bob are the only pair, so that what is said of all pairs is what is said of theirs."""
    found = json.loads(run("label", "agreement", "-w", shop.folder, "--no-model", "--json", capsys=capsys))
    (pair,) = found["pairs"]
    assert (pair["raw"], pair["kappa"]["value"]) == (found["raw"], pytest.approx(found["alpha"]["value"], abs=0.05))


def test_with_nothing_to_compare_there_is_a_sentence_and_no_table(tmp_path, capsys):
    toy = toys.write_toy(tmp_path, 60)
    toy.workspace().ingest()
    text = run("label", "agreement", "-w", toy.folder, "--no-model", capsys=capsys)
    assert "labelling.overlap = 0.1" in text
    assert len(text.splitlines()) == 1


def test_review_of_rules(shop, capsys):
    found = json.loads(run("rules", "review", "-w", shop.folder, "--limit", "2", "--json", capsys=capsys))
    first, _ = found["rules"]
    assert first["rule_id"] == "shoes-boots"  # bob spoke last, and calls boots sandals
    assert first["examples"][0]["matched"].lower() == "boot"
    text = run("rules", "review", "-w", shop.folder, capsys=capsys)
    assert 'shoes-boots: title contains "boot" → Shoes > Boots' in text
    assert "is in Shoes > Sandals" in text
