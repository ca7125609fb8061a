from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.feeds import text_window
from shelver.feeds.json_skip import MAX_DEPTH, CutError, SkipError, skip
from shelver.feeds.text_lines import open_text
from shelver.feeds.text_window import Window

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def after(text: str, chunk: int = 1 << 20) -> str:
    """What is left of a text once a value is skipped, when `chunk` bytes are read at a time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_window, "CHUNK", chunk)
        window = Window(open_text(io.BytesIO(text.encode()), "utf-8", "f"))
        skip(window)
        window.see(len(text))
        return window.text[window.at :]


@given(VALUES, st.sampled_from([None, 1]), st.booleans(), st.integers(1, 9))
def test_any_value_is_skipped_and_nothing_more(value: object, indent: int | None, ascii: bool, chunk: int) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii)
    for rest in ("", ", 7]", ' "x"', "}"):
        assert after(f" {text}{rest}", chunk) == rest


@given(VALUES.filter(lambda value: isinstance(value, (list, dict, str))), st.integers(1, 9), st.data())
def test_a_value_that_is_cut_is_told_from_a_damaged_one(value: object, chunk: int, data: st.DataObject) -> None:
    text = json.dumps(value)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    if cut[-1:] not in '{[]}",: ':  # a word or number that is cut may be damage
        return
    with pytest.raises(CutError):
        after(cut, chunk)


@pytest.mark.parametrize(
    "text",
    [
        "]", "}", ",", ":", "{]", "[}", '{"a"}', '{"a" 1}', '{"a": }', '{"a": 1 "b": 2}', "{1: 2}", '{"a",}', "[1 2]",
        "[,]", "[1,,2]", '["a" "b"]', "[{} {}]", '["a": 1]', '{{"a": 1}}', "nul", "nulls", "[nope]", "1x", "[-]", "tru",
        "\x00", "'a'", '{"a": [}]', "[" * (MAX_DEPTH + 1), '[{"a": 1}, €]',
    ],
)  # fmt: skip
@pytest.mark.parametrize("chunk", [1, 3, 1 << 20])
def test_what_is_no_json_is_not_skipped(text: str, chunk: int) -> None:
    with pytest.raises(SkipError):
        after(text + " " * 40, chunk)


def test_a_comma_too_many_at_the_end_and_line_breaks_in_texts_do_no_harm() -> None:
    assert after('[1, {"a": "b\nc",},], 2') == ", 2"


def test_watched_keys_are_counted_once_wherever_they_are() -> None:
    window = Window(open_text(io.BytesIO(b'[{"a": "b", "c": {"a": 1, "d": ["e"]}}]'), "utf-8", "f"))
    assert skip(window, frozenset(('"a"', '"b"', '"d"', '"e"'))) == 2


def test_long_texts_and_numbers() -> None:
    assert after(f'["{"x" * 100_000}", {"7" * 100_000}], 2', 1_000) == ", 2"
