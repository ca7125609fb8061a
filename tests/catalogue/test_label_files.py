from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from shelver.catalogue import Control, LabelEvent, LabelFile, read_labels, tree_from_paths
from shelver.errors import CatalogueError
from shelver.files import Files

TREE = tree_from_paths([("Shoes", "Boots"), ("Shoes", "Sandals"), ("Men", "Hats"), ("Women", "Hats")])
BOOTS, SANDALS = (TREE.resolve(name).category_id for name in ("boots", "sandals"))
KNOWN = pa.table(
    {
        "product_id": ["h1", "h2", "h3", "h4"],
        "source": ["shop", "mall", "shop", "shop"],
        "merchant": ["x", "x", "x", "y"],
        "merchant_id": ["1", "1", "SKU-77", "SKU-77"],
        "title": ["red boots", "hat", "sandal", "boot"],
    }
)


def read(folder: Path, text: str | bytes, name: str = "labels.csv", **options: object) -> LabelFile:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return read_labels(Files(folder), name, TREE, KNOWN, **options)  # type: ignore[arg-type]


def said(labels: LabelFile) -> list[tuple[str, str]]:
    return [(event.product_id, event.category_id) for event in labels]


def test_csv(tmp_path: Path) -> None:
    labels = read(
        tmp_path, f"product_id,category,person\nh1,Shoes > Boots,ann\nh2,sandals,\nh3,{BOOTS},bob\n", person="me"
    )
    assert said(labels) == [("h1", BOOTS), ("h2", SANDALS), ("h3", BOOTS)]
    assert [event.person for event in labels] == ["ann", "me", "bob"]
    assert {event.how for event in labels} == {"import"}
    assert len({event.batch for event in labels}) == 1
    assert repr(labels) == "LabelFile(3 labels from 3 rows, 0 repeated, 0 skipped)"


@pytest.mark.parametrize("kind", ["tsv", "json", "jsonl"])
def test_other_formats_say_the_same(tmp_path: Path, kind: str) -> None:
    rows = [{"id": 1, "source": "mall", "category": "Boots"}, {"product_id": "h3", "category": "Shoes/Sandals"}]
    text = json.dumps(rows) if kind == "json" else "\n".join(map(json.dumps, rows))
    if kind == "tsv":
        text = "product_id\tid\tsource\tcategory\n\t1\tmall\tBoots\nh3\t\t\tShoes/Sandals\n"
    assert said(read(tmp_path, text, f"labels.{kind}")) == [("h2", BOOTS), ("h3", SANDALS)]


def test_own_ids_narrowed_by_source_and_merchant(tmp_path: Path) -> None:
    text = "id,source,merchant,category\n1,shop,,boots\nSKU-77,,y,sandals\n"
    assert said(read(tmp_path, text)) == [("h1", BOOTS), ("h4", SANDALS)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("product_id,category\nh1,Shoes > Bots\n", r'line 2: no category "Shoes > Bots".*did you mean "Shoes > Boots"'),
        ("product_id,category\nh1,hats\n", r'line 2: "hats" may mean 2 categories.*Men > Hats.*Women > Hats'),
        ("product_id,category\nh1,\n", "line 2: the category is empty"),
        ("product_id,category\nh1,Shoes\n", r'line 2: "Shoes" cannot be assigned; did you mean "Shoes > Boots"'),
        ("product_id,category\nh9,boots\n", r'line 2: no product "h9"; .*column id'),
        ("product_id,category\n,boots\n", "line 2: the product is empty"),
        ("id,category\nSKU-78,boots\n", 'line 2: no product with the id "SKU-78"; did you mean "SKU-77"'),
        ("id,source,category\n1,moll,boots\n", 'line 2: no product with the id "1" of source "moll"'),
        ("id,category\n1,boots\n", r'2 products have the id "1", of source "mall", "shop"; add a column source'),
        ("id,source,category\nSKU-77,shop,boots\n", 'of merchant "x", "y"; add a column merchant'),
        (
            "product_id,category\nh1,boots\nh1,sandals\n",
            r'line 3: the product "h1" is "Shoes > Sandals" here, but .*line 2',
        ),
        ("product_id,category,objective\nh1,boots,exclusve\n", 'no objective "exclusve"; did you mean "exclusive"'),
        ("category\nboots\n", "no column with the product; found category"),
        ("product_id,title\nh1,x\n", "no column with the category"),
        ("product_id,category\n", "no column with the product"),
        ("product_id,category\nh1,boots,x\n", "line 2: 3 values"),
        ('[{"product_id": ["h1"], "category": "boots"}]', r'line 1: product_id is \["h1"\]; expected text'),
        (b"product_id,category\nh1,b\0\n", "line 2: binary data"),
        (b"product_id,category\nh1,Caf\xe9\n", "line 2: not UTF-8"),
        (b"", "the file is empty"),
    ],
)
def test_bad_rows(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(CatalogueError, match=message) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "labels.csv"))


def test_all_problems_are_counted_and_five_shown(tmp_path: Path) -> None:
    rows = "".join(f"h1,wrong {number}\n" for number in range(7))
    with pytest.raises(CatalogueError, match="7 of 8 rows are wrong; no label was imported") as caught:
        read(tmp_path, "product_id,category\n" + rows + "h1,boots\n")
    text = str(caught.value)
    assert [f"line {line}:" in text for line in range(2, 9)] == [True] * 5 + [False] * 2
    assert "and 2 more" in text


def test_unknown_products_can_be_skipped(tmp_path: Path) -> None:
    text = "product_id,category\nh1,boots\nh8,boots\nh9,nonsense\nh1,Shoes/Boots\n"
    labels = read(tmp_path, text, skip_unknown_products=True)
    assert (said(labels), labels.rows, labels.skipped, labels.repeated) == ([("h1", BOOTS)], 4, 2, 1)


def test_other_objectives_must_be_allowed(tmp_path: Path) -> None:
    text = "product_id,category,objective\nh1,Shoes,rule_based\nh1,boots,\n"
    labels = read(tmp_path, text, objectives=("exclusive", "rule_based"))
    assert [event.objective for event in labels] == ["rule_based", "exclusive"]


def test_missing_columns_of_products(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("id,category\n1,boots\n")
    with pytest.raises(CatalogueError, match="the products have no column merchant_id"):
        read_labels(Files(tmp_path), "labels.csv", TREE, KNOWN.select(["product_id"]))
    with pytest.raises(CatalogueError, match="no such file"):
        read_labels(Files(tmp_path), "gone.csv", TREE, KNOWN)


def test_importing_the_same_file_again_adds_nothing(tmp_path: Path) -> None:
    control = Control(str(tmp_path / "control.db"))
    control.save_tree(TREE)
    text = "product_id,category\nh1,boots\nh2,sandals\nh9,boots\n"
    assert control.add_labels(read(tmp_path, text, skip_unknown_products=True)) == 2
    control.add_labels([LabelEvent("h1", SANDALS, person="ann")])
    assert control.add_labels(read(tmp_path, text.replace("\n", "\r\n"), "copy.csv", skip_unknown_products=True)) == 0
    assert control.current_labels().to_pydict()["category_id"] == [SANDALS, SANDALS]
