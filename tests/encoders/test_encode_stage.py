import importlib.util
import pickle

import numpy as np
import pyarrow as pa
import pytest

from shelver.encoders import CachedEncoder, EncodeStage, open_encoder
from shelver.encoders.stage import join_text
from shelver.encoders.weights import INSTALL
from shelver.files import Files
from shelver.stage import Stage

BATCH = pa.record_batch(
    {
        "product_id": pa.array(["a", "b", "c", "d"], pa.large_string()),
        "title": pa.array(["Red shoe", None, "", "Milk 1 l"], pa.large_string()),
        "brand": pa.array(["Acme", "Acme", None, " "], pa.string()),
    }
)


@pytest.fixture
def stage():
    if importlib.util.find_spec("wordllama") is None:
        pytest.skip(INSTALL)
    return EncodeStage(open_encoder("static"), "text_vector", ("title", "brand"))


def test_columns_are_joined_and_nulls_left_out(stage):
    result = stage.apply(BATCH)
    assert result.schema == stage.schema
    assert result.schema.field("text_vector").type == pa.list_(pa.float16(), 256)
    assert result["product_id"].to_pylist() == ["a", "b", "c", "d"]
    rows = np.array(result["text_vector"].to_pylist(), np.float32)
    np.testing.assert_array_equal(rows, stage.encoder.encode(["Red shoe Acme", "Acme", "", "Milk 1 l"]))
    assert not rows[2].any()


def test_one_row_equals_the_batch(stage):
    whole = stage.apply(BATCH)
    for row in range(4):
        assert stage.apply(BATCH.slice(row, 1)).equals(whole.slice(row, 1))
    assert stage.apply(BATCH.slice(0, 0)).num_rows == 0


def test_saved_loaded_and_pickled_give_the_same(stage, tmp_path):
    assert isinstance(stage, Stage)
    assert stage.fit(lambda: iter([BATCH])) is stage
    stage.save(Files(tmp_path))
    for copy in (EncodeStage.load(Files(tmp_path)), pickle.loads(pickle.dumps(stage))):  # noqa: S301 (made here)
        assert copy.apply(BATCH).equals(stage.apply(BATCH))
        assert copy.fingerprint() == stage.fingerprint()
    assert sum(f.stat().st_size for f in tmp_path.iterdir()) < 1000, "settings only"


def test_fingerprint_knows_settings_but_not_the_cache(stage, tmp_path):
    cached = EncodeStage(CachedEncoder(stage.encoder, str(tmp_path)), "text_vector", ("title", "brand"))
    assert cached.fingerprint() == stage.fingerprint()
    assert cached.apply(BATCH).equals(stage.apply(BATCH))
    assert EncodeStage(stage.encoder, "text_vector", ("title",)).fingerprint() != stage.fingerprint()


def test_join_text():
    assert join_text((" a ", None, "", "  ", "b c")) == "a b c"
