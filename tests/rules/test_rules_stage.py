import pickle

import pyarrow as pa
import pytest

from shelver.config import TEXT_FIELDS
from shelver.errors import CatalogueError, RuleError
from shelver.files import Files
from shelver.rules import RuleSet, RulesStage, parse_rules, resolve_categories
from shelver.stage import Stage

TEXT = """[[rule]]
category = "Shoes > Sandals"
title.any = ["sandale", "flip flop"]

[[rule]]
category = "Sale"
price.max = 10

[[rule]]
category = "Shoes"
raw_category.equals = "schuhe"
"""
TREE = {"Shoes > Sandals": "c2", "Shoes": "c1", "Sale": "c9"}


def resolve(reference):
    if reference not in TREE:
        raise CatalogueError(f'no category "{reference}"', hint='did you mean "Shoes"?')
    return TREE[reference]


def stage():
    rules = parse_rules(TEXT)
    return RulesStage(rules, resolve_categories(rules, resolve))


def products(n=4, text=None):
    text = text or pa.string()
    columns = {"product_id": pa.array([f"p{i}" for i in range(n)], text)}
    columns |= {field: pa.array([None] * n, text) for field in TEXT_FIELDS}
    columns["title"] = pa.array(["Été: Sandalé dorée", None, "Flip Flop", "hat"][:n], text)
    columns["raw_category"] = pa.array([None, "Schuhe", "Schuhe > x", ""][:n], text)
    columns["price"] = pa.array([None, 10.0, 10.01, 3.0][:n], pa.float64())
    return pa.RecordBatch.from_pydict(columns)


EXPECTED = [
    [{"category_id": "c2", "rule_id": "shoes-sandals", "field": "title", "start": 5, "end": 12}],
    [
        {"category_id": "c9", "rule_id": "sale", "field": "price", "start": -1, "end": -1},
        {"category_id": "c1", "rule_id": "shoes", "field": "raw_category", "start": 0, "end": 6},
    ],
    [{"category_id": "c2", "rule_id": "shoes-sandals", "field": "title", "start": 0, "end": 9}],
    [{"category_id": "c9", "rule_id": "sale", "field": "price", "start": -1, "end": -1}],
]


@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.string_view()])
def test_labels_say_which_rule_and_where(text):
    made = stage()
    answer = made.apply(products(text=text))
    assert answer.schema == made.schema
    answer.validate(full=True)
    assert answer.column("product_id").to_pylist() == ["p0", "p1", "p2", "p3"]
    assert answer.column("labels").to_pylist() == EXPECTED


def test_one_row_no_rows_and_slices_give_the_same():
    made, batch = stage(), products()
    for row in range(4):
        assert made.apply(batch.slice(row, 1)).column("labels").to_pylist() == [EXPECTED[row]]
    assert made.apply(batch.slice(0, 0)).equals(pa.RecordBatch.from_pylist([], schema=made.schema))
    assert RulesStage(RuleSet(), ()).apply(batch).column("labels").to_pylist() == [[], [], [], []]


def test_only_needed_columns_are_asked_for():
    made = stage()
    assert made.columns == ("product_id", "title", "raw_category", "price")
    assert made.apply(products().select(list(made.columns))).column("labels").to_pylist() == EXPECTED


def test_it_is_a_stage_that_learns_nothing(tmp_path):
    made = stage()
    assert isinstance(made, Stage)
    assert made.name == "rules.v1"
    assert made.fit(lambda: iter(())) is made
    assert repr(made) == "RulesStage(3 rules for 3 categories)"
    made.save(Files(tmp_path))
    for again in (RulesStage.load(Files(tmp_path)), pickle.loads(pickle.dumps(made))):  # noqa: S301 - our own
        assert again.fingerprint() == made.fingerprint()
        assert again.apply(products()).equals(made.apply(products()))


def test_fingerprint_covers_rules_and_categories():
    rules = parse_rules(TEXT)
    prints = {
        RulesStage(rules, ("c2", "c9", "c1")).fingerprint(),
        RulesStage(rules, ("c2", "c9", "c3")).fingerprint(),
        RulesStage(RuleSet(rules.rules[:2]), ("c2", "c9")).fingerprint(),
    }
    assert len(prints) == 3
    with pytest.raises(ValueError, match="3 rules, 1 category ids"):
        RulesStage(rules, ("c2",))


def test_unknown_categories_name_the_line_of_the_rule():
    rules = parse_rules(TEXT.replace('"Sale"', '"Sole"').replace('"Shoes"', '"Shoe"'), "my.toml")
    with pytest.raises(RuleError) as caught:
        resolve_categories(rules, resolve)
    assert str(caught.value) == (
        'my.toml line 5: no category "Sole"\n  did you mean "Shoes"?\n  also: my.toml line 9: no category "Shoe"'
    )


def test_loading_something_else(tmp_path):
    files = Files(tmp_path)
    with pytest.raises(RuleError, match="no saved rules here"):
        RulesStage.load(files)
    stage().save(files)
    files.write_json("rules.json", {"name": "rules.v2", "category_ids": []})
    with pytest.raises(RuleError, match=r'saved by "rules.v2"; expected "rules.v1"'):
        RulesStage.load(files)
