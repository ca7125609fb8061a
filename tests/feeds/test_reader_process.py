"""The process that reads files: whatever becomes of it, this one lives, and says what happened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shelver.errors import FeedError
from shelver.feeds import read_apart as apart
from shelver.feeds import reader_process
from shelver.feeds.no_rows import NoRowsError
from shelver.feeds.read_apart import Task, read_apart
from shelver.feeds.reader_process import Worker

ROWS = 40_000


@pytest.fixture(autouse=True)
def _no_worker_left() -> Iterator[None]:
    Worker.end_free()
    yield
    Worker.end_free()


def task(size: int = 1_000, kind: str = "parquet", seconds: float = 60) -> Task:
    return Task(kind, "Parquet file", "f.parquet", seconds, "have it exported once more", {"size": size, "head": 9})


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("large") / "f.parquet"
    pq.write_table(pa.table({"id": range(ROWS), "title": [f"Shoe {number} " * 9 for number in range(ROWS)]}), path)
    return str(path)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("small") / "f.parquet"
    pq.write_table(pa.table({"id": ["1"]}), path)
    return str(path)


def rows(path: str) -> int:
    return sum(batch.num_rows for batch in read_apart(task(), path)[1])


def process_ids() -> list[int]:
    return [worker.process.pid for worker in Worker._free]


def gone(pid: int, seconds: float = 10) -> bool:
    """Whether a process ends within some seconds; one that nobody waited for counts as ended."""
    for _ in range(int(seconds * 50)):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("name", ["calendar.py", "resource.py", "json.py", "pyarrow.py"])
def test_files_in_the_folder_it_is_started_in_are_not_run(
    name: str, small: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_text("open('was_run', 'w').close()\nraise SystemExit(9)\n")
    monkeypatch.chdir(tmp_path)
    assert rows(small) == 1
    assert os.listdir(tmp_path) == [name]


def test_one_process_reads_many_files(small: str) -> None:
    assert rows(small) == 1
    first = process_ids()
    assert rows(small) == 1
    assert process_ids() == first
    assert len(first) == 1


def test_after_a_large_file_its_memory_is_given_back(large: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "SMALL", 1_000)
    assert rows(large) == ROWS
    assert process_ids() == []


def test_killed_in_the_middle(large: str, small: str) -> None:
    _, batches = read_apart(task(), large)
    read = next(batches).num_rows
    (worker,) = Worker._every
    worker.process.kill()
    further: list[int] = []
    with pytest.raises(FeedError) as caught:
        further.extend(batch.num_rows for batch in batches)
    read += sum(further)
    assert caught.value.where == "f.parquet"
    assert f"the process that reads it ended (SIGKILL), after {read:,} rows" in caught.value.what
    assert caught.value.hint == "have it exported once more"
    assert read < ROWS
    assert rows(small) == 1


def test_killed_while_it_waits_for_the_next_file(small: str) -> None:
    assert rows(small) == 1
    Worker._free[0].process.kill()
    Worker._free[0].process.wait()
    assert rows(small) == 1


def test_rows_that_nobody_wants_any_more(large: str, small: str) -> None:
    _, batches = read_apart(task(), large)
    next(batches)
    (worker,) = Worker._every
    batches.close()  # type: ignore[attr-defined]
    assert worker.process.returncode is not None
    assert rows(small) == 1


def test_it_waits_for_whoever_takes_the_rows(large: str) -> None:
    _, batches = read_apart(task(), large)
    next(batches)
    (worker,) = Worker._every
    time.sleep(0.3)
    before = times(worker.process.pid)
    time.sleep(0.3)
    assert times(worker.process.pid) == before
    assert sum(batch.num_rows for batch in batches) == ROWS - 1_000


def times(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]


def test_files_in_several_threads(large: str) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(rows(large))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [ROWS] * 3
    assert len(process_ids()) <= 1


def test_a_process_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "f.parquet")  # to open it waits for a writer, for ever
    monkeypatch.setattr(reader_process, "LEAST", 1)
    with pytest.raises(FeedError, match="it takes too much time"):
        read_apart(task(seconds=1), str(tmp_path / "f.parquet"))


def test_processor_time_is_bounded(tmp_path: Path) -> None:
    found = answer(tmp_path, "import time\ndef open_rows(request):\n    while True: pass\n", seconds=1)
    assert "it takes too much time" in found


def test_memory_is_bounded(tmp_path: Path) -> None:
    code = "def open_rows(request):\n    return {}, iter([bytes(100 << 30)])\n"
    assert "it takes too much memory" in answer(tmp_path, code)


def test_what_a_library_said_before_it_aborted(tmp_path: Path) -> None:
    code = (
        "import os\ndef open_rows(request):\n"
        "    print('chatter', flush=True)\n"
        "    os.write(2, b\"terminate called after throwing an instance of 'X'\\n  what():  Level mismatch\\n\")\n"
        "    os.abort()\n"
    )
    assert "not a readable Parquet file: Level mismatch" in answer(tmp_path, code)


def test_a_fault_of_our_own_is_no_fault_of_the_file(tmp_path: Path) -> None:
    assert "ZeroDivisionError" in answer(tmp_path, "def open_rows(request):\n    1 / 0\n")


def test_what_is_printed_is_no_answer(tmp_path: Path) -> None:
    code = "def open_rows(request):\n    print('chatter', flush=True)\n    return {'x': 7}, iter([])\n"
    assert answer(tmp_path, code) == "{'x': 7} 0"


START = "import shelver.feeds.reader_worker as w; w.KINDS['odd'] = 'odd_rows'; w.main()"
RUN = """
import sys
from shelver.feeds import reader_process
from shelver.feeds.read_apart import Task, read_apart
reader_process._START = [sys.executable, "-c", sys.argv[1]]
try:
    found, batches = read_apart(Task("odd", "Parquet file", "f", int(sys.argv[2]), ""), __file__)
    print(found, len(list(batches)))
except Exception as error:
    print(error)
"""


def answer(folder: Path, code: str, seconds: int = 60) -> str:
    """What becomes of a file that a reader with this code reads."""
    (folder / "odd_rows.py").write_text(code)
    (folder / "run.py").write_text(RUN)
    command = [sys.executable, folder / "run.py", START, str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


CHILD = """
import sys
from shelver.feeds.read_apart import Task, read_apart
from shelver.feeds.reader_process import Worker
found, batches = read_apart(Task("parquet", "Parquet file", "f", 60, "", {"size": 1000, "head": 9}), sys.argv[1])
next(batches)
print(*(worker.process.pid for worker in Worker._every), flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_the_process_that_started_it(large: str, number: int) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", CHILD + "sys.stdin.read()", large],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout
    pid = int(parent.stdout.readline())
    os.killpg(parent.pid, number) if number == signal.SIGINT else parent.send_signal(number)
    _, said = parent.communicate(timeout=20)
    assert gone(pid)
    assert said.count("Traceback") == (number == signal.SIGINT)  # its own, none of the reader


FORKED = (
    CHILD
    + """
import os, time
if not os.fork():
    time.sleep(60)
    os._exit(0)
print("forked", flush=True)
sys.stdin.read()
"""
)


def test_a_fork_does_not_keep_it_alive(large: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", FORKED, large],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout
    pid = int(parent.stdout.readline())
    assert parent.stdout.readline() == "forked\n"
    time.sleep(0.2)
    parent.kill()
    try:
        assert gone(pid)
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
        parent.communicate()


def test_a_file_without_rows_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": pa.array([], pa.string())}), tmp_path / "f.parquet")
    with pytest.raises(NoRowsError):
        read_apart(task(), str(tmp_path / "f.parquet"))
    (tmp_path / "f.parquet").write_bytes(b"PAR1")
    with pytest.raises(FeedError) as caught:
        read_apart(task(), str(tmp_path / "f.parquet"))
    assert not isinstance(caught.value, NoRowsError)


def test_the_protocol_is_json_and_arrow(small: str) -> None:
    request = {"kind": "parquet", "path": small, "file": "f", "again": "", "size": 3, "head": 9, "seconds": 9}
    done = subprocess.Popen(reader_process._START, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert done.stdin
    assert done.stdout
    done.stdin.write(json.dumps(request).encode() + b"\n")
    done.stdin.flush()
    assert [json.loads(done.stdout.readline()) for _ in range(2)] == [{"structures": False}, {"rows": True}]
    assert pa.ipc.open_stream(done.stdout).read_all().column_names == ["line", "reason", "raw", "id"]
    assert json.loads(done.stdout.readline()) == {"end": True}
    done.stdin.close()
    assert done.wait(10) == 0
