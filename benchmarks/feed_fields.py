"""Which fields are in real feeds, and which of them the guess of columns finds, with no setting for any feed.

    python benchmarks/feed_fields.py --data /path/to/data [--json out.json] [--wrong all]

The truth is `feed_fields.toml`, written by hand: names of columns, no product. A field is present in a file if one of
its columns has a value there. `found`: the column that was taken is one of them; `wrong`: it is another one that has
values; `missed`: none was taken; `invented`: one was taken for a field that is not there. Three variants show what each
kind of evidence does: as if no network were known; names without any value; values under a header of ``column 1`` to
``column n``. Every row of every file must become a product or a reject.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.columns import ColumnMap, columns_of, guess_columns
from shelver.feeds.ingest import read_products
from shelver.feeds.networks import Table
from shelver.feeds.readers import read_feed
from shelver.feeds.report import FeedReport
from shelver.feeds.rows import Block
from shelver.feeds.value_signs import ROWS
from shelver.files import Files

FIELDS = (
    "title", "price", "image", "brand", "category", "gtin", "id", "url", "description", "currency", "availability",
    "colour", "size", "gender", "mpn", "item_group", "merchant", "images",
)  # fmt: skip
GOAL = FIELDS[:6]
SOURCES = ("feed_formats", "feeds_real", "marketplace_samples", "magento", "retailer_feeds/raw")
TAKEN = {"category": ("raw_category", "category"), "image": ("image_url",), "images": ("image_urls",)}
VARIANTS = ("all", "no networks", "names only", "values only")


@dataclass(frozen=True)
class Truth:
    """Patterns of the columns of one file: those that hold a field, and those that are not wrong for it."""

    holds: Mapping[str, Sequence[str]]
    also: Mapping[str, Sequence[str]]

    def columns(self, field: str, header: Sequence[str], also: bool = False) -> list[str]:
        """Columns of a field."""
        patterns = [*self.holds.get(field, ()), *(self.also.get(field, ()) if also else ())]
        return [column for column in header if any(_matches(column, pattern) for pattern in patterns)]


def _matches(column: str, pattern: str) -> bool:
    bare = column.removeprefix("g:")
    return bare in (pattern, pattern.strip('"')) or ("*" in pattern and fnmatchcase(bare, pattern))


def truths(data: Path) -> dict[str, Truth]:
    """The truth by file, relative to the data folder."""
    blocks = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["feeds"]
    found: dict[str, Truth] = {}
    for block in blocks:
        for pattern in block["files"]:
            for path in data.glob(pattern):
                found[str(path.relative_to(data))] = Truth(block["holds"], block.get("also", {}))
    return found


def feeds(data: Path) -> Iterator[str]:
    """All files that are measured."""
    for source in SOURCES:
        for path in sorted((data / source).iterdir()):
            if path.suffix in (".csv", ".json", ".xml") and path.name != "MANIFEST.csv":
                yield str(path.relative_to(data))


def judge(truth: Truth, header: Sequence[str], sample: Block, found: ColumnMap) -> dict[str, str]:
    """Judge every field that is present, and absent ones that were found nonetheless (``invented``)."""
    filled = {column for column in header if any((value or "").strip() for value in sample.column(column).to_pylist())}
    verdicts: dict[str, str] = {}
    for field in FIELDS:
        taken = {c for name in TAKEN.get(field, (field,)) for c in columns_of(found.columns.get(name, ()))} & filled
        present = set(truth.columns(field, header)) & filled
        allowed = set(truth.columns(field, header, also=True))
        if present:
            verdicts[field] = "wrong" if taken - allowed else "found" if taken else "missed"
        elif taken - allowed:
            verdicts[field] = "invented"
    return verdicts


def guesses(header: Sequence[str], sample: Block) -> dict[str, ColumnMap]:
    """The guess by all evidence, without networks, by names alone, by values alone."""
    bare = [f"column {number}" for number in range(1, len(header) + 1)]
    cells = pa.RecordBatch.from_arrays([sample.column(column) for column in header], bare)
    by_value = guess_columns(bare, Block(cells, sample.lines, sample.raw))
    with patch.object(Table, "recognise", return_value=None):
        unknown = guess_columns(header, sample)
    back = dict(zip(bare, header, strict=True))
    columns = {name: tuple(back[c] for c in columns_of(each)) for name, each in by_value.columns.items()}
    return {
        "all": guess_columns(header, sample),
        "no networks": unknown,
        "names only": guess_columns(header, Block.of([], header)),
        "values only": ColumnMap(columns, by_value.why),
    }


def counted(data: Path, file: str) -> str:
    """Read a whole file; says what is wrong with the counts, or nothing."""
    feed = Feed(name="measured", path=str(data / file), max_rejects=1.0)
    report = FeedReport(feed.name)
    products = rejects = 0
    for good, bad in read_products(Files("."), feed, report):
        products, rejects = products + good.num_rows, rejects + bad.num_rows
    if report.rows != products + rejects or not report.rows:
        return f"{report.rows} rows, {products} products, {rejects} rejects"
    return ""


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with feed_formats, feeds_real, ...")
    parser.add_argument("--json", type=Path, help="write all verdicts to this file")
    parser.add_argument(
        "--wrong", choices=VARIANTS, help="list what one variant got wrong, missed or invented, with reasons"
    )
    parser.add_argument("--no-rows", action="store_true", help="do not read the files to their ends")
    args = parser.parse_args()
    known = truths(args.data)
    total: dict[str, Counter[tuple[str, str]]] = {variant: Counter() for variant in VARIANTS}
    verdicts: dict[str, dict[str, dict[str, str]]] = {}
    unread, miscounted = [], []
    for file in feeds(args.data):
        feed = Feed(name="measured", path=str(args.data / file))
        try:
            reader = read_feed(Files("."), feed.path, feed)
            sample = reader.first_rows(ROWS)
            fault = "" if args.no_rows else counted(args.data, file)
        except FeedError as error:
            unread.append(f"{file}: {error}")
            continue
        if fault:
            miscounted.append(f"{file}: {fault}")
        header = list(dict.fromkeys((*reader.columns, *sample.cells.schema.names)))
        if not len(sample.lines):
            unread.append(f"{file}: no good row among the first")
            continue
        verdicts[file] = {}
        for variant, found in guesses(header, sample).items():
            verdicts[file][variant] = judge(known[file], header, sample, found)
            total[variant].update(verdicts[file][variant].items())
            if variant == args.wrong:
                for field, verdict in verdicts[file][variant].items():
                    if verdict != "found":
                        names = [name for name in TAKEN.get(field, (field,)) if name in found.columns]
                        said = "; ".join(f"{name} = {found.columns[name]} ({found.why[name]})" for name in names)
                        print(f"{verdict:8} {field:12} {file}: {said or known[file].columns(field, header)}")
    print(f"{len(verdicts)} files; every row of each a product or a reject: {'no' if miscounted else 'yes'}")
    for line in (*unread, *miscounted):
        print(f"  {line}")
    for variant in VARIANTS:
        print_table(variant, total[variant])
    if args.json:
        args.json.write_text(json.dumps(verdicts, indent=1))
    sys.exit(bool(miscounted))


def print_table(variant: str, counts: Counter[tuple[str, str]]) -> None:
    """Print found, wrong, missed and invented of every field."""
    print(f"\n{variant}\n{'field':14}{'present':>8}{'found':>8}{'wrong':>8}{'missed':>8}{'invented':>9}{'found %':>9}")
    rows = [
        (field, {verdict: counts[field, verdict] for verdict in ("found", "wrong", "missed", "invented")})
        for field in FIELDS
    ]
    for fields, name in ((GOAL, "the six of the goal"), (FIELDS, "all fields")):
        both = [each for field, each in rows if field in fields]
        rows.append((name, {verdict: sum(each[verdict] for each in both) for verdict in both[0]}))
    for name, each in rows:
        present = each["found"] + each["wrong"] + each["missed"]
        share = f"{100 * each['found'] / present:.1f}" if present else "–"
        print(
            f"{name:20}"[: max(14, len(name))]
            + f"{present:>8}{each['found']:>8}{each['wrong']:>8}{each['missed']:>8}{each['invented']:>9}{share:>9}"
        )


if __name__ == "__main__":
    main()
