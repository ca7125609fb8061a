"""Which column of a feed is which field of a product: what the user says, and else a guess that says why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from shelver.config import FIELDS, Feed
from shelver.errors import FeedError, nearest
from shelver.feeds.candidates import LEAST_TITLE, Candidate, Evidence, weigh
from shelver.feeds.category_levels import category_levels
from shelver.feeds.more_images import more_images
from shelver.feeds.rows import Block
from shelver.feeds.value_fits import Sample, fits

MAX_SHOWN = 40
"""Columns listed in a message."""

LEAST = 0.15
"""Score below which a column is not taken for a field."""

TITLE_WORDS = 12
"""Words of a description, on average, up to which it may be the title of products that have no other."""

GIVEN = "given in feeds.columns"

Columns = str | tuple[str, ...]
"""A column, or several whose values are put together."""


@dataclass(frozen=True)
class ColumnMap:
    """Columns of a feed by product field, and why.

    Attributes
    ----------
    columns : dict of str to str or tuple of str
        Product field → column; several for ``image_urls``, ``category`` and ``raw_category`` only.
    why : dict of str to str
        Product field → the reason, as a clause: ``named "name"``.
    scores : dict of str to float
        Product field → how sure, from 0 to 1; 1 for given ones.
    evidence : Evidence, optional
        All that was weighed.
    later : frozenset of str
        Fields whose column only rows far down have.
    """

    columns: dict[str, Columns]
    why: dict[str, str] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    evidence: Evidence | None = field(default=None, repr=False, compare=False)
    later: frozenset[str] = frozenset()

    @property
    def has_id(self) -> bool:
        """Whether a column tells the products apart."""
        return "id" in self.columns

    def runners_up(self, name: str) -> list[Candidate]:
        """Other columns that could be a field, best first."""
        if self.evidence is None:
            return []
        taken = columns_of(self.columns.get(name, ()))
        return [each for each in self.evidence.candidates[name] if each.column not in taken and each.score >= LEAST]

    @property
    def left_over(self) -> list[str]:
        """Columns that are no field."""
        used = {column for each in self.columns.values() for column in columns_of(each)}
        return [column for column in self.evidence.header if column not in used] if self.evidence else []


def columns_of(columns: Columns) -> tuple[str, ...]:
    """Columns of a field, one or several."""
    return (columns,) if isinstance(columns, str) else columns


def map_columns(header: Sequence[str], sample: Block, feed: Feed, file: str) -> ColumnMap:
    """Find the column of every product field: given ones first, then guesses; the evidence is not kept.

    Parameters
    ----------
    header : sequence of str
        Columns of the file.
    sample : Block
        First rows; columns that it has beyond the header count too.
    feed : Feed
        Its ``columns`` win over guesses; an empty name means that the feed does not have the field.
    file : str
        For messages.

    Raises
    ------
    FeedError
        A given column that does not exist, or no title.
    """
    found = find_columns(header, sample, feed, file)
    if "title" not in found.columns:
        ruled = [each for each in found.evidence.candidates["title"] if each.against] if found.evidence else []
        passed = "".join(f'\n  "{each.column}" {each.against}' for each in ruled[:3])
        raise FeedError(
            "no column found for the title",
            where=file,
            expected='a column such as "title" or "product_name"',
            hint=f'say which one it is: [feeds.columns] title = "..."{passed}\n  columns: {_listed(header)}',
        )
    return replace(found, evidence=None)


def find_columns(header: Sequence[str], sample: Block, feed: Feed, file: str) -> ColumnMap:
    """Find columns as `map_columns` does, be there a title or not, and keep the evidence."""
    header = tuple(dict.fromkeys((*header, *sample.cells.schema.names)))
    for name, given_columns in feed.columns.items():
        for column in columns_of(given_columns):
            if column and column not in header:
                raise FeedError(
                    f'no column "{column}", which feed {feed.name} gives as {name}',
                    where=file,
                    hint=f"{nearest(column, header)}\n  columns: {_listed(header)}",
                )
    given = {name: columns for name, columns in feed.columns.items() if columns}
    guessed = guess_columns(header, sample, taken=given, closed=feed.columns)
    columns = given | guessed.columns
    return ColumnMap(
        {name: columns[name] for name in FIELDS if name in columns},
        dict.fromkeys(given, GIVEN) | guessed.why,
        dict.fromkeys(given, 1.0) | guessed.scores,
        guessed.evidence,
    )


def given_columns(feed: Feed) -> list[str]:
    """Columns that the settings of a feed name."""
    return [column for columns in feed.columns.values() for column in columns_of(columns) if column]


def further_columns(known: ColumnMap, names: Iterable[str], feed: Feed) -> ColumnMap:
    """Take columns that only rows further down have for fields that have none so far, each by its name alone.

    Never for the id: a feed has one from its first rows on, or none.

    Parameters
    ----------
    known : ColumnMap
        Columns by the first rows.
    names : iterable of str
        The others, in the order of the rows.
    feed : Feed
        Fields that its ``columns`` name are not guessed.
    """
    for name in names:
        closed = {"id", *feed.columns, *known.columns}
        found = guess_columns([name], Block.of([], [name]), taken=known.columns, closed=closed)
        columns = known.columns | found.columns
        ordered = {each: columns[each] for each in FIELDS if each in columns}
        why, later = known.why | found.why, known.later | found.columns.keys()
        known = replace(known, columns=ordered, why=why, scores=known.scores | found.scores, later=later)
    return known


def guess_columns(
    header: Sequence[str],
    sample: Block,
    taken: Mapping[str, Columns] | None = None,
    closed: Iterable[str] = (),
) -> ColumnMap:
    """Guess fields from the names of columns, the format of the network, and the values in the first rows.

    A name that is known decides. Values count only where the name says nothing, or where they cannot be what it says:
    were the choice to hang on more, the ids of all products could change from one day's feed to the next.

    Parameters
    ----------
    header : sequence of str
        Columns.
    sample : Block
        First rows.
    taken : mapping, optional
        Columns already given to fields; not used again.
    closed : iterable of str, optional
        Fields not to guess.

    Notes
    -----
    Fields and columns are matched so that the sum of the cubes of their scores is largest (linear assignment): weak
    evidence never takes a column from where strong evidence puts it.
    """
    evidence = weigh(header, sample)
    closed = set(closed)
    used = {column for columns in (taken or {}).values() for column in columns_of(columns)}
    levels = category_levels(evidence, used) if "raw_category" not in closed else None
    if levels is not None:
        closed.add("raw_category")
        used.update(levels[0])
    fields = [name for name in FIELDS if name not in closed and name != "image_urls"]
    chosen = _match({name: [c for c in evidence.candidates[name] if c.column not in used] for name in fields})
    if "title" in fields and "title" not in chosen and "description" in chosen:
        short = _short_description(evidence, chosen["description"])
        if short is not None:
            chosen = {name: each for name, each in chosen.items() if name != "description"} | {"title": short}
    columns: dict[str, Columns] = {name: each.column for name, each in chosen.items()}
    why = {name: _why(each, evidence.candidates[name], columns) for name, each in chosen.items()}
    scores = {name: each.score for name, each in chosen.items()}
    if levels is not None:
        columns["raw_category"], why["raw_category"], scores["raw_category"] = levels
        columns = {name: columns[name] for name in FIELDS if name in columns}
    if "image_urls" not in closed:
        first = (taken or {}).get("image_url", columns.get("image_url", ""))
        rest = used | {column for each in columns.values() for column in columns_of(each)} - set(columns_of(first))
        found = more_images(evidence, first if isinstance(first, str) else "", rest)
        if found is not None:
            columns["image_urls"], why["image_urls"], scores["image_urls"] = found
    return ColumnMap(columns, why, scores, evidence)


def _short_description(evidence: Evidence, described: Candidate) -> Candidate | None:
    """A description as the title, if its values are like titles: price lists have no other name for a product."""
    signs = evidence.signs[described.column]
    fit = fits(signs, Sample.of(evidence.signs)).get("title") if signs.words <= TITLE_WORDS else None
    if fit is None or fit.score < LEAST_TITLE:
        return None
    return Candidate(
        described.column, described.score * fit.score, f"{described.reason}, and no other title; {fit.reason}"
    )


def _match(candidates: Mapping[str, list[Candidate]]) -> dict[str, Candidate]:
    """One column for every field, one field for every column, with the best total."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  (slow to import)

    fields = list(candidates)
    places = {
        column: place for place, column in enumerate({c.column: None for each in candidates.values() for c in each})
    }
    if not places:
        return {}
    worth = np.zeros((len(fields), len(places)))
    for row, name in enumerate(fields):
        for each in candidates[name]:
            if each.score >= LEAST:
                worth[row, places[each.column]] = each.score**3
    rows, found = linear_sum_assignment(worth, maximize=True)
    taken = {
        (fields[row], place) for row, place in zip(rows.tolist(), found.tolist(), strict=True) if worth[row, place] > 0
    }
    return {name: c for name in fields for c in candidates[name] if (name, places[c.column]) in taken}


def _why(chosen: Candidate, candidates: Sequence[Candidate], columns: Mapping[str, Columns]) -> str:
    """The reason for a column, and what speaks against others that have the field's name too."""
    used = {column for each in columns.values() for column in columns_of(each)}
    passed = [c for c in candidates if c.against and c.named > chosen.named and c.column not in used]
    said = [chosen.reason, *([f"but it {chosen.against}"] if chosen.against else [])]
    return "; ".join(said + [f'"{c.column}" {c.against}' for c in passed[:2]])


def _listed(header: Sequence[str]) -> str:
    rest = len(header) - MAX_SHOWN
    return ", ".join(header[:MAX_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
