"""The engine on a real cluster of two nodes, each with a raylet and object store of its own, in real processes."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ray_driver import Slow, write_input

from shelver.engine import run_stage
from shelver.errors import ConfigError
from shelver.table import Table
from shelver.testing import toy as toys

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason='needs Ray: pip install "shelver[ray]"'),
    pytest.mark.xdist_group("ray"),
    pytest.mark.slow,
]
HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
PATIENCE = 240


class Nodes:
    """A cluster in processes of its own."""

    def __init__(self, count):
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "ray_cluster.py"), str(count)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env=ENVIRONMENT, start_new_session=True,
        )  # fmt: skip
        self.address = self.process.stdout.readline().strip()
        assert self.address, "the cluster did not start"

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().strip() == "done"

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture(scope="module")
def nodes():
    cluster = Nodes(2)
    yield cluster
    cluster.stop()


def start(command, address, folder, *more, cwd="/"):
    return subprocess.Popen(
        [sys.executable, str(HERE / "ray_driver.py"), command, address, str(folder), *map(str, more)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT, cwd=cwd,
    )  # fmt: skip


def finish(process):
    try:
        text, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return process.returncode, text


def wait_for(there):
    until = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)


def rows_of(table):
    return table.read().combine_chunks().to_batches()


def test_the_whole_job_gives_the_same_tables_as_the_local_engine(nodes, tmp_path):
    settings = '[training]\nmodel = "wide_deep"\nepochs = 2\n'
    one = toys.write_toy(tmp_path / "local", 300, vectors=toys.can_encode(), settings=settings)
    workspace = one.workspace()
    workspace.ingest()
    workspace.import_labels(one.labels)
    shutil.copytree(one.folder, tmp_path / "ray")
    with open(tmp_path / "ray" / "shelver.toml", "a") as stream:
        stream.write(f'\n[engine]\nkind = "ray"\naddress = "{nodes.address}"\nbatch_size = 64\n')
    workspace.run()
    workspace.embed()
    code, text = finish(start("job", nodes.address, tmp_path / "ray"))
    assert code == 0, text
    assert "uses the engine ray at" in text
    assert "so it cannot use local" in text
    made = sorted(str(path.relative_to(one.folder)) for path in Path(one.folder).rglob("*.lance") if path.is_dir())
    made = [name for name in made if not name.startswith("cache")]
    wanted = {"rule_labels", "features", "targets", "predictions", "product_embeddings"}
    assert wanted <= {Path(name).stem for name in made}
    assert "vectors_text_vector" in {Path(name).stem for name in made} or not toys.can_encode()
    for name in made:
        here, there = (Table(f"{tmp_path}/{side}/{name}") for side in ("local", "ray"))
        assert there.fingerprint() == here.fingerprint(), name
        assert there.schema.equals(here.schema, check_metadata=True), name
        assert rows_of(there) == rows_of(here), name


def test_only_rows_where_a_column_is_not_false(nodes, tmp_path):
    source = write_input(tmp_path, 5_000)
    code, text = finish(start("slow", nodes.address, tmp_path, 0, "p4", "", "active"))  # p4 is not asked for
    assert code == 0, text
    expected = run_stage(Slow(), [source], Table(f"{tmp_path}/local.lance"), only="active").table
    made = Table(f"{tmp_path}/out.lance")
    assert made.read()["product_id"].to_pylist() == [f"p{i}" for i in range(5_000) if i % 3 != 1]
    assert rows_of(made) == rows_of(expected)
    assert made.fingerprint() == expected.fingerprint()


def test_an_error_of_a_stage_comes_back_from_another_node_as_itself(nodes, tmp_path):
    write_input(tmp_path, 12_000)
    code, text = finish(start("slow", nodes.address, tmp_path, 0, "p9000"))
    assert (code, "FeedError: product p9000: no good\n  mend it" in text) == (3, True), text
    assert not Table(f"{tmp_path}/out.lance").exists()


def test_a_workspace_that_a_node_cannot_reach_is_named_before_work_begins(nodes, tmp_path):
    write_input(tmp_path, 600)
    code, text = finish(start("hidden", nodes.address, tmp_path))
    assert code == 3, text
    assert "cannot read the workspace: it has no" in text
    assert "a shared folder, or an object store" in text


def test_a_node_killed_in_the_middle_changes_nothing(nodes, tmp_path):
    source = write_input(tmp_path, 40_000)
    marks = tmp_path / "marks"
    marks.mkdir()
    process = start("slow", nodes.address, tmp_path, 0.15, "none", marks)
    wait_for(lambda: len(os.listdir(marks)) >= 2 or process.poll() is not None)  # both nodes are at work
    time.sleep(0.5)
    nodes.tell("kill")
    code, text = finish(process)
    nodes.tell("add")
    assert code == 0, text
    expected = run_stage(Slow(), [source], Table(f"{tmp_path}/local.lance")).table
    assert rows_of(Table(f"{tmp_path}/out.lance")) == rows_of(expected)
    assert Table(f"{tmp_path}/out.lance").fingerprint() == expected.fingerprint()


def test_an_address_that_does_not_answer_is_said_at_once(tmp_path):
    write_input(tmp_path, 9)
    code, text = finish(start("slow", "127.0.0.1:1", tmp_path))
    assert code == 3, text
    assert "no Ray cluster answers there" in text
    assert "ray start --head" in text
    assert float(text.rsplit("after ", 1)[1].split()[0]) < 30
    assert not Table(f"{tmp_path}/out.lance").exists()


def test_a_head_that_dies_is_an_error_and_leaves_no_table(tmp_path):
    write_input(tmp_path, 40_000)
    marks = tmp_path / "marks"
    marks.mkdir()
    cluster = Nodes(1)
    try:
        process = start("slow", cluster.address, tmp_path, 0.3, "none", marks)
        wait_for(lambda: os.listdir(marks) or process.poll() is not None)
        cluster.tell("head")
        begun = time.monotonic()
        code, text = finish(process)
        assert code == 3, text
        assert "the head of the Ray cluster is gone; nothing was changed" in text
        assert time.monotonic() - begun < 45  # Ray by itself ends the process after 60 seconds, without a word from us
    finally:
        cluster.stop()
    assert not Table(f"{tmp_path}/out.lance").exists()


@pytest.mark.parametrize("address", ["head", "head:port", "ray://"])
def test_what_is_no_address_is_refused(address):
    from shelver.engine.cluster import connect

    with pytest.raises(ConfigError, match="not an address"):
        connect(address)
