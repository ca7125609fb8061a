"""Write what was guessed about a feed into ``shelver.toml``, where a person can correct it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from shelver.config import NAME, Config, Feed
from shelver.errors import ConfigError
from shelver.pipeline.base import Base
from shelver.pipeline.feeds import FeedLook, feed_named, look_at, place_of
from shelver.tomlfile import parse


def write_columns(workspace: Base, look: FeedLook) -> list[str]:
    """Write the guessed columns of a feed; what the file says already stays as it is, comments too.

    Returns
    -------
    list of str
        Fields written; empty if there was nothing to add.

    Raises
    ------
    ConfigError
        The feed's block stands where it cannot be changed.
    """
    wanted = [line for line in look.fields if line.columns and line.sure != "given"]
    if not wanted:
        return []

    def change(document: Any) -> None:
        block = next(each for each in document["feeds"] if each["name"] == look.feed)
        _fill(block, look)

    feed = next(feed for feed in workspace.config.feeds if feed.name == look.feed)
    columns = {line.field: line.columns if len(line.columns) > 1 else line.columns[0] for line in wanted}
    expected = feed.model_copy(update={"columns": {**feed.columns, **columns}})
    _rewrite(workspace, change, expected)
    return [line.field for line in wanted]


def add_feed(workspace: Base, file: str, name: str, write: bool = False) -> FeedLook:
    """Add a feed to ``shelver.toml``.

    Parameters
    ----------
    workspace : Base
        Where.
    file : str
        The file or pattern, named from the current folder, or a URL.
    name : str
        Name of its source.
    write : bool
        Write the guessed columns too.

    Raises
    ------
    ConfigError
        There is a feed of this name, or the name has signs that it may not have.
    FeedError
        The file cannot be read; nothing is written.
    """
    if any(feed.name == name for feed in workspace.config.feeds):
        raise ConfigError(
            f'there is a feed called "{name}" already', where=workspace.files.path(NAME), hint="take another --name"
        )
    feed = feed_named(name, place_of(workspace, file))
    look = look_at(workspace, feed)

    def change(document: Any) -> None:
        import tomlkit  # noqa: PLC0415

        block = tomlkit.table()
        block["name"], block["path"] = feed.name, feed.path
        if "feeds" not in document:
            document["feeds"] = tomlkit.aot()
        document["feeds"].append(block)

    _rewrite(workspace, change, feed)
    if write:
        write_columns(workspace, look)
    return look


def _fill(block: Any, look: FeedLook) -> None:
    """Put the columns of a look into the block of its feed."""
    import tomlkit  # noqa: PLC0415
    from tomlkit.items import AbstractTable, InlineTable  # noqa: PLC0415

    inline = isinstance(block, InlineTable)
    if "columns" not in block:
        block["columns"] = tomlkit.inline_table() if inline else tomlkit.table()
    columns: AbstractTable = block["columns"]
    inline = inline or isinstance(columns, InlineTable)
    for line in look.fields:
        if not line.columns or line.sure == "given":
            continue
        value = tomlkit.item(list(line.columns) if len(line.columns) > 1 else line.columns[0])
        if not inline:
            value.comment(_printable(line.why if line.sure == "sure" else f"{line.sure}: {line.why}"))
        columns[line.field] = value
    missing = [line.field for line in look.fields if not line.columns and not line.why]
    if missing and not inline:
        columns.add(tomlkit.comment(f"not found: {', '.join(missing)}"))
    if not inline:
        columns.add(tomlkit.nl())


def _rewrite(workspace: Base, change: Callable[[Any], None], expected: Feed) -> None:
    """Change the file, check that it now says what is expected and else what it said, and write it at once."""
    import tomlkit  # noqa: PLC0415

    place = workspace.files.path(NAME)
    before = workspace.config
    document = tomlkit.parse(workspace.files.read(NAME).decode())
    change(document)
    text = tomlkit.dumps(document)
    feeds = {feed.name: feed for feed in before.feeds} | {expected.name: expected}
    if parse(text, Config, place) != before.model_copy(update={"feeds": tuple(feeds.values())}):
        raise ConfigError(
            "the feed's block cannot be changed where it stands",
            where=place,
            hint="write it as [[feeds]] with a [feeds.columns] below it",
        )
    workspace.files.write(NAME, text)
    workspace.__dict__.pop("config", None)


def _printable(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text)
