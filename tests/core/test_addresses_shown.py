"""Addresses without what gives access."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shelver.addresses_shown import MASK, looks_like_token, masked, masked_text, masked_values
from shelver.errors import FeedError, ShelverError
from shelver.pipeline.prepare import dataset
from shelver.pipeline.workspace import Workspace
from shelver.testing import toy as toys

UUID = "1b6a8b2e-6b1a-4c9e-9d7b-0e6d6c2c1f11"
HEX = "9f86d081884c7d659a2feaa0c55ad015"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0"


@pytest.mark.parametrize("token", [UUID, UUID.replace("-", ""), HEX, JWT, "AbC9xY82kLmPq31z", "a1B2c3D4%2Bf5G6h7I8"])
def test_tokens_are_masked_whatever_they_are_called(token: str) -> None:
    assert looks_like_token(token)
    assert masked(f"https://h/a.csv?f={token}&sort=price") == f"https://h/a.csv?f={MASK}&sort=price"
    assert masked(f"https://h/a.csv?{token}") == f"https://h/a.csv?{MASK}"
    assert masked(f"https://h/dl/{token}/a.csv") == f"https://h/dl/{MASK}/a.csv"


@pytest.mark.parametrize(
    "address",
    [
        "https://h/google_shopping_v2_germany.xml?columns=id,title,description&date=20240501T100000Z",
        "https://h/womens-shoes-and-accessories-2024/ProductFeedForGoogleShopping2024.csv",
        "https://h/feed?partner=1234567890123456789&lang=de&from=2024-05-01T10:00:00Z",
        "https://h/monkey/authors/passport/feed.xml?author=me&keyword=shoes&sort_key=price&sortKey=title",
        "https://feeds.example:8443/users/@me/feed.csv?mail=me@shop.example",
        "http://localhost:8000/@me/feed.csv",
        "s3://bucket/keyboards/feed.csv",
        "s3://bucket/key/secret/feed.csv",
        "s3://bucket/features/features-1a2b3c4d5e/features-9f86d081884c7d659a2f.lance",
        "s3://bucket/feeds/*.csv",
        "sqlite:////local/control.db",
    ],
)
def test_what_is_no_token_stays(address: str) -> None:
    assert masked(address) == address


@pytest.mark.parametrize("scheme", ["http", "https", "ftp", "s3", "postgresql+psycopg"])
def test_user_and_password(scheme: str) -> None:
    assert masked(f"{scheme}://me:p%40w@host/a") == f"{scheme}://***@host/a"


@pytest.mark.parametrize("name", ["key", "apikey", "api_key", "X-Api-Key", "accessKey", "sid", "auth", "token", "pwd"])
def test_names_of_secrets(name: str) -> None:
    assert masked(f"https://h/{name}/4f3e/a.csv?x=1&{name}=4f3e") == f"https://h/{name}/***/a.csv?x=1&{name}=***"


@given(st.text(string.printable, max_size=60))
@example("pa/ss")
@example("12/ss")
@example("p@ss/w?o#rd")
def test_no_password_is_shown(password: str) -> None:
    shown = masked(f"https://me:{password}@feeds.example/x.csv")
    assert shown in ("https://***@feeds.example/x.csv", "https://***")


@given(st.text(string.digits + string.ascii_letters + string.punctuation.replace('"', ""), max_size=60))
@example("p'w<`")
@example("p w")
@example("p'w, or 'so'")
def test_no_password_is_shown_in_a_text(password: str) -> None:
    shown = masked_text(f"asked ('https://me:{password}@feeds.example/x.csv'), in vain; told 'you@h'")
    assert shown in (f"asked ('https://***{rest}'), in vain; told 'you@h'" for rest in ("@feeds.example/x.csv", ""))


@pytest.mark.parametrize("start", ["https://h:8080", "http://web:8080/x.csv:", "https://h/x.csv:", "https://h:"])
def test_what_follows_an_address_is_no_password(start: str) -> None:
    text = f"{start} cannot be read, ask 'me@shop.example'"
    assert masked_text(text) == text


@given(st.text(string.printable, max_size=60), st.sampled_from(["", "me:pw@", "me@"]), st.text(max_size=20))
def test_masked_twice_is_masked_once(rest: str, access: str, around: str) -> None:
    once = masked_text(f"{around}https://{access}host/{rest}")
    assert masked_text(once) == once
    assert "me:pw" not in once


def test_text_and_values() -> None:
    assert masked_text("no address here: me:pw@host") == "no address here: me:pw@host"
    assert masked_text('hint: url = "postgresql+psycopg://..."') == 'hint: url = "postgresql+psycopg://..."'
    assert masked_values({"a": ["https://me:pw@h/x"], "b": 3, "c": None}) == {
        "a": ["https://***@h/x"],
        "b": 3,
        "c": None,
    }


def test_no_error_shows_a_secret() -> None:
    for kind in (ShelverError, FeedError):
        error = kind("bad: https://h/a?key=s3cret", where="https://me:s3cret@h/a", hint="see https://h/b?pwd=s3cret.")
        assert "s3cret" not in f"{error} {error.where} {error.what} {error.hint} {error.args}"
    long = FeedError("x" * 250 + f" https://h/a?f={HEX} " + "y" * 600)
    assert HEX[:12] not in str(long)


def test_no_run_notes_one(tmp_path) -> None:
    toy = toys.write_toy(tmp_path, 30)
    Workspace(tmp_path).ingest()
    files = toy.workspace().files
    feed = '\n[[feeds]]\nname = "web"\npath = "https://me:s3cret@feeds.example/a.csv?apikey=s3cret"\n'
    files.write("shelver.toml", files.read("shelver.toml").decode() + feed)
    workspace = toy.workspace()
    workspace.prepare()
    noted = workspace.folder("run", run_id=dataset(workspace).run_id).read("run.json").decode()
    assert "feeds.example" in noted
    assert "s3cret" not in noted
