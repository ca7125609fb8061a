"""A long text of which a part is in sight: what JSON and XML are parsed from, item by item."""

from __future__ import annotations

import codecs

from shelver.feeds.encodings import Encoding
from shelver.feeds.utf8_stream import Utf8Stream

CHUNK = 1 << 20


class Window:
    """The part of a text from where it is being read on.

    Parameters
    ----------
    stream : Utf8Stream
        The file, see `open_text`.

    Attributes
    ----------
    text : str
        What is in sight. Bytes that fit no encoding are halves of surrogate pairs: see `encodings.broken`.
    at : int
        Place in `text` that is read next.
    base : int
        Characters of the file before `text`.
    ended : bool
        Whether `text` reaches to the end of the file.
    """

    def __init__(self, stream: Utf8Stream) -> None:
        self.text, self.at, self.ended = "", 0, False
        self._stream = stream
        self.base = 0
        self._line, self._counted = 1, 0
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode

    @property
    def encoding(self) -> Encoding:
        """The encoding of the file."""
        return self._stream.encoding

    def more(self) -> bool:
        """Bring further text into sight; a long text before `at` is dropped. False at the end of the file."""
        if self.ended:
            return False
        if self.at > CHUNK:
            self.drop()
        chunk = self._stream.read(CHUNK)
        self.text += self._decode(chunk, not chunk)
        self.ended = not chunk
        return not self.ended

    def see(self, size: int) -> None:
        """Bring `size` characters from `at` on into sight, if there are as many."""
        while len(self.text) - self.at < size and self.more():
            pass

    def drop(self) -> None:
        """Forget what lies before `at`."""
        self.line()
        self.base += self.at
        self.text = self.text[self.at :]
        self.at = self._counted = 0

    def line(self) -> int:
        """Line that `at` is in, from 1; `at` may not have gone back since the last time."""
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line
