"""Which data sets the options of a command name."""

from __future__ import annotations

import os
from collections.abc import Mapping

from shelver.errors import ConfigError
from shelver.experiments.presets import find_dataset
from shelver.experiments.spec import Dataset


def from_options(
    data: str, sets: str, label: str = "", images: str = "", columns: Mapping[str, str] | None = None
) -> list[tuple[Dataset, str]]:
    """Data sets, each with the folder that its paths are relative to.

    Parameters
    ----------
    data : str
        Folder with known data sets, or a feed file.
    sets : str
        Names of known data sets, separated by commas; not used for a feed file.
    label : str
        For a feed file: columns with the known category, the topmost first, separated by commas; a single column may
        hold whole paths.
    images : str
        For a feed file: folder or zip with pictures named by the product's id.
    columns : mapping of str to str, optional
        For a feed file: product field = column, for more fields than id and title.

    Raises
    ------
    ConfigError
        A feed file without a label, a name that is not known, or no such file or folder.
    """
    if os.path.isfile(data):
        levels = tuple(part.strip() for part in label.split(",") if part.strip())
        if not levels:
            raise ConfigError("which column has the known category?", where=data, hint="name it with --label COLUMN")
        name = "".join(c if c.isalnum() else "-" for c in os.path.splitext(os.path.basename(data))[0]) or "feed"
        own = Dataset(
            name, os.path.abspath(data), levels, dict(columns or {}), images=images and os.path.abspath(images)
        )
        return [(own, "")]
    if not os.path.isdir(data):
        raise ConfigError("no such file or folder", where=data, hint="name it with --data")
    return [(find_dataset(name.strip()), data) for name in sets.split(",") if name.strip()]
