"""Read labels that people have made elsewhere: CSV, TSV, JSON or JSON lines."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from shelver.catalogue.known_products import MERCHANT_ID, PRODUCT_ID, KnownProducts
from shelver.catalogue.label_events import EXCLUSIVE, LabelEvent
from shelver.catalogue.origins import CLUSTER, is_human
from shelver.catalogue.records import Record, is_json, json_records, read_text, table_records
from shelver.catalogue.tree import Category, Tree
from shelver.errors import CatalogueError, nearest
from shelver.files import Files

CATEGORY = ("category", "category_id", "path", "label")
PERSON = "person"
OBJECTIVE = "objective"
HOW = "how"

_SHOWN = 5  # problems in a message


@dataclass(frozen=True, slots=True)
class LabelFile:
    """What a file of labels says; iterating gives the events, so it can be handed to `Control.add_labels`.

    Attributes
    ----------
    events : list of LabelEvent
        In the order of the file.
    rows : int
        Rows in the file.
    repeated : int
        Rows that say again what a row above said.
    skipped : int
        Rows about products that are not known.
    """

    events: list[LabelEvent]
    rows: int
    repeated: int = 0
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.events)

    def __iter__(self) -> Iterator[LabelEvent]:
        return iter(self.events)

    def __repr__(self) -> str:
        return f"LabelFile({len(self)} labels from {self.rows} rows, {self.repeated} repeated, {self.skipped} skipped)"


def read_labels(
    files: Files,
    name: str,
    tree: Tree,
    known: pa.Table,
    *,
    person: str = "",
    how: str = "import",
    objectives: Sequence[str] = (EXCLUSIVE,),
    skip_unknown_products: bool = False,
) -> LabelFile:
    """Read a file of labels; nothing is stored.

    Columns: ``product_id`` (ours) or ``id`` (the merchant's own, with an optional ``source`` and ``merchant`` to tell
    equal ones apart); ``category`` (id, path or unique name); optional ``person`` and ``objective``;
    ``how``: rows that say ``look_alike`` or ``cluster`` stay labels that were taken over, see `origins`.

    Parameters
    ----------
    files, name : Files, str
        The folder and the file.
    tree : Tree
        Its categories.
    known : pyarrow.Table
        Products: columns product_id, and for ``id`` also merchant_id, and source and merchant if the file has them.
    person : str
        Who labelled, where no column says it.
    how : str
        Kept with every label.
    objectives : sequence of str
        Objectives allowed; the first is meant where no column says it.
    skip_unknown_products : bool
        Leave out rows about unknown products, and count them, instead of refusing the file.

    Returns
    -------
    LabelFile
        The labels. Their batch is a hash of the file's text, so importing the same file again stores nothing twice.

    Raises
    ------
    CatalogueError
        The file cannot be read, columns are missing, or rows are wrong: an unknown or ambiguous category or product, a
        category that people cannot assign, two categories for one product. All problems are counted, five are shown.
    """
    where = files.path(name)
    text = read_text(files, name)
    rows = list((json_records if is_json(text) else table_records)(text, where))
    _check_columns(rows, where)
    reader = _Reader(tree, KnownProducts(known, rows), objectives, skip_unknown_products)
    batch = str(uuid.UUID(bytes=hashlib.blake2b(text.encode(), digest_size=16).digest()))
    found: dict[tuple[str, str], tuple[Category, Record]] = {}
    events = []
    for row in rows:
        label = reader.read(row)
        if label is None:
            continue
        product_id, category, objective = label
        earlier, above = found.setdefault((product_id, objective), (category, row))
        if above is row:
            by = row.text(PERSON) or person
            way = how if is_human(row.text(HOW)) else CLUSTER  # nobody looked at it there, so nobody did here
            events.append(LabelEvent(product_id, category.category_id, objective, by, way, batch=batch))
        elif earlier == category:
            reader.repeated += 1
        else:
            reader.problem(
                row.where, f'the product "{product_id}" is "{category}" here, but "{earlier}" in {above.where}'
            )
    if reader.problems:
        more = "" if reader.problems <= _SHOWN else f"\n  ... and {reader.problems - _SHOWN} more"
        raise CatalogueError(
            f"{reader.problems} of {len(rows)} rows are wrong; no label was imported",
            where=where,
            hint="\n  ".join(reader.shown) + more,
        )
    return LabelFile(events, len(rows), reader.repeated, reader.skipped)


def _check_columns(rows: Sequence[Record], where: str) -> None:
    columns = {column for row in rows for column in row.values}
    for wanted, meaning in (((*PRODUCT_ID, *MERCHANT_ID), "product"), (CATEGORY, "category")):
        if not columns & set(wanted):
            found = f"; found {', '.join(sorted(columns)[:8])}" if columns else ""
            raise CatalogueError(
                f"no column with the {meaning}{found}",
                where=where,
                expected="product_id (or id, the merchant's own) and category",
            )


class _Reader:
    """Reads rows one by one, remembering the problems."""

    def __init__(self, tree: Tree, known: KnownProducts, objectives: Sequence[str], skip: bool) -> None:
        self._tree, self._known, self._objectives, self._skip = tree, known, objectives, skip
        self._resolved: dict[str, list[Category]] = {}
        self.problems = self.repeated = self.skipped = 0
        self.shown: list[str] = []

    def read(self, row: Record) -> tuple[str, Category, str] | None:
        """Product, category and objective of a row; None if it is skipped or wrong."""
        try:
            product_ids = self._known.find(row)
            reference = row.text(*CATEGORY)
            objective = row.text(OBJECTIVE) or self._objectives[0]
        except CatalogueError as error:
            self.problem(row.where, str(error).removeprefix(f"{row.where}: "))
            return None
        if not product_ids and self._skip:
            self.skipped += 1
            return None
        if reference not in self._resolved:
            self._resolved[reference] = self._tree.find(reference)
        found = self._resolved[reference]
        if len(product_ids) != 1:
            self.problem(row.where, lambda: self._known.explain(row, product_ids))
        elif len(found) != 1:
            self.problem(row.where, lambda: self._why_not(reference))
        elif objective not in self._objectives:
            self.problem(row.where, lambda: f'no objective "{objective}"; {nearest(objective, self._objectives)}')
        elif objective == EXCLUSIVE and not found[0].exclusive:
            self.problem(row.where, lambda: self._not_assignable(found[0]))
        else:
            return product_ids[0], found[0], objective
        return None

    def problem(self, where: str, what: str | Callable[[], str]) -> None:
        """Count a problem; the first few are put into words (`what` may be a function, as that can be slow)."""
        self.problems += 1
        if len(self.shown) < _SHOWN:
            self.shown.append(f"{where}: {what() if callable(what) else what}")

    def _why_not(self, reference: str) -> str:
        if not reference:
            return "the category is empty"
        try:
            return str(self._tree.resolve(reference))
        except CatalogueError as error:
            return "; ".join(line.strip() for line in str(error).split("\n"))

    def _not_assignable(self, category: Category) -> str:
        below: Iterable[Category] = self._tree.categories[self._tree.span(category.category_id)]
        options = [f'"{one}"' for one in below if one.exclusive]
        shown = ", ".join(options[:3]) + (", ..." if len(options) > 3 else "")
        return f'"{category}" cannot be assigned' + (f"; did you mean {shown}" if options else "")
