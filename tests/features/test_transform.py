import json

import numpy as np
import pyarrow as pa
import pytest

from shelver.config import Categorical, Number, Sequence, Split, Text, Vector
from shelver.errors import ModelError, ShelverError
from shelver.features.split import Side, sides
from shelver.features.transform import FILE, Transform
from shelver.files import Files
from shelver.testing.stages import check_stage

FEATURES = {
    "title": Text(min_count=1, ngrams=2),
    "words": Text(column="title", max_tokens=3),
    "brand": Categorical(),
    "price": Number(),
    "vector": Vector(),
    "letters": Text(column="title", tokens="characters", characters=(2, 3), weight="binary"),
    "order": Sequence(column="title", length=3, min_count=1),
}
N = 41


def products(n=N):
    rng = np.random.default_rng(0)
    titles = [None if i == 5 else f"{['Red', 'blue', 'Grün'][i % 3]} {['shoe', 'hat'][i % 2]} {i}" for i in range(n)]
    vectors = pa.array(rng.normal(size=n * 3).astype(np.float16))
    return pa.RecordBatch.from_pydict(
        {
            "product_id": [f"p{i}" for i in range(n)],
            "title": titles,
            "brand": [[None, "Acme", "acme ", "Borealis"][i % 4] for i in range(n)],
            "price": [None if i % 6 == 0 else float(i) ** 3 for i in range(n)],
            "vector": pa.FixedSizeListArray.from_arrays(vectors, 3),
            "unused": list(range(n)),
        }
    )


@pytest.fixture
def fitted():
    batch = products()
    return Transform(FEATURES, Split(test=0.3)).fit(lambda: iter([batch.slice(0, 9), batch.slice(9)]))


def test_contract(fitted):
    check_stage(fitted, products())


def test_the_test_side_is_not_looked_at_in_fitting(fitted):
    batch = products()
    seen = batch.filter(pa.array(sides(batch["title"], Split(test=0.3)) != Side.TEST))
    assert 0 < seen.num_rows < N
    other = Transform(FEATURES, Split(test=0.3)).fit(lambda: iter([seen]))
    assert other.fingerprint() == fitted.fingerprint()
    everything = Transform(FEATURES, Split(test=0.001)).fit(lambda: iter([batch]))
    assert everything.fitted != fitted.fitted


def test_columns_schema_and_sizes(fitted):
    assert fitted.columns == ("product_id", "title", "brand", "price", "vector")
    assert fitted.schema.names == [
        "product_id", "side", "title", "words", "brand", "price", "vector", "letters", "order",
    ]  # fmt: skip
    assert fitted.size("words") == 3
    assert fitted.size("brand") == 3
    assert (fitted.size("price"), fitted.size("vector")) == (1, 3)
    assert fitted.size("order") == len(fitted.fitted["order"].tokens) + 2
    assert repr(fitted) == (
        "Transform(title: text, words: text, brand: categorical, price: number, vector: vector, letters: text, "
        "order: sequence)"
    )


def test_to_batch_gives_what_apply_made_also_of_a_slice(fitted):
    batch = products()
    table = fitted.apply(batch)
    whole = fitted.to_batch(table)
    assert len(whole) == N
    assert whole.vectors["vector"].dtype == np.float32
    np.testing.assert_array_equal(
        whole.vectors["vector"], np.array(batch["vector"].to_pylist(), np.float32).reshape(N, 3)
    )
    assert np.isnan(whole.numbers["price"]).tolist() == [i % 6 == 0 for i in range(N)]
    assert (whole.categories["brand"] == 0).tolist() == [i % 4 == 0 for i in range(N)]
    assert whole.sequences["order"].shape == (N, 3)
    words = fitted.fitted["order"].tokens
    assert whole.sequences["order"][6].tolist() == [words.index(word) + 2 for word in ("red", "shoe", "6")]
    assert whole.sequences["order"][5].tolist() == [0, 0, 0]
    part = fitted.to_batch(table.slice(7, 5))
    np.testing.assert_array_equal(part.sequences["order"], whole.sequences["order"][7:12])
    other = whole.take(np.arange(7, 12))
    assert part.bags["title"].ids.tolist() == other.bags["title"].ids.tolist()
    assert part.bags["title"].offsets.tolist() == other.bags["title"].offsets.tolist()
    np.testing.assert_array_equal(part.vectors["vector"], other.vectors["vector"])
    only = fitted.to_batch(table.select(["product_id", "brand"]))
    assert (list(only.categories), dict(only.bags)) == (["brand"], {})


def test_fingerprint_follows_settings_and_data(fitted):
    batch = products()
    other = Transform({**FEATURES, "brand": Categorical(max_values=1)}, Split(test=0.3)).fit(lambda: iter([batch]))
    assert other.fingerprint() != fitted.fingerprint()
    less = Transform(FEATURES, Split(test=0.3)).fit(lambda: iter([batch.slice(10)]))
    assert less.settings() == fitted.settings()
    assert less.fingerprint() != fitted.fingerprint()


def test_damaged_foreign_and_missing_files_are_refused(fitted, tmp_path):
    files = Files(tmp_path)
    with pytest.raises(ModelError, match="missing"):
        Transform.load(files)
    fitted.save(files)
    good = files.read_json(FILE)
    for broken in (
        b"{",
        b"\xff",
        json.dumps({**good, "features": {"title": {"kind": "poem"}}}),
        json.dumps({**good, "fitted": {"title": {"surprise": 1}}}),
        json.dumps({key: value for key, value in good.items() if key != "split"}),
    ):
        files.write(FILE, broken)
        with pytest.raises(ModelError, match="damaged"):
            Transform.load(files)
    files.write_json(FILE, {**good, "stage": "features.v9"})
    with pytest.raises(ModelError, match=r"made by features\.v9; expected features\.v2"):
        Transform.load(files)


def test_no_products_at_all():
    empty = products().slice(0, 0)
    transform = Transform(FEATURES, Split()).fit(lambda: iter([empty]))
    assert transform.apply(empty).num_rows == 0
    with pytest.raises(ShelverError, match="nothing to learn from"):
        Transform(FEATURES, Split()).fit(lambda: iter([]))


def test_fitting_takes_one_pass():
    passes = []

    def batches():
        passes.append(1)
        return iter([products()])

    Transform(FEATURES, Split()).fit(batches)
    assert len(passes) == 1
