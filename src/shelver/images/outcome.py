"""What came of asking for one picture."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How an address stands."""

    OK = "ok"
    GONE = "gone"
    """The host says that there is no such picture."""
    REFUSED = "refused"
    """We do not want it: not a public address, too large, too many redirects."""
    BROKEN = "broken"
    """What came is no picture, or a damaged one."""
    FAILED = "failed"
    """The host did not answer, or with an error; it may work another time."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An address to ask for.

    Attributes
    ----------
    url : str
        The address as the feed has it.
    hash, etag, last_modified : str
        Of the picture that is stored: its hash, and what the host said of it; empty: none is.
    tries : int
        Runs in a row in which it could not be fetched.
    """

    url: str
    hash: str = ""
    etag: str = ""
    last_modified: str = ""
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    Attributes
    ----------
    url : str
        The address as the feed has it.
    status : Status
        How it stands.
    reason : str
        Why there is no picture; empty if there is one.
    hash, kind : str
        Of the picture: hash of the bytes, format; empty if none came.
    size, width, height : int
        Bytes and pixels; 0 if none came: with the status ok and the old hash, the picture has not changed.
    etag, last_modified : str
        What the host said, to ask later whether it has changed.
    wait : float
        Seconds that the host wants to be left alone; 0: it does not say.
    silent : bool
        The host could not be reached, or did not answer in time.
    tried : bool
        False: it was not asked, because it was silent before or wants to be left alone.
    """

    url: str
    status: Status
    reason: str = ""
    hash: str = ""
    kind: str = ""
    size: int = 0
    width: int = 0
    height: int = 0
    etag: str = ""
    last_modified: str = ""
    wait: float = 0.0
    silent: bool = False
    tried: bool = True
