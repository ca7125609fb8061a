"""A workspace: one prefix (local folder or object-store URL), its paths, files and tables."""

from __future__ import annotations

import os
import re
from functools import cached_property

from shelver.config import Config, load_config
from shelver.errors import ConfigError, ShelverError
from shelver.files import Files
from shelver.table import Table

PATHS = {
    "config": "shelver.toml",
    "control": "control.db",
    "table": "tables/:table.lance",
    "fetched": "fetched",
    "vector_cache": "cache/vectors",
    "feed_copies": "cache/feeds",
    "encoder_exports": "cache/encoders",
    "encoder_choices": "features/encoders.json",
    "transform": "features/:features_id",
    "features": "features/:features_id/features.lance",
    "clusters": "labelling/clusters.json",
    "profile": "profiles/:profile_id.json",
    "latest": "runs/latest.json",
    "run": "runs/:run_id",
    "targets": "runs/:run_id/targets.lance",
    "checkpoint": "runs/:run_id/checkpoints/:model_id",
    "model": "runs/:run_id/models/:model_id",
    "metrics": "runs/:run_id/models/:model_id/metrics/:objective_:split.json",
}
"""Every path below the prefix; ``:name`` is filled in by `Store.path` (thesis, section 3.2.1)."""


class Store:
    """Where everything of one catalogue lies.

    Parameters
    ----------
    prefix : str or path
        Local folder, or URL such as ``s3://bucket/folder``. The code and the layout are the same for both.
    """

    def __init__(self, prefix: str | os.PathLike[str] = ".") -> None:
        self.files = Files(prefix)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.prefix!r})"

    @property
    def prefix(self) -> str:
        """Absolute path or URL."""
        return self.files.prefix

    @cached_property
    def config(self) -> Config:
        """The settings, read once.

        Raises
        ------
        ConfigError
            See `shelver.config.load_config`.
        """
        return load_config(self.files)

    def path(self, kind: str, **names: str) -> str:
        """A path relative to the prefix.

        Examples
        --------
        >>> Store("w").path("metrics", run_id="r1", model_id="linear", objective="exclusive", split="test")
        'runs/r1/models/linear/metrics/exclusive_test.json'
        """
        path = PATHS[kind]
        for name, value in names.items():
            if not re.fullmatch(r"[A-Za-z0-9_.-]+", value) or value.startswith("."):
                raise ShelverError(f'"{value}" cannot be part of a path', where=kind, expected="letters, digits, _ . -")
            path = path.replace(f":{name}", value)
        if ":" in path:
            raise KeyError(f"{path}: a placeholder was not filled")
        return path

    def table(self, name: str) -> Table:
        """A table of the catalogue, for example ``products``."""
        return self.table_at("table", table=name)

    def table_at(self, kind: str, **names: str) -> Table:
        """A table at one of `PATHS`, for example ``features``."""
        return Table(self.files.path(self.path(kind, **names)))

    def folder(self, kind: str, **names: str) -> Files:
        """A folder of small files, for example a model's."""
        return self.files.sub(self.path(kind, **names))

    @property
    def control_url(self) -> str:
        """URL of the control database.

        Raises
        ------
        ConfigError
            The workspace is on an object store, which cannot hold a SQLite file, and no URL is set.
        """
        url = self.config.control.url
        local = url.removeprefix("sqlite:///")
        if local != url and not self.files.remote:
            return f"sqlite:///{self.files.path(local)}"  # a relative path is relative to the workspace
        if url:
            return url
        if self.files.remote:
            raise ConfigError(
                "an object store cannot hold the control database",
                where=self.files.path(PATHS["config"]),
                hint='add: [control] url = "postgresql+psycopg://..." or url = "sqlite:////local/control.db"',
            )
        return f"sqlite:///{self.files.path(PATHS['control'])}"
