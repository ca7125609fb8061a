# ruff: noqa: T201 (it prints what the test reads)
"""A user's process on a Ray cluster: Daft has one runner for a process, so each test has a process of its own."""

import json
import os
import sys
import time

import pyarrow as pa

from shelver.config import Engine
from shelver.engine import run_stage
from shelver.errors import FeedError, ShelverError
from shelver.stage import digest
from shelver.table import Table

SCHEMA = pa.schema([("product_id", pa.string()), ("title", pa.string()), ("active", pa.bool_())])


class Slow:
    """Titles with the process that wrote them; takes its time, and fails at one product."""

    name = "slow.v1"
    columns = ("product_id", "title")
    schema = pa.schema([("product_id", pa.string()), ("loud", pa.string())])

    def __init__(self, seconds=0.0, fails_at="", marks=""):
        self.seconds, self.fails_at, self.marks = seconds, fails_at, marks

    def fingerprint(self):
        return digest(self.name)

    def fit(self, batches):
        return self

    def apply(self, batch):
        time.sleep(self.seconds)
        if self.marks:
            open(f"{self.marks}/{os.getpid()}", "w").close()
        if self.fails_at in batch["product_id"].to_pylist():
            raise FeedError("no good", where=f"product {self.fails_at}", hint="mend it")
        loud = [title.upper() for title in batch["title"].to_pylist()]
        return pa.RecordBatch.from_arrays([batch["product_id"], pa.array(loud)], schema=self.schema)


def write_input(folder, rows):
    ids = pa.array([f"p{i}" for i in range(rows)])
    titles = pa.array([f"title {i}" for i in range(rows)])
    active = pa.array([(True, False, None)[i % 3] for i in range(rows)])
    batch = pa.RecordBatch.from_arrays([ids, titles, active], schema=SCHEMA)
    return Table(f"{folder}/in.lance").write([batch], SCHEMA, "made for a test")


def slow(address, folder, seconds="0", fails_at="none", marks="", only=""):
    """Map the slow stage."""
    run_stage(
        Slow(float(seconds), fails_at, marks),
        [Table(f"{folder}/in.lance")],
        Table(f"{folder}/out.lance"),
        engine=Engine(kind="ray", address=address),
        batch_size=512,
        only=only,
    )


def hidden(address, folder):
    """A path that leads somewhere in this process only."""
    os.chdir(folder)
    slow(address, "/proc/self/cwd")


def job(address, folder):
    """The whole job on a toy catalogue; then the other engine, which the process cannot have."""
    from shelver.pipeline.workspace import Workspace

    os.chdir(os.path.dirname(folder))
    workspace = Workspace(os.path.basename(folder))  # a relative path: workers are in other folders
    workspace.run()
    workspace.embed()
    table = workspace.products()
    try:
        run_stage(Slow(), [table], Table(f"{folder}/other.lance"), engine=Engine(kind="local"))
    except ShelverError as error:
        print(error)


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    begun = time.perf_counter()
    try:
        {"slow": slow, "hidden": hidden, "job": job}[command](*arguments)
        print(json.dumps({"seconds": time.perf_counter() - begun}))
    except ShelverError as error:
        print(f"{type(error).__name__}: {error}")
        print(f"after {time.perf_counter() - begun:.1f} s")
        sys.exit(3)
