"""Write the best settings of a study into ``shelver.toml``."""

from __future__ import annotations

from typing import Any

from shelver.config import NAME, Config
from shelver.errors import ConfigError, ShelverError
from shelver.files import Files
from shelver.pipeline.base import Base
from shelver.pipeline.overrides import override, settings_with
from shelver.pipeline.study import Study
from shelver.tomlfile import parse


def apply_best(workspace: Base, study: str = "", write: bool = True) -> tuple[dict[str, Any], str]:
    """Write the settings of the best trial into ``shelver.toml``, comments kept, after a backup.

    Parameters
    ----------
    workspace : Base
        The workspace.
    study : str
        Name of the study; that of the configured model if not given.
    write : bool
        False: only say what would be written.

    Returns
    -------
    values : dict of str to value
        The winning settings.
    backup : str
        Where the file as it was lies now; empty if nothing was written.

    Raises
    ------
    ShelverError
        There is no such study, or none of its trials is done.
    """
    import tomlkit  # noqa: PLC0415

    found = Study(workspace.files, study or workspace.config.training.model)
    best = found.best()
    if best is None:
        raise ShelverError("no trial of the study is done yet", where=found.files.prefix, hint="run: shelver tune")
    if not write:
        return best.values, ""
    place = workspace.files.path(NAME)
    text = workspace.files.read(NAME).decode()
    document = tomlkit.parse(text)
    override(document, parse(text, Config, place), best.values, tomlkit.table)
    changed = tomlkit.dumps(document)
    if parse(changed, Config, place) != settings_with(text, best.values, place)[0]:
        hint = "write these values by hand: " + "; ".join(f"{path} = {value!r}" for path, value in best.values.items())
        raise ConfigError("the settings cannot be changed where they stand", where=place, hint=hint)
    backup = _backup(workspace.files, text)
    workspace.files.write(NAME, changed)
    return best.values, workspace.files.path(backup)


def _backup(files: Files, text: str) -> str:
    """Keep the file as it was, beside it, under a name that is free."""
    number = 1
    while files.exists(f"{NAME}.bak{number}"):
        number += 1
    files.write(f"{NAME}.bak{number}", text)
    return f"{NAME}.bak{number}"
