"""The page: whole, self-contained, and safe with any title."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from shelver.catalogue import tree_from_paths
from shelver.files import Files
from shelver.models.classes import Classes, Values
from shelver.reporting.data import ModelPart, Report, RunLine, detail_of, differing, flat, part_of
from shelver.reporting.judged import Judged, Kept
from shelver.reporting.page import page

PATHS = [("Bags", "Totes"), ("Shoes", "Boots"), ("Shoes", "<b>Sandals</b>"), ("Hats",)]
EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
VOID = {"meta", "input"}


class Reader(HTMLParser):
    """Checks that every element is closed, and collects what could reach the network."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.seen, self.scripts, self.text = [], [], [], []

    def handle_starttag(self, name, attributes):
        self.seen.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        (self.scripts if self.open and self.open[-1] == "script" else self.text).append(data)


def read(text):
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def classes():
    return Classes(tree_from_paths(PATHS), (), {"colour": Values("multi_class", ("red", "green"))})


@pytest.fixture(scope="module")
def judged(classes):
    rng = np.random.default_rng(3)
    n, k = 200, len(classes.exclusive)
    truth = rng.integers(0, k, n)
    first = np.where(rng.random(n) < 0.7, truth, rng.integers(0, k, n))
    ranked = np.stack([first, (first + 1) % k, (first + 2) % k], axis=1)
    sure = rng.uniform(0.4, 1, n)
    return Judged(np.arange(n) * 2, truth, ranked, np.stack([sure, 1 - sure, sure * 0], axis=1).astype(np.float32))


@pytest.fixture(scope="module")
def report(classes, judged):
    part, scores = part_of(judged, classes, "exclusive")
    titles = lambda rows: {row: (f"id{row}", f"{EVIL} {row}") for row in rows}  # noqa: E731
    detail = detail_of(judged, scores, classes, "exclusive", "linear", titles)
    rules = Judged(judged.rows, judged.truth, np.full((200, 1), -1), np.empty((200, 0), np.float32))
    losses = [{"exclusive": 2.0}, {"exclusive": 1.0}]
    models = (
        ModelPart("rules", "rules", {"exclusive": part_of(rules, classes, "exclusive")[0]}),
        ModelPart("linear", "linear", {"exclusive": part}, 10, {"exclusive": 50}, losses, 2),
    )
    runs = tuple(
        RunLine(f"run-{i}", "2026-01-01", "linear", n, {"accuracy": 0.5 + i / 10}, {"a.b": i, "c": 1})
        for i, n in enumerate((50, 100))
    )
    sides = {"train": 500, "valid": 50, "test": 200}
    return Report(
        "run-1", "2026-01-01", "test", "shop", sides, sides, 6, "exclusive", "linear", models, (detail,), runs
    )


def test_the_page_is_whole_and_reaches_nothing(report):
    text = page(report)
    reader = read(text)
    assert not {name for name, _ in reader.seen} & {"link", "img", "iframe", "object", "base", "form"}
    for name, attributes in reader.seen:
        assert not any(key.startswith("on") for key in attributes), (name, attributes)
        assert not set(attributes) & {"src", "srcset", "action"}
        assert attributes.get("href", "#").startswith("#")
    assert not re.search(r"https?:|url\(|@import", text)
    (script,) = reader.scripts
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{allowed}'" in text
    assert "default-src 'none'" in text


def test_titles_are_shown_as_they_are(report):
    reader = read(page(report))
    assert any(EVIL in part for part in reader.text)
    assert sum(name == "script" for name, _ in reader.seen) == 1
    assert "<b>Sandals</b>" in "".join(reader.text)


def test_every_section_and_every_link(report):
    reader = read(page(report))
    anchors = {attributes["id"] for _, attributes in reader.seen if "id" in attributes}
    links = [attributes["href"][1:] for name, attributes in reader.seen if name == "a"]
    assert links == ["models", "tree", "confidence", "learning", "categories", "runs", "words"]
    assert set(links) <= anchors
    shown = "".join(reader.text)
    for words in (
        "rules alone",
        "Reliability",
        "Precision and coverage",
        "Mixed up nearby",
        "Validation loss: exclusive",
    ):
        assert words in shown


def test_the_same_report_gives_the_same_page(report):
    assert page(report) == page(report)


def test_the_document_has_what_the_page_has(report):
    found = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert found["models"][1]["parts"]["exclusive"]["scores"]["rows"] == 200
    assert found["differing_settings"] == {"a.b": [0, 1]}
    pairs = found["details"][0]["pairs"]
    wrong = 200 * (1 - found["models"][1]["parts"]["exclusive"]["scores"]["accuracy"])
    assert sum(pair["rows"] for pair in pairs) == pytest.approx(wrong)
    assert {pair["relation"] for pair in pairs} >= {"siblings", "other branch"}


def test_examples_are_products_that_belong_there(report, judged, classes):
    (detail,) = report.details
    rows = {f"id{row}": i for i, row in enumerate(judged.rows.tolist())}
    for line in detail.classes:
        for found in line.examples:
            row = rows[found.product_id]
            assert classes.label("exclusive", int(judged.truth[row])) == line.path
            assert classes.label("exclusive", int(judged.predicted[row])) == found.answer != line.path
            assert found.probability == pytest.approx(float(judged.probability[row, 0]))
        sure = [found.probability for found in line.examples]
        assert sure == sorted(sure, reverse=True)


def test_a_page_without_confidence_losses_or_other_runs(report):
    bare = Report(
        "run-1", "2026-01-01", "test", "shop", {}, {}, 6, "exclusive", "rules", report.models[:1], (), ()
    )  # fmt: skip
    reader = read(page(bare))
    assert [a["href"] for name, a in reader.seen if name == "a"] == ["#models", "#tree", "#words"]


def test_answers_are_kept_until_model_or_data_change(tmp_path, judged):
    kept = Kept(Files(tmp_path), "test", "m1")
    assert kept.answers("exclusive") is None
    kept.put("exclusive", judged)
    found = kept.answers("exclusive")
    for name in ("rows", "truth", "ranked", "probability"):
        assert np.array_equal(getattr(found, name), getattr(judged, name))
        assert getattr(found, name).dtype == getattr(judged, name).dtype
    assert Kept(Files(tmp_path), "test", "m2").answers("exclusive") is None
    assert Kept(Files(tmp_path), "valid", "m1").answers("exclusive") is None


def test_judged_answers_check_themselves():
    with pytest.raises(ValueError, match=r"\[3, 2, 3, 3\] rows"):
        Judged(np.arange(3), np.arange(2), np.zeros((3, 2), int), np.zeros((3, 2), np.float32))


def test_settings_that_differ():
    lines = [RunLine("r", "", "m", 1, {}, settings) for settings in ({"a": 1, "b": [2]}, {"a": 1, "b": [3], "c": 4})]
    assert differing(lines) == {"b": [[2], [3]], "c": [None, 4]}
    assert differing(lines[:1]) == differing([]) == {}
    assert flat({"a": {"b": {"c": 1}}, "d": (1,)}) == {"a.b.c": 1, "d": [1]}
