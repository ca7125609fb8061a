"""How strongly the name of a column says that it holds a field."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import cache
from typing import NamedTuple

from shelver.feeds.column_names import name_words, normalise, says_nothing
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

_LEAST_ALIKE = 0.87  # of two names, as SequenceMatcher measures; "discription" and "description": 0.91


class NameSign(NamedTuple):
    """What a name says: a score from 0 to 1, and why."""

    score: float
    reason: str


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
    return bool(set(name_words(column)) & table().other)


@cache
def _signs(column: str) -> dict[str, NameSign]:
    known = table()
    found = dict(_whole(normalise(column), known, 0.0))
    if found:
        return found
    words = [word for word in name_words(column) if word not in known.neutral]
    found = dict(_whole("".join(words), known, 0.08))
    if found:
        return found
    found = dict(_parts(tuple(words), known))
    if any(sign.score > HINT for sign in found.values()):
        return found
    return dict(_alike(normalise(column), known)) or found


def _whole(name: str, known: Table, less: float) -> Iterator[tuple[str, NameSign]]:
    for field, rank in known.by_name.get(name, ()):
        ranks = known.fields[field].ranks
        score = WHOLE - less - SPREAD * rank / max(ranks.values())
        yield field, NameSign(score, f'named like "{name}"' if less else "a known name")


def _parts(words: tuple[str, ...], known: Table) -> Iterator[tuple[str, NameSign]]:
    if not words or known.other.intersection(words):
        return
    for field, names in known.fields.items():
        hits = names.words.intersection(words)
        if not hits:
            continue
        rest = [word for word in words if word not in names.words and word not in names.beside]
        if any(word in other.words for word in rest for key, other in known.fields.items() if key != field):
            continue
        said = f'has the word "{sorted(hits)[0]}"'
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
        if abs(len(other) - len(name)) > 2 or len(other) < 6:
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
