"""What a workspace holds, for comparisons."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

import pyarrow as pa

from shelver.catalogue.control import Control
from shelver.table import Table
from shelver.workspace import Store


def on_disk(folder: Path) -> dict[str, str]:
    """Every file with the hash of its content; of the control database the rows, as its bytes may differ."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir() or name.startswith("control.db-"):
            continue
        if name == "control.db" and path.read_bytes()[:6] == b"SQLite":
            with sqlite3.connect(path) as database:
                content = "\n".join(database.iterdump()).encode()
            database.close()
        else:
            content = path.read_bytes()
        found[name] = hashlib.blake2b(content, digest_size=8).hexdigest()
    return found


def tables(folder: Path) -> list[str]:
    """URIs of all tables, relative to the workspace."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.lance") if path.is_dir())


def rows(uri: str) -> pa.Table:
    """Rows of a table in the order of their products (rejects: of file and line)."""
    found = Table(uri).read()
    if "product_id" in found.schema.names:
        return found.sort_by("product_id").combine_chunks()
    return found.sort_by([("file", "ascending"), ("line", "ascending")]).combine_chunks()


def holds(folder: str | os.PathLike[str], files: bool = True) -> dict[str, object]:
    """All that a finished workspace holds: rows of tables, labels, runs, bytes of models."""
    store = Store(folder)
    root = Path(store.prefix)
    found: dict[str, object] = {name: rows(str(root / name)) for name in tables(root)}
    with Control(store.control_url) as control:
        labels = control.current_labels().drop_columns(["event_id"])
        found["labels"] = labels.sort_by("product_id").to_pylist()
        found["run ids"] = sorted((run.run_id, run.fingerprint) for run in control.runs())
        found["tree"] = control.tree().fingerprint()
    for path in root.rglob("*") if files else ():
        if "models" in path.parts and path.is_file() and path.suffix != ".toml" and path.name[0] != ".":
            found[str(path.relative_to(root))] = path.read_bytes()
    return found


def assert_same(made: dict[str, object], expected: dict[str, object]) -> None:
    """Two workspaces hold the same; says what differs."""
    assert set(made) == set(expected), f"only in one: {sorted(set(made) ^ set(expected))}"
    for name, value in expected.items():
        other = made[name]
        if isinstance(value, pa.Table):
            assert isinstance(other, pa.Table)
            assert other.schema.names == value.schema.names, name
            for column in value.schema.names:
                assert other[column].combine_chunks().equals(value[column].combine_chunks()) or _same_bits(
                    other[column], value[column]
                ), f"{name}: column {column} differs"
        else:
            assert other == value, f"{name} differs"


def _same_bits(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    """Equal where NaN equals NaN."""
    return len(one) == len(other) and repr(one.to_pylist()) == repr(other.to_pylist())
