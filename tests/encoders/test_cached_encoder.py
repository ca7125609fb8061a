import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import lance
import numpy as np
import pytest

from shelver.encoders import CachedEncoder, cache, half, unit_rows
from shelver.testing.encoders import check_encoder


class Hashed:
    """Unit vectors made of a text's bytes; counts what it encodes."""

    name, dims, cheap, modality = "hashed.v1", 6, False, "text"

    def __init__(self, fail_after=10**9):
        self.seen, self.fail_after = [], fail_after

    def encode(self, texts):
        if len(self.seen) >= self.fail_after:
            raise KeyboardInterrupt
        self.seen += texts
        rows = np.zeros((len(texts), self.dims), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for byte, value in enumerate(text.encode("utf-8", "surrogatepass")):
                row[byte % self.dims] += value + byte
        return unit_rows(rows)


TEXTS = [f"product {i}" for i in range(300)]


def opened(tmp_path, **settings):
    return CachedEncoder(Hashed(**settings), str(tmp_path / "vectors"))


def test_contract(tmp_path):
    check_encoder(opened(tmp_path), contents=100)


def test_second_time_nothing_is_encoded(tmp_path):
    first = opened(tmp_path)
    expected = half(Hashed().encode(TEXTS))
    assert first.encode(TEXTS * 2).tobytes() == np.tile(expected, (2, 1)).tobytes()
    assert len(first.encoder.seen) == 300, "repeated texts are encoded once"
    again = opened(tmp_path)
    order = np.random.default_rng(0).permutation(300)
    assert again.encode([TEXTS[i] for i in order]).tobytes() == expected[order].tobytes()
    assert first.encode(TEXTS).tobytes() == expected.tobytes()
    assert again.encoder.seen == []


def test_known_and_new_texts_together(tmp_path):
    opened(tmp_path).encode(TEXTS[:100])
    encoder = opened(tmp_path)
    assert encoder.encode(TEXTS).tobytes() == half(Hashed().encode(TEXTS)).tobytes()
    assert encoder.encoder.seen == TEXTS[100:]


def test_resumes_after_a_kill(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "CHUNK", 50)
    with pytest.raises(KeyboardInterrupt):
        opened(tmp_path, fail_after=150).encode(TEXTS)
    encoder = opened(tmp_path)
    encoder.encode(TEXTS)
    assert encoder.encoder.seen == TEXTS[150:]


def test_threads_share_a_cache(tmp_path):
    encoder = opened(tmp_path)
    parts = [TEXTS[i : i + 50] for i in range(0, 300, 25)]
    with ThreadPoolExecutor(4) as pool:
        for part, rows in zip(parts, pool.map(encoder.encode, parts), strict=True):
            assert rows.tobytes() == half(Hashed().encode(part)).tobytes()


def test_two_processes_append_at_once(tmp_path):
    script = (
        "import sys; sys.path.insert(0, 'tests/encoders'); import test_cached_encoder as t; from pathlib import Path\n"
        "t.cache.CHUNK = 20\n"
        "t.opened(Path(sys.argv[1])).encode(t.TEXTS if sys.argv[2] == 'a' else t.TEXTS[::-1])"
    )
    root = __file__.rpartition("/tests/")[0]
    started = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path), which], cwd=root, stderr=subprocess.PIPE)
        for which in "ab"
    ]
    for process in started:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert b"WARN" not in errors
    encoder = opened(tmp_path)
    assert encoder.encode(TEXTS).tobytes() == half(Hashed().encode(TEXTS)).tobytes()
    assert encoder.encoder.seen == []


def test_survives_files_merged_by_another(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "CHUNK", 20)
    encoder = opened(tmp_path)
    encoder.encode(TEXTS)
    monkeypatch.setattr(cache, "MAX_FRAGMENTS", 3)
    merged = opened(tmp_path)
    expected = half(Hashed().encode(TEXTS[::-1])).tobytes()
    assert merged.encode(TEXTS[::-1]).tobytes() == expected
    assert len(lance.dataset(merged.path).get_fragments()) == 1
    assert encoder.encode([*TEXTS, "new"])[:300][::-1].tobytes() == expected
    assert encoder.encode([*TEXTS, "new", "newer"])[:300][::-1].tobytes() == expected


def test_a_wrong_row_is_noticed(tmp_path):
    encoder = opened(tmp_path)
    encoder.encode(TEXTS)
    index = encoder._index
    encoder._index = cache.Index(index.data, index.keys, np.roll(index.rows, 1))  # rows moved
    assert encoder.encode(TEXTS).tobytes() == half(Hashed().encode(TEXTS)).tobytes()


def test_pickled_copy_reads_the_same_cache(tmp_path):
    encoder = opened(tmp_path)
    encoder.encode(TEXTS)
    copy = pickle.loads(pickle.dumps(encoder))  # noqa: S301 (made in the line itself)
    copy.encoder.seen.clear()
    copy.encode(TEXTS)
    assert copy.encoder.seen == []


def test_quiet(tmp_path, capfd):
    opened(tmp_path).encode(TEXTS)
    opened(tmp_path).encode(TEXTS)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
