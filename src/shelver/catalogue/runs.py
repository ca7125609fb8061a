"""Prepared data sets that exist: their ids and what made them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from shelver.catalogue.database import name_of, reading, writing
from shelver.catalogue.tables import runs
from shelver.errors import CatalogueError


@dataclass(frozen=True, slots=True)
class Run:
    """One prepared data set.

    Attributes
    ----------
    run_id : str
        Its name.
    fingerprint : str
        Hash of everything that decided its content.
    notes : dict
        Anything else worth keeping; must fit into JSON.
    created : datetime
        When, UTC.
    """

    run_id: str
    fingerprint: str
    notes: dict[str, Any] = field(default_factory=dict)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))


def add_run(engine: sa.Engine, run: Run) -> None:
    """Note a run; noting the same id and fingerprint again changes nothing.

    Raises
    ------
    CatalogueError
        The id belongs to a run with another fingerprint.
    """
    insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    with writing(engine) as connection:
        connection.execute(insert(runs).values(asdict(run)).on_conflict_do_nothing(index_elements=["run_id"]))
        stored = connection.scalar(sa.select(runs.c.fingerprint).where(runs.c.run_id == run.run_id))
        if stored != run.fingerprint:
            raise CatalogueError(
                f'the run "{run.run_id}" exists with another fingerprint ({stored})', where=name_of(engine.url)
            )


def all_runs(engine: sa.Engine) -> list[Run]:
    """All runs, oldest first."""
    query = sa.select(runs.c.run_id, runs.c.fingerprint, runs.c.notes, runs.c.created)
    with reading(engine) as connection:
        return [Run(*row) for row in connection.execute(query.order_by(runs.c.created, runs.c.run_id))]
