"""Deliveries that look like an accident: held back until a person confirms them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from shelver.config import Feed
from shelver.feeds.comparison import Changes
from shelver.feeds.no_rows import NoRows

EXAMPLES = 3
"""Products that are named of those gone."""


def too_many_gone(feed: Feed, changes: Changes) -> bool:
    """Is more gone than the settings allow?"""
    return changes.share_gone > feed.max_gone


def gone_reason(feed: Feed, changes: Changes, examples: Sequence[str]) -> str:
    """Say how much is gone, with examples."""
    named = "; ".join(examples) + (", ..." if len(changes.gone) > len(examples) else "")
    return (
        f"{len(changes.gone):,} of {changes.were_active:,} products ({changes.share_gone:.1%}) are gone, "
        f"at most {feed.max_gone:.0%} may be (max_gone): {named}"
    )


def blank_reasons(feed: Feed, empty: Mapping[str, NoRows]) -> list[str]:
    """Name files with nothing in them whose products are gone: an export that failed leaves such files."""
    if feed.max_gone >= 1:
        return []
    return [f"{path}: {each}" for path, each in sorted(empty.items()) if each.blank and each.gone]


def column_reasons(
    feed: Feed, old: Mapping[str, Sequence[str]], new: Mapping[str, Sequence[str]], header: Iterable[str]
) -> list[str]:
    """Fields that are no longer read from the columns that they were read from in the last delivery taken.

    Parameters
    ----------
    feed : Feed
        Fields whose columns it gives are as the user wants them.
    old, new : mapping of str to sequence of str
        Field → columns, over all files of the delivery. Further fields and further columns are no fault.
    header : iterable of str
        All columns of the new delivery.

    Returns
    -------
    list of str
        A clause for each field; empty if all is well, or if the settings do not ask for it (``hold_columns``).
    """
    if not feed.hold_columns:
        return []
    there, found = set(header), []
    for field, columns in sorted(old.items()):
        lost = sorted(set(columns) - set(new.get(field, ())))
        if field in feed.columns or not lost:
            continue
        now = new.get(field, ())
        instead = ", ".join(f'"{name}"' for name in now if name not in columns)
        if now and not instead:
            instead = ", ".join(f'"{name}"' for name in now) + " alone"
        was = ", ".join(f'"{name}"' for name in lost)
        gone = "" if there & set(lost) else ", which is gone"
        found.append(f"{field} was read from {was}{gone}; now from {instead or 'none'}")
    return found
