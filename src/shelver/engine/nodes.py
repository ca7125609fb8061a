"""Can every node of a Ray cluster do the work? Asked before it begins."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from shelver.engine.aligned import Aligned
from shelver.errors import ShelverError
from shelver.files import is_url
from shelver.table import Table

LOOK = 60.0
"""Seconds in which every node must have looked at the tables."""

Looked = list[tuple[str, int, str]]
"""Path, version and fingerprint of tables."""


def opened(source: Aligned) -> Aligned:
    """The same tables by paths that do not depend on the folder a process is in."""
    tables = [
        table if is_url(table.uri) else Table(os.path.abspath(table.uri), table.version) for table in source.tables
    ]
    return Aligned(tables, source.arrow_schema.names)


def all_nodes() -> list[dict[str, Any]]:
    """All nodes, as Ray describes them."""
    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return nodes


def check_nodes(source: Aligned, cluster: str) -> int:
    """Have every node look at the tables; gives the number of processors.

    Parameters
    ----------
    source : Aligned
        The tables.
    cluster : str
        Its address, for messages.

    Raises
    ------
    ShelverError
        No node has a processor, or one cannot read a table: which, and why.
    """
    nodes = {node["NodeID"]: node for node in all_nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1}
    if not nodes:
        raise ShelverError("the cluster has no processors", where=cluster, hint="add a node: ray start --address ...")
    tables = [(table.uri, table.version, table.fingerprint()) for table in source.tables]
    look = ray.remote(_look())
    asked = {}
    for node in nodes:
        here = NodeAffinitySchedulingStrategy(node, soft=False)
        asked[look.options(num_cpus=0, max_retries=0, scheduling_strategy=here).remote(tables)] = node
    _, late = ray.wait(list(asked), num_returns=len(asked), timeout=LOOK)
    for reference, node in asked.items():
        name = f"node {nodes[node]['NodeManagerHostname']} ({nodes[node]['NodeManagerAddress']})"
        if reference in late:
            ray.cancel(reference, force=True)
            raise ShelverError(f"{name} does not answer", where=cluster, hint="look at the cluster with: ray status")
        problem = _answer(reference, name, cluster)
        if problem:
            raise ShelverError(
                f"{name} cannot read the workspace: {problem}",
                where=cluster,
                hint="all nodes must see the workspace at the same path: a shared folder, or an object store",
            )
    return sum(int(node["Resources"]["CPU"]) for node in nodes.values())


def _answer(reference: Any, name: str, cluster: str) -> str:
    try:
        return str(ray.get(reference))
    except (ray.exceptions.NodeDiedError, ray.exceptions.TaskUnschedulableError):
        return ""  # a node that has just gone: the others do the work
    except ray.exceptions.RayError as error:
        raise ShelverError(
            f"{name} cannot run Shelver: {str(error).strip().splitlines()[-1]}",
            where=cluster,
            hint='install the same there: pip install "shelver[ray]", with the same Python',
        ) from error


def _look() -> Callable[[Looked], str]:
    def look(tables: Looked) -> str:  # within a function: sent whole, so that its process need not import Daft
        from shelver.table import Table  # noqa: PLC0415

        for uri, version, fingerprint in tables:
            table = Table(uri, version)
            try:
                if not table.exists():
                    return f"it has no {uri}"
                if table.fingerprint() != fingerprint:
                    return f"its {uri} is another table"
                table.rows(0, 1)
            except Exception as error:  # whatever it is, it is what the node cannot do
                return f"{uri}: {type(error).__name__}: {error}"
        return ""

    return look
