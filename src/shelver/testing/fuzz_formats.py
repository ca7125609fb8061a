"""Damaged files of every format but CSV (see `fuzz_feeds`), and what must hold of their readers whatever they get.

    rng = random.Random(0)
    for content in damaged("xml", 10_000, rng):
        check_file("xml", content, rng.random() < 0.5)

Two kinds of damage: any at all, after which a reader must give rows or a `FeedError` in little time; and damage within
a single product, after which all others must still be there, be it as rows or as text of rejects.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.readers import READERS, read_stream
from shelver.feeds.rows import MAX_RAW, RawRow
from shelver.feeds.text_lines import decoded, line_blocks, open_text
from shelver.feeds.unpack import archive_kind, unpack
from shelver.feeds.zips import feed_members, is_spreadsheet, open_member, open_zip
from shelver.testing.fuzz_feeds import CSV_SEEDS, mutate, time_limit

NAME = "fuzz"
"""Name of the file; messages must begin with it."""

_IDS = [f"sku-{number:04}" for number in range(7)]
_ID = re.compile(r"sku-\d{4}")


@dataclass(frozen=True)
class Read:
    """What became of one file.

    Attributes
    ----------
    rows : list of RawRow
        Rows, good and bad.
    refused : str
        Why the file was refused as a whole; empty if it was read.
    """

    rows: list[RawRow]
    refused: str = ""


def _json_items() -> list[str]:
    return [
        json.dumps(
            {"id": key, "title": f'Red "shoe" ü {number}', "price": {"amount": 9.99, "currency": "EUR"},
             "tags": ["a", "b"], "images": [{"src": "https://x.example/1.jpg"}, {"src": "https://x.example/2.jpg"}],
             "stock": None, "new": True},
            ensure_ascii=number % 2 == 0,
            indent=None if number % 3 else 1,
        )
        for number, key in enumerate(_IDS)
    ]  # fmt: skip


def _xml_items() -> list[str]:
    return [
        f'<item n="{number}"><g:id>{key}</g:id><title>Shoe &amp; {number}</title><g:price>9.99 EUR</g:price>'
        f"<description><![CDATA[<b>Größe</b> 42]]></description><g:shipping><g:country>DE</g:country></g:shipping>\n"
        "<g:additional_image_link>https://x.example/1</g:additional_image_link></item>\n"
        for number, key in enumerate(_IDS)
    ]


FRAMES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "jsonl": (("", "\n", "\n"),),
    "json": (
        ("[", ",\n", "]"),
        ('{"status": "ok", "links": [{"rel": "next"}], "products": [', ", ", '], "total": 7}\n'),
        ('{"feed": {"title": "shop", "entry": [\n', ",", "]}}"),
    ),
    "xml": (
        (
            '<?xml version="1.0" encoding="UTF-8"?>\n<rss xmlns:g="urn:g"><channel><title>Shop</title>\n',
            "",
            "</channel></rss>\n",
        ),
        ('<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="urn:g"><!-- a <b> -->', "\n", "</feed>"),
    ),
}
"""What is around the products of a file: before, between, after."""

ITEMS = {"jsonl": [item.replace("\n", "") for item in _json_items()], "json": _json_items(), "xml": _xml_items()}
"""Products as text; each has an id that is found nowhere else."""


def parquet_seed() -> bytes:
    """A small Parquet file with columns of many types."""
    table = pa.table(
        {
            "id": _IDS,
            "price": [1.299, None, float("nan"), 4, 5, 6, 7],
            "tags": [["a", "b"], None, [], ["c"], [], [], []],
            "size": pa.array(["S", "M", None, "S", "S", "M", "S"]).dictionary_encode(),
            "offer": [{"amount": 1, "unit": "EUR"}, None, *[{"amount": 2, "unit": None}] * 5],
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=3)
    return out.getvalue()


_XLSX = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship '
    'Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
    'Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    '<sheet name="Products" sheetId="1" r:id="r1"/></sheets></workbook>',
}


def xlsx(rows: Sequence[Sequence[str | float]]) -> dict[str, bytes]:
    """Members of a small Excel file."""
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = "".join(
            f'<c r="{chr(65 + place)}{number}"><v>{value}</v></c>'
            if isinstance(value, float)
            else f'<c r="{chr(65 + place)}{number}" t="inlineStr"><is><t>{value}</t></is></c>'
            for place, value in enumerate(row)
        )
        lines.append(f'<row r="{number}">{cells}</row>')
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f"{''.join(lines)}</sheetData></worksheet>"
    )
    return {name: text.encode() for name, text in (_XLSX | {"xl/worksheets/sheet1.xml": sheet}).items()}


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip archive of some members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _table() -> list[list[str | float]]:
    rows: list[list[str | float]] = [["id", "title", "price"]]
    for key in _IDS:
        rows.append([key, f"Shoe {key[-1]}", 9.5])
    return rows


XLSX_ROWS = _table()

ODS = {
    "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
    "META-INF/manifest.xml": b"<manifest:manifest "
    b'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
    "content.xml": (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        '<table:table table:name="Products">'
        + "".join(
            "<table:table-row>"
            + "".join(
                f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
                for cell in row
            )
            + "</table:table-row>"
            for row in XLSX_ROWS
        )
        + "</table:table></office:spreadsheet></office:body></office:document-content>"
    ).encode(),
}
"""Members of a small OpenDocument file."""

XLS = zlib.decompress(
    base64.b85decode(
        b"c-rllO-K}B7{~wb?0oEQx*w*22C@iQnStMQ(XF7QLt=GEA}DniS`?Md4s|HYJO)9hqKn|gi`AtM>QJ{1fl-H`2(*r!f`Sg}^t{i!"
        b"<2W@37fLMVS>ES;=0ERm=H2&mW?s*y7p5Q7EaDgILIf*z4CWe5P>Q(+DbRV_mZ6(RDcPa@Qx=O-N16tnmcO!OAIkn-gogY23-Z7x"
        b"N~bY~p3#wfW&`aY*P&m?I&_j3xJya`)m*Cz_Ji!VvcJbApRwQ1$_@6NRCYm}!hE);VV@eseOeu#OF&-t5i{>uX+{-Z%29mfrf|v{"
        b"I8ZF~4{y#BwR#z5K>gO8AITT{hZj&u9XNyUb_V$7&eZ3bP~TWxfb<`J-3rieX*w_g`z#OeDOy~Q=uQXsE@2jF3T2{^S;!f{cwu}v"
        b"Px)A}Fqo&s_WaO=y-j2^XHT3P&1afCt=ZL@J*~ynT0E`Q)mlBR&DGjGt=-kyJ*~slI^uF;;DsdRTS&@zf|ZfaA<1!?r&)@&ily1F"
        b"Z;lT1X3wxP!JCJ(#q5x+0vlH)L2v@@<^tN3fCeV^u)oGv-Oh0h`%0P|l-KuGso?M=m$}Yo>*+eJY;UtW*TlOhp89g^aqZOS>~4zZ"
        b"x)(21&b`Y{qmFtdN4)$^qER%8JGZ4h$-22v%h5;n)xRxGQ7xtFZmWGXiDkq&OtW{6Wb264BTcoHq(uNNn2xCOf@#@qmo<4L=?@8q"
        b")&gjaX+zOY&zOqVd~_s$jxcR0I>K~R(Gef52hcjxF-7Z4#}%#nXd{3&nBJmjgXuCw8$Q|$piQRB6>Tz|P_*fztpM6$I;m)j>6D_a"
        b"Rk};7z(d)<v=Mn0M`)pi7FuYbg%;YTFyXvk@FSgkFf-JnyQRMCEK^zuKa>2ob{wPh8>bi3Ll~jFh>InSpKUONdo8g}#{FI>?Ihj3"
        b"h#?GcJ%&mizx3)Q*8ZP$gQ-6^g-X5uN-6dH%lH2YtK9vt"
    )
)
"""A small file of Excel 97, as written by xlwt."""

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda content: pa.compress(content, "zstd", asbytes=True),
    "zip": lambda content: zipped({"a.csv": content, "b/c.csv": content}),
}
"""How each kind of archive is made."""

FORMATS = ("jsonl", "json", "xml", "parquet", "excel", "archive")


def damaged(kind: str, count: int, rng: Random) -> Iterator[bytes]:
    """Make `count` damaged files of a format."""
    for _ in range(count):
        if kind in FRAMES:
            frame, items = rng.choice(FRAMES[kind]), ITEMS[kind]
            if rng.random() < 0.5:
                yield _framed(frame, items)[0] if rng.random() < 0.01 else mutate(_framed(frame, items)[0], rng)
            else:
                yield one_damaged(kind, rng)
        elif kind == "parquet":
            yield mutate(parquet_seed(), rng)
        elif kind == "excel":
            yield _excel(rng)
        else:
            yield mutate(PACKERS[rng.choice(list(PACKERS))](rng.choice(CSV_SEEDS)), rng)


def one_damaged(kind: str, rng: Random) -> bytes:
    """Make a file in which a single product is damaged, anywhere after its first sign."""
    items = [item.encode() for item in ITEMS[kind]]
    place = rng.randrange(len(items))
    first = 5 if kind == "xml" else 1
    items[place] = items[place][:first] + mutate(items[place][first:], rng)
    before, between, after = (part.encode() for part in rng.choice(FRAMES[kind]))
    return before + between.join(items) + after


def _framed(frame: tuple[str, str, str], items: Sequence[str]) -> tuple[bytes, int]:
    return (frame[0] + frame[1].join(items) + frame[2]).encode(), len(items)


def _excel(rng: Random) -> bytes:
    seed = rng.choice(("xlsx", "ods", "xls"))
    if seed == "xls":
        return mutate(XLS, rng)
    members = dict(xlsx(XLSX_ROWS) if seed == "xlsx" else ODS)
    if rng.random() < 0.3:
        return mutate(zipped(members), rng)
    name = rng.choice(list(members))
    members[name] = mutate(members[name], rng)
    return zipped(members)


def check_file(kind: str, content: bytes, given: bool) -> Read:
    """Read a damaged file and check what must hold.

    Parameters
    ----------
    kind : str
        One of `FORMATS`.
    content : bytes
        The file.
    given : bool
        Whether the format is set, or found out.

    Raises
    ------
    AssertionError
        A row without cells and reason, one that was lost, or a message that does not name the file.
    TimeoutError
        It took too long.
    """
    feed = Feed(name="fuzz", path=NAME, format=kind if given and kind in READERS else "auto")
    try:
        with time_limit():
            rows = list(_archived(content, feed) if kind == "archive" else _rows(content, feed))
    except FeedError as error:
        said = str(error)
    else:
        said = ""
    if said:
        assert said.startswith(NAME), said
        assert len(said) < 2_000
        return Read([], said)
    for row in rows:
        assert bool(row.reason) != bool(row.values), row
        assert row.reason or isinstance(json.loads(row.raw), dict), row
        assert row.line > 0
    if kind == "jsonl" and given:
        text = open_text(io.BytesIO(content), "auto", NAME)
        lines = sum(1 for block in line_blocks(text) for line in decoded(block) if line.strip())
        assert len(rows) == lines, f"{len(rows)} rows of {lines} lines"
    return Read(rows)


def check_one_damaged(kind: str, content: bytes) -> Read:
    """Check that of a file in which a single product is damaged no other is lost: see `one_damaged`."""
    found = check_file(kind, content, True)
    if not found.refused:
        texts = "".join(row.raw for row in found.rows)
        if any(len(row.raw) > MAX_RAW for row in found.rows):
            return found
        missing = set(_IDS) - set(_ID.findall(texts))
        assert len(missing) <= 1, f"lost: {sorted(missing)}"
    return found


def _rows(content: bytes, feed: Feed) -> Iterator[RawRow]:
    reader = read_stream(io.BytesIO(content), NAME, feed, 5)
    for block in reader.batches:
        assert 0 < len(block) <= 5
        assert len(block.lines) == len(block.raw) == block.cells.num_rows
        yield from block.rows()


def _archived(content: bytes, feed: Feed) -> Iterator[RawRow]:
    if archive_kind(content[:512]) != "zip":
        yield from _stream_rows(unpack(io.BytesIO(content), NAME), feed)
        return
    archive = open_zip(io.BytesIO(content), NAME)
    if not is_spreadsheet(archive):
        for name in feed_members(archive, NAME):
            yield from _stream_rows(open_member(archive, NAME, name), feed)


def _stream_rows(stream: BinaryIO, feed: Feed) -> Iterator[RawRow]:
    for block in read_stream(stream, NAME, feed).batches:
        yield from block.rows()
