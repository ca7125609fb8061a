"""What the command line prints."""

import json

import pytest

from shelver.cli import main as cli
from shelver.cli.console import print_steps
from shelver.cli.tables import print_comparison
from shelver.pipeline.learn import Comparison
from shelver.pipeline.step import Step
from shelver.training.evaluate import Evaluation
from shelver.training.metrics import Scores


def run(*arguments, capsys, code=0):
    try:
        cli.app(list(arguments), standalone_mode=False)
        found = 0
    except SystemExit as exit_:
        found = exit_.code
    assert found == code
    return capsys.readouterr().out


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "feed.csv").write_text(
        "id,title\n1,Socks [pack of 3] blue\n2,A [/b] hat :smile:\n3,\n4,Red boots\n5,Warm boots [bold]wool\n"
    )
    (tmp_path / "categories.csv").write_text("path\nShoes > Boots\nHats\nSocks [men]\n")
    (tmp_path / "shelver.toml").write_text(
        '[[feeds]]\nname = "shop"\npath = "feed.csv"\n[categories]\npath = "categories.csv"\n'
        '[features.title]\nkind = "text"\nmin_count = 1\n[training]\nepochs = 2\n'
    )
    return str(tmp_path)


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"epochs": 7, "best_epoch": 4}, "best of 7 epochs: 4"),
        ({"epochs": 1, "best_epoch": 1, "solved": ["exclusive"]}, "exclusive solved at once"),
        ({"epochs": 6, "best_epoch": 6, "solved": ["exclusive"]}, "exclusive solved at once, the rest in 5 epochs"),
    ],
)
def test_what_was_solved_at_once_has_no_epochs(details, words, capsys):
    print_steps(Step("train", 90, False, 0.1, details))
    assert " ".join(capsys.readouterr().out.split()).endswith(words)


@pytest.mark.parametrize(("rows", "products"), [(1, "1 labelled product "), (29, "29 labelled products "), (30, "")])
def test_figures_of_a_few_products_are_not_shown(rows, products, capsys):
    scores = Scores(rows, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, ())
    print_comparison(Comparison("r", "m", "test", Evaluation({"exclusive": scores}), Evaluation({"exclusive": scores})))
    text = capsys.readouterr().out
    assert ("rules alone" in text) == (not products)
    said = f"only {products}on the test side: too few to say anything; see: shelver label status"
    assert (said in text) == bool(products)


def test_text_of_products_is_shown_as_it_is(shop, capsys):
    run("ingest", "-w", shop, capsys=capsys)
    run("rules", "suggest", "-w", shop, capsys=capsys)
    assert "[pack of 3]" in run("rules", "check", "-w", shop, capsys=capsys)
    assert '"title": ""' in run("rejects", "-w", shop, capsys=capsys)
    assert "Socks [men]" in run("categories", "-w", shop, capsys=capsys)
    run("run", "-w", shop, capsys=capsys)
    assert "A [/b] hat :smile:" in run("classify", "A [/b] hat :smile:", "-w", shop, capsys=capsys)


def test_json_is_json_even_with_hardly_any_labels(shop, capsys, tmp_path):
    run("rules", "suggest", "-w", shop, capsys=capsys)
    run("ingest", "-w", shop, capsys=capsys)
    (tmp_path / "labels.csv").write_text("id,category\n4,Boots\n")
    run("label", "import", str(tmp_path / "labels.csv"), "-w", shop, capsys=capsys)
    printed = run("run", "-w", shop, "--json", capsys=capsys)

    def refuse(constant):
        raise AssertionError(constant)

    assert json.loads(printed, parse_constant=refuse)["steps"]
