"""The files of a feed may not change while they are read: half of one delivery and half of another is neither."""

from __future__ import annotations

from types import TracebackType

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.sources import feed_stamps
from shelver.files import Files


class MovedError(FeedError):
    """Files of a feed changed while they were read."""


class Standstill:
    """The files of a feed as they are now; a web server is asked first whether the feed changed.

    What is read of them is read within ``with``, as often as needed. At the end of each, size and time of every file
    are looked at again. An error that comes from within gives way to that, as a file that is being written is often
    cut short.

    Parameters
    ----------
    files : Files
        The workspace.
    feed : Feed
        Whose files.

    Raises
    ------
    FeedError
        As `shelver.feeds.sources.feed_files`; at the end of ``with``: `MovedError`.
    """

    def __init__(self, files: Files, feed: Feed) -> None:
        self._files, self._feed = files, feed
        self._before = feed_stamps(files, feed, ask=True)

    def __enter__(self) -> Standstill:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None and not issubclass(kind, FeedError):
            return
        moved = self._moved()
        if moved:
            raise MovedError(
                f"changed while it was read ({moved})",
                where=f"feed {self._feed.name}",
                expected="files that are whole",
                hint="nothing was changed; run: shelver ingest, when nobody writes them any more. Whoever delivers "
                "files does best to write under another name, and to rename what is whole",
            ) from error

    def _moved(self) -> str:
        try:
            now = feed_stamps(self._files, self._feed)
        except FeedError:
            return "its files are gone"
        for path in sorted({*self._before, *now}):
            if self._before.get(path) != now.get(path):
                what = "came" if path not in self._before else "gone" if not now.get(path) else "other content"
                return f"{path}: {what}"
        return ""
