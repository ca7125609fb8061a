"""Rows of delimited text, block by block: plain ones through pyarrow's parser, the others through `csv_records`."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv

from shelver.feeds.csv_records import Dialect, Record, read_record
from shelver.feeds.csv_scan import Scan
from shelver.feeds.encodings import broken, scrub
from shelver.feeds.json_rows import json_rows
from shelver.feeds.rows import MAX_RECORD, Block, RawRow, bad_row


def csv_blocks(
    texts: Iterator[bytes], dialect: Dialect, columns: Sequence[str], line: int, reason: str, fast: bool = True
) -> Iterator[Block]:
    """Read the rows below a header.

    Parameters
    ----------
    texts : iterator of bytes
        Blocks of whole lines: see `text_lines.line_blocks`.
    dialect : Dialect
        How cells are written.
    columns : sequence of str
        Names of the columns, each once.
    line : int
        Number of the first line.
    reason : str
        Why a row is bad that is not UTF-8.
    fast : bool
        False: every row goes through `csv_records`; the answer is the same.

    Yields
    ------
    Block
        Rows that start in one block of text.
    """
    fast = fast and not dialect.spaced and len((dialect.delimiter + dialect.quote).encode()) == 2
    encode = json.JSONEncoder(ensure_ascii=False).encode
    rest = b""
    for text in _with_end(texts):
        final = text is None
        source = _Lines(rest + (text or b""), dialect if fast else None, dialect, len(columns), final)
        rest = b""
        if not source.text:
            continue
        runs: list[tuple[int, int]] = []
        records: list[Record] = []
        place = 0
        while place < source.count:
            stop = source.plain_until(place)
            if stop > place:
                runs.append((place, stop))
                place = stop
                continue
            try:
                record, place = source.read(place)
            except _UnfinishedError:
                rest = source.text[source.starts[place] :]
                break
            if record is not None:
                records.append(record)
        rows = [_row(record, line, columns, reason, encode) for record in records]
        block = _merged(source.parse(runs, columns, line), Block.of(rows, columns))
        line += place
        if len(block):
            yield block


class _UnfinishedError(Exception):
    """A row may go on in the next block."""


class _Lines:
    """The lines of a block: plain rows together, others one by one. A `csv_records.Source`."""

    def __init__(self, text: bytes, fast: Dialect | None, dialect: Dialect, width: int, final: bool) -> None:
        self.text = text
        self._dialect = dialect
        self._width = width
        self._final = final
        self._next = 0
        self._scan = Scan(text, fast, width) if fast and text else None
        if self._scan:
            self.starts, self.ends = self._scan.starts, self._scan.ends
        else:
            self.ends = np.flatnonzero(np.frombuffer(text, np.uint8) == 10)
            self.starts = np.concatenate([[0], self.ends[:-1] + 1]) if len(self.ends) else self.ends
        self.count = len(self.ends)

    def plain_until(self, place: int) -> int:
        """Line up to which all rows from line `place` on are plain."""
        if self._scan is None:
            return place
        rows = self._scan.rows(int(self._scan.parity[place]))
        row = int(np.searchsorted(rows.first, place))
        if row == len(rows.first):
            return place
        odd = int(np.searchsorted(rows.odd, row))
        return int(rows.first[rows.odd[odd]]) if odd < len(rows.odd) else int(rows.last[-1]) + 1

    def read(self, place: int) -> tuple[Record | None, int]:
        """Read the row that starts on line `place` by `csv_records`; also the line after it."""
        self._next = place + 1
        record = read_record(place, self._line(place), self, self._dialect, self._width)
        return record, self._next

    def take(self, count: int) -> None:
        self._next += count

    def peek(self, place: int) -> str | None:
        line = self._next + place
        if line < self.count:
            return self._line(line)
        if self._final:
            return None
        raise _UnfinishedError

    def parse(self, runs: list[tuple[int, int]], columns: Sequence[str], line: int) -> Block:
        """Parse the plain rows of some runs of lines."""
        if not runs or self._scan is None:
            return Block.of([], columns)
        scan = self._scan
        found = []
        for start, stop in runs:
            rows = scan.rows(int(scan.parity[start]))
            low, high = np.searchsorted(rows.first, [start, stop])
            found.append(np.stack([each[low:high] for each in (rows.first, rows.last, rows.surplus, rows.blank)]))
        first, last, surplus, blank = np.concatenate(found, axis=1)
        used = blank == 0
        if not used.any():
            return Block.of([], columns)
        first = first[used]
        text = scan.cut(first, last[used], surplus[used])
        if text.startswith(BOM_UTF8):
            text = BOM_UTF8 + text  # the parser drops one; that of the file itself is gone already
        quoted = scan.quoted
        table = pv.read_csv(
            pa.BufferReader(text),
            read_options=pv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=columns),
            parse_options=pv.ParseOptions(
                delimiter=self._dialect.delimiter,
                quote_char=self._dialect.quote if quoted else False,
                newlines_in_values=quoted,
                ignore_empty_lines=False,
            ),
            convert_options=pv.ConvertOptions(
                check_utf8=False, column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
            ),
        )
        cells = table.combine_chunks().to_batches()[0]
        return Block(cells, pa.array(first + line), json_rows(cells))

    def _line(self, place: int) -> str:
        line = self.text[self.starts[place] : self.ends[place]].decode("utf-8", "surrogateescape")
        return line if len(line) <= MAX_RECORD else line[: MAX_RECORD + 1]


def _with_end(texts: Iterator[bytes]) -> Iterator[bytes | None]:
    yield from texts
    yield None


def _row(record: Record, line: int, columns: Sequence[str], reason: str, encode: Callable[[object], str]) -> RawRow:
    """Make a row of a record whose lines are counted from `line`."""
    number = record.line + line
    if record.reason or broken(record.text):
        return bad_row(number, scrub(record.text), record.reason or reason)
    values: dict[str, str | None] = dict(zip(columns, record.cells, strict=True))
    return RawRow(number, values, encode(values))


def _merged(plain: Block, careful: Block) -> Block:
    """Put the rows of two blocks of the same columns in the order of lines."""
    if not len(careful.lines):
        return Block(plain.cells, plain.lines, plain.raw, careful.bad)
    if not len(plain.lines):
        return careful
    lines = pa.concat_arrays([plain.lines, careful.lines])
    order = pa.array(np.argsort(lines.to_numpy(), kind="stable"))
    cells = pa.concat_batches([plain.cells, careful.cells]).take(order)
    raw = pa.concat_arrays([plain.raw, careful.raw]).take(order)
    return Block(cells, lines.take(order), raw, careful.bad)
