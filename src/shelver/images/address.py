"""The address of a picture as a feed has it → one that can be asked for."""

from __future__ import annotations

import re

import httpx2

from shelver.images.outcome import Status
from shelver.images.trouble import Trouble

LONGEST = 8_000
"""Characters of an address at most; servers take no longer ones."""
HOST = re.compile(rb"[a-z0-9._:-]+")
"""A name as it is resolved (international ones in ASCII), or an IP address."""
SCHEMES = ("http", "https")


def parse(address: str) -> httpx2.URL:
    """Read the address of a picture.

    Parameters
    ----------
    address : str
        As in the feed; ``//cdn.example/1.jpg`` counts as https, spaces and letters beyond ASCII are escaped.

    Returns
    -------
    httpx2.URL
        With host and scheme; a user name in it is never sent.

    Raises
    ------
    Trouble
        Not an http(s) address of a host; refused.
    """
    text = address.strip()
    if len(text) > LONGEST:
        raise Trouble(Status.REFUSED, f"an address of more than {LONGEST:,} characters")
    try:
        return checked(httpx2.URL(f"https:{text}" if text.startswith("//") else text))
    except (httpx2.InvalidURL, ValueError):
        raise Trouble(Status.REFUSED, "not a valid address") from None


def follow(url: httpx2.URL, location: str) -> httpx2.URL:
    """Where a redirect leads; raises as `parse`."""
    if len(location) > LONGEST:
        raise Trouble(Status.REFUSED, f"a redirect to an address of more than {LONGEST:,} characters")
    try:
        return checked(url.join(location))
    except (httpx2.InvalidURL, ValueError):
        raise Trouble(Status.REFUSED, "a redirect to what is no valid address") from None


def checked(url: httpx2.URL) -> httpx2.URL:
    """An address with a host, by http or https; raises as `parse`."""
    if url.scheme not in SCHEMES:
        what = f'an address by "{url.scheme[:20]}:"' if url.scheme else "not a full address"
        raise Trouble(Status.REFUSED, f"{what}, not by http or https")
    if not HOST.fullmatch(url.raw_host) or (url.port is not None and not 0 < url.port < 2**16):
        raise Trouble(Status.REFUSED, "not a valid address")
    return url
