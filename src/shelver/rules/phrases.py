"""The words and phrases in the name of a category."""

from __future__ import annotations

import re

from shelver.rules.fold import fold, tidy
from shelver.rules.inflect import forms, is_plural

Phrase = tuple[str, ...]
"""Words in order, folded."""

_DELIMITERS = re.compile(r"\s*(?:[&,/;|+()\[\]:]|\s-\s|(?<!\w)and(?!\w)|(?<!\w)or(?!\w))\s*")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_STOP = _set("a all an any by for from in more new of on other others the to top with without your")
_GENERIC = _set(
    "accessory accessories alternatives article assorted assortment basics brand bulk care category classic collection "
    "consumable department equipment essential essentials extra food foods gear general gift goods item kit kits line "
    "instant material misc miscellaneous missing mixed none others packaged part parts piece premium product products "
    "range refrigerated replacement sale seasonal section service set sets solution special specialty stuff style "
    "supplies supply system thing tool type uncategorized unisex unit unknown various unbranded "
    "men mens women womens boy girl kid adult lady"
)
"""Words that say nothing about a product on their own."""


def is_generic(phrase: Phrase) -> bool:
    """Whether a phrase says nothing about a product: no word that means something, or a letter or number alone."""
    telling = [word for word in phrase if word not in _STOP and not _GENERIC.intersection(forms(word))]
    return not any(len(word) > 1 and not word.isdigit() for word in telling)


def name_phrases(name: str) -> list[Phrase]:
    """Split a name into what it lists.

    Parameters
    ----------
    name : str
        For example ``Fresh Fruits & Vegetables`` or ``cookies cakes``.

    Returns
    -------
    list of tuple of str
        The parts between delimiters (``&``, ``,``, ``/``, ``and``...). A last part that ends in a general word lends
        it to the others: ``Camera & Optic Accessories`` lists camera accessories and optic accessories.
    """
    parts = [_words(part) for part in _DELIMITERS.split(fold(name))]
    parts = [part for part in parts if part]
    if len(parts) > 1 and len(parts[-1]) > 1 and is_generic(parts[-1][-1:]):
        head = parts[-1][-1:]
        parts = [part if is_generic(part[-1:]) else part + head for part in parts[:-1]] + parts[-1:]
    return [phrase for phrase in dict.fromkeys(parts) if not is_generic(phrase)]


def listed(phrase: Phrase) -> list[Phrase]:
    """Split a phrase that lists several things without a delimiter; empty where it does not.

    Every plural ends a thing: ``hot dogs bacon sausage`` are hot dogs, and bacon sausage.
    """
    ends = [number for number, word in enumerate(phrase, start=1) if is_plural(word)]
    rest = phrase[ends[-1] if ends else 0 :]
    things = [phrase[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    if rest:
        things.append(rest)
    return [thing for thing in dict.fromkeys(things) if thing != phrase and not is_generic(thing)]


def spellings(phrase: Phrase) -> list[str]:
    """Ways to write a phrase: both numbers of its last word; hyphens as written, as spaces, and left out."""
    written = [" ".join((*phrase[:-1], form)) for form in forms(phrase[-1])]
    written += [text.replace("-", other) for text in written if "-" in text for other in (" ", "")]
    return list(dict.fromkeys(text for text in map(tidy, written) if text))


def stem(phrase: Phrase) -> Phrase:
    """Equal for phrases that differ in number only."""
    return tuple(min(forms(word)) for word in phrase)


def _words(part: str) -> Phrase:
    words = [word.strip("'\"’.,!?*-") for word in re.sub(r"['’]s(?!\w)", "", tidy(part)).split()]
    words = [word for word in words if word]
    while words and words[0] in _STOP:
        words = words[1:]
    while words and words[-1] in _STOP:
        words = words[:-1]
    return tuple(words)
