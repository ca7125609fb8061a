"""No label is lost: people answer on one queue at once, and their processes are killed, over and over.

    python benchmarks/kill_queue.py                            1,000 kills, two people, SQLite in a new folder
    python benchmarks/kill_queue.py --kills 40 --people 3 --control postgresql://me@/empty

Each person is a process that takes questions, answers (now and then: skips, is not sure, takes back), and after every
acknowledgement writes a line to a log. It is killed (SIGKILL) at a random moment, then starts again; what it had sent
without hearing an acknowledgement it sends again with the same token, as a program has to. In the end the control
database is compared with the logs. The result is one JSON document; the exit code is 1 if anything is not as it
should be.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from shelver.catalogue import Control, NewQuestion, Queue, Round, TakenError, tree_from_paths
from shelver.catalogue.database import open_engine, reading
from shelver.catalogue.queue import new_token
from shelver.catalogue.tables import label_events, leases, questions, replies

NAMES = ("ann", "bob", "cat", "dan")
TREE = tree_from_paths([(f"Shelf {number}",) for number in range(20)])
CATEGORIES = [category.category_id for category in TREE.exclusive]
LEASE = 0.5
"""Seconds: short, so that leases of the killed run out while others go on."""
LONGEST = 1.0
"""Seconds that a process lives at most, once it has asked for its first question."""


def answer_for_ever(queue: Queue, person: str, log: str, seed: int, ready: int) -> None:
    """Take questions and answer them until killed; the log gets an intent before and an acknowledgement after."""
    rng = random.Random(seed)  # noqa: S311 (not for secrets)
    file = os.open(log, os.O_WRONLY | os.O_APPEND)
    queue.newest_round()  # connected
    os.write(ready, b"x")
    send_again(queue, person, log, file)
    while True:
        for question in queue.next(person, rng.randint(1, 3)):
            kind = rng.choices(("label", "skip", "unsure", "undo"), (12, 1, 1, 1))[0]
            send(queue, person, file, [kind, question.question_id, rng.choice(CATEGORIES), new_token()])


def send(queue: Queue, person: str, file: int, job: list[str | int]) -> None:
    """Do one thing; once it is on the disk, say so in the log."""
    kind, number, category, token = str(job[0]), int(job[1]), str(job[2]), str(job[3])
    write(file, {"sent": job})
    try:
        if kind == "label":
            queue.answer(number, person, category, token=token)
        elif kind == "undo":
            queue.undo(person, token=token)
        else:
            (queue.skip if kind == "skip" else queue.unsure)(number, person, token=token)
    except TakenError:
        write(file, {"refused": token})
    except Exception as error:
        if "no answer to take back" not in str(error):
            write(file, {"failed": f"{type(error).__name__}: {error}"})
            raise
        write(file, {"refused": token})
    else:
        write(file, {"stored": token, "job": job})


def write(file: int, line: dict[str, object]) -> None:
    """One line, in one call: a kill leaves no half of it."""
    os.write(file, (json.dumps(line) + "\n").encode())


def send_again(queue: Queue, person: str, log: str, file: int) -> None:
    """What was sent last, if no acknowledgement of it is in the log."""
    lines = [json.loads(line) for line in Path(log).read_text().splitlines()[-1:]]
    if lines and "sent" in lines[0]:
        send(queue, person, file, lines[0]["sent"])


def start(queue: Queue, person: str, log: str, seed: int) -> int:
    """Begin a process of one person; gives its id."""
    read, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        try:
            answer_for_ever(queue, person, log, seed, write_end)
        finally:
            os._exit(70)
    os.close(write_end)
    os.read(read, 1)  # it is about to ask
    os.close(read)
    return pid


def run(url: str, folder: str, kills: int, people: int, seed: int, overlap: float) -> dict[str, object]:
    """Kill processes until there were enough kills, then look at what is left."""
    rng = random.Random(seed)  # noqa: S311 (not for secrets)
    with Control(url) as control:
        control.save_tree(TREE)
    logs = {person: os.path.join(folder, f"{person}.log") for person in NAMES[:people]}
    for log in [*logs.values(), os.path.join(folder, "first.log")]:
        Path(log).touch()
    engine = open_engine(url)
    queue = Queue(engine, lease=LEASE)
    running: dict[int, tuple[float, str]] = {}
    done, products, died = 0, 0, 0
    begun = time.monotonic()
    while done < kills:
        if done % 50 == 0 and len(running) == 0 and products < 20 * (done + 50):
            products = refill(url, products, rng, overlap)  # nobody else is there: a fork must not inherit a database
            try_all(queue, os.path.join(folder, "first.log"))
            engine.dispose()
        for person, log in logs.items():
            if all(name != person for _, name in running.values()) and done + len(running) < kills:
                pid = start(queue, person, log, rng.randrange(1 << 30))
                running[pid] = (time.monotonic() + rng.uniform(0.0, LONGEST), person)
        pid = min(running, key=lambda each: running[each][0])
        time.sleep(max(0.0, running.pop(pid)[0] - time.monotonic()))
        os.kill(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        done, died = done + (code == -signal.SIGKILL), died + (code != -signal.SIGKILL)
        if done % 50 == 0:
            for other in running:
                os.kill(other, signal.SIGKILL)
                done += os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]) == -signal.SIGKILL
            running.clear()
            done = min(done, kills)
    seconds = time.monotonic() - begun
    for person, log in logs.items():  # the last of each that was sent and not acknowledged
        file = os.open(log, os.O_WRONLY | os.O_APPEND)
        send_again(queue, person, log, file)
        os.close(file)
    everything = [*logs.values(), os.path.join(folder, "first.log")]
    found = check(url, [Path(log).read_text().splitlines() for log in everything])
    return {"kills": done, "died otherwise": died, "seconds": round(seconds, 1), "products": products, **found}


def try_all(queue: Queue, log: str) -> None:
    """Do each thing once: forks of this process then have their statements ready, and are killed at work."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND)
    for kind, question in zip(("label", "skip", "unsure", "undo"), queue.next("first", 4), strict=True):
        send(queue, "first", file, [kind, question.question_id, CATEGORIES[0], new_token()])
    queue.release("first")
    os.close(file)


def refill(url: str, products: int, rng: random.Random, overlap: float) -> int:
    """A round of 1,000 more products; gives how many there were in all."""
    with Control(url) as control:
        new = range(products, products + 1000)
        wanted = [2 if rng.random() < overlap else 1 for _ in new]
        chosen = [NewQuestion(f"p{i}", chosen_by="random", wanted=each) for i, each in zip(new, wanted, strict=True)]
        control.queue().refill(chosen, Round("random", "", 0))
    return products + 1000


def check(url: str, logs: list[list[str]]) -> dict[str, object]:
    """Compare the database with the logs; every fault is counted under its name."""
    lines = [json.loads(line) for log in logs for line in log]
    stored = {line["stored"]: line["job"] for line in lines if "stored" in line}
    refused = {line["refused"] for line in lines if "refused" in line}
    with reading(open_engine(url)) as connection:
        kept = connection.execute(sa.select(replies)).all()
        events = {row.event_id: row for row in connection.execute(sa.select(label_events))}
        wanted = {row.question_id: row for row in connection.execute(sa.select(questions))}
        waiting = connection.execute(sa.select(sa.func.count()).select_from(leases)).scalar_one()
    by_token = Counter(row.token for row in kept)
    rows = {row.token: row for row in kept}
    undone = {row.undoes for row in kept if row.undoes is not None}
    made = Counter(row.event_id for row in kept if row.event_id is not None)
    live = Counter(row.question_id for row in kept if row.kind == "label" and row.reply_id not in undone)
    twice = Counter((row.question_id, row.person) for row in kept if row.kind != "undo" and row.reply_id not in undone)
    labels = Counter(wanted[number].product_id for number in live)
    faults = {
        "failures": sum("failed" in line for line in lines),
        "acknowledged, but lost": sum(token not in rows for token in stored),
        "stored twice": sum(times > 1 for times in by_token.values()),
        "stored, but never acknowledged": sum(token not in stored for token in rows),
        "refused, but stored": sum(token in rows for token in refused),
        "stored as something else": sum(not same(rows[t], job, events) for t, job in stored.items() if t in rows),
        "labels without their event": sum(row.kind == "label" and row.event_id not in events for row in kept),
        "events of no reply or of two": sum(made[event] != 1 for event in events),
        "more answers than wanted": sum(times > wanted[number].wanted for number, times in live.items()),
        "answered twice by one person": sum(times > 1 for times in twice.values()),
        "products with two questions answered": sum(times > 1 for times in labels.values()),
        "states that do not fit": sum(
            (row.state == "done") != (live[number] >= row.wanted) for number, row in wanted.items()
        ),
    }
    if (path := sa.make_url(url if "://" in url else f"sqlite:///{url}")).get_backend_name() == "sqlite":
        with sqlite3.connect(str(path.database)) as raw:
            faults["damage"] = int(raw.execute("PRAGMA integrity_check").fetchone()[0] != "ok")
    kinds = Counter(row.kind for row in kept)
    return {
        "acknowledged": len(stored),
        "replies": dict(kinds),
        "leases left": waiting,
        "faults": {name: number for name, number in faults.items() if number},
        "checked": list(faults),
    }


def same(row: sa.Row[tuple[object, ...]], job: list[object], events: dict[int, sa.Row[tuple[object, ...]]]) -> bool:
    """Is the reply what was sent?"""
    kind, number, category, _ = job
    if row.kind != kind or (kind != "undo" and row.question_id != number):
        return False
    return kind != "label" or events[row.event_id].category_id == category


def main() -> int:
    """Read the arguments, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--people", type=int, default=2, choices=range(1, len(NAMES) + 1))
    parser.add_argument("--overlap", type=float, default=0.2, help="share of the questions for two people")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--control", default="", help="an empty database by URL; else a SQLite file in a new folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.control or os.path.join(folder, "control.db")
        found = run(url, folder, options.kills, options.people, options.seed, options.overlap)
    print(json.dumps(found, indent=1))
    return int(bool(found["faults"]) or bool(found["died otherwise"]))


if __name__ == "__main__":
    raise SystemExit(main())
