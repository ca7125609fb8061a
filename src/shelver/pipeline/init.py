"""Start a workspace: a ``shelver.toml`` that says where things are and shows what can be set."""

from __future__ import annotations

from shelver.config import NAME, Config
from shelver.errors import ConfigError
from shelver.pipeline.base import Base
from shelver.tomlfile import parse

TEMPLATE = """\
# Settings of a Shelver workspace. Every key is described in docs/settings.md; what is not set has its default.

[[feeds]]
name = "{name}"
path = "{feed}"
# What the columns mean is guessed from their names; say here what the guess gets wrong:
# [feeds.columns]
# id = "sku"
# title = "product_name"

[categories]
path = "{tree}"
exclusive = "leaves"

[rules]
path = "rules.toml"

[training]
model = "linear"
objectives = ["exclusive", "rule_based"]
"""


def init(workspace: Base, feed: str = "", tree: str = "", name: str = "shop") -> None:
    """Write ``shelver.toml``.

    Parameters
    ----------
    workspace : Base
        Where.
    feed : str
        Feed file, or pattern; relative to the workspace.
    tree : str
        File with the tree of categories.
    name : str
        Name of the feed's source.

    Raises
    ------
    ConfigError
        There is one already.
    """
    if workspace.files.exists(NAME):
        raise ConfigError("there is a shelver.toml already", where=workspace.prefix, hint="edit it, or choose -w DIR")
    text = TEMPLATE.format(name=name, feed=feed or "feed.csv", tree=tree or "categories.csv")
    parse(text, Config, NAME)
    workspace.files.write(NAME, text)
