"""A profile with what follows from it: suggested features, and what has changed."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from shelver.config import NAME, Config
from shelver.errors import ConfigError
from shelver.files import Files
from shelver.pipeline.base import Base
from shelver.pipeline.profile import only, profile, profile_before, profile_raw
from shelver.profiling.drift import Change, drift
from shelver.profiling.page import page
from shelver.profiling.profile import Profile
from shelver.profiling.proposal import features_block
from shelver.profiling.suggest import Suggestion, suggest
from shelver.tomlfile import parse


@dataclass(frozen=True)
class Profiled:
    """What ``shelver profile`` says.

    Attributes
    ----------
    profile : Profile
        The columns.
    suggestions : sequence of Suggestion
        What to make of them; none for the columns of a feed's files.
    changes : sequence of Change
        What is different from `before`.
    before : Profile or None
        The last profile of other data.
    """

    profile: Profile
    suggestions: Sequence[Suggestion] = ()
    changes: Sequence[Change] = ()
    before: Profile | None = None

    @cached_property
    def block(self) -> str:
        """The suggested features, ready for ``shelver.toml``."""
        return features_block(self.suggestions)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "profile": self.profile.model_dump(mode="json"),
            "suggestions": [
                {"name": found.name, "kind": found.kind, **found.settings, "reason": found.reason, "ready": found.ready}
                for found in self.suggestions
            ],
            "toml": self.block if self.suggestions else None,
            "since": self.before.created if self.before else None,
            "changes": [change.as_dict() for change in self.changes],
        }


def make_profile(workspace: Base, feed: str = "", raw: str = "") -> Profiled:
    """Look at the products (of one feed), or at the columns of a feed's files.

    Raises
    ------
    ShelverError
        See `profile` and `profile_raw`.
    """
    if raw:
        return Profiled(profile_raw(workspace, raw))
    found = profile(workspace)
    before = profile_before(workspace, found)
    if feed:
        found = only(found, feed)
        if before is not None:
            known = any(part.name == feed for part in before.parts())
            before = only(before, feed) if known else None
    changes = drift(before, found) if before is not None else []
    return Profiled(found, suggest(found.whole, _has_pictures(workspace)), changes, before)


def write_features(workspace: Base, found: Profiled) -> str:
    """Put the suggested features at the end of ``shelver.toml``; what stands there stays as it is. Gives its place.

    Raises
    ------
    ConfigError
        The file has features already.
    """
    place = workspace.files.path(NAME)
    text = workspace.files.read(NAME).decode()
    if "features" in tomllib.loads(text):
        raise ConfigError(
            "there are features already",
            where=place,
            expected="a file without [features]",
            hint="take over by hand what you like of: shelver profile --toml",
        )
    gap = "" if text.endswith("\n\n") or not text else "\n" if text.endswith("\n") else "\n\n"
    changed = text + gap + found.block
    parse(changed, Config, place)
    workspace.files.write(NAME, changed)
    workspace.__dict__.pop("config", None)
    return place


def write_page(workspace: Base, found: Profiled, file: str) -> str:
    """Write the page; a relative name is relative to the current folder. Gives its place."""
    folder, name = os.path.split(os.path.abspath(file))
    title = os.path.basename(workspace.prefix) or "catalogue"
    text = page(title, found.profile, found.suggestions, found.block, found.changes, found.before)
    Files(folder).write(name, text)
    return os.path.join(folder, name)


def _has_pictures(workspace: Base) -> bool:
    return any(feed.images for feed in workspace.config.feeds) or workspace.table("images").exists()
