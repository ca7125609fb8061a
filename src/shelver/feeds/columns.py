"""Which column of a feed is which field of a product: what the user says, and else a guess that says why."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shelver.config import Feed
from shelver.errors import FeedError, nearest
from shelver.feeds.rows import RawRow
from shelver.feeds.synonyms import SYNONYMS

MAX_SHOWN = 40
"""Columns listed in a message."""

MAX_NAME = 200
"""Characters of a column's name that are looked at."""


@dataclass(frozen=True)
class ColumnMap:
    """Columns of a feed by product field, and why.

    Attributes
    ----------
    columns : dict of str to str
        Product field → column.
    why : dict of str to str
        Product field → the reason, as a clause: ``named like "name"``.
    """

    columns: dict[str, str]
    why: dict[str, str] = field(default_factory=dict)

    @property
    def has_id(self) -> bool:
        """Whether a column tells the products apart."""
        return "id" in self.columns


def map_columns(header: Sequence[str], sample: Sequence[RawRow], feed: Feed, file: str) -> ColumnMap:
    """Find the column of every product field: given ones first, then guesses.

    Parameters
    ----------
    header : sequence of str
        Columns of the file.
    sample : sequence of RawRow
        First rows.
    feed : Feed
        Its ``columns`` win over guesses; an empty name means that the feed does not have the field.
    file : str
        For messages.

    Raises
    ------
    FeedError
        A given column that does not exist, or no title.
    """
    for name, column in feed.columns.items():
        if column and column not in header:
            raise FeedError(
                f'no column "{column}", which feed {feed.name} gives as {name}',
                where=file,
                hint=f"{nearest(column, header)}\n  columns: {_listed(header)}",
            )
    given = {name: column for name, column in feed.columns.items() if column}
    guessed = guess_columns(header, sample, taken=given, closed=feed.columns)
    columns = given | guessed.columns
    if "title" not in columns:
        raise FeedError(
            "no column found for the title",
            where=file,
            expected='a column such as "title" or "product_name"',
            hint=f'say which one it is: [feeds.columns] title = "..."\n  columns: {_listed(header)}',
        )
    return ColumnMap(
        {name: columns[name] for name in SYNONYMS if name in columns},
        dict.fromkeys(given, "given in feeds.columns") | guessed.why,
    )


def guess_columns(
    header: Sequence[str],
    sample: Sequence[RawRow],
    taken: Mapping[str, str] | None = None,
    closed: Mapping[str, str] | None = None,
) -> ColumnMap:
    """Guess fields from the names of columns (`SYNONYMS`).

    The values are looked at only to pass over columns that are empty in the sample: were the choice to hang on more,
    the ids of all products could change from one day's feed to the next.

    Parameters
    ----------
    header : sequence of str
        Columns.
    sample : sequence of RawRow
        First rows.
    taken : mapping, optional
        Columns already given to fields; not used again.
    closed : mapping, optional
        Fields not to guess.
    """
    good = [row.values for row in sample if not row.reason]
    filled = {column for column in header if any((values.get(column) or "").strip() for values in good)}
    by_name: dict[str, list[str]] = {}
    for column in header:
        by_name.setdefault(normalise(column), []).append(column)
    used = set((taken or {}).values())
    columns: dict[str, str] = {}
    why: dict[str, str] = {}
    for name, synonyms in SYNONYMS.items():
        if name in (closed or {}):
            continue
        fitting = [column for synonym in synonyms for column in by_name.get(synonym, []) if column not in used]
        best = next((column for column in fitting if column in filled), fitting[0] if fitting else None)
        if best is None:
            continue
        columns[name] = best
        used.add(best)
        why[name] = f'named "{best}"'
        if best != fitting[0]:
            why[name] += f'; "{fitting[0]}" is empty in the first {len(good)} rows'
    return ColumnMap(columns, why)


def normalise(column: str) -> str:
    """Name of a column without case, accents, punctuation, and the prefixes of networks.

    Examples
    --------
    >>> normalise("g:Product Title"), normalise("Référence interne"), normalise("Price (2)")
    ('producttitle', 'referenceinterne', 'price')
    """
    plain = unicodedata.normalize("NFKD", column[:MAX_NAME].casefold())
    plain = re.sub(r"^(g:|\(field\))", "", plain.strip())
    plain = re.sub(r"\s*\(\d+\)$", "", plain)
    return "".join(sign for sign in plain if sign.isalnum())


def _listed(header: Sequence[str]) -> str:
    rest = len(header) - MAX_SHOWN
    return ", ".join(header[:MAX_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
