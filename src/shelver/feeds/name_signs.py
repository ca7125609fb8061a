"""How strongly the name of a column says that it holds a field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import cache
from typing import NamedTuple

from shelver.feeds.column_names import name_words, normalise, says_nothing, split_compound, without_locale
from shelver.feeds.currencies import DECIMALS
from shelver.feeds.networks import Network, Table, table

WHOLE = 0.92
"""Score of the best whole name of a field; the last in its list has `SPREAD` less."""

SPREAD = 0.3
PART = 0.58
"""Score of a name in which words of the field stand among words that change nothing."""

ALIKE = 0.5
"""Score of a name spelt nearly as one that is known."""

HINT = 0.3
"""Score of a name with a word of the field among words that are not known: counts only if the values agree."""

BOTH = 0.66
"""Score of a name made of words of all of a field's sets."""

WORSE = 0.45
"""Score of the first name of a field that is taken for want of a better one."""

LAST = 0.25
"""Score of a name in which a word says that others go before it."""

_OF_JSON_LD = re.compile(r"@(?:type|context)$")
_REMARK = re.compile(r"\((?![a-z_]+\.[a-z_]+\.)[^()]*\)|\[[^\[\]]*[^\[\]\d][^\[\]]*\]")
_LEAST_ALIKE = 0.87  # of two names, as SequenceMatcher measures; "discription" and "description": 0.91


class NameSign(NamedTuple):
    """What a name says: a score from 0 to 1, why, and whether it counts only where the values differ."""

    score: float
    reason: str
    weak: bool = False


def name_signs(column: str, network: Network | None) -> dict[str, NameSign]:
    """Score a column for every field that its name speaks of.

    Parameters
    ----------
    column : str
        Name as it stands in the feed.
    network : Network, optional
        The network whose format the header has.

    Returns
    -------
    dict of str to NameSign
        Empty if the name says nothing, or something else.
    """
    whole = normalise(column)
    found: dict[str, NameSign] = {}
    if network is not None:
        for field, ranks in network.fields.items():
            if whole in ranks:
                found[field] = NameSign(1.0 - 0.01 * ranks[whole], f"{network.name} column")
        if whole in network.other:
            return found
    if says_nothing(column) and not found:
        return {}
    for field, sign in _signs(column).items():
        if field not in found:
            found[field] = sign
    return found


def is_other(column: str, network: Network | None) -> bool:
    """Whether a name says that a column holds none of the fields: its condition, its delivery time, ..."""
    if network is not None and normalise(column) in network.other:
        return True
    known = table()
    words = {part for word in name_words(column) for part in split_compound(word, known.parts)}
    return bool(words & known.other) or _OF_JSON_LD.search(column) is not None


@cache
def _signs(column: str) -> dict[str, NameSign]:
    known = table()
    if _OF_JSON_LD.search(column):
        return {}
    return dict(_whole(normalise(column), known, 0.0)) or _by_words(column, known)


def _by_words(column: str, known: Table) -> dict[str, NameSign]:
    """What the words of a name say, without those that change nothing; else another name that is spelt alike."""
    spelt = tuple(part for word in name_words(column) for part in split_compound(word, known.parts))
    words = [word for word in without_locale(spelt) if word not in known.neutral]
    for name in dict.fromkeys(("".join(words), "".join(_first(words)))):
        found = dict(_whole(name, known, 0.08))
        if found:
            return found
    found = dict(_parts(tuple(words), known))
    for field, rank in known.by_words.get(tuple(sorted(words)), ()):
        found[field] = NameSign(
            WHOLE - 0.1 - SPREAD * rank / max(known.fields[field].ranks.values()), _reordered(words)
        )
    for field, sign in _both(words, known):
        found = {field: sign}
    if any(sign.score > HINT for sign in found.values()):
        return found
    bare = _without_remark(column, known)
    if bare:
        return _signs(bare)
    if known.other.intersection(words):
        return found
    return dict(_alike(normalise(column), known)) or found


def _without_remark(column: str, known: Table) -> str:
    """Name without what stands in parentheses, ``Categories (x,y,z...)``; empty if there is nothing or it matters."""
    bare = _REMARK.sub("", column).strip()
    said = set(name_words(" ".join(_REMARK.findall(column))))
    lasts = frozenset.union(*(names.last for names in known.fields.values()))
    return bare if bare and bare != column and not said & (known.other | lasts) else ""


def _first(words: Sequence[str]) -> list[str]:
    """Words without the number of the first of several columns."""
    return [word for word in words if word not in ("0", "1", "01")]


def _reordered(words: Sequence[str]) -> str:
    return f"has the words {' and '.join(chr(34) + word + chr(34) for word in words)}"


def _whole(name: str, known: Table, less: float) -> Iterator[tuple[str, NameSign]]:
    for field, rank in known.by_name.get(name, ()):
        ranks = known.fields[field].ranks
        score = WHOLE - less - SPREAD * rank / max(ranks.values())
        weak = name in known.fields[field].weak
        yield field, NameSign(score, f'named like "{name}"' if less else "a known name", weak)
    for field, names in known.fields.items():
        if name in names.worse:
            yield (
                field,
                NameSign(WORSE - 0.05 * names.worse[name] / len(names.worse), "a known name, for want of a better one"),
            )


def _both(words: Sequence[str], known: Table) -> Iterator[tuple[str, NameSign]]:
    for field, names in known.fields.items():
        if names.both and set(words) <= frozenset.union(*names.both) and all(map(set(words).intersection, names.both)):
            yield field, NameSign(BOTH, _reordered(words))


def _parts(words: tuple[str, ...], known: Table) -> Iterator[tuple[str, NameSign]]:
    for field, names in known.fields.items():
        hits = names.words.intersection(words)
        if not hits or any(word in known.other - names.beside - names.last for word in words):
            continue
        rest = [word for word in words if word not in names.words and word not in names.beside]
        if field == "price":
            rest = [word for word in rest if word.upper() not in DECIMALS]
        said = f'has the word "{sorted(hits)[0]}"'
        if names.last.intersection(rest):
            if all(word in names.last for word in rest):
                yield field, NameSign(LAST, f'{said}, but "{next(word for word in rest if word in names.last)}" too')
            continue
        if any(word in other.words for word in rest for key, other in known.fields.items() if key != field):
            continue
        if not rest:
            yield field, NameSign(PART - 0.01 * len(words), said)
        elif not all(word.isdigit() for word in rest):
            yield field, NameSign(HINT, said)


def _alike(name: str, known: Table) -> Iterator[tuple[str, NameSign]]:
    if len(name) < 6:
        return
    best: dict[str, tuple[float, str]] = {}
    matcher = SequenceMatcher(b=name, autojunk=False)
    for other, fields in known.by_name.items():
        if abs(len(other) - len(name)) > 2 or len(other) < 6 or name.endswith("id") != other.endswith("id"):
            continue
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() < _LEAST_ALIKE or matcher.quick_ratio() < _LEAST_ALIKE:
            continue
        ratio = matcher.ratio()
        if ratio >= _LEAST_ALIKE:
            for field, _ in fields:
                best[field] = max(best.get(field, (0.0, "")), (ratio, other))
    for field, (ratio, other) in best.items():
        yield field, NameSign(ALIKE * ratio, f'spelt nearly like "{other}"')
