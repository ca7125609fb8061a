"""The benchmark beside peers: what it hands out, how it judges, and that one run is complete."""

import csv
import importlib
import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent.parent
THINGS = {"Shoes > Boots": "boot", "Shoes > Sandals": "sandal", "Hats > Caps": "cap", "Bags > Totes": "tote"}
COLOURS = ("red", "blue", "green", "black", "white", "olive", "navy", "grey", "pink", "beige")


@pytest.fixture
def peers(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("peers")


@pytest.fixture
def verdict_of(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("peers_verdict")


def row(name, f1, seconds, answers, valid=0.0):
    return {"name": name, "macro_f1": f1, "train_seconds": seconds, "test_answers": answers, "valid_macro_f1": valid}


def test_only_who_is_better_and_faster_is_named(verdict_of):
    truth = ["a", "b", "c"] * 20
    wrong = ["b", "b", "c"] * 20
    rows = [
        row("shelver-good", 0.5, 10.0, wrong, valid=0.9),
        row("shelver-lucky", 0.9, 50.0, truth, valid=0.1),
        row("both", 0.8, 5.0, truth),
        row("better", 0.8, 20.0, truth),
        row("faster", 0.4, 1.0, wrong),
        {"name": "failed", "error": "exit 1"},
    ]
    verdict = verdict_of.judge(rows, truth)
    assert verdict["ours"] == "shelver-good"
    assert list(verdict["better_and_faster"]) == ["both"]
    low, high = verdict["better_and_faster"]["both"]
    assert 0 < low <= high
    assert verdict["of_each"] == {"shelver-good": ["both"], "shelver-lucky": []}


def test_the_interval_of_equal_answers_is_zero_and_of_chance_holds_zero(verdict_of):
    rng = np.random.default_rng(0)
    truth, one, other = (rng.choice(["a", "b", "c"], 90).tolist() for _ in range(3))
    assert verdict_of.gap(truth, one, one) == (0.0, 0.0)
    low, high = verdict_of.gap(truth, one, other)
    assert low < 0 < high


def test_the_fast_f1_is_that_of_scikit_learn(verdict_of):
    rng = np.random.default_rng(1)
    truth, answers = rng.integers(0, 5, 70), rng.integers(0, 6, 70)  # 6: a class that is never right
    named = [str(label) for label in truth], [str(label) for label in answers]
    assert verdict_of.fast_f1(truth, answers, 9) == pytest.approx(verdict_of.macro_f1(*named))


def test_a_command_is_stopped_after_its_time(peers, tmp_path):
    with (tmp_path / "log").open("w+b") as log:
        assert (
            peers.limited([sys.executable, "-c", "import time; time.sleep(60)"], 0.5, log, {}) == "not done after 0 s"
        )
        said = peers.limited([sys.executable, "-c", "raise SystemExit('no luck')"], 60, log, {})
    assert said == "exit 1: no luck"


@pytest.mark.slow
def test_one_run_is_complete_and_gives_no_answers_away(tmp_path):
    with (tmp_path / "feed.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["key", "name", "tint", "cost", "shelf"])
        for number, ((shelf, thing), colour, size) in enumerate(product(THINGS.items(), COLOURS, "SML")):
            writer.writerow([number, f"{colour} {thing} {size}", colour, number if number % 3 else "", shelf])
    python = tmp_path / "venvs" / "sklearn" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    options = ["--data", str(tmp_path), "--file", "feed.csv", "--label", "shelf", "--venvs", str(tmp_path / "venvs")]
    options += ["--field", "id=key", "--field", "title=name", "--field", "colour=tint", "--field", "price=cost"]
    options += ["--only", "shelver-linear,sklearn-sgd,sklearn-svc,fasttext", "--json", str(tmp_path / "figures.json")]
    done = subprocess.run(
        [sys.executable, "benchmarks/peers.py", *options, "--keep", str(tmp_path / "kept"), "--threads", "1"],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "figures.json").read_text())["sets"][0]
    rows = {each["name"]: each for each in found["rows"]}
    assert sum(found["sides"].values()) == 120
    assert rows["shelver-linear"]["accuracy"] == 1.0
    assert rows["sklearn-sgd"]["accuracy"] > 0.9
    assert rows["sklearn-svc"]["rows"] == rows["shelver-linear"]["rows"] == 120
    assert all(each["peak_mb"] > 20 for each in rows.values() if "error" not in each)
    assert "not installed" in rows["fasttext"]["error"]
    assert "better and faster than shelver-linear: " in done.stdout
    task = tmp_path / "kept" / "own" / "task"
    header = (task / "test.csv").read_text().splitlines()[0]
    assert header == "title,colour,price"
    assert (task / "train.csv").read_text().splitlines()[0] == f"{header},label"
