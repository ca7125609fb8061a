"""The benchmark runs on a file of one's own, and its figures are complete."""

import csv
import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
THINGS = {"Shoes > Boots": "boot", "Shoes > Sandals": "sandal", "Hats > Caps": "cap", "Bags > Totes": "tote"}
COLOURS = ("red", "blue", "green", "black", "white", "olive", "navy", "grey", "pink", "beige")


@pytest.mark.slow
@pytest.mark.usefixtures("needs_vectors")
def test_the_benchmark_compares_on_the_same_products(tmp_path):
    with (tmp_path / "feed.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "title", "shelf"])
        for number, ((shelf, thing), colour, size) in enumerate(product(THINGS.items(), COLOURS, "SML")):
            writer.writerow([number, f"{colour} {thing} {size}", shelf])
    command = [sys.executable, "benchmarks/main_job.py", "--data", str(tmp_path / "feed.csv"), "--label", "shelf"]
    done = subprocess.run(
        [*command, "--encoder", "static", "--json", str(tmp_path / "figures.json")],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "figures.json").read_text())
    vectors, words, peer = found["contest"]
    assert vectors["accuracy"] == words["accuracy"] == 1.0
    assert peer["accuracy"] > 0.9
    stages = [(stage["name"], stage["labels"]) for stage in found["demo"]["stages"] if stage["labels"]]
    assert sorted((each["given"], each["labels"]) for each in found["peers"]) == sorted(stages)
    for name in ("ingest demo", "train", "predict", "scikit-learn", "goal of 20,000"):
        assert name in done.stdout
