"""The stage that turns products into model inputs, by the features of ``shelver.toml``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self, TypeAlias

import numpy as np
import pyarrow as pa
from pydantic import TypeAdapter

from shelver.config import Categorical, Feature, Number, Sequence, Split, Text, Vector
from shelver.errors import ModelError, ShelverError
from shelver.features.batch import Bag, Batch
from shelver.features.categorical import CategoricalFeature, CategoricalLearner
from shelver.features.number import NumberFeature, NumberLearner
from shelver.features.sequence import SEQUENCE, SequenceFeature, SequenceLearner, read_sequence
from shelver.features.split import Side, sides
from shelver.features.text import BAG, TextFeature, TextLearner
from shelver.files import Files
from shelver.stage import Batches, digest

FILE = "transform.json"

Fitted: TypeAlias = TextFeature | CategoricalFeature | NumberFeature | SequenceFeature
Learner: TypeAlias = TextLearner | CategoricalLearner | NumberLearner | SequenceLearner
FITTED: dict[type, type[Fitted]] = {
    Text: TextFeature,
    Categorical: CategoricalFeature,
    Number: NumberFeature,
    Sequence: SequenceFeature,
}
LEARNERS: dict[type, type[Learner]] = {
    Text: TextLearner,
    Categorical: CategoricalLearner,
    Number: NumberLearner,
    Sequence: SequenceLearner,
}


class Transform:
    """Products → features (a `Stage`).

    Parameters
    ----------
    features : mapping of str to Feature
        The features wanted, as configured.
    split : Split
        Products on the test side are not looked at in fitting.
    fitted : mapping of str to fitted feature, optional
        Vocabularies and scales; missing before `fit`.
    dims : mapping of str to int, optional
        Sizes of the vector features.
    """

    name = "features.v2"

    def __init__(
        self,
        features: Mapping[str, Feature],
        split: Split,
        fitted: Mapping[str, Fitted] | None = None,
        dims: Mapping[str, int] | None = None,
    ) -> None:
        self.features, self.split = dict(features), split
        self.fitted, self.dims = dict(fitted or {}), dict(dims or {})

    def __repr__(self) -> str:
        return f"Transform({', '.join(f'{name}: {spec.kind}' for name, spec in self.features.items())})"

    @property
    def columns(self) -> tuple[str, ...]:
        """Input columns: product fields, and a column for each vector feature."""
        taken = [name if isinstance(spec, Vector) else spec.column or name for name, spec in self.features.items()]
        return tuple(dict.fromkeys(["product_id", "title", *taken]))

    @property
    def schema(self) -> pa.Schema:
        """One column per feature, and the side of the split."""
        fields = [pa.field("product_id", pa.string()), pa.field("side", pa.int8())]
        for name, spec in self.features.items():
            fields.append(pa.field(name, self._type(name, spec)))
        return pa.schema(fields)

    def _type(self, name: str, spec: Feature) -> pa.DataType:
        if isinstance(spec, Text):
            return BAG
        if isinstance(spec, Sequence):
            return SEQUENCE
        if isinstance(spec, Vector):
            return pa.list_(pa.float16(), self.dims[name])
        return pa.int32() if isinstance(spec, Categorical) else pa.float32()

    def settings(self) -> dict[str, Any]:
        """What decides the fit besides the data."""
        specs = {name: spec.model_dump(mode="json") for name, spec in self.features.items()}
        return {"stage": self.name, "features": specs, "split": self.split.model_dump(mode="json")}

    def fingerprint(self) -> str:
        """Hash of settings and vocabularies."""
        return digest(self.settings(), self.dims, {name: _state(feature) for name, feature in self.fitted.items()})

    def fit(self, batches: Batches) -> Self:
        """Learn vocabularies and scales from all products that are not on the test side, in one pass."""
        learners = {
            name: LEARNERS[type(spec)](spec)  # type: ignore[arg-type]
            for name, spec in self.features.items()
            if not isinstance(spec, Vector)
        }
        schema = None
        for batch in batches():
            schema = batch.schema
            seen = pa.array(sides(batch["title"], self.split) != Side.TEST)
            for column, names in self._learning().items():
                values = batch[column].filter(seen)
                for name in names:
                    learners[name].add(values)
        if schema is None:
            raise ShelverError("nothing to learn from: not even an empty batch", where=self.name)
        fitted = {name: learner.fitted() for name, learner in learners.items()}
        dims = {name: schema.field(name).type.list_size for name in self.features if name not in learners}
        return type(self)(self.features, self.split, fitted, dims)

    def _learning(self) -> dict[str, list[str]]:
        """Columns, and the features that learn from each."""
        found: dict[str, list[str]] = {}
        for name, spec in self.features.items():
            if not isinstance(spec, Vector):
                found.setdefault(spec.column or name, []).append(name)
        return found

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Features of n products."""
        columns = [batch["product_id"].cast(pa.string()), pa.array(sides(batch["title"], self.split))]
        for name, spec in self.features.items():
            if isinstance(spec, Vector):
                columns.append(batch[name])
            else:
                columns.append(self.fitted[name].apply(batch[spec.column or name]))
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def to_batch(self, table: pa.RecordBatch) -> Batch:
        """What `apply` gives (or the table made of it) as model inputs."""
        bags, categories, numbers, vectors, sequences = {}, {}, {}, {}, {}
        for name, spec in self.features.items():
            if name not in table.schema.names:
                continue
            column = table[name]
            if isinstance(spec, Text):
                bags[name] = read_bag(column, self.size(name))
            elif isinstance(spec, Categorical):
                categories[name] = column.to_numpy(zero_copy_only=False).astype(np.int64)
            elif isinstance(spec, Number):
                numbers[name] = column.to_numpy(zero_copy_only=False)
            elif isinstance(spec, Sequence):
                sequences[name] = read_sequence(column, spec.length)
            else:
                flat = column.flatten().to_numpy(zero_copy_only=False)
                vectors[name] = flat.reshape(len(column), self.dims[name]).astype(np.float32)
        return Batch(table.num_rows, bags, categories, numbers, vectors, sequences)

    def size(self, name: str) -> int:
        """Vocabulary size of a text, sequence or categorical feature, dimensions of a vector, 1 for a number."""
        feature = self.fitted.get(name)
        if feature is None:
            return self.dims[name]
        return 1 if isinstance(feature, NumberFeature) else max(1, feature.size)

    def save(self, files: Files) -> None:
        """Write settings, vocabularies and scales as JSON."""
        states = {name: _state(feature) for name, feature in self.fitted.items()}
        files.write(FILE, json.dumps({**self.settings(), "dims": self.dims, "fitted": states}, ensure_ascii=False))

    @classmethod
    def load(cls, files: Files) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        ModelError
            The file is missing, of another version, or damaged.
        """
        where = files.path(FILE)
        try:
            saved = files.read_json(FILE)
            if saved["stage"] != cls.name:
                raise ModelError(
                    f"made by {saved['stage']}", where=where, expected=cls.name, hint="run: shelver prepare"
                )
            features = TypeAdapter(dict[str, Feature]).validate_python(saved["features"])
            fitted: dict[str, Fitted] = {}
            for name, state in saved["fitted"].items():
                values: dict[str, Any] = {key: _frozen(value) for key, value in state.items()}
                fitted[name] = FITTED[type(features[name])](spec=features[name], **values)  # type: ignore[arg-type]
            return cls(features, Split(**saved["split"]), fitted, saved["dims"])
        except FileNotFoundError:
            raise ModelError("missing", where=where, hint="run: shelver prepare") from None
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"damaged ({error})", where=where, hint="run: shelver prepare") from error


def read_bag(column: pa.Array, size: int) -> Bag:
    """An Arrow bag column as numpy arrays."""
    entries = column.flatten()
    offsets = column.offsets.to_numpy().astype(np.int64)
    ids, weights = entries.field("id").to_numpy(), entries.field("weight").to_numpy()
    return Bag(offsets - offsets[0], ids.astype(np.int64), weights.astype(np.float32), size)


def _state(feature: Fitted) -> dict[str, Any]:
    return {name: value for name, value in vars(feature).items() if name != "spec" and not name.startswith("_")}


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
