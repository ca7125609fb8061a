"""Read a unigram model of SentencePiece into a tokeniser of the library ``tokenizers``."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram

from shelver.errors import ShelverError

NORMAL, UNKNOWN, CONTROL = 1, 2, 3
"""Types of a piece that matter here (``ModelProto.SentencePiece.Type``)."""
SPACE = "▁"


def read_unigram(content: bytes, begin: str = "<s>", end: str = "</s>") -> Tokenizer:
    """Read a SentencePiece model (Kudo and Richardson 2018, arXiv:1808.06226; unigram: Kudo 2018, arXiv:1804.10959).

    Parameters
    ----------
    content : bytes
        The ``.model`` file: a ``ModelProto`` whose pieces are field 1 and whose normaliser is field 3.
    begin, end : str
        Pieces put around every text.

    Returns
    -------
    Tokenizer
        Gives the ids that SentencePiece gives; a run of unknown characters is one token. The text ``<s>`` is three
        letters to it, never a control piece.

    Raises
    ------
    ShelverError
        It is no such model.
    """
    try:
        fields = list(_fields(content))
        pieces = [_piece(value) for field, value in fields if field == 1 and isinstance(value, bytes)]
        normaliser = next(value for field, value in fields if field == 3 and isinstance(value, bytes))
        charsmap = [value for field, value in _fields(normaliser) if field == 2 and isinstance(value, bytes) and value]
        number = {text: i for i, (text, _, _) in enumerate(pieces)}
        unknown = next(i for i, (_, _, kind) in enumerate(pieces) if kind == UNKNOWN)
        first, last = number[begin], number[end]
    except (StopIteration, KeyError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise ShelverError("not a unigram model of SentencePiece", expected="pieces and a normaliser") from error
    # A control piece must not be found in a text, so it gets a name that no text has after normalisation.
    vocabulary = [(f"\0{text}" if kind != NORMAL else text, score) for text, score, kind in pieces]
    tokenizer = Tokenizer(Unigram(vocabulary, unknown, byte_fallback=False))
    same = [normalizers.Precompiled(table) for table in charsmap]  # which characters count as the same
    spaces = normalizers.Replace(Regex(" {2,}"), " ")
    tokenizer.normalizer = normalizers.Sequence([*same, spaces, normalizers.Strip()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always", split=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}", special_tokens=[(begin, first), (end, last)]
    )
    return tokenizer


def _piece(content: bytes) -> tuple[str, float, int]:
    text, score, kind = "", 0.0, NORMAL
    for field, value in _fields(content):
        if field == 1 and isinstance(value, bytes):
            text = value.decode()
        elif field == 2 and isinstance(value, bytes):
            score = struct.unpack("<f", value)[0]
        elif field == 3 and isinstance(value, int):
            kind = value
    return text, score, kind


def _fields(content: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Fields of a protobuf message: number, and bytes or an integer."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        field, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(content, at)
            yield field, value
            continue
        size, at = _varint(content, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
        if at + size > len(content):
            raise IndexError("a field is cut off")
        yield field, content[at : at + size]
        at += size


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
