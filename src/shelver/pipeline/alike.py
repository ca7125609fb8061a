"""One answer, many products: what looks like a labelled product, confirmed together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shelver.catalogue.on_offer import is_on_offer
from shelver.catalogue.origins import human_only
from shelver.catalogue.propagation import Confirmed
from shelver.config import Vector
from shelver.errors import CatalogueError, ModelError
from shelver.labelling.alike import MOST, Known, look_alikes
from shelver.labelling.candidates import Floats, Ints
from shelver.labelling.likeness import Likeness, picture_codes, safe_nearness, title_codes, usual_nearness
from shelver.labelling.rule_clash import rules_against
from shelver.models.folder import SavedModel
from shelver.pipeline.base import Base
from shelver.pipeline.learn import saved_model
from shelver.pipeline.prepare import dataset
from shelver.pipeline.references import row_of
from shelver.training.examples import NO_SIDE
from shelver.training.predict import probabilities

COPIES = 0.9
"""Products that are less alike are not offered, however few neighbours there are in the catalogue."""
NEAREST = 2_000
"""Labelled products by which it is learnt how near is near enough, at most."""


@dataclass(frozen=True)
class Offered:
    """A product that may be labelled together with another."""

    product_id: str
    title: str
    reason: str
    cosine: float


@dataclass(frozen=True)
class Offer:
    """A labelled product, and what looks like it.

    Attributes
    ----------
    event_id : int
        Its label, which those that are confirmed are to be taken over from.
    product_id, title, category_id, path : str
        The product, and what it was said to be.
    nearness : float
        Cosine from which on products count as alike here.
    products : tuple of Offered
        Best first; none of them has a label.
    """

    event_id: int
    product_id: str
    title: str
    category_id: str
    path: str
    nearness: float
    products: tuple[Offered, ...]

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return asdict(self) | {"products": [asdict(product) for product in self.products]}


class LookAlikes:
    """The look-alikes of a prepared run: vectors and titles are read once, labels anew at every question.

    Parameters
    ----------
    workspace : Base
        The workspace.
    run_id : str
        The run; the one prepared last if not named. Its model, if it is trained, takes part.
    """

    def __init__(self, workspace: Base, run_id: str = "") -> None:
        self.workspace = workspace
        data = dataset(workspace, run_id)
        self.run_id, self.examples = data.run_id, data.examples
        self.classes = self.examples.classes
        self.product_ids = self.examples.features.read(["product_id"])["product_id"].combine_chunks().cast(pa.string())
        self._against = rules_against(self.examples.hits, self.classes)

    def __repr__(self) -> str:
        return f"LookAlikes({self.run_id}, {self.likeness!r})"

    @cached_property
    def model(self) -> SavedModel | None:
        """The configured model of the run, if it is trained."""
        try:
            model = saved_model(self.workspace, self.run_id)[2]
        except ModelError:
            return None
        return model if "exclusive" in model.net.objectives else None

    @cached_property
    def _products(self) -> pa.Table:
        """Titles and addresses of pictures of the run's products, in its order; null where one is gone."""
        columns = ["product_id", "title", "image_url", "merchant_id", "active"]
        table = self.workspace.products().read(columns).combine_chunks()
        return table.take(pc.index_in(self.product_ids, value_set=table["product_id"].chunk(0)))

    @cached_property
    def likeness(self) -> Likeness:
        """Signs by which the products are compared."""
        specs = {name: spec for name, spec in self.examples.transform.features.items() if isinstance(spec, Vector)}
        text = next((name for name, spec in specs.items() if spec.modality == "text"), next(iter(specs), ""))
        image = next((name for name, spec in specs.items() if spec.modality == "image"), "")
        pictures = self._products["image_url"].combine_chunks().cast(pa.string())
        if image:
            pictures = pc.coalesce(pa.array(self._picture_hashes(image), pa.string()), pictures)
        vectors = self._vectors(text) if text else np.zeros((len(self.product_ids), 0), np.float16)
        titles = self._products["title"].combine_chunks()
        return Likeness(title_codes(titles), picture_codes(pictures), vectors)

    def _vectors(self, name: str) -> npt.NDArray[np.float16]:
        parts = [_rows(batch[name]) for batch in self.examples.features.batches([name])]
        whole = np.concatenate(parts) if parts else np.zeros((0, 0), np.float16)
        for start in range(0, len(whole), 65_536):  # encoders may give vectors of any length
            part = whole[start : start + 65_536].astype(np.float32)
            length = np.linalg.norm(part, axis=1, keepdims=True)
            whole[start : start + 65_536] = np.divide(part, length, out=np.zeros_like(part), where=length > 0)
        return whole

    def _picture_hashes(self, name: str) -> list[str | None]:
        found: list[str | None] = []
        for batch in self.examples.features.batches([name]):
            for row in _rows(batch[name]):
                found.append(hashlib.blake2b(row.tobytes(), digest_size=12).hexdigest() if row.any() else None)
        return found

    @cached_property
    def usual(self) -> float:
        """Cosine that is near in this catalogue, and near copies at least."""
        known, counts = self.likeness, self.examples.side != NO_SIDE
        if not counts.all():
            known = Likeness(known.titles[counts], known.pictures[counts], known.vectors[counts])
        return max(COPIES, usual_nearness(known, np.random.default_rng(0)))

    def titles(self, rows: Ints, most: int) -> tuple[str, ...]:
        """Titles of the first few of some products, each once."""
        found = self._products["title"].take(pa.array(rows[: 10 * most])).to_pylist()
        return tuple(dict.fromkeys(title for title in found if title))[:most]

    def row(self, reference: str) -> int:
        """Row of a product, by our id or by the merchant's, if only one product has it.

        Raises
        ------
        CatalogueError
            No such product in the run, or several.
        """
        merchant_ids = self._products["merchant_id"].combine_chunks().cast(pa.string())
        return row_of(reference, self.product_ids, merchant_ids, self.run_id)

    def offer(self, reference: str, most: int = MOST) -> Offer:
        """Look-alikes of a labelled product, without those that have a label or were refused before.

        Raises
        ------
        CatalogueError
            No such product, or nobody said what it is.
        """
        place = self.row(reference)
        product = self.product_ids[place].as_py()
        labels = self.workspace.control.current_labels()
        rows = pc.index_in(labels["product_id"], value_set=self.product_ids)
        labels = labels.append_column("row", rows).filter(pc.is_valid(rows))
        people = human_only(labels)
        answers = np.full(len(self.product_ids), -1, np.int64)
        classes = pc.index_in(people["category_id"], value_set=pa.array(self.classes.exclusive, pa.string()))
        answers[people["row"].to_numpy()] = pc.fill_null(classes, -1).to_numpy()
        if answers[place] < 0:
            hint = "label it first: shelver label ask, or shelver label import FILE"
            raise CatalogueError(f"nobody has said yet what {product} is", where=self.run_id, hint=hint)
        (own,) = people.filter(pc.equal(people["product_id"], product)).to_pylist()
        known = Known(answers, self._free(labels, product, own["event_id"]), self._against, self._tell)
        nearness = self._nearness(answers)
        found = look_alikes(self.likeness, place, int(answers[place]), known, nearness, most)
        titles = self._products["title"]
        return Offer(
            own["event_id"],
            product,
            titles[place].as_py() or "",
            own["category_id"],
            self.classes.label("exclusive", int(answers[place])),
            nearness,
            tuple(
                Offered(self.product_ids[f.place].as_py(), titles[f.place].as_py() or "", f.reason, round(f.cosine, 4))
                for f in found
            ),
        )

    def _free(self, labels: pa.Table, product: str, event_id: int) -> npt.NDArray[np.bool_]:
        """Products that may be offered; those whose label came from an earlier one of this product, too."""
        control = self.workspace.control
        free = np.ones(len(self.product_ids), np.bool_)
        free[labels["row"].to_numpy()] = False
        taken = control.propagated_labels()
        follow = pc.and_(pc.equal(taken["source_product"], product), pc.not_equal(taken["source_event"], event_id))
        free[self._rows(taken["product_id"].filter(follow).to_pylist())] = True
        free[self._rows(sorted(control.refused_look_alikes(event_id)))] = False
        return free & self.active

    @cached_property
    def active(self) -> npt.NDArray[np.bool_]:
        """Which of the run's products a feed still delivers: bool, shape (rows,)."""
        there = pc.and_(pc.is_valid(self._products["product_id"]), is_on_offer(self._products["active"]))
        found: npt.NDArray[np.bool_] = there.to_numpy()
        return found

    def _rows(self, products: Sequence[str]) -> Ints:
        found = pc.index_in(pa.array(products, pa.string()), value_set=self.product_ids).drop_null()
        return np.asarray(found.to_numpy(), np.int64)

    def _nearness(self, answers: Ints) -> float:
        if self.likeness.vectors.shape[1] == 0:
            return 1.0
        rows = np.flatnonzero(answers >= 0)
        if len(rows) > NEAREST:
            rows = np.random.default_rng(0).choice(rows, NEAREST, replace=False)
        return safe_nearness(self.likeness.vectors[rows], answers[rows], self.usual)

    @property
    def _tell(self) -> Any:
        model = self.model
        if model is None:
            return None

        def tell(places: Ints) -> Floats:
            return probabilities(model, self.examples.batch(places), "exclusive")

        return tell


def offer(workspace: Base, product: str, most: int = MOST) -> Offer:
    """Look-alikes of a labelled product; see `LookAlikes.offer`."""
    return LookAlikes(workspace).offer(product, most)


def confirm(workspace: Base, event_id: int, product_ids: Sequence[str], person: str) -> Confirmed:
    """Give products the label of another, in one transaction; those that have a label keep it.

    Raises
    ------
    CatalogueError
        No such label, or products that are not in the catalogue.
    """
    known = workspace.products().read(["product_id"])["product_id"]
    asked = pa.array(product_ids, pa.string())
    unknown = asked.filter(pc.invert(pc.is_in(asked, value_set=known.combine_chunks().cast(pa.string()))))
    if len(unknown):
        what = f'no product "{unknown[0].as_py()}" (and {len(unknown) - 1} more)' if len(unknown) > 1 else (
            f'no product "{unknown[0].as_py()}"'
        )  # fmt: skip
        raise CatalogueError(f"{what}; nothing was stored", where=workspace.prefix, hint="name our product_id")
    return workspace.control.confirm(event_id, product_ids, person)


def _rows(column: pa.Array) -> npt.NDArray[np.float16]:
    """A column of vectors as rows: float16, shape (n, dims)."""
    return np.asarray(column.flatten().to_numpy(zero_copy_only=False), np.float16).reshape(len(column), -1)
