"""What a cleaner may say besides the clean value: that it refused, or what it dropped."""

from __future__ import annotations

from typing import NamedTuple


class Noted(NamedTuple):
    """A clean value, and what a person may want to know of how it came about.

    Attributes
    ----------
    value : str
        The clean value.
    reason : str
        What was dropped or decided; goes into the product's notes.
    """

    value: str
    reason: str
