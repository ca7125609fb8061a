"""What the name of a column says: names compared without case, accents and punctuation, and the words in them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

MAX_NAME = 200
"""Characters of a column's name that are looked at."""

MAX_PARTS = 4
"""Words that a compound may be made of."""

LOCALES = frozenset({
    "en", "de", "fr", "es", "it", "nl", "pl", "cs", "cz", "sk", "hu", "ro", "ru", "uk", "ua", "pt", "br", "sv",
    "se", "dk", "fi", "tr", "gr", "el", "bg", "hr", "si", "sl", "lt", "lv", "et", "ja", "jp", "zh", "cn", "tw",
    "ko", "kr", "ar", "us", "gb", "eng", "ger", "deu", "fra", "fre", "esp", "ita", "ned", "pol", "rus", "ukr",
    "укр", "рус", "англ", "english", "deutsch", "german", "french", "default", "dach", "row",
})  # fmt: skip
"""Words at the end or beginning of a name that say for which language or country it is."""

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


def without_locale(words: tuple[str, ...]) -> tuple[str, ...]:
    """Words of a name without the language or country that it ends or begins with.

    Examples
    --------
    >>> without_locale(("title", "en", "gb")), without_locale(("en", "title")), without_locale(("en",))
    (('title',), ('title',), ('en',))
    """
    while len(words) > 1 and words[-1] in LOCALES:
        words = words[:-1]
    return words[1:] if len(words) > 1 and words[0] in LOCALES else words


def split_compound(word: str, parts: frozenset[str]) -> tuple[str, ...]:
    """Cut a word into known ones, if it is made of nothing else; the fewest, and of these the longest first.

    Parameters
    ----------
    word : str
        Normalised.
    parts : frozenset of str
        Known words.

    Examples
    --------
    >>> split_compound("productafbeelding", frozenset({"product", "afbeelding"}))
    ('product', 'afbeelding')
    >>> split_compound("produce", frozenset({"product"}))
    ('produce',)
    """
    if word in parts or len(word) < (6 if word.isascii() else 3):
        return (word,)
    best: list[tuple[str, ...] | None] = [(), *[None] * len(word)]
    for end in range(1, len(word) + 1):
        for start in range(end):
            before = best[start]
            if before is not None and len(before) < MAX_PARTS and word[start:end] in parts:
                found, now = (*before, word[start:end]), best[end]
                if now is None or len(found) < len(now):
                    best[end] = found
    return best[-1] or (word,)


def says_nothing(column: str) -> bool:
    """Is it a name that was made up for a column without one: ``column 7``, ``Unnamed: 3``, ``F12``?

    Examples
    --------
    >>> says_nothing("column 7"), says_nothing("Color"), says_nothing("42")
    (True, False, True)
    """
    return _UNNAMED.fullmatch(column.strip()) is not None
