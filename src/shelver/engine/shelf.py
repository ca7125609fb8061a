"""Where workers of a Ray cluster find a stage: sent to each process once, not with every task."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ray
from ray import cloudpickle
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from shelver.engine.nodes import all_nodes
from shelver.engine.work import Work

NAMESPACE = "shelver"


@dataclass(frozen=True)
class Place:
    """Where a stage is kept.

    Attributes
    ----------
    shelf : str
        Name of the actor that keeps it.
    key : str
        Its number there.
    """

    shelf: str
    key: str


class Shelf:
    """An actor, without a processor of its own, that keeps stages as long as their work is done."""

    def __init__(self) -> None:
        self.name = f"shelver-shelf-{uuid.uuid4().hex}"
        options: dict[str, Any] = {"name": self.name, "namespace": NAMESPACE, "num_cpus": 0, "max_concurrency": 16}
        head = [node["NodeID"] for node in all_nodes() if "node:__internal_head__" in node["Resources"]]
        if head:  # the one node that work cannot do without
            options["scheduling_strategy"] = NodeAffinitySchedulingStrategy(head[0], soft=False)
        self._actor = ray.remote(_keeper()).options(**options).remote()

    @contextmanager
    def keep(self, work: Work) -> Iterator[Place]:
        """Keep a stage until the end of a ``with`` block; what still runs then has nothing to run."""
        key = uuid.uuid4().hex
        content = cloudpickle.dumps(work)  # type: ignore[no-untyped-call]
        ray.get(self._actor.put.remote(key, content))
        try:
            yield Place(self.name, key)
        finally:
            self._actor.drop.remote(key)


def _keeper() -> type[Any]:
    class Keeper:  # within a function: sent whole, so that its process need not import Shelver
        def __init__(self) -> None:
            self.kept: dict[str, bytes] = {}

        def put(self, key: str, content: bytes) -> None:
            self.kept[key] = content

        def has(self, key: str) -> bool:
            return key in self.kept

        def take(self, key: str) -> bytes:
            return self.kept[key]

        def drop(self, key: str) -> None:
            self.kept.pop(key, None)

    return Keeper
