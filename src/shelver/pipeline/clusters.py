"""Whole clusters of unlabelled products, listed and labelled at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelver.catalogue.label_events import EXCLUSIVE, NODE
from shelver.catalogue.propagation import Confirmed
from shelver.errors import CatalogueError, nearest
from shelver.labelling.candidates import Floats, Ints
from shelver.labelling.clusters import SIZE, Cluster, find_clusters
from shelver.pipeline.alike import LookAlikes
from shelver.pipeline.base import Base
from shelver.stage import digest
from shelver.training.predict import probabilities

TYPICAL, STRANGE = 5, 3
"""Products by which a cluster is shown: typical ones, and odd ones out."""


@dataclass(frozen=True)
class ClusterLine:
    """A cluster, as a person is shown it.

    Attributes
    ----------
    cluster_id : str
        Hash of its products: the same products, the same id.
    products : tuple of str
        Ids of its products, most typical first.
    typical, odd : tuple of str
        Titles: of the most typical, each once, and of products near by that are not part of it.
    tightness, purity : float
        See `shelver.labelling.clusters.Cluster`; purity is None without a model.
    suggestion, suggestion_id : str
        The deepest category at or below which they all belong, as far as a model is sure; empty if there is none.
    """

    cluster_id: str
    products: tuple[str, ...]
    typical: tuple[str, ...]
    odd: tuple[str, ...]
    tightness: float
    purity: float | None = None
    suggestion: str = ""
    suggestion_id: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As JSON-like values; the products only counted."""
        return {**asdict(self), "products": len(self.products)}


def clusters(workspace: Base, most: int = 10, size: int = SIZE) -> list[ClusterLine]:
    """Clusters of products without a label, those first whose label is expected to give most.

    They are kept in the workspace, for `label_cluster`.

    Parameters
    ----------
    workspace : Base
        The workspace, with a prepared run; its model, if it is trained, says how pure they are.
    most : int
        So many at most.
    size : int
        Products in a cluster on average.

    Raises
    ------
    CatalogueError
        There is no vector feature to go by.
    """
    alike = LookAlikes(workspace)
    if alike.likeness.vectors.shape[1] == 0:
        hint = 'add one to shelver.toml: [features.text_vector] kind = "vector"; then run: shelver run'
        raise CatalogueError("there are no vectors to find clusters by", where=workspace.prefix, hint=hint)
    free = ~pc.is_in(alike.product_ids, value_set=_labelled(workspace)).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(free & alike.active)
    limit, seed = workspace.config.labelling.candidates, workspace.config.labelling.seed
    if len(rows) > limit:
        rows = np.sort(np.random.default_rng(seed).choice(rows, limit, replace=False))
    vectors = alike.likeness.vectors[rows].astype(np.float32)
    found = find_clusters(vectors, seed, alike.classes, _tell(alike, rows), size)[:most]
    lines = [_line(alike, cluster, rows) for cluster in found]
    kept = {line.cluster_id: list(line.products) for line in lines}
    workspace.files.write_json(workspace.path("clusters"), kept)
    return lines


def label_cluster(workspace: Base, cluster_id: str, category: str, person: str, *, node: bool = False) -> Confirmed:
    """Label all products of a listed cluster in one transaction; those that have a label by now keep it.

    Parameters
    ----------
    workspace : Base
        The workspace.
    cluster_id : str
        As `clusters` listed it last, or the beginning of it.
    category : str
        Id, path or unique name. One that people cannot assign, such as an inner node of the tree, means that the
        products belong at or below it.
    person : str
        Who says so.
    node : bool
        Mean "at or below" for a category that could be assigned, too.

    Raises
    ------
    CatalogueError
        No such cluster or category.
    """
    path = workspace.path("clusters")
    kept = workspace.files.read_json(path) if workspace.files.exists(path) else {}
    meant = [name for name in kept if cluster_id and name.startswith(cluster_id)]
    if len(meant) != 1:
        hint = (
            f"{nearest(cluster_id, kept)}; list them anew with: shelver label clusters" if kept else "list them first"
        )
        what = f'no cluster "{cluster_id}" was listed last'
        if meant:
            what, hint = f'"{cluster_id}" is the beginning of {len(meant)} clusters', f"name one: {', '.join(meant)}"
        raise CatalogueError(what, where=workspace.files.path(path), hint=hint)
    found = workspace.tree().resolve(category)
    objective = EXCLUSIVE if found.exclusive and not node else NODE
    return workspace.control.label_cluster(kept[meant[0]], found.category_id, person, objective)


def _labelled(workspace: Base) -> pa.Array:
    """Products with a label, of whatever kind."""
    tables = [workspace.control.current_labels(objective)["product_id"] for objective in (EXCLUSIVE, NODE)]
    return pa.chunked_array([chunk for table in tables for chunk in table.chunks], pa.string()).combine_chunks()


def _tell(alike: LookAlikes, rows: Ints) -> Callable[[Ints], Floats] | None:
    model = alike.model
    if model is None:
        return None

    def tell(places: Ints) -> Floats:
        return probabilities(model, alike.examples.batch(rows[places]), EXCLUSIVE)

    return tell


def _line(alike: LookAlikes, cluster: Cluster, rows: Ints) -> ClusterLine:
    products = tuple(alike.product_ids.take(pa.array(rows[cluster.places])).to_pylist())
    node = alike.classes.tree.categories[cluster.node] if cluster.node >= 0 else None
    return ClusterLine(
        digest(sorted(products))[:8],
        products,
        alike.titles(rows[cluster.places], TYPICAL),
        alike.titles(rows[cluster.odd][::-1], STRANGE),
        round(cluster.tightness, 4),
        None if np.isnan(cluster.purity) else round(cluster.purity, 4),
        str(node) if node else "",
        node.category_id if node else "",
    )
