"""How a label came about: said of this very product, or taken over from another."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

HUMAN: Final = "human"
"""A person looked at this product and said so."""
IMPORT: Final = "import"
"""A file of labels that people made elsewhere."""
SIMULATED: Final = "simulated"
"""The known category of a replayed data set, given in a person's place."""
REVIEW: Final = "review"
"""A person looked again at a label that seemed wrong."""
LOOK_ALIKE: Final = "look_alike"
"""Taken over from a product that looks the same; a person confirmed the list, not each product."""
CLUSTER: Final = "cluster"
"""A whole cluster was labelled by its typical products."""

PROPAGATED: Final = frozenset({LOOK_ALIKE, CLUSTER})
"""Ways in which nobody looked at the product itself."""
WAYS: Final = frozenset({HUMAN, IMPORT, SIMULATED, REVIEW}) | PROPAGATED
"""All ways there are; events with another cannot be stored."""


def is_human(how: str) -> bool:
    """Did somebody (or, simulated, the known truth) judge this very product?

    Only such labels may be measured with. Databases of before there was propagation may hold other words for it.
    """
    return how not in PROPAGATED


def human_only(labels: pa.Table) -> pa.Table:
    """Rows of a table of labels (with a column ``how``) that `is_human` holds for."""
    return labels.filter(pc.invert(pc.is_in(labels["how"], value_set=pa.array(sorted(PROPAGATED), pa.string()))))


def count_ways(labels: pa.Table) -> dict[str, int]:
    """How many labels were given by people and how many were taken over: ``people``, ``propagated``.

    Examples
    --------
    >>> count_ways(pa.table({"how": ["human", "look_alike", "import"]}))
    {'people': 2, 'propagated': 1}
    """
    people = human_only(labels).num_rows
    return {"people": people, "propagated": labels.num_rows - people}
