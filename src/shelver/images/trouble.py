"""Why a picture could not be fetched, and whether it is worth another try; what libraries raise, in our words."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import httpcore2

from shelver.addresses import NotPublicError
from shelver.images.outcome import Status

PASSING = (408, 425, 429, 500, 502, 503, 504, *range(520, 528), 530)
"""Answers that another try may change."""
GONE = (404, 410)


class Trouble(Exception):  # noqa: N818  (not an error of ours or the user's: one of a host)
    """A picture could not be fetched.

    Parameters
    ----------
    status : Status
        How the address stands.
    reason : str
        For people.
    again : bool
        Another try may help.
    wait : float
        Seconds that the host wants to be left alone.
    silent : bool
        The host could not be reached.
    """

    def __init__(
        self, status: Status, reason: str, *, again: bool = False, wait: float = 0.0, silent: bool = False
    ) -> None:
        super().__init__(reason)
        self.status, self.reason, self.again, self.wait, self.silent = status, reason, again, wait, silent


def answered(code: int, wait: float = 0.0) -> Trouble:
    """What an answer that brings no picture means."""
    try:
        words = f"answered {code} {HTTPStatus(code).phrase}"
    except ValueError:
        words = f"answered {code}"
    if code in GONE:
        return Trouble(Status.GONE, words)
    return Trouble(Status.FAILED, words, again=code in PASSING, wait=wait)


@contextmanager
def own_words() -> Iterator[None]:
    """Turn what the network raises into a `Trouble`."""
    try:
        yield
    except NotPublicError as error:
        raise Trouble(Status.REFUSED, str(error.what)) from None
    except socket.gaierror as error:
        passing = error.errno == socket.EAI_AGAIN
        reason = "the host's name cannot be resolved at present" if passing else "nobody knows the host"
        raise Trouble(Status.FAILED, reason, again=passing, silent=True) from None
    except UnicodeError:
        raise Trouble(Status.REFUSED, "not a valid name of a host") from None
    except (httpcore2.ConnectError, httpcore2.ConnectTimeout, ssl.SSLError) as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise Trouble(Status.FAILED, "the host's certificate is not valid", silent=True) from None
        raise Trouble(Status.FAILED, "no connection", again=True, silent=True) from None
    except (httpcore2.ProtocolError, httpcore2.UnsupportedProtocol):
        raise Trouble(Status.FAILED, "the answer is no valid HTTP, or broke off", again=True) from None
    except (httpcore2.TimeoutException, httpcore2.NetworkError, OSError):
        raise Trouble(Status.FAILED, "the connection broke off", again=True) from None
