"""English singular and plural, for words that name products.

Rules of spelling with short lists of what they get wrong; not a dictionary. A form too many does little harm (nobody
writes "berrie" in a title), a wrong one does ("short" for "shorts"), so words that change meaning stay as they are.
"""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_IRREGULAR = {
    "calf": "calves", "child": "children", "elf": "elves", "foot": "feet", "goose": "geese", "half": "halves",
    "hoof": "hooves", "knife": "knives", "leaf": "leaves", "life": "lives", "loaf": "loaves", "man": "men",
    "mouse": "mice", "person": "people", "scarf": "scarves", "shelf": "shelves", "thief": "thieves", "tooth": "teeth",
    "wife": "wives", "wolf": "wolves", "woman": "women",
}  # fmt: skip


_SINGULAR = {plural: singular for singular, plural in _IRREGULAR.items()}

_UNCHANGED = _set(
    "asparagus atlas binoculars blues boxers briefs canvas chaos christmas clothes couscous dungarees electricals "
    "essentials fish gas glasses goods greens headquarters hummus jeans means molasses news overalls pajamas pants "
    "pliers pyjamas scissors series sheep shorts slacks species sports sweats sweets texas tights trousers tweezers "
    "whites"
)
"""No other number, or one that means something else (*short*, *green*)."""

_BEFORE_NOUNS = _set("arts boys girls kids ladies mens sales savings sports systems womens")

_IE = _set(
    "beanie birdie bootie brownie calorie collie cookie cutie foodie genie hoodie lie magpie movie onesie pie pixie "
    "prairie selfie smoothie sortie tie veggie zombie walkie talkie"
)
_OES = _set("avocado buffalo domino echo hero mango mosquito potato tomato tornado")
_ICS = _set("clinic comic fabric graphic mosaic picnic plastic tunic")
_SES = _set("bus gas lens canvas atlas iris cactus virus bonus walrus octopus")


def singular(word: str) -> str:
    """Singular of a lower-case word; the word itself if it is not a plural.

    Examples
    --------
    >>> [singular(word) for word in ("shoes", "dresses", "berries", "knives", "cookies", "glass", "shorts")]
    ['shoe', 'dress', 'berry', 'knife', 'cookie', 'glass', 'shorts']
    """
    if word in _SINGULAR:
        return _SINGULAR[word]
    if word[:-1] in _ICS:
        return word[:-1]
    if not _may_be_plural(word):
        return word
    if word.endswith("ies"):
        return word[:-1] if word[:-1] in _IE else word[:-3] + "y"
    if word[:-2] in _OES or word[:-2] in _SES or word.endswith(("sses", "ches", "shes", "xes", "zzes", "tzes")):
        return word[:-2]
    return word[:-1]


def plural(word: str) -> str:
    """Plural of a lower-case singular; the word itself if it has none.

    Examples
    --------
    >>> [plural(word) for word in ("shoe", "dress", "berry", "knife", "toy", "jeans")]
    ['shoes', 'dresses', 'berries', 'knives', 'toys', 'jeans']
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _UNCHANGED or len(word) < 3 or not (word.isascii() and word.isalpha()):
        return word
    if word.endswith(("is", "ics", "wear", "ware", "care")):
        return word
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1] + "ies"
    if word in _OES or word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    return word + "s"


def is_plural(word: str) -> bool:
    """Whether this lower-case word is written as a plural and not only to describe another (``sports shoes``)."""
    return word not in _BEFORE_NOUNS and (singular(word) != word or (word in _UNCHANGED and word.endswith("s")))


def forms(word: str) -> tuple[str, ...]:
    """Both numbers of a lower-case word, the given one first; of ``t-shirt`` the last part changes.

    Examples
    --------
    >>> forms("berries"), forms("glass"), forms("shorts")
    (('berries', 'berry'), ('glass', 'glasses'), ('shorts',))
    """
    before, hyphen, last = word.rpartition("-")
    one = singular(last)
    return tuple(dict.fromkeys(before + hyphen + form for form in (last, one, plural(one))))


def _may_be_plural(word: str) -> bool:
    if len(word) < 4 or word in _UNCHANGED or not (word.isascii() and word.isalpha()):
        return False
    return word.endswith("s") and not word.endswith(("ss", "us", "is", "ics")) and word not in _SES
