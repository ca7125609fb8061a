"""The stage that labels products by rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shelver.errors import CatalogueError, RuleError
from shelver.files import Files
from shelver.rules.matcher import FIELDS, PRICE, Matcher
from shelver.rules.rulefile import RuleSet, dump_rules, read_rules
from shelver.stage import Batches, digest

NAME = "rules.v1"

LABEL = pa.struct(
    [
        ("category_id", pa.string()),
        ("rule_id", pa.string()),
        ("field", pa.string()),
        ("start", pa.int32()),
        ("end", pa.int32()),
    ]
)
"""A rule that fired: what it says, which it is, and the characters of the field it was recognised by."""

SCHEMA = pa.schema([("product_id", pa.string()), ("labels", pa.list_(LABEL))])


def resolve_categories(rules: RuleSet, resolve: Callable[[str], str]) -> tuple[str, ...]:
    """Find the category that each rule names.

    Parameters
    ----------
    rules : RuleSet
        The rules.
    resolve : callable
        From a path or id to the id; raises `CatalogueError` where there is no such category.

    Returns
    -------
    tuple of str
        One category id for each rule.

    Raises
    ------
    RuleError
        Rules that name no category of the tree: the first one's line and the nearest match, then the others.
    """
    found, faults = [], []
    for number, rule in enumerate(rules.rules):
        try:
            found.append(resolve(rule.category))
        except CatalogueError as error:
            faults.append((number, error))
    if faults:
        number, first = faults[0]
        others = [f"also: {rules.place(place)}: {error.what}" for place, error in faults[1:6]]
        if len(faults) > 6:
            others.append(f"and {len(faults) - 6} more")
        raise RuleError(
            first.what,
            where=rules.place(number),
            expected=first.expected,
            hint="\n  ".join([hint for hint in [first.hint] if hint] + others),
        ) from first
    return tuple(found)


class RulesStage:
    """Products in, the labels of their rules out; nothing to fit.

    Parameters
    ----------
    rules : RuleSet
        The rules.
    category_ids : sequence of str
        What each rule assigns; see `resolve_categories`.
    """

    def __init__(self, rules: RuleSet, category_ids: Sequence[str]) -> None:
        if len(rules) != len(category_ids):
            raise ValueError(f"{len(rules)} rules, {len(category_ids)} category ids")
        self.rules, self.category_ids = rules, tuple(category_ids)
        self._matcher = Matcher(rules.rules)
        self._categories = pa.array(self.category_ids, pa.string())
        self._ids = pa.array([rule.id for rule in rules.rules], pa.string())

    def __repr__(self) -> str:
        return f"RulesStage({len(self.rules)} rules for {len(set(self.category_ids))} categories)"

    def __reduce__(self) -> tuple[object, ...]:
        return (RulesStage, (self.rules, self.category_ids))

    @property
    def name(self) -> str:
        """``rules.v1``."""
        return NAME

    @property
    def columns(self) -> tuple[str, ...]:
        """The product's id and the fields that the rules look at."""
        return ("product_id", *self._matcher.columns)

    @property
    def schema(self) -> pa.Schema:
        """One list of labels for each product."""
        return SCHEMA

    def fingerprint(self) -> str:
        """Hash of the rules and the categories they resolve to."""
        return digest(NAME, self.rules.fingerprint(), self.category_ids)

    def fit(self, batches: Batches) -> RulesStage:
        """Rules learn nothing: the same stage."""
        return self

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Label n products.

        Parameters
        ----------
        batch : pyarrow.RecordBatch
            With the columns of `columns`: texts of any Arrow text type, the price a number; nulls are missing.

        Returns
        -------
        pyarrow.RecordBatch
            n rows: ``product_id`` and ``labels``, a list of one entry for each rule that fired, in rule order.
        """
        texts = {name: _texts(batch.column(name)) for name in self._matcher.columns if name != PRICE}
        price = _numbers(batch.column(PRICE)) if PRICE in self._matcher.columns else np.full(batch.num_rows, np.nan)
        matches = self._matcher.match(texts, price)
        rule = pa.array(matches.rule)
        labels = pa.StructArray.from_arrays(
            [
                self._categories.take(rule),
                self._ids.take(rule),
                pa.array(FIELDS, pa.string()).take(pa.array(matches.field)),
                pa.array(matches.start.astype(np.int32)),
                pa.array(matches.end.astype(np.int32)),
            ],
            fields=list(LABEL),
        )
        offsets = np.searchsorted(matches.row, np.arange(batch.num_rows + 1)).astype(np.int32)
        lists = pa.ListArray.from_arrays(pa.array(offsets), labels, type=SCHEMA.field("labels").type)
        return pa.RecordBatch.from_arrays([batch.column("product_id").cast(pa.string()), lists], schema=SCHEMA)

    def save(self, files: Files) -> None:
        """Write the rules as people read them, and what their categories resolved to."""
        files.write("rules.toml", dump_rules(self.rules))
        files.write_json("rules.json", {"name": NAME, "category_ids": list(self.category_ids)})

    @classmethod
    def load(cls, files: Files) -> RulesStage:
        """Read back what `save` wrote.

        Raises
        ------
        RuleError
            Something else is in the folder.
        """
        try:
            state = files.read_json("rules.json")
        except FileNotFoundError:
            raise RuleError("no saved rules here", where=files.path("rules.json")) from None
        if state["name"] != NAME:
            raise RuleError(f'saved by "{state["name"]}"', where=files.path("rules.json"), expected=f'"{NAME}"')
        return cls(read_rules(files, "rules.toml"), state["category_ids"])


def _texts(column: pa.Array) -> list[str]:
    """Values of a text column of any Arrow type, the empty string where missing."""
    texts: list[str] = pc.fill_null(column.cast(pa.large_string()), "").to_pylist()
    return texts


def _numbers(column: pa.Array) -> npt.NDArray[np.float64]:
    """Values of a numeric column, NaN where missing; shape (n,)."""
    numbers: npt.NDArray[np.float64] = pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False)
    return numbers
