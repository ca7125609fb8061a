"""A profile on the terminal: columns, suggested features, changes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from shelver.cli.console import out
from shelver.profiling.describe import bars, contents, distinct, remarks, title_of
from shelver.profiling.drift import Change
from shelver.profiling.phrasing import share
from shelver.profiling.profile import Column, Part, Profile
from shelver.profiling.suggest import Suggestion

METER = 5
"""Characters of the bar of a fill rate."""
EIGHTHS = " ▏▎▍▌▋▊▉█"
SHAPE = 12
WIDE = 100
"""Columns of a terminal from which the histograms have a column of their own."""
MOST_CHANGES = 20
MOST_FEEDS = 12


def show_profile(found: Profile) -> None:
    """Print the columns, what is odd about them, and how full they are in each feed."""
    _print(Text(title_of(found.subject, found.whole.rows, len(found.parts())), style="bold"))
    if found.gone:
        _print(Text(f"{found.gone:,} products that are gone from their feed are left out", style="dim"))
    filled = [column for column in found.whole.columns if column.filled]
    _print(_columns(filled))
    empty = [column.name for column in found.whole.columns if not column.filled]
    if empty:
        _print(Text(f"empty: {', '.join(empty)}", style="dim"))
    told = [(column.name, remark) for column in filled for remark in remarks(column)]
    if told:
        _print(Text(""))
    for name, remark in told:
        _item(name, remark)
    if found.feeds:
        _print(Text(""))
        _print(_feeds(found.feeds))


def show_suggestions(suggestions: Sequence[Suggestion]) -> None:
    """Print what to make of the columns, and why."""
    _print(Text(""))
    table = Table(title="suggested features", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("column", no_wrap=True)
    table.add_column("make it", max_width=24)
    table.add_column("because", style="dim", ratio=1)
    for found in suggestions:
        if found.kind != "leave out":
            words = found.sentence() if found.ready else f"{found.sentence()} (not yet)"
            table.add_row(found.name, words, found.reason)
    _print(table)
    reasons: dict[str, list[str]] = {}
    for found in suggestions:
        if found.kind == "leave out" and not found.idle:
            reasons.setdefault(found.reason, []).append(found.name)
    if reasons:
        _print(Text("leave out", style="italic"))
    for reason, names in reasons.items():
        _item(", ".join(names), reason, dim=True)


def show_changes(changes: Sequence[Change], before: Profile | None, several: bool) -> None:
    """Print what is different from the profile before."""
    if before is None:
        return
    when = before.created[:16].replace("T", " ")
    if not changes:
        _print(Text(f"\nno changes worth telling since {when} UTC"))
        return
    _print(Text(f"\nchanged since {when} UTC", style="italic"))
    lines = Table.grid(padding=(0, 1, 0, 0))
    lines.add_column(width=1)
    lines.add_column(ratio=1)
    for change in changes[:MOST_CHANGES]:
        mark = Text("!", style="bold red") if change.serious else Text("·", style="dim")
        lines.add_row(mark, change.sentence(several))
    _print(lines)
    if len(changes) > MOST_CHANGES:
        _print(Text(f"   and {len(changes) - MOST_CHANGES:,} more: --json or --html has all", style="dim"))


def meter(value: float, width: int = METER) -> str:
    """A share as a bar of block characters.

    Examples
    --------
    >>> meter(0.5, 4)
    '██  '
    """
    eighths = round(value * width * 8)
    eighths = min(max(eighths, 1 if value > 0 else 0), width * 8 - (value < 1))
    full, part = divmod(eighths, 8)
    return ("█" * full + (EIGHTHS[part] if part else "")).ljust(width)


def _columns(columns: Sequence[Column]) -> Table:
    wide = out.width >= WIDE
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), expand=True)
    table.add_column("column", no_wrap=True, max_width=20, overflow="ellipsis")
    table.add_column("filled", no_wrap=True, width=METER + 7)
    table.add_column("distinct", justify="right", no_wrap=True)
    table.add_column("what is in it", no_wrap=True, overflow="ellipsis", ratio=1)
    if wide:
        table.add_column("histogram", no_wrap=True, width=SHAPE)
    for column in columns:
        fill = Text(meter(column.fill), style="cyan").append(f" {share(column.fill):>6}", style="default")
        cells: list[str | Text] = [column.name, fill, distinct(column), contents(column)]
        if wide:
            cells.append(Text(bars(column, SHAPE), style="cyan"))
        else:
            cells[-1] = Text(bars(column, SHAPE - 4), style="cyan").append(f" {contents(column)}", style="default")
        table.add_row(*cells)
    return table


def _feeds(feeds: Sequence[Part]) -> Table:
    """How full the columns are in each feed that has products, for columns that differ."""
    shown = sorted(feeds, key=lambda part: (-part.rows, part.name))[:MOST_FEEDS]
    fitting = max(2, (out.width - 24) // 9)
    spans = []
    for place, column in enumerate(feeds[0].columns):
        fills = [part.columns[place].fill for part in feeds]
        spans.append((max(fills) - min(fills), -place, column.name))
    names = [name for gap, _, name in sorted(spans, reverse=True)[:fitting] if gap > 0]
    title = "filled by feed, where feeds differ most"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("feed", no_wrap=True, max_width=20, overflow="ellipsis")
    table.add_column("products", justify="right", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True, max_width=12, overflow="ellipsis")
    for part in shown:
        fills = [known.fill for name in names if (known := part.column(name)) is not None]
        table.add_row(part.name, f"{part.rows:,}", *(share(value) if value else "–" for value in fills))
    if len(feeds) > len(shown):
        table.caption, table.caption_justify = f"and {len(feeds) - len(shown):,} more: --html has all", "left"
    return table


def _item(name: str, words: str, dim: bool = False) -> None:
    text = Text(f"{name}: ", style="dim" if dim else "bold").append(words, style="dim" if dim else "default not bold")
    _print(Padding(text, (0, 0, 0, 1)))


def _print(what: object) -> None:
    out.print(what, soft_wrap=False)
