"""The table of names and networks (``networks.toml``): what it says about a header."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from shelver.config import FIELDS
from shelver.feeds.column_names import name_words, normalise, spellings

TABLE = "networks.toml"


@dataclass(frozen=True)
class FieldNames:
    """Names of columns for one field, all normalised.

    Attributes
    ----------
    ranks : dict of str to int
        Whole name → its place among the field's names, from 0, best first.
    words : frozenset of str
        Words that say the field inside a longer name.
    beside : frozenset of str
        Words that may stand beside one of them, even those that make a column something else elsewhere.
    worse : dict of str to int
        Whole names of columns that are taken if there is no better one: a list price.
    weak : frozenset of str
        Whole names that say it only where the values differ: ``type``.
    last : frozenset of str
        Words beside one of `words` that make a column the last to be taken: a price without tax.
    both : tuple of frozenset of str
        Sets of words; a name made of words of all of them says the field: ``manufacturer`` and ``code``.
    """

    ranks: Mapping[str, int]
    words: frozenset[str]
    beside: frozenset[str]
    worse: Mapping[str, int] = field(default_factory=dict)
    weak: frozenset[str] = frozenset()
    last: frozenset[str] = frozenset()
    both: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True)
class Network:
    """One format of an affiliate network, marketplace or shop system.

    Attributes
    ----------
    name : str
        Its name.
    signatures : tuple of frozenset of str
        Normalised columns; a header that has all of one set is of this network.
    fields : dict of str to dict of str to int
        Field → normalised column → its place, best first.
    other : frozenset of str
        Normalised columns that hold no field.
    positions : tuple of str
        Columns of its files without header, in order; empty if there are none.
    needs : tuple of str
        Columns whose values must fit before `positions` are believed.
    """

    name: str
    signatures: tuple[frozenset[str], ...]
    fields: Mapping[str, Mapping[str, int]]
    other: frozenset[str]
    positions: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def matched(self, header: frozenset[str]) -> int:
        """Columns of the network that a header (normalised) has; 0 if it has no signature of it in full."""
        if not any(signature <= header for signature in self.signatures):
            return 0
        known = self.other.union(*self.signatures, *self.fields.values())
        return len(known & header)


@dataclass(frozen=True)
class Table:
    """All of ``networks.toml``.

    Attributes
    ----------
    fields : dict of str to FieldNames
        By field, in the order of `shelver.config.FIELDS`.
    networks : tuple of Network
        In the order of the file.
    neutral, other : frozenset of str
        Words that change nothing, and words that make a column something else.
    by_name : dict of str to tuple of (str, int)
        Whole name → fields and its places among their names.
    by_words : dict of tuple of str to tuple of (str, int)
        The same by the sorted words of names of several words: their order says nothing.
    parts : frozenset of str
        Words that compound words are made of.
    """

    fields: Mapping[str, FieldNames]
    networks: tuple[Network, ...]
    neutral: frozenset[str]
    other: frozenset[str]
    by_name: Mapping[str, tuple[tuple[str, int], ...]] = field(repr=False)
    by_words: Mapping[tuple[str, ...], tuple[tuple[str, int], ...]] = field(repr=False)
    parts: frozenset[str] = field(repr=False)

    def recognise(self, header: Sequence[str]) -> Network | None:
        """Find the network of a header: of those with a signature in it, the one that knows most of its columns."""
        names = frozenset(map(normalise, header))
        best = max(self.networks, key=lambda network: network.matched(names))
        return best if best.matched(names) else None


@cache
def table() -> Table:
    """Read ``networks.toml``, once."""
    raw = tomllib.loads(files("shelver.feeds").joinpath(TABLE).read_text(encoding="utf-8"))
    fields = {name: _field_names(raw["fields"][name]) for name in FIELDS}
    neutral, other = _words(raw["neutral"]), _words(raw["other"])
    by_name: dict[str, tuple[tuple[str, int], ...]] = {}
    by_words: dict[tuple[str, ...], tuple[tuple[str, int], ...]] = {}
    for name, names in fields.items():
        for column, rank in names.ranks.items():
            by_name[column] = (*by_name.get(column, ()), (name, rank))
        for rank, column in enumerate(raw["fields"][name]["names"]):
            words = tuple(sorted(word for word in name_words(column) if word not in neutral))
            if len(words) > 1 and all(name != known for known, _ in by_words.get(words, ())):
                by_words[words] = (*by_words.get(words, ()), (name, rank))
    parts = neutral.union(other, *(names.words | names.beside | names.last for names in fields.values()))
    parts = parts.union(*(words for names in fields.values() for words in names.both))
    networks = tuple(
        Network(
            name=each["name"],
            signatures=tuple(frozenset(map(normalise, columns)) for columns in each["signature"]),
            fields={name: _ranks(each["fields"][name]) for name in each["fields"]},
            other=frozenset(map(normalise, each.get("other", ()))),
            positions=tuple(each.get("positions", ())),
            needs=tuple(each.get("needs", ())),
        )
        for each in raw["networks"]
    )
    long = frozenset(part for part in parts if len(part) >= (3 if part.isascii() else 2))
    return Table(fields, networks, neutral, other, by_name, by_words, long)


def _field_names(raw: Mapping[str, Any]) -> FieldNames:
    return FieldNames(
        ranks=_ranks(raw["names"]),
        words=_words(raw["words"]),
        beside=_words(raw["with"]),
        worse=_ranks(raw.get("worse", ())),
        weak=_words(raw.get("weak", ())),
        last=_words(raw.get("last", ())),
        both=tuple(_words(words) for words in raw.get("both", ())),
    )


def _ranks(names: Sequence[str]) -> dict[str, int]:
    ranks: dict[str, int] = {}
    for rank, name in enumerate(names):
        for spelling in spellings(name):
            if len(spelling) > 1 or spelling == normalise(name):
                ranks.setdefault(spelling, rank)
    return ranks


def _words(names: Sequence[str]) -> frozenset[str]:
    return frozenset(spelling for name in names for spelling in spellings(name))
