import numpy as np
import pyarrow as pa
import pytest

from shelver.encoders import CachedEncoder, Encoder, picture_stage, unit_rows
from shelver.encoders.picture_stage import MISSING, EncodePicturesStage, fault
from shelver.errors import ShelverError
from shelver.files import Files
from shelver.images.decode import read_pixels
from shelver.testing.encoders import check_encoder
from shelver.testing.pictures import bomb, draw, product_pictures, stored
from shelver.testing.stages import check_stage


class Colours:
    """Unit vectors made of a picture's mean colours, in four corners; remembers what it encodes."""

    name, dims, cheap, modality = "colours.v1", 12, False, "image"

    def __init__(self):
        self.seen, self.calls = [], []

    def encode(self, pictures):
        self.seen += pictures
        self.calls.append(len(pictures))
        rows = np.zeros((len(pictures), self.dims), np.float32)
        for row, content in zip(rows, pictures, strict=True):
            pixels = read_pixels(content or b"", 8)
            if isinstance(pixels, np.ndarray):
                row[:] = pixels.reshape(3, 2, 4, 2, 4).mean(axis=(2, 4)).ravel()
        return unit_rows(rows)


class Shelf:
    """Pictures by source and id."""

    def __init__(self, contents):
        self.contents, self.read_bytes = contents, 0

    def read(self, source, merchant_id, url=None):
        return self.contents.get((source, merchant_id))

    def fingerprint(self):
        return str(sorted(self.contents))


FILES = product_pictures(9)
CONTENTS = {("a", str(i)): content for i, content in enumerate(FILES)}
CONTENTS |= {
    ("b", "0"): FILES[0],
    ("b", "1"): b"no picture",
    ("b", "2"): FILES[2][:300],
    ("b", "3"): bomb(),
    ("b", "4"): b"",
}
KEYS = [*CONTENTS, ("a", "none"), ("c", "0")]
BATCH = pa.record_batch(
    {
        "product_id": [f"p{i}" for i in range(len(KEYS))],
        "source": [source for source, _ in KEYS],
        "merchant_id": [key for _, key in KEYS],
        "image_url": pa.nulls(len(KEYS), pa.string()),
    }
)


def made(encoder=None, contents=CONTENTS):
    return EncodePicturesStage(encoder or Colours(), "image", Shelf(contents))


def test_contract():
    check_stage(made(), BATCH)
    assert isinstance(Colours(), Encoder)


def test_vectors_and_notes():
    result = made().apply(BATCH)
    assert result.schema.names == ["product_id", "image", "image_note"]
    rows = np.array(result["image"].to_pylist(), np.float32)
    np.testing.assert_allclose(rows[:9], Colours().encode(FILES), atol=1e-3)
    np.testing.assert_array_equal(rows[9], rows[0], "the same picture of another feed")
    assert not rows[10:].any()
    notes = result["image_note"].to_pylist()
    assert notes[:10] == [None] * 10
    assert notes[-2:] == [MISSING] * 2
    words = ("not a picture", "damaged", "million pixels", "empty")
    assert all(word in note for word, note in zip(words, notes[10:14], strict=True)), notes


def test_pictures_are_read_in_small_chunks(monkeypatch):
    expected = made().apply(BATCH)
    monkeypatch.setattr(picture_stage, "CHUNK", 4)
    stage = made()
    assert stage.apply(BATCH).equals(expected)
    assert max(stage.encoder.calls) == 4
    monkeypatch.setattr(picture_stage, "CHUNK_BYTES", 1)
    stage = made()
    assert stage.apply(BATCH).equals(expected)
    assert sum(len(content or b"") > 0 for content in stage.encoder.seen) == len(stage.encoder.calls) - 1


def test_cached_by_content(tmp_path):
    def opened():
        return CachedEncoder(Colours(), str(tmp_path / "vectors"))

    first = opened()
    expected = made(first).apply(BATCH)
    assert expected.equals(made().apply(BATCH)), "with and without a cache"
    assert len(first.encoder.seen) == len(set(CONTENTS.values())), "equal pictures once, missing ones never"
    again = opened()
    assert made(again).apply(BATCH).equals(expected)
    assert again.encoder.seen == []
    more = {**CONTENTS, ("c", "0"): stored(draw("cross", (9, 9, 9)))}
    made(again, more).apply(BATCH)
    assert again.encoder.seen == [more["c", "0"]]
    assert made(again, more).fingerprint() != made(again).fingerprint() == made().fingerprint()


def test_encoder_contract_with_a_cache(tmp_path):
    check_encoder(CachedEncoder(Colours(), str(tmp_path / "vectors")), contents=40)


def test_nothing_to_save(tmp_path):
    with pytest.raises(ShelverError, match="made anew"):
        made().save(Files(tmp_path))


def test_fault():
    assert fault(FILES[0]) == ""
    assert "not a picture" in fault(b"x")
