"""Which encoder a feature has: ``auto`` and models of a hub are settled once, and go by an exact name from then on."""

from __future__ import annotations

import numpy as np
from pydantic import ValidationError

from shelver.catalogue.on_offer import ACTIVE, ON_OFFER, is_on_offer
from shelver.config import Vector
from shelver.encoders.hub import is_model_name, open_model
from shelver.encoders.language import AUTO, TITLES, Choice, choose_encoder
from shelver.encoders.stage import join_text
from shelver.errors import ConfigError, ShelverError
from shelver.table import Table
from shelver.workspace import Store


def settle(store: Store, products: Table | None, spec: Vector) -> Vector:
    """Name a feature's encoder exactly.

    Parameters
    ----------
    store : Store
        The workspace: models of a hub are exported into it, and the choice for ``auto`` is noted in it.
    products : Table or None
        Whose titles decide, if the choice was not made yet; None: there are none.
    spec : Vector
        The feature.

    Returns
    -------
    Vector
        The same, but for ``auto`` with the encoder that was chosen, and for a model of a hub with the name of what was
        exported, which has the hash of the model in it. Vectors of two encoders cannot be compared, so prepared runs
        and models keep these names.

    Raises
    ------
    ConfigError, ShelverError
        The encoder cannot be had, see `open_model`; or ``auto`` has nothing to choose by.
    """
    if spec.encoder == AUTO:
        return spec.model_copy(update={"encoder": _choice(store, products, spec).encoder})
    if is_model_name(spec.encoder):
        exports = store.files.path(store.path("encoder_exports"))
        model = open_model(spec.encoder, spec.modality, base=store.prefix, exports=exports)
        return spec.model_copy(update={"encoder": model.name})
    return spec


def _choice(store: Store, products: Table | None, spec: Vector) -> Choice:
    """The choice for these columns: made once for a workspace, so that later products do not change it."""
    if spec.modality != "text":
        raise ConfigError(
            '"auto" chooses among encoders of texts', hint='for example: encoder = "efficientnet-lite2-int8"'
        )
    path, key = store.path("encoder_choices"), ",".join(spec.columns)
    noted = store.files.read_json(path) if store.files.exists(path) else {}
    if key in noted:
        try:
            return Choice.model_validate(noted[key])
        except ValidationError as error:
            raise ShelverError(
                f"no choice of an encoder: {error.errors()[0]['msg']}",
                where=store.files.path(path),
                hint="delete this file",
            ) from None
    if products is None or not (count := products.count()):
        raise ShelverError(
            "there are no products to choose an encoder by", where=store.prefix, hint="run: shelver ingest"
        )
    rows = np.arange(count)
    if ACTIVE in products.schema.names and products.count(ON_OFFER):
        rows = np.flatnonzero(is_on_offer(products.read([ACTIVE])[ACTIVE]).to_numpy())
    if len(rows) > TITLES:
        rows = rows[np.sort(np.random.default_rng(0).choice(len(rows), TITLES, replace=False))]
    columns = [column.to_pylist() for column in products.take(rows, list(spec.columns)).columns]
    choice = choose_encoder([join_text(row) for row in zip(*columns, strict=True)])
    store.files.write_json(path, {**noted, key: choice.model_dump()})
    return choice
