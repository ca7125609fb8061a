"""Parquet files and spreadsheets, to be damaged."""

from __future__ import annotations

import base64
import io
import zipfile
import zlib
from collections.abc import Sequence
from functools import cache
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from shelver.testing.fuzz_damage import mutate
from shelver.testing.fuzz_texts import IDS


def parquet_seed(**settings: object) -> bytes:
    """A small Parquet file with columns of many types; settings as of `pyarrow.parquet.write_table`."""
    table = pa.table(
        {
            "id": IDS,
            "price": [1.299, None, float("nan"), 4, 5, 6, 7],
            "tags": [["a", "b"], None, [], ["c"], [], [], []],
            "size": pa.array(["S", "M", None, "S", "S", "M", "S"]).dictionary_encode(),
            "offer": [{"amount": 1, "unit": "EUR"}, None, *[{"amount": 2, "unit": None}] * 5],
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out, **{"row_group_size": 3, **settings})
    return out.getvalue()


PARQUET: tuple[dict[str, object], ...] = (
    {},
    {"compression": "zstd", "data_page_version": "2.0", "write_page_index": True, "write_page_checksum": True},
    {"compression": "none", "use_dictionary": False, "store_schema": False, "write_statistics": False},
    {"compression": "gzip", "use_dictionary": False, "column_encoding": {"id": "DELTA_BYTE_ARRAY"}},
)
"""Settings of the files that are damaged."""


@cache
def parquet_seeds() -> tuple[bytes, ...]:
    """Small Parquet files, written in different ways."""
    return tuple(parquet_seed(**settings) for settings in PARQUET)


def damaged_parquet(rng: Random) -> bytes:
    """A damaged Parquet file: in any way, or, as nearly all places of such a file are counted, in single bytes."""
    seed = rng.choice(parquet_seeds())
    if rng.random() < 0.5:
        return mutate(seed, rng)
    made = bytearray(seed)
    for _ in range(rng.randint(1, 4)):
        made[rng.randrange(len(made))] = rng.choice((0, 1, 2, 127, 128, 255, rng.randrange(256)))
    return bytes(made)


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
    for key in IDS:
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


def damaged_excel(rng: Random) -> bytes:
    """Damage a spreadsheet: its bytes, or those of one of its members."""
    seed = rng.choice(("xlsx", "ods", "xls"))
    if seed == "xls":
        return mutate(XLS, rng)
    members = dict(xlsx(XLSX_ROWS) if seed == "xlsx" else ODS)
    if rng.random() < 0.3:
        return mutate(zipped(members), rng)
    name = rng.choice(list(members))
    members[name] = mutate(members[name], rng)
    return zipped(members)
