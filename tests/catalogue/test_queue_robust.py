"""No acknowledged answer is lost, halved or doubled: kills, full disks, people and processes at once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from shelver.catalogue import Control, NewQuestion, Round, tree_from_paths

Start = Callable[..., "subprocess.Popen[str]"]
KILLER = Path(__file__).parent.parent.parent / "benchmarks" / "kill_queue.py"
TREE = tree_from_paths([("Boots",), ("Hats",)])
BOOTS, HATS = (category.category_id for category in TREE.exclusive)


def make(url: str, products: int, wanted: int = 1) -> None:
    with Control(url) as control:
        control.save_tree(TREE)
        chosen = [NewQuestion(f"p{number}", wanted=wanted) for number in range(products)]
        control.queue().refill(chosen, Round("random", "", 0))


def killed(*arguments: str) -> dict[str, object]:
    command = [sys.executable, str(KILLER), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_killed_forty_times() -> None:
    found = killed("--kills", "40", "--seed", "3")
    assert found["faults"] == {}
    assert (found["kills"], found["died otherwise"]) == (40, 0)
    assert int(str(found["acknowledged"])) > 0


def test_killed_on_postgresql(postgresql_url: str) -> None:
    found = killed("--kills", "20", "--control", postgresql_url)
    assert found["faults"] == {}
    assert (found["kills"], found["died otherwise"]) == (20, 0)


ANSWER = """
import sys
from shelver.catalogue import Control, TakenError
url, person, category = sys.argv[1:]
queue = Control(url).queue()
while questions := queue.next(person, 3):
    for question in questions:
        try:
            reply = queue.answer(question.question_id, person, category)
        except TakenError:
            continue
        print(question.product_id, reply.event_id)
"""


def answered_by(url: str, python: Start, *people: str) -> list[tuple[str, str]]:
    """Everybody answers until nothing is left; gives (person, product) of every acknowledgement."""
    found = []
    running = [(person, python(ANSWER, url, person, BOOTS)) for person in people]
    for person, process in running:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        found += [(person, line.split()[0]) for line in out.splitlines()]
    return found


def test_four_processes_of_three_people(control_url: str, python: Start) -> None:
    make(control_url, 60)
    found = answered_by(control_url, python, "ann", "ann", "bob", "cat")
    assert sorted(product for _, product in found) == sorted(f"p{number}" for number in range(60))
    with Control(control_url) as control:
        kept = control.queue().answers()
        assert control.label_history().num_rows == 60
        assert control.queue().count().states == {"done": 60}
    assert Counter(zip(kept["person"].to_pylist(), kept["product_id"].to_pylist(), strict=True)) == Counter(found)


def test_four_processes_where_two_answers_are_wanted(control_url: str, python: Start) -> None:
    make(control_url, 24, wanted=2)
    found = answered_by(control_url, python, "ann", "bob", "cat", "dan")
    assert set(Counter(found).values()) == {1}
    assert Counter(product for _, product in found) == {f"p{number}": 2 for number in range(24)}
    with Control(control_url) as control:
        assert control.queue().count().states == {"done": 24}
        assert control.label_history().num_rows == 48


FULL = """
import os, resource, signal, sys
from shelver.catalogue import Control
from shelver.errors import CatalogueError

url, category = sys.argv[1:]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
control = Control(url)
queue = control.queue()
held = queue.next("ann", 600)
size = max(os.path.getsize(url + suffix) for suffix in ("", "-wal"))
limit = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 400_000, limit[1]))
refused = None
for question in held:
    try:
        queue.answer(question.question_id, "ann", category, token=f"t{question.question_id}")
    except CatalogueError as error:
        refused = question
        print("refused", error.what, "|", error.hint)
        break
    print("stored", question.product_id)
for _ in range(3):  # it stays so
    try:
        queue.answer(refused.question_id, "ann", category)
        sys.exit("stored on a full disk")
    except CatalogueError:
        pass
print("labels", control.current_labels().num_rows)
resource.setrlimit(resource.RLIMIT_FSIZE, limit)
queue.answer(refused.question_id, "ann", category, token=f"t{refused.question_id}")
print("stored", refused.product_id)
"""


def test_a_full_disk(tmp_path: Path, python: Start) -> None:
    url = str(tmp_path / "control.db")
    make(url, 600)
    out, err = python(FULL, url, HATS).communicate(timeout=120)
    lines = [line.split(" ", 1) for line in out.splitlines()]
    assert lines[-1][0] == "stored", out + err
    (refused,) = [text for kind, text in lines if kind == "refused"]
    assert "the disk is full" in refused
    assert "nothing was changed" in refused
    assert "free some space" in refused
    stored = [text for kind, text in lines if kind == "stored"]
    assert len(stored) > 2
    assert ["labels", str(len(stored) - 1)] in lines
    with Control(url) as control:
        assert control.current_labels()["product_id"].to_pylist() == stored
        assert control.label_history().num_rows == control.queue().answers().num_rows == len(stored)
