"""Nested values of JSON and XML as flat columns, and which of many objects are the products.

``{"price": {"amount": 5}}`` becomes the column ``price.amount``. A list of texts or numbers becomes one text: addresses
parted by a bar, anything else by a comma. Of a list of objects, such as a shop's variants, each column has the value of
the first object that has it; addresses of all of them, so that no picture is lost. The row in full is kept in ``raw``.
Of a list of names with values, as shops give attributes, each name becomes a column.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping

from shelver.feeds.encodings import scrub
from shelver.feeds.rows import number_text

MAX_DEPTH = 6
"""Levels of names in a column; what lies deeper is JSON text."""

MAX_KEYS = 2_000
"""Columns of one row; what comes after them stays in ``raw`` only."""

NO_NAME = "(no name)"

NAME_KEYS, VALUE_KEYS = ("name", "key", "code", "label"), ("value", "values", "options", "text", "")
"""Keys of objects that are a name with its value; an empty key is the text of an XML element."""

WORDS = frozenset(
    (
        "id", "sku", "title", "name", "price", "image", "picture", "photo", "img", "description", "brand",
        "manufacturer", "category", "categories", "link", "url", "ean", "gtin", "upc", "isbn", "mpn", "color", "colour",
        "size", "gender", "availability", "stock", "product", "vendor", "type", "barcode", "offer", "currency",
        "condition", "material", "artikel", "artikelnummer", "bezeichnung", "beschreibung", "preis", "bild",
        "hersteller", "marke", "kategorie", "farbe", "groesse", "nom", "prix", "marque", "categorie", "couleur",
        "taille", "titre", "nombre", "precio", "marca", "categoria", "titolo", "prezzo", "immagine", "naam", "prijs",
        "merk", "afbeelding", "pris", "namn", "varumarke", "bilde", "nazwa", "cena", "kategoria", "producent",
        "zdjecie",
    )
)  # fmt: skip
"""Words in names of product fields, by which products are told from other lists in the same file."""

_WORD = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-zß-ÿ])(?=[A-Z])")
_ADDRESS = re.compile(r"(https?:)?//\S+$")


def flatten(value: Mapping[str, object]) -> dict[str, str | None]:
    """Columns of one object.

    Parameters
    ----------
    value : mapping
        As `json.loads` gives it.

    Returns
    -------
    dict of str to str or None
        Text by column; None for null, an empty list and an empty object.

    Examples
    --------
    >>> flatten({"id": 7, "price": {"amount": 12.5}, "tags": ["red", "new"], "image": [{"src": "https://x/1.jpg"}]})
    {'id': '7', 'price.amount': '12.5', 'tags': 'red, new', 'image.src': 'https://x/1.jpg'}
    """
    found: dict[str, str | None] = {}
    _add(found, "", value, 0)
    return found


def _add(found: dict[str, str | None], name: str, value: object, depth: int) -> None:
    if len(found) >= MAX_KEYS:
        return
    if isinstance(value, dict) and value and depth < MAX_DEPTH:
        for key, item in value.items():
            own = scrub(key).strip()
            _add(found, f"{name}.{own}" if name and own else name or own or NO_NAME, item, depth + 1)
        return
    if isinstance(value, list) and value and depth < MAX_DEPTH and all(isinstance(item, dict) for item in value):
        pairs = named_values(value)
        if pairs:
            _add(found, name, pairs, depth)
            return
        _add_all(found, name, value, depth)
        return
    text = scalar(value)
    if text is not None or name not in found:
        found[name] = text


def _add_all(found: dict[str, str | None], name: str, objects: list[dict[str, object]], depth: int) -> None:
    columns: dict[str, list[str]] = {}
    for each in objects:
        part: dict[str, str | None] = {}
        _add(part, name, each, depth)
        for key, text in part.items():
            known = columns.setdefault(key, [])
            if text is not None and (not known or _ADDRESS.match(text)):
                known.append(text)
    for key, texts in columns.items():
        found[key] = joined(texts)


def named_values(objects: list[dict[str, object]]) -> dict[str, object] | None:
    """Values by name, where each object is a name with its value; None if they are not.

    Examples
    --------
    >>> named_values([{"name": "Colour", "value": "red"}, {"name": "Size", "value": 42}])
    {'Colour': 'red', 'Size': 42}
    """
    name = next((key for key in NAME_KEYS if key in objects[0]), None)
    value = next((key for key in VALUE_KEYS if key in objects[0]), None)
    if name is None or value is None:
        return None
    found: dict[str, object] = {}
    for each in objects:
        key = each.get(name)
        if not isinstance(key, str) or not key.strip() or key in found or value not in each:
            return None
        found[key] = each[value]
    return found


def joined(texts: list[str]) -> str | None:
    """Several values of one column as one text, each once; None for none.

    Examples
    --------
    >>> joined(["https://a/1.jpg", "https://a/2.jpg"]), joined(["red", "blue", "red"])
    ('https://a/1.jpg|https://a/2.jpg', 'red, blue')
    """
    texts = list(dict.fromkeys(texts))
    if not texts:
        return None
    if all(map(_ADDRESS.match, texts)):
        return "|".join(texts)
    return texts[0] if _ADDRESS.match(texts[0]) else ", ".join(texts)


def scalar(value: object) -> str | None:
    """One value as text; lists of plain values joined, anything else as JSON."""
    if value is None or value in ([], {}):
        return None
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return number_text(value) if math.isfinite(value) else None
    if isinstance(value, list) and not any(isinstance(item, (dict, list)) for item in value):
        return joined([text for item in value if (text := scalar(item)) is not None])
    return scrub(json.dumps(value, ensure_ascii=False))


def product_words(names: Iterable[str]) -> int:
    """How many different words of product fields are in some names.

    Examples
    --------
    >>> product_words(["g:id", "Image_Link", "imageURL", "foo"])
    4
    """
    found: set[str] = set()
    for name in names:
        found |= {word.lower() for word in _WORD.findall(_CAMEL.sub(" ", name[:200]).replace("_", " "))}
    return len(found & WORDS)
