"""The control database: what people own and change by hand. One object; its verbs live in modules of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

import pyarrow as pa

from shelver.catalogue import deliveries, label_events, propagation, runs, stored_tree
from shelver.catalogue.database import name_of, open_engine
from shelver.catalogue.deliveries import Delivery
from shelver.catalogue.label_events import EXCLUSIVE, LabelEvent
from shelver.catalogue.migrate import migrate
from shelver.catalogue.propagation import Confirmed
from shelver.catalogue.queue import Queue
from shelver.catalogue.runs import Run
from shelver.catalogue.tree import Tree


class Control:
    """Categories, labels, deliveries and runs, in SQLite or PostgreSQL.

    Opening makes the database or brings it to the newest version; that is safe when several processes do it at once,
    and when they are killed.

    Parameters
    ----------
    url : str
        Path of a SQLite file, ``sqlite:///path``, or ``postgresql://user:password@host/name``.

    Raises
    ------
    CatalogueError
        Not a database, no permission, disk full, no server, a missing driver, or made by a newer Shelver. Every method
        raises it likewise; nothing is changed then.
    """

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        self.name = name_of(self._engine.url)
        try:
            migrate(self._engine)
        except BaseException:
            self._engine.dispose()
            raise

    def __repr__(self) -> str:
        return f"Control({self.name!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def save_tree(self, tree: Tree, *, force: bool = False) -> None:
        """Replace the tree atomically; refuses to drop categories that current labels use, unless forced."""
        stored_tree.save_tree(self._engine, tree, force=force)

    def tree(self) -> Tree:
        """Read the stored tree; it has no categories before the first `save_tree`."""
        return stored_tree.load_tree(self._engine)

    def add_labels(self, events: Iterable[LabelEvent]) -> int:
        """Store assignments in one transaction; gives how many were new (a repeated batch adds nothing)."""
        return label_events.add_labels(self._engine, events)

    def undo(self, event_id: int, person: str, how: str = "human") -> int:
        """Take an assignment back; gives the id of the undoing event."""
        return label_events.undo(self._engine, event_id, person, how)

    def undo_with_propagated(self, event_id: int, person: str) -> list[int]:
        """Take an assignment back with all labels that were taken over from it; gives the ids of the new events."""
        return propagation.undo_with_propagated(self._engine, event_id, person)

    def undo_propagated(self, event_id: int, person: str) -> list[int]:
        """Take back all labels that were taken over from one, but not that one; gives the ids of the new events."""
        return propagation.undo_propagated(self._engine, event_id, person)

    def confirm(self, event_id: int, product_ids: Iterable[str], person: str) -> Confirmed:
        """Give products without a label the label of another, in one transaction."""
        return propagation.confirm(self._engine, event_id, product_ids, person)

    def label_cluster(
        self, product_ids: Sequence[str], category_id: str, person: str, objective: str = EXCLUSIVE
    ) -> Confirmed:
        """Give all products of a cluster one label, in one transaction; the first is the source of the others."""
        return propagation.label_cluster(self._engine, product_ids, category_id, person, objective)

    def propagated_labels(self, objective: str = EXCLUSIVE, event_id: int | None = None) -> pa.Table:
        """Current labels that were taken over, with the product they come from; those of one event if it is given."""
        return propagation.propagated_labels(self._engine, objective, event_id)

    def refused_look_alikes(self, event_id: int) -> set[str]:
        """Products that got the same label from the same product, from which alone it was then taken back."""
        return propagation.refused_look_alikes(self._engine, event_id)

    def current_labels(self, objective: str = EXCLUSIVE) -> pa.Table:
        """Latest assignment per product that is not undone: see `label_events.CURRENT_SCHEMA`."""
        return label_events.current_labels(self._engine, objective)

    def label_history(self, product_id: str | None = None) -> pa.Table:
        """All label events, or those of one product, oldest first."""
        return label_events.label_history(self._engine, product_id)

    def queue(self, objective: str = EXCLUSIVE, lease: float = 600.0) -> Queue:
        """What people are asked about an objective; a question is one person's own for `lease` seconds."""
        return Queue(self._engine, objective, lease)

    def label_revision(self) -> str:
        """Short text that changes whenever label events are added."""
        return label_events.label_revision(self._engine)

    def record_delivery(self, delivery: Delivery) -> int:
        """Note a delivery of a feed; gives its number."""
        return deliveries.record_delivery(self._engine, delivery)

    def settle_delivery(self, delivery_id: int, status: str) -> None:
        """Say how a delivery that was being written ended."""
        deliveries.settle_delivery(self._engine, delivery_id, status)

    def delivery(self, feed: str) -> Delivery | None:
        """Give the last delivery of a feed, or None if there was none."""
        return deliveries.last_delivery(self._engine, feed)

    def deliveries(self, feed: str | None = None) -> list[Delivery]:
        """All deliveries, or those of one feed, oldest first."""
        return deliveries.all_deliveries(self._engine, feed)

    def add_run(self, run: Run) -> None:
        """Note a run; the same again changes nothing, the same id with another fingerprint is refused."""
        runs.add_run(self._engine, run)

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        return runs.all_runs(self._engine)
