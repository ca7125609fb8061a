"""Files of a feed that have no rows: one among others is passed over and told of, all of them are no feed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from shelver.errors import FeedError
from shelver.feeds.column_names import normalise
from shelver.feeds.rows import Reader

SHOWN = 5
"""Files without rows that are named."""


class NoRowsError(FeedError):
    """A file that is whole, but has no rows: nothing at all, a header alone, or an empty list.

    Parameters
    ----------
    what, where, expected, hint : str
        As of `FeedError`.
    columns : sequence of str, optional
        Its header, of a format in which a message instead of a feed looks like one, too.
    blank : bool, optional
        Is there nothing in it, not even a header? An export that failed leaves such files.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        expected: str = "",
        hint: str = "",
        columns: Sequence[str] = (),
        blank: bool = False,
    ) -> None:
        super().__init__(what, where=where, expected=expected, hint=hint)
        self.columns, self.blank = tuple(columns), blank


class NoRows(NamedTuple):
    """A file without rows: what it is, whether nothing is in it, and how many products that it had are gone."""

    what: str
    blank: bool = False
    gone: int = 0

    def __str__(self) -> str:
        products = "1 product that it had is" if self.gone == 1 else f"{self.gone:,} products that it had are"
        return f"{self.what}; {products} gone" if self.gone else self.what


def with_rows(
    paths: Sequence[str], opened: Callable[[str], Reader], empty: dict[str, NoRows]
) -> Iterator[tuple[int, Reader]]:
    """Open the files of a feed one after the other, those without rows left out.

    A header alone is passed over only if most of its columns are in another file: ``Error: no quota, try later`` is a
    header of two columns, too. This is looked at when all files were read.

    Parameters
    ----------
    paths : sequence of str
        The files.
    opened : callable
        Opens one.
    empty : dict of str to NoRows
        Filled: file without rows → what it is.

    Yields
    ------
    number : int
        Place among `paths`.
    reader : Reader
        The file, open.

    Raises
    ------
    NoRowsError
        No file has rows.
    FeedError
        What `opened` raises; a header alone that is like that of no other file.
    """
    first = None
    headers: list[set[str]] = []
    alone: list[NoRowsError] = []
    for number, path in enumerate(paths):
        try:
            reader = opened(path)
        except NoRowsError as error:
            first = first or error
            empty[path] = NoRows(error.what, error.blank)
            alone += [error] if error.columns else []
            continue
        header = set(map(normalise, reader.columns))
        headers += [] if header in headers else [header]
        yield number, reader
    if first is not None and len(empty) == len(paths):
        if len(paths) == 1:
            raise first
        what = f"none of the {len(paths)} files has rows ({first.where}: {first.what}; ...)"
        raise NoRowsError(what, expected=first.expected)
    for each in alone:
        own = set(map(normalise, each.columns))
        if not any(2 * len(own & header) > len(own) for header in headers):
            raise FeedError(
                f'one line only, "{each.columns[0]}", ..., which is the header of no other file of the feed',
                where=each.where,
                expected=each.expected,
                hint="if it is the message of an export that failed: have it exported once more",
            )


def warning_of(empty: Mapping[str, NoRows], files: int) -> str:
    """Say which files of a delivery were without rows; empty if none was.

    Examples
    --------
    >>> warning_of({"b.csv": NoRows("the file is empty", gone=20)}, 3)
    '1 of 3 files has no rows: b.csv (the file is empty; 20 products that it had are gone)'
    """
    if not empty:
        return ""
    named = [f"{path} ({what})" for path, what in sorted(empty.items())]
    more = f", and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    return (
        f"{len(empty)} of {files} files {'has' if len(empty) == 1 else 'have'} no rows: "
        + ", ".join(named[:SHOWN])
        + more
    )
