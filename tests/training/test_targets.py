import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.catalogue.tree_rows import TreeRow, tree_from_rows
from shelver.config.objectives import BUILT_IN, TAKEN
from shelver.errors import ModelError
from shelver.files import Files
from shelver.models.classes import Classes
from shelver.rules.stage import SCHEMA
from shelver.testing.stages import check_stage
from shelver.training.targets import TargetsStage

TREE = tree_from_rows(
    [TreeRow("s", "", "Shoes"), TreeRow("b", "s", "Boots"), TreeRow("w", "b", "Winter"), TreeRow("h", "", "Hats")]
)
CLASSES = Classes.from_rules(TREE, ["b", "h"])


def batch(rows, active=None):
    made = pa.RecordBatch.from_pylist(
        [
            {"product_id": f"p{i}", "labels": [{"category_id": c, "rule_id": "r", "start": 0, "end": 1} for c in row]}
            for i, row in enumerate(rows)
        ],
        schema=SCHEMA,
    )
    return made.append_column("active", pa.array(active or [True] * len(rows), pa.bool_()))


def labels(**chosen):
    return pa.table(
        {"product_id": pa.array(chosen, pa.string()), "category_id": pa.array(chosen.values(), pa.string())}
    )


ROWS = [["b"], [], ["h", "s"], ["gone"], ["w", "b", "b"], [], ["h"], ["s"], ["b", "h"]]


def test_contract():
    check_stage(TargetsStage(CLASSES, labels(p1="w", p4="h", other="w")), batch(ROWS))


def test_rules_imply_all_above_and_labels_are_classes():
    # In depth-first order: h 0, s 1, b 2, w 3; exclusive leaves: h 0, w 1; rule-based classes: h 0, s 1, b 2.
    made = TargetsStage(CLASSES, labels(p1="w", p4="h", p6="s")).apply(batch(ROWS)).to_pydict()
    assert made["hits"] == [[2], [], [0, 1], [], [2, 3], [], [0], [1], [0, 2]]
    assert made["rule_based"] == [[1, 2], None, [0, 1], None, [1, 2], None, [0], [1], [0, 1, 2]], (
        "null: nothing is known"
    )
    assert made["exclusive"] == [-1, 1, -1, -1, 0, -1, -1, -1, -1], "a label that no person can give now is left out"


def test_no_objective_may_have_the_name_of_another_column():
    assert set(TargetsStage(CLASSES, labels()).schema.names) <= {*TAKEN, *BUILT_IN}


def test_no_labels_no_rules_no_rows():
    stage = TargetsStage(Classes(TREE, ()), labels())
    made = stage.apply(batch(ROWS)).to_pydict()
    assert made["rule_based"] == [None] * len(ROWS)
    assert made["exclusive"] == [-1] * len(ROWS)
    assert stage.apply(batch([])).num_rows == 0


@given(st.lists(st.lists(st.sampled_from("sbwhx"), max_size=4), max_size=6))
def test_against_a_slow_reference(rows):
    made = TargetsStage(CLASSES, labels()).apply(batch(rows)).to_pydict()
    for i, row in enumerate(rows):
        known = {one for one in row if one in TREE}
        implied = known | {above.category_id for one in known for above in TREE.ancestors(one)}
        assert [TREE.categories[p].category_id for p in made["hits"][i]] == [
            c.category_id for c in TREE if c.category_id in known
        ]
        assert [CLASSES.rule_based[p] for p in made["rule_based"][i] or []] == [
            one for one in CLASSES.rule_based if one in implied
        ]


def test_fingerprint_follows_labels_tree_and_classes():
    base = TargetsStage(CLASSES, labels(p1="w")).fingerprint()
    assert TargetsStage(CLASSES, labels(p1="w")).fingerprint() == base
    assert TargetsStage(CLASSES, labels(p1="h")).fingerprint() != base
    assert TargetsStage(CLASSES, labels(p2="w")).fingerprint() != base
    assert TargetsStage(Classes(TREE, ()), labels(p1="w")).fingerprint() != base
    many = labels(p1="w", p2="h")
    assert TargetsStage(CLASSES, many).fingerprint() == TargetsStage(CLASSES, many.take([1, 0])).fingerprint()


def test_nothing_to_save(tmp_path):
    with pytest.raises(ModelError, match="made anew"):
        TargetsStage(CLASSES, labels()).save(Files(tmp_path))


def test_a_node_counts_where_nobody_chose_a_class():
    nodes = labels(p0="s", p1="s", p2="gone", p5="b", p6="h")
    stage = TargetsStage(CLASSES, labels(p1="w", p5="s"), nodes=nodes)  # nobody can choose "s" now
    made = stage.apply(batch(ROWS)).to_pydict()
    place = {each.category_id: i for i, each in enumerate(TREE.categories)}
    assert made["below"] == [place["s"], -1, -1, -1, -1, place["b"], place["h"], -1, -1]
    assert made["exclusive"] == [-1, 1, -1, -1, -1, -1, -1, -1, -1]
    plain = TargetsStage(CLASSES, labels(p1="w", p5="s"))
    assert plain.fingerprint() != stage.fingerprint()
    assert set(plain.apply(batch(ROWS)).to_pydict()["below"]) == {-1}


def test_what_is_gone_counts_only_where_people_said_something():
    nodes = labels(p3="b", p4="gone")
    stage = TargetsStage(CLASSES, labels(p1="w", p2="s"), nodes=nodes)
    gone = batch(ROWS, [True, False, False, False, False, None, False, True, False])
    assert stage.apply(gone)["counts"].to_pylist() == [True, True, False, True, False, True, False, True, False]
    assert "active" in stage.columns
