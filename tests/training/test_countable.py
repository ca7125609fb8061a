"""Labels that were taken over are learnt from, and never measured with."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from shelver.catalogue.origins import PROPAGATED, WAYS
from shelver.catalogue.tree_rows import TreeRow, tree_from_rows
from shelver.features.split import Side
from shelver.models.classes import Classes
from shelver.rules.stage import SCHEMA
from shelver.training.targets import TargetsStage, countable

TREE = tree_from_rows([TreeRow("s", "", "Shoes"), TreeRow("h", "", "Hats")])
CLASSES = Classes.from_rules(TREE, [])


def table(rows, *names):
    return pa.table({name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)})


def test_the_side_of_both_products_decides():
    side = {"a": 0, "b": 1, "c": 2, "d": 0, "e": 0, "f": 0, "g": 2, "i": 0}
    labels = [
        *(("a", "human"), ("b", "import"), ("c", "look_alike"), ("d", "look_alike"), ("e", "look_alike")),
        *(("f", "cluster"), ("g", "cluster"), ("gone", "look_alike"), ("also gone", "human"), ("i", "cluster")),
    ]
    sources = [
        *(("c", "a", "human"), ("d", "a", "human"), ("e", "b", "import"), ("g", "f", "cluster")),
        *(("gone", "a", "human"), ("i", "g", "cluster")),
    ]
    found = countable(
        table(labels, "product_id", "how"),
        table(sources, "product_id", "source_product", "source_how"),
        pa.array(side),
        np.asarray(list(side.values()), np.int8),
    )
    # e would teach what b is measured with; i comes from g, too, but g itself is no right answer.
    assert found["product_id"].to_pylist() == ["a", "b", "d", "f", "also gone", "i"]


@given(st.data())
def test_against_a_slow_reference(data):
    products = [f"p{n}" for n in range(data.draw(st.integers(1, 12)))]
    side = {product: data.draw(st.sampled_from([0, 1, 2])) for product in products}
    how = {product: data.draw(st.sampled_from(sorted(WAYS))) for product in products if data.draw(st.booleans())}
    human = [product for product, way in how.items() if way not in PROPAGATED]
    source = {
        product: data.draw(st.sampled_from(human)) for product, way in how.items() if way == "look_alike" and human
    }
    how = {product: way for product, way in how.items() if way != "look_alike" or product in source}
    found = countable(
        table(list(how.items()), "product_id", "how"),
        table([(p, s, how[s]) for p, s in source.items()], "product_id", "source_product", "source_how"),
        pa.array(products, pa.string()),
        np.asarray(list(side.values()), np.int8),
    )
    wanted = []
    for product, way in how.items():
        if way in PROPAGATED and side[product] != Side.TRAIN:
            continue
        if product in source and side[source[product]] != Side.TRAIN:
            continue
        wanted.append(product)
    assert found["product_id"].to_pylist() == wanted


def test_targets_say_which_labels_were_taken_over_and_the_fingerprint_follows():
    rows = pa.RecordBatch.from_pylist([{"product_id": f"p{n}", "labels": []} for n in range(3)], schema=SCHEMA)
    rows = rows.append_column("active", pa.array([True] * 3))

    def stage(*ways):
        said = [(f"p{n}", "s", way) for n, way in enumerate(ways)]
        return TargetsStage(CLASSES, table(said, "product_id", "category_id", "how"))

    made = stage("human", "look_alike").apply(rows)
    assert made["propagated"].to_pylist() == [False, True, False]
    assert made["exclusive"].to_pylist() == [1, 1, -1]
    assert stage("human", "look_alike").fingerprint() != stage("human", "human").fingerprint()
    assert stage("human", "import").fingerprint() == stage("human", "human").fingerprint()
