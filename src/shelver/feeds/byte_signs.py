"""What bytes say about the encoding of a text: UTF-8 or not, the places of NULs, statistics of letters."""

from __future__ import annotations

import re
from itertools import islice

import numpy as np
import pyarrow as pa
from charset_normalizer import from_bytes

NOT_LATIN = (
    "cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr",
)  # fmt: skip
"""Encodings of other scripts that are tried where most letters of a word are beyond ASCII."""

LONG = 4096
"""Bytes from which Arrow is the quicker one to say whether they are UTF-8."""

_WORDS = re.compile(rb"[A-Za-z\x80-\xff]+")
_EASTERN = re.compile(rb"[a-z\x9c\xe6\xea\xf1\xf3][\xb9\xb3\xbf\x9f](?![0-9])|[\x8d\x8f\x9d]")
"""Polish and Slovak letters of Windows-1250 that are signs such as superscripts, or nothing, in Windows-1252."""


def legacy(lines: list[bytes]) -> str:
    """Guess the encoding of lines that are not UTF-8 (`lines` without ends); Windows-1252 in doubt."""
    found = (word[:100] for line in lines for word in _WORDS.findall(line[:10_000]) if not word.isascii())
    words = list(islice(found, 2_000))
    text = b"\n".join(words)
    high = sum(byte >= 0x80 for byte in text)
    if high > 0.3 * (len(text) - len(words) + 1) and high >= 8:
        sample = b"\n".join(line[:1_000] for line in lines[:50])
        best = from_bytes(sample, cp_isolation=[*NOT_LATIN, "cp1252"]).best()
        if best is not None and best.encoding in NOT_LATIN:
            return best.encoding
    eastern = sum(bool(_EASTERN.search(word)) for word in words)
    czech = b"\xec" in text and b"\xf8" in text  # in Windows-1252 the ì of Italy beside the ø of Denmark
    return "cp1250" if eastern > 0.1 * len(words) or czech else "cp1252"


def wide(head: bytes) -> str:
    """UTF-16 or UTF-32 without a mark, by the places of NUL bytes; empty if it is neither."""
    size = len(head) // 4 * 4
    if size < 4:
        return ""
    zeros = [head[place:size:4].count(0) / (size // 4) for place in range(4)]
    if min(zeros[1:]) > 0.6 and zeros[0] < 0.1:
        return "utf-32-le"
    if min(zeros[:3]) > 0.6 and zeros[3] < 0.1:
        return "utf-32-be"
    even, odd = (zeros[0] + zeros[2]) / 2, (zeros[1] + zeros[3]) / 2
    if odd > 0.3 and even < 0.1 * odd:
        return "utf-16-le"
    return "utf-16-be" if even > 0.3 and odd < 0.1 * even else ""


def boundary(text: bytes) -> int:
    """Place after the last whole character of UTF-8; where the end is no UTF-8 at all, the end."""
    for back in range(1, min(3, len(text)) + 1):
        byte = text[-back]
        if byte >= 0xC0:
            return len(text) - back if back < (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) else len(text)
        if byte < 0x80:
            break
    return len(text)


def parted(text: bytes) -> tuple[list[bytes], list[bytes]]:
    """Lines with bytes beyond ASCII: those that are UTF-8, and the others."""
    good: list[bytes] = []
    bad: list[bytes] = []
    if not text.isascii():
        for line in text.splitlines():
            if not line.isascii():
                (good if is_utf8(line) else bad).append(line)
    return good, bad


def is_utf8(text: bytes) -> bool:
    """Whether bytes are UTF-8."""
    if text.isascii():
        return True
    if len(text) < LONG:
        try:
            text.decode()
        except UnicodeDecodeError:
            return False
        return True
    ends = pa.py_buffer(np.array([0, len(text)], np.int64))
    try:
        pa.LargeStringArray.from_buffers(1, ends, pa.py_buffer(text)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
