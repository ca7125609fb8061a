"""Simulations on a file whose rows say where they belong, by the command and by the functions below it."""

import csv
import json
import os
import struct
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from shelver.cli.main import app
from shelver.cli.simulate_commands import _scores
from shelver.errors import ConfigError, ShelverError
from shelver.experiments import simulation, simulation_scene
from shelver.experiments.simulation import run
from shelver.experiments.simulation_files import write_results
from shelver.experiments.simulation_groups import groups, label_words
from shelver.experiments.simulation_open import data_sets, open_simulation
from shelver.experiments.simulation_page import page
from shelver.experiments.simulation_plot import png
from shelver.experiments.simulation_results import document, lines, shown_budgets
from shelver.experiments.simulation_scene import Scene, parents_of
from shelver.experiments.simulation_settings import Wanted
from shelver.features.split import Side
from shelver.labelling.learning_curves import area, compare, interval
from shelver.labelling.simulate import Point
from shelver.pipeline.prepare import dataset
from shelver.pipeline.workspace import Workspace
from shelver.testing.toy import NO_VECTORS, WORDS, can_encode

pytestmark = pytest.mark.skipif(not can_encode(), reason=NO_VECTORS)
HEADER = ("sku", "what", "maker", "shelf")


def write_feed(path, n=210, seed=0):
    rng = np.random.default_rng(seed)
    with open(path, "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADER)
        for number in range(n):
            shelf, words = list(WORDS.items())[number % len(WORDS)]
            title = f"{rng.choice(['red', 'blue', 'warm'])} {rng.choice(words)} {number // 2 * 2}"
            writer.writerow([f"p{number}", title, rng.choice(["Acme", "Bolt"]), shelf])
        writer.writerow(["x", "a thing without a shelf", "Acme", ""])
    return str(path)


def call(*arguments):
    return CliRunner().invoke(app, ["simulate", *map(str, arguments)], catch_exceptions=True)


@pytest.fixture(scope="module")
def feed(tmp_path_factory):
    return write_feed(tmp_path_factory.mktemp("feed") / "shop.csv")


@pytest.fixture(scope="module")
def done(feed, tmp_path_factory):
    """What the command leaves."""
    folder = tmp_path_factory.mktemp("simulated")
    found = call(
        feed, "--label", "shelf", "--title", "what", "--column", "id=sku", "--column", "brand=maker", "--strategy",
        "margin,typical", "--budget", 30, "--seeds", 2, "--encoder", "static", "--noise", "0,0.2", "--out",
        folder / "out", "--json", folder / "found.json",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    return folder, found.output


def test_one_command_gives_figures_pictures_and_a_page(done):
    folder, said = done
    figures = json.loads((folder / "found.json").read_text())
    assert figures == json.loads((folder / "out" / "simulation.json").read_text())
    assert figures["schema"] == "shelver.simulation.v1"
    [data] = figures["data_sets"]
    assert data["name"] == "shop"
    assert data["asked"] + data["measured"] == data["products"] == 210
    assert data["present"] == data["categories"] == len(WORDS)
    assert [(way["strategy"], way["noise"]) for way in data["ways"]] == [
        (strategy, noise) for noise in (0.0, 0.2) for strategy in ("random", "margin", "typical")
    ]
    for way in data["ways"]:
        assert way["labels"] == [0, 25, 30]
        assert all(len(curve[key]) == 3 for curve in way["curves"].values() for key in ("mean", "low", "high"))
        assert (way["against_random"] is None) == (way["strategy"] == "random")
        assert 0 <= way["area"]["macro_f1"]["mean"] <= 1
    assert len(data["curves"]) == 12
    for curve in data["curves"]:
        assert [point["labels"] for point in curve["points"]] == [0, 25, 30]
        assert (max(point["wrong"] for point in curve["points"]) > 0) == (curve["noise"] > 0)
    content = (folder / "out" / "shop.png").read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    assert (width, height) > (800, 400)
    for word in ("random", "margin", "typical", "to 95%", "beside random", "by number of labels", "all 166 labels"):
        assert word in said


class Checker(HTMLParser):
    """Balanced tags, nothing from outside."""

    def __init__(self):
        super().__init__()
        self.open, self.links, self.words = [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in ("meta", "br", "input"):
            self.open.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href") and not value.startswith("#")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_needs_nothing_else_and_tells_every_strategy(done):
    checker = Checker()
    checker.feed((done[0] / "out" / "simulation.html").read_text())
    assert checker.open == []
    assert checker.links == []
    words = " ".join(checker.words)
    for word in ("random", "margin", "typical", "no wrong answers", "20% wrong answers", "Macro-F1"):
        assert word in words


def test_with_a_dash_the_figures_are_printed(done, feed):
    found = call(
        feed, "--label", "shelf", "--title", "what", "--column", "id=sku", "--column", "brand=maker", "--strategy",
        "margin,typical", "--budget", 30, "--seeds", 2, "--encoder", "static", "--noise", "0,0.2", "--out",
        done[0] / "out", "--json", "-",
    )  # fmt: skip
    assert json.loads(found.stdout) == json.loads((done[0] / "found.json").read_text())


@pytest.fixture(scope="module")
def workspace(done):
    opened = Workspace(done[0] / "out" / "shop")
    yield opened
    opened.close()


def test_a_workspace_with_labels_of_its_own_is_played_as_it_is(done, tmp_path):
    own = done[0] / "out" / "shop"
    before = (own / "shelver.toml").read_bytes()
    found = call(own, "--strategy", "margin", "--budget", 10, "--batch", 10, "--seeds", 1, "--out", tmp_path / "out")
    assert found.exit_code == 0, found.output
    assert "one seed, no verdict" in found.output
    assert (tmp_path / "out" / "shop.png").exists()
    assert (own / "shelver.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--label", "shelff"], 'no column "shelff".*did you mean "shelf"'),
        ([], "which column has the known category"),
        (["--label", "shelf", "--title", "whatt"], 'no column "whatt".*did you mean "what"'),
        (["--label", "shelf", "--column", "brnd=maker"], 'no product field "brnd".*did you mean "brand"'),
        (["--label", "shelf", "--column", "brand"], "expected FIELD=COLUMN"),
        (["--label", "shelf", "--column", "brand=makr"], 'no column "makr".*did you mean "maker"'),
        (["--label", "shelf", "--strategy", "margn"], 'no strategy "margn".*did you mean "margin"'),
        (["--label", "shelf", "--seeds", "0"], "--seeds: 0 cannot be; expected at least 1"),
        (["--label", "shelf", "--noise", "1.5"], "--noise: 1.5 cannot be; expected at least 0 and at most 1"),
        (["--label", "shelf", "--batch", "ten"], '--batch: "ten" cannot be; expected whole numbers'),
        (["--label", "what", "--title", "what"], "which is the label"),
    ],
)
def test_what_is_wrong_is_said_with_the_nearest_match(feed, tmp_path, arguments, words):
    found = call(feed, *arguments, "--out", tmp_path / "out", "--encoder", "static")
    assert isinstance(found.exception, ShelverError), found.output
    with pytest.raises(ShelverError, match=f"(?s){words}"):
        raise found.exception
    assert not (tmp_path / "out" / "shop" / "tables").exists()


def test_a_model_that_is_not_there_or_is_made_of_others_is_refused(workspace, tmp_path):
    with pytest.raises(ConfigError, match=r'no model "lineer"\n  did you mean "linear"'):
        run(workspace, "shop", str(tmp_path), Wanted(("margin",), models=("lineer",)))


def test_finished_curves_are_not_made_again(workspace, tmp_path, monkeypatch):
    wanted = Wanted(("margin",), batches=(10,), seeds=2, budget=10)
    made, real = [], simulation._do
    monkeypatch.setattr(
        simulation, "_do", lambda scene, task, files: (made.append(task.path), real(scene, task, files))
    )
    first = run(workspace, "shop", str(tmp_path), wanted)
    assert len(made) == len(os.listdir(tmp_path / "curves")) == 6  # 2 seeds of two strategies and of all labels
    os.remove(tmp_path / made[-1])
    again = run(workspace, "shop", str(tmp_path), wanted)
    assert made[6:] == made[5:6]
    plain = [
        [(p.labels, p.macro_f1, p.accuracy) for c in found.curves.values() for p in c[1]] for found in (first, again)
    ]
    assert plain[0] == plain[1]
    run(workspace, "shop", str(tmp_path), replace(wanted, strategies=("margin", "entropy"), seeds=3))
    assert len(made) == 7 + 3 + 3  # three seeds of the new strategy; a third of the others and of all labels


@pytest.mark.slow
def test_two_processes_give_what_one_does(workspace, tmp_path):
    wanted = Wanted(("margin",), batches=(10,), seeds=2, budget=10)
    one, two = (run(workspace, "shop", str(tmp_path / str(jobs)), wanted, jobs) for jobs in (1, 2))
    assert sorted(os.listdir(tmp_path / "1" / "curves")) == sorted(os.listdir(tmp_path / "2" / "curves"))
    for way, curves in one.curves.items():
        for mine, other in zip(curves, two.curves[way], strict=True):
            assert [p.labels for p in mine] == [p.labels for p in other]
            np.testing.assert_allclose([p.accuracy for p in mine], [p.accuracy for p in other], atol=0.05)


def test_a_scene_keeps_sides_and_titles_apart(workspace):
    scene = Scene(workspace)
    world, other = scene.world(True), scene.world(True, 7)
    assert set(world.test.tolist()) == set(np.flatnonzero(scene.sides(None) == Side.TEST).tolist())
    assert set(world.test.tolist()) != set(other.test.tolist())
    for each in (world, other):
        assert not set(each.copies[each.asked].tolist()) & set(each.copies[each.test].tolist())
        assert len(each.asked) + len(each.test) == len(scene.rows) == 210
    tree = scene.classes.tree
    parents = parents_of(scene.classes)
    for i, one in enumerate(scene.classes.exclusive):
        for k, two in enumerate(scene.classes.exclusive):
            assert (parents[i] == parents[k]) == (tree.by_id(one).parent_id == tree.by_id(two).parent_id)


def test_labels_that_were_taken_over_are_no_truth(workspace, monkeypatch):
    found = dataset(workspace)
    taken = np.zeros(found.examples.products, bool)
    taken[np.flatnonzero(found.examples.known["exclusive"])[::5]] = True
    monkeypatch.setattr(found.examples, "propagated", taken)
    monkeypatch.setattr(simulation_scene, "dataset", lambda workspace: found)
    scene = Scene(workspace)
    assert len(scene.rows) == 210 - taken.sum()
    assert not taken[scene.rows].any()


def test_products_without_a_title_are_no_copies_of_each_other(workspace, monkeypatch):
    titles = pa.table({"title": pa.array([None, "", "!"] + [f"title {i % 60}" for i in range(207)])})
    monkeypatch.setattr(workspace, "products", lambda: SimpleNamespace(read=lambda columns: titles))
    scene = Scene(workspace)
    assert len(scene.rows) == titles.num_rows
    assert len(np.unique(scene.copies)) == 63
    assert scene.copies[3] == scene.copies[63]


def test_without_rules_nothing_is_left_of_them_and_without_cold_start_nothing_is_known(workspace):
    scene = Scene(workspace)
    assert len(scene.examples.hits.ids) > 0
    assert len(scene.pool(False).examples.hits.ids) == 0
    assert len(scene.examples.hits.ids) > 0
    nothing = np.zeros(0, np.int64)
    right = {}
    for prior in (True, False):
        for rules in (True, False):
            world = scene.world(rules)
            answers = scene.learner("linear", prior, rules).fit(nothing, nothing).probabilities(world.test).argmax(1)
            right[prior, rules] = (answers == world.truth[world.test]).mean()
    assert right[True, True] > 0.7
    assert right[False, True] == right[False, False] < 0.4


def planted(level=0.95):
    """Two ways whose curves are known: one is half a step ahead."""
    wanted = Wanted(("margin",), seeds=3, budget=100, level=level)
    chance, ahead = wanted.ways("linear")
    point = lambda labels, f1: Point(labels, f1 / 2, f1, f1, 2, 0, 0, 0.5, 0.25, 0.25)  # noqa: E731
    curves = {
        chance: [[point(n, h + 0.01 * seed) for n, h in ((0, 0.2), (50, 0.4), (100, 0.6))] for seed in range(3)],
        ahead: [[point(n, h + 0.01 * seed) for n, h in ((0, 0.2), (50, 0.5), (100, 0.8))] for seed in range(3)],
    }
    standards = {simulation.Standard("linear", True, True): [point(500, 0.8)] * 3}
    facts = {"products": 700, "asked": 500, "measured": 200, "categories": 12, "present": 10, "titles": 480}
    return simulation.Simulation("planted", facts, wanted, curves, standards)


def test_lines_say_what_the_curves_say():
    found = planted()
    chance, ahead = lines(found)
    assert chance.aim == pytest.approx(0.95 * 0.8)
    assert chance.needed.mean is None
    assert chance.needed.reached == 0
    assert label_words(chance) == "not in 100"
    needed = [50 + 50 * (0.76 - 0.5 - 0.01 * seed) / 0.3 for seed in range(3)]
    assert ahead.needed.seeds == pytest.approx(needed)
    assert ahead.needed.mean == pytest.approx(np.mean(needed))
    assert ahead.per_category == pytest.approx(np.mean(needed) / 10)
    heights = [
        [(0.2 + 0.5) / 4 + (0.5 + 0.8) / 4 + 0.01 * seed for seed in range(3)],
        [0.4 + 0.01 * s for s in range(3)],
    ]
    assert ahead.areas["macro_f1"].mean == pytest.approx(interval(heights[0]).mean)
    assert ahead.areas["macro_f1"].low == pytest.approx(interval(heights[0]).low)
    assert ahead.against.mean == pytest.approx(compare(*heights).mean)
    assert ahead.verdict == "better than random"
    assert chance.areas["accuracy"].mean == pytest.approx(area([0, 50, 100], [0.105, 0.205, 0.305]))
    assert ahead.seconds == {"fit": 0.5, "score": 0.25, "choose": 0.25, "curve": 3.0}
    assert not ahead.same


def test_where_random_wins_it_is_said(tmp_path):
    found = planted()
    chance, ahead = found.curves
    turned = replace(found, curves={chance: found.curves[ahead], ahead: found.curves[chance]})
    assert lines(turned)[1].verdict == "random wins"
    assert groups(turned)[0].best.way.strategy == "random"
    write_results([turned], str(tmp_path))
    assert "random wins" in (tmp_path / "simulation.html").read_text()


def test_with_one_seed_there_is_no_band_and_no_verdict():
    found = planted()
    single = replace(found, curves={way: curves[:1] for way, curves in found.curves.items()})
    single = replace(single, standards={key: points[:1] for key, points in found.standards.items()})
    line = lines(single)[1]
    assert line.bands["macro_f1"][0].low is None
    assert line.verdict == "one seed, no verdict"
    assert png(single)[:4] == b"\x89PNG"
    json.dumps(document([single]), allow_nan=False)


def test_few_seeds_are_drawn_one_by_one_and_more_as_a_band():
    three = planted()
    more = replace(three, wanted=replace(three.wanted, seeds=4))
    more = replace(more, curves={each: [*curves, curves[0]] for each, curves in three.curves.items()})
    more = replace(more, standards={key: [*points, points[0]] for key, points in three.standards.items()})
    thin, band = "stroke-width:.7", "opacity:.15"
    assert lines(three)[1].singles["macro_f1"][2] == pytest.approx([0.22, 0.52, 0.82])
    assert (thin in page([three]), band in page([three]), "Bands" in page([three])) == (True, False, False)
    assert (thin in page([more]), band in page([more]), "Bands" in page([more])) == (False, True, True)
    assert len({png(three), png(more)}) == 2


@pytest.mark.parametrize(("width", "shown"), [(80, ["0", "25", "50", "100", "200"]), (50, ["0", "50", "200"])])
def test_the_terminal_shows_as_many_budgets_as_there_is_room_for(width, shown):
    found = planted()
    point = next(iter(found.curves.values()))[0][0]
    curves = {way: [[replace(point, labels=n) for n in (0, 25, 50, 100, 200)]] * 3 for way in found.curves}
    table = _scores(lines(replace(found, curves=curves)), width)
    assert [column.header for column in table.columns][1:] == shown


def test_curves_that_end_early_are_compared_as_far_as_both_go():
    found = planted()
    _, ahead = found.curves
    shorter = replace(found, curves={**found.curves, ahead: [curve[:2] for curve in found.curves[ahead]]})
    line = lines(shorter)[1]
    assert line.labels == (0, 50)
    assert line.against.mean == pytest.approx(0.35 - 0.30)
    assert line.verdict == "better than random"


@pytest.mark.parametrize(
    ("labels", "most", "apart", "shown"),
    [
        ([0, 25, 50, 100, 200, 300, 400], 5, 2, [0, 25, 50, 100, 200, 400]),
        ([0, 25, 50, 100, 200, 300, 400], 3, 4, [0, 25, 100, 400]),
        ([0, 7], 5, 2, [0, 7]),
        ([0], 5, 2, [0]),
    ],
)
def test_budgets_in_tables_are_some_of_those_measured(labels, most, apart, shown):
    assert shown_budgets(labels, most, apart) == shown


def test_the_label_is_closed_to_the_model(feed, tmp_path):
    [(dataset, where)] = data_sets(feed, "", "shelf", "what", columns={"id": "sku"})
    opened = open_simulation(dataset, str(tmp_path / "w"), where, encoder="static")
    assert set(opened.config.features) == {"title", "text_vector"}
    fields = ("brand", "category", "raw_category", "description")
    assert all(
        value in (None, "") for row in opened.products().read(list(fields)).to_pylist() for value in row.values()
    )
    opened.close()
