"""What a feed looks like before it is read: its format, its network, which column is which field, and why."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

import pydantic

from shelver.config import FIELDS, Feed
from shelver.errors import ConfigError, nearest
from shelver.feeds.columns import GIVEN, columns_of, find_columns, given_columns
from shelver.feeds.no_rows import with_rows
from shelver.feeds.readers import read_feed
from shelver.feeds.sources import feed_files
from shelver.feeds.value_signs import ROWS
from shelver.files import is_url
from shelver.pipeline.base import Base

SURE, LIKELY = 0.7, 0.5
"""Scores from which a column is called sure, or likely; below, it is a guess."""


@dataclass(frozen=True)
class FieldLine:
    """The column of one field.

    Attributes
    ----------
    field : str
        The field.
    columns : tuple of str
        Its columns; empty if none was found.
    sure : str
        ``given``, ``sure``, ``likely``, ``guess`` or ``none``.
    score : float
        From 0 to 1.
    why, example : str
        The reason, and a value.
    runners_up : tuple of str
        Other columns that it could be, best first.
    """

    field: str
    columns: tuple[str, ...]
    sure: str
    score: float
    why: str
    example: str
    runners_up: tuple[str, ...]


@dataclass(frozen=True)
class FeedLook:
    """What is known of a feed from the first rows of its first file.

    Attributes
    ----------
    feed, file : str
        Names of the feed and of the file looked at.
    files : int
        Files of the feed.
    layout, network : str
        How the file is written; whose format its columns are in, empty if that is not known.
    rows : int
        Rows looked at.
    fields : tuple of FieldLine
        All fields, in the order of `FIELDS`.
    left_over : tuple of (str, str)
        Columns that are no field, with a value.
    """

    feed: str
    file: str
    files: int
    layout: str
    network: str
    rows: int
    fields: tuple[FieldLine, ...]
    left_over: tuple[tuple[str, str], ...]

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)


def look_at_feeds(workspace: Base, name: str = "", file: str = "") -> list[FeedLook]:
    """Look at the feeds of the settings (or one of them), or at a file that they do not name.

    Raises
    ------
    ConfigError
        There is no such feed, or none at all.
    FeedError
        A file cannot be read, or lacks a column that the settings give.
    """
    if file:
        return [look_at(workspace, Feed(name="file", path=place_of(workspace, file)))]
    feeds = [feed for feed in workspace.config.feeds if name in ("", feed.name)]
    if not feeds:
        hint = "add one: shelver feeds --add FILE --name NAME"
        if name and workspace.config.feeds:
            hint = nearest(name, [feed.name for feed in workspace.config.feeds])
        what = f'no feed is called "{name}"' if name else "no feeds"
        raise ConfigError(what, where=workspace.files.path("shelver.toml"), hint=hint)
    return [look_at(workspace, feed) for feed in feeds]


def look_at(workspace: Base, feed: Feed) -> FeedLook:
    """Look at the first rows of the first file of a feed that has some."""
    paths = feed_files(workspace.files, feed)
    number, reader = next(with_rows(paths, lambda path: read_feed(workspace.files, path, feed), {}))
    path = paths[number]
    sample = reader.first_rows(ROWS)
    wanted = given_columns(feed) if reader.open_ended else ()
    found = find_columns((*reader.columns, *wanted), sample, feed, path)
    evidence = found.evidence
    assert evidence is not None  # noqa: S101  (find_columns always gives it)
    examples = {column: signs.example for column, signs in evidence.signs.items()}
    lines = []
    for name in FIELDS:
        columns = columns_of(found.columns.get(name, ()))
        score = found.scores.get(name, 0.0)
        lines.append(
            FieldLine(
                name,
                columns,
                _how_sure(score, found.why.get(name, ""), bool(columns)),
                round(score, 3),
                found.why.get(name, "not in the feed, by feeds.columns" if name in feed.columns else ""),
                next((examples[column] for column in columns if examples[column]), ""),
                tuple(each.column for each in found.runners_up(name)[:5]),
            )
        )
    return FeedLook(
        feed.name,
        path,
        len(paths),
        reader.layout,
        evidence.network.name if evidence.network else "",
        len(sample.lines),
        tuple(lines),
        tuple((column, examples[column]) for column in found.left_over),
    )


def place_of(workspace: Base, file: str) -> str:
    """Path of a file, named from the current folder, as the settings of the workspace name it."""
    if is_url(file) or os.path.isabs(file):
        return file
    whole = os.path.abspath(file)
    if workspace.files.remote:
        return whole
    path = os.path.relpath(whole, os.path.abspath(workspace.files.prefix))
    return whole if path.startswith("..") else path


def feed_named(name: str, path: str) -> Feed:
    """A feed with default settings.

    Raises
    ------
    ConfigError
        The name has signs that it may not have.
    """
    try:
        return Feed(name=name, path=path)
    except pydantic.ValidationError:
        raise ConfigError(
            f'"{name}" cannot be the name of a feed', where="--name", expected="letters, digits, _ . and -, as in acme"
        ) from None


def _how_sure(score: float, why: str, there: bool) -> str:
    if why == GIVEN:
        return "given"
    if not there:
        return "none"
    return "sure" if score >= SURE else "likely" if score >= LIKELY else "guess"
