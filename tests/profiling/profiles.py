"""Profiles of made-up products, for tests."""

import pyarrow as pa

from shelver.feeds.schema import PRODUCT_SCHEMA
from shelver.profiling.part import PartStats
from shelver.profiling.profile import Part, Profile
from shelver.profiling.roles import product_roles


def part_of(rows: int, name: str = "shop", **columns) -> Part:
    """A part with so many products; each column is a list, or a function of the row's number."""
    arrays = {}
    for field in PRODUCT_SCHEMA:
        given = columns.get(field.name)
        values = [given(row) for row in range(rows)] if callable(given) else given
        arrays[field.name] = pa.nulls(rows, field.type) if values is None else pa.array(values, field.type)
    stats = PartStats(name, product_roles(PRODUCT_SCHEMA))
    stats.add(pa.record_batch(arrays, schema=PRODUCT_SCHEMA))
    return stats.summary()


def profile_of(*parts: Part, data: str = "d", when: str = "2026-01-01") -> Profile:
    """A profile of one part or of several."""
    whole = parts[0] if len(parts) == 1 else parts[0].model_copy(update={"name": ""})
    return Profile(
        profile_id=f"{when}-{data}", created=f"{when}T00:00:00+00:00", data=data, subject="products", whole=whole,
        feeds=parts if len(parts) > 1 else (),
    )  # fmt: skip
