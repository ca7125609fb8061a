"""A workspace made of a file whose rows say where they belong."""

import csv
import os

import pytest

from shelver.config import Categorical, Text
from shelver.errors import ConfigError, FeedError, ShelverError
from shelver.experiments.data import configure, measured_truth, open_dataset, product_sides
from shelver.experiments.presets import PRESETS
from shelver.experiments.spec import Dataset
from shelver.features.split import Side

THINGS = {
    ("Wear", "Shoes", "Boots"): "boot",
    ("Wear", "Shoes", "Sandals"): "sandal",
    ("Wear", "Hats", "Caps"): "cap",
    ("Carry", "Bags", "Totes"): "tote",
}
COLOURS = ("red", "blue", "green", "black")
COLUMNS = ("key", "what", "shop", "colour", "top", "middle", "bottom")
SHOP = Dataset(
    name="shop",
    path="sub/shop.csv",
    category=("top", "middle", "bottom"),
    columns={"id": "key", "title": "what", "colour": "colour"},
    images="sub/pictures.zip",
    features={"title": Text(ngrams=2), "colour": Categorical()},
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    (folder / "sub").mkdir()
    with (folder / "sub" / "shop.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for size in range(10):
            for colour in COLOURS:
                for path, thing in THINGS.items():
                    writer.writerow([f"{size}{colour}{thing}", f"{colour} {thing} {size}", "s", colour, *path])
        writer.writerow(["x", "an unknown thing", "s", "red", "Wear", "", ""])
    return str(folder)


@pytest.fixture(scope="module")
def opened(data, tmp_path_factory):
    return open_dataset(SHOP, tmp_path_factory.mktemp("workspace"), data)


def labels(workspace):
    current = workspace.control.current_labels()
    return dict(zip(current["product_id"].to_pylist(), current["category_id"].to_pylist(), strict=True))


def test_all_known_categories_are_labels_of_the_right_products(opened):
    given, tree = labels(opened), opened.tree()
    products = opened.products().read(["product_id", "title"]).to_pylist()
    assert len(products) == 161
    for product in products:
        thing = product["title"].split()[1]
        path = next((path for path, name in THINGS.items() if name == thing), None)
        assert (tree.by_id(given[product["product_id"]]).path if path else given.get(product["product_id"])) == path


def test_the_label_is_no_product_field(opened):
    fields = ("brand", "category", "raw_category", "description", "gender", "merchant")
    products = opened.products().read([*fields, "colour"])
    for name in fields:
        assert set(products[name].to_pylist()) <= {None, ""}
    assert set(products["colour"].to_pylist()) == set(COLOURS)


def test_a_field_read_from_the_label_is_refused(data, tmp_path):
    leaky = Dataset("leaky", SHOP.path, SHOP.category, columns={"title": "what", "raw_category": "bottom"})
    with pytest.raises(ConfigError, match='raw_category would be read from "bottom", which is the label'):
        open_dataset(leaky, tmp_path / "w", data)
    assert not (tmp_path / "w").exists()


def test_pictures_are_named_by_their_place(opened, data):
    assert opened.config.feeds[0].images == os.path.join(data, "sub", "pictures.zip")


def test_rules_come_from_the_tree(opened):
    assert opened.classifier is not None
    assert opened.check_rules().rules  # every category has one


def test_again_changes_nothing(opened, data):
    before = labels(opened)
    events = opened.control.label_history().num_rows
    again = open_dataset(SHOP, opened.prefix, data)
    assert again.control.label_history().num_rows == events
    assert labels(again) == before
    assert all(step.fresh for step in again.ingest())


def test_few_labels_of_each_category_and_the_whole_test_side(data, opened, tmp_path):
    few = open_dataset(SHOP, tmp_path, data, labels=2)
    side = product_sides(few)
    given = labels(few)
    seen = [category for product, category in given.items() if side[product] != Side.TEST]
    assert {seen.count(category) for category in seen} == {2}
    assert len(seen) == 2 * len(THINGS)
    assert measured_truth(few) == measured_truth(opened)
    assert set(map(side.get, measured_truth(few))) == {Side.TEST}
    with pytest.raises(ShelverError, match="other labels here"):
        open_dataset(SHOP, tmp_path, data, labels=3)


def test_a_part_is_random_repeatable_and_in_order(data, tmp_path):
    titles = [
        open_dataset(SHOP, tmp_path / name, data, rows=40, seed=seed, known_only=True).products().read(["title"])
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    ]
    first, same, other = (table["title"].to_pylist() for table in titles)
    assert len(first) == 40
    assert "an unknown thing" not in first
    assert first == same != other
    assert [title.split()[-1] for title in first] == sorted(title.split()[-1] for title in first)


def test_known_only_leaves_out_the_others(data, tmp_path):
    workspace = open_dataset(SHOP, tmp_path, data, known_only=True)
    assert workspace.products().count() == 160


def test_an_inner_category_with_products_can_be_assigned_and_what_is_no_shelf_cannot(tmp_path):
    rows = ["title,shelf,ok"]
    rows += [f"thing {n},Shoes,1\nboot {n},shoes >  BOOTS,1\ncap {n},Hats,0\nmisc {n},None,1" for n in range(9)]
    (tmp_path / "f.csv").write_text("\n".join(rows) + "\n")
    spec = Dataset("f", "f.csv", ("shelf",), where={"ok": "1"}, no_shelf=("None",))
    workspace = open_dataset(spec, tmp_path / "w", str(tmp_path))
    assert [category.path for category in workspace.tree().exclusive] == [("Shoes",), ("Shoes", "BOOTS")]
    assert len(labels(workspace)) == 18


def test_another_data_set_in_the_folder_is_refused(opened, data):
    with pytest.raises(ConfigError, match="another workspace here"):
        open_dataset(SHOP, opened.prefix, data, rows=20)


def test_settings_are_changed_section_by_section(data, tmp_path):
    workspace = open_dataset(SHOP, tmp_path, data, settings={"training": {"epochs": 3}})
    changed = configure(workspace, {"training": {"model": "mlp"}, "features": {"title": Text(max_tokens=77)}})
    assert (changed.config.training.model, changed.config.training.epochs) == ("mlp", 3)
    assert list(changed.config.features) == ["title"]
    assert changed.config.features["title"].max_tokens == 77
    assert labels(changed)
    with pytest.raises(ConfigError, match="did you mean"):
        configure(changed, {"training": {"model": "lineer"}})


def test_own_rules_are_taken(data, tmp_path):
    (tmp_path / "own.toml").write_text('[[rule]]\ncategory = "Wear > Shoes > Boots"\ntitle.any = ["boot"]\n')
    workspace = open_dataset(SHOP, tmp_path / "w", data, rules=str(tmp_path / "own.toml"))
    assert len(workspace.check_rules().rules) == 1


def test_missing_data_and_unknown_names_say_what_to_do(tmp_path):
    with pytest.raises(FeedError, match="--data DIR"):
        open_dataset("instacart", tmp_path / "w", str(tmp_path))
    with pytest.raises(ConfigError, match='did you mean "fashion"'):
        open_dataset("fashon", tmp_path / "w", str(tmp_path))
    assert not (tmp_path / "w").exists()


def test_a_file_without_known_categories_is_an_error(data, tmp_path):
    with pytest.raises(ShelverError, match="no row has a known category in shop"):
        open_dataset(Dataset("f", SHOP.path, ("shop",), {"title": "what"}, {"shop": "other"}), tmp_path, data)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_do_not_show_the_label_to_models(name):
    spec = PRESETS[name]
    assert not set(spec.columns.values()) & set(spec.category)
    for feature, settings in spec.features.items():
        assert (getattr(settings, "column", "") or feature) in spec.columns
