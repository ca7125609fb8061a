"""What the name of a column says: names compared without case, accents and punctuation, and the words in them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

MAX_NAME = 200
"""Characters of a column's name that are looked at."""

_CAMEL = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][^\W\d_A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae"})
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"})
_UNNAMED = re.compile(r"(column|col|field|unnamed|spalte|colonne|columna|f|c|v|_c|x)?[\s:_-]*\d*", re.IGNORECASE)


def normalise(column: str) -> str:
    """Name of a column without case, accents, punctuation, and the prefixes of networks.

    Examples
    --------
    >>> normalise("g:Product Title"), normalise("Référence interne"), normalise("Price (2)")
    ('producttitle', 'referenceinterne', 'price')
    """
    plain = plain_text(column[:MAX_NAME]).strip()
    plain = re.sub(r"^(g:|\(field\))", "", plain)
    plain = re.sub(r"\s*\(\d+\)$", "", plain)
    return "".join(sign for sign in plain if sign.isalnum())


def plain_text(text: str) -> str:
    """Text in lower case without accents.

    Examples
    --------
    >>> plain_text("Größe"), plain_text("Crème brûlée")
    ('grosse', 'creme brulee')
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))


def spellings(name: str) -> Iterator[str]:
    """Ways in which a name occurs, normalised: without accents, umlauts as two letters, accented letters lost.

    Examples
    --------
    >>> list(spellings("Größe"))
    ['grosse', 'groesse', 'gre']
    """
    lower = name.lower()
    found = [normalise(name), normalise(lower.translate(_UMLAUTS))]
    latin = all(unicodedata.name(sign, "").startswith("LATIN") for sign in lower if not sign.isascii())
    if latin and not lower.isascii():
        found.append(normalise("".join(sign for sign in lower if sign.isascii())))
    yield from dict.fromkeys(found)


def name_words(column: str) -> tuple[str, ...]:
    """Words of a name, normalised: snake_case, camelCase, digits and punctuation part them.

    Examples
    --------
    >>> name_words("merchant_product_category_path"), name_words("imageURL2"), name_words("(field)Color")
    (('merchant', 'product', 'category', 'path'), ('image', 'url', '2'), ('field', 'color'))
    """
    spaced = _CAMEL.sub(" ", re.sub(r"\s*\(\d+\)$", "", column[:MAX_NAME]))
    return tuple(word for word in (normalise(part) for part in re.split(r"[\W_]+", spaced)) if word)


def says_nothing(column: str) -> bool:
    """Is it a name that was made up for a column without one: ``column 7``, ``Unnamed: 3``, ``F12``?

    Examples
    --------
    >>> says_nothing("column 7"), says_nothing("Color"), says_nothing("42")
    (True, False, True)
    """
    return _UNNAMED.fullmatch(column.strip()) is not None
