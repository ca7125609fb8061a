"""Rounds of questions on the toy catalogue, here and in a process of their own."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from shelver.catalogue import LabelEvent
from shelver.errors import ShelverError
from shelver.features.split import Side
from shelver.labelling.groups import near_duplicates
from shelver.pipeline import background
from shelver.pipeline.ask import Asker, up_to_date
from shelver.pipeline.background import Worker
from shelver.pipeline.prepare import dataset
from shelver.pipeline.sitting import sit_down
from shelver.pipeline.workspace import Workspace
from shelver.testing import toy as toys

QUICK = (
    "[training]\nepochs = 3\nmin_steps = 10\n"
    "[labelling]\nbatch = 10\nstrategy = 'margin'\nrandom_share = 0.3\noverlap = 0.25\n"
)
PATIENCE = 120.0


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Ingested and prepared; look at it only."""
    toy = toys.write_toy(tmp_path_factory.mktemp("ask") / "shop", 280, settings=QUICK)
    workspace = toy.workspace()
    workspace.ingest()
    workspace.prepare()
    workspace.close()
    return toy


@pytest.fixture
def toy(shop, tmp_path):
    import shutil

    shutil.copytree(shop.folder, tmp_path / "shop")
    return toys.Toy(str(tmp_path / "shop"), shop.titles, shop.answers)


@pytest.fixture
def workspace(toy):
    opened = toy.workspace()
    yield opened
    opened.close()


def rights(workspace: Workspace) -> dict[str, str]:
    """Right category of each product."""
    tree, products = workspace.tree(), workspace.products().read(["product_id", "title"]).to_pylist()
    return {row["product_id"]: tree.resolve(toys.right_answer(row["title"])).category_id for row in products}


def answer_some(workspace: Workspace, person: str, n: int) -> list[str]:
    right, done = rights(workspace), []
    with workspace.label(person, background=False) as session:
        while len(done) < n and (asked := session.next()):
            session.answer(asked, right[asked.card.product_id])
            done.append(asked.card.product_id)
    return done


def open_questions(workspace: Workspace) -> dict[str, tuple[str, int, str]]:
    import sqlite3

    with sqlite3.connect(f"{workspace.prefix}/control.db") as raw:
        rows = raw.execute("SELECT product_id, chosen_by, wanted, guess FROM questions WHERE state = 'open'").fetchall()
    return {row[0]: row[1:] for row in rows}


def test_a_round_before_any_label(workspace):
    found = workspace.refill()
    assert (found.round, found.added, found.withdrawn, found.left_out) == (1, 20, 0, 0)
    asked = open_questions(workspace)
    by = Counter(by for by, _, _ in asked.values())
    assert by == {"margin": 14, "random": 6}
    assert {wanted for _, wanted, _ in asked.values()} == {1, 2}
    examples = dataset(workspace).examples
    ids = examples.features.read(["product_id"])["product_id"].to_pylist()
    side = dict(zip(ids, examples.side, strict=True))
    assert all(side[name] != Side.TEST for name, (by, _, _) in asked.items() if by == "margin")
    titles = workspace.products().read(["product_id", "title"])
    groups = dict(zip(titles["product_id"].to_pylist(), near_duplicates(titles["title"].combine_chunks()), strict=True))
    assert len({groups[name] for name in asked}) == 20
    (question,) = workspace.queue.next("ann")
    assert len(question.guess) == 5
    chances = [chance for _, chance in question.guess]
    assert chances == sorted(chances, reverse=True)
    assert 0 < sum(chances) <= 1.00001
    assert all(name in workspace.tree() for name, _ in question.guess)


def test_the_next_round_knows_the_answers(workspace):
    done = answer_some(workspace, "ann", 12)
    assert len(set(done)) == 12
    assert workspace.queue.newest_round()[1] == 12
    found = workspace.refill()
    assert found.round == 2
    assert found.added == 20
    assert not set(open_questions(workspace)) & set(done) - {
        name for name, (_, wanted, _) in open_questions(workspace).items() if wanted == 2
    }
    newest, new = workspace.queue.newest_round()
    assert newest is not None
    assert (newest.strategy, newest.model, new) == ("margin", "linear", 0)
    assert workspace.queue.count().states["withdrawn"] >= 6


def test_same_labels_same_questions(workspace, toy, tmp_path):
    import shutil

    answer_some(workspace, "ann", 6)
    workspace.close()
    shutil.copytree(toy.folder, tmp_path / "other")
    other = Workspace(tmp_path / "other")
    workspace.refill()
    other.refill()
    assert open_questions(workspace) == open_questions(other)
    other.close()


def test_an_asker_goes_on_where_it_was(workspace):
    asker = Asker(workspace)
    asker.refill()
    first = asker._made
    answer_some(workspace, "ann", 5)
    asker.refill()
    assert asker._made is first  # nothing was read again
    fresh = Workspace(workspace.prefix)
    kept = open_questions(workspace)
    fresh.refill()
    assert open_questions(fresh) == kept
    fresh.close()


def test_an_asker_sees_a_new_tree(workspace, toy):
    asker = Asker(workspace)
    asker.refill()
    with open(f"{toy.folder}/categories.csv", "a") as tree:
        tree.write("Hats > Helmets\n")
    helmets = workspace.tree().resolve("helmets").category_id
    asker.refill()
    assert asker._made is not None
    assert helmets in asker._made[1].examples.classes.exclusive


def test_labels_that_were_taken_over_are_looked_at_only_by_chance(workspace):
    """Strategies leave them out, random questions do not."""
    ids = sorted(rights(workspace))
    boots = workspace.tree().resolve("boots").category_id
    done = workspace.control.label_cluster(ids[20:], boots, "ann")
    assert len(done.events) == 260
    found = workspace.refill()
    assert found.left_out == 0
    by = {name: by for name, (by, _, _) in open_questions(workspace).items()}
    assert {name for name, each in by.items() if each == "margin"} <= set(ids[:20])
    assert {name for name, each in by.items() if each == "random"} & set(ids[20:])
    assert "margin" in by.values()


def test_a_small_pool_holds_all_labelled_products(toy):
    with open(f"{toy.folder}/shelver.toml", "a") as settings:
        settings.write("candidates = 100\n")
    workspace = toy.workspace()
    asker = Asker(workspace)
    asker.refill()
    assert asker._made is not None
    pool = asker._made[2]
    assert len(pool) == 100
    outside = sorted(set(rights(workspace)) - set(pool.product_ids))[:7]
    category = workspace.tree().resolve("boots").category_id
    workspace.add_labels([LabelEvent(name, category, how="import") for name in outside])
    asker.refill()
    assert asker._made[2] is not pool
    assert set(outside) <= set(asker._made[2].product_ids)
    assert len(asker._made[2]) == 107
    workspace.close()


def test_only_what_is_stale_is_prepared(workspace, toy):
    run = up_to_date(workspace).run_id
    category = workspace.tree().resolve("boots").category_id
    workspace.add_labels([LabelEvent(next(iter(rights(workspace))), category)])
    assert up_to_date(workspace).run_id == run  # labels alone make no new run
    with open(f"{toy.folder}/feed.csv", "a") as feed:
        feed.write("n1,Red boot 9000,Acme,5.00\n")
    workspace.ingest()
    found = up_to_date(workspace)
    assert found.run_id != run
    assert found.examples.products == 281


def test_nothing_was_prepared(tmp_path):
    toy = toys.write_toy(tmp_path / "shop", 120, settings=QUICK)
    workspace = toy.workspace()
    with pytest.raises(ShelverError, match="there are no products yet"):
        workspace.label("ann")
    workspace.ingest()
    assert workspace.refill().added == 20
    workspace.close()


def test_everything_is_labelled_in_the_end(workspace):
    right = rights(workspace)
    left = dict(list(right.items())[:9])
    workspace.add_labels([LabelEvent(name, right[name], how="import") for name in right if name not in left])
    people = ("ann", "bob")
    for _ in range(4):
        workspace.refill()
        for person in people:
            answer_some(workspace, person, 100)
    assert workspace.control.current_labels().num_rows == len(right)
    last = workspace.refill()
    assert last.added == 0
    assert workspace.queue.next("ann") == []


def test_who_begins_while_another_does_waits(workspace):
    told: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        with background.lock_of(workspace.prefix):
            later = pool.submit(sit_down, workspace, "bob", background=False, tell=told.append)
            while not told:
                assert not later.done()
                time.sleep(0.05)
            made = workspace.refill()
        session = later.result(PATIENCE)
    assert told == ["somebody else is getting the first questions; waiting"]
    assert workspace.queue.count().round.round == made.round, "made once"
    assert session.next()


def test_it_works_in_the_background(workspace):
    """Answers go on while another process chooses anew; killed, it is started again."""
    right = rights(workspace)
    workspace.refill()
    with workspace.label("ann") as session:
        worker = session.background
        assert isinstance(worker, Worker)
        wait_until(worker.alive)
        answer(session, right, 12)
        wait_until(lambda: round_of(workspace) >= 2)
        assert workspace.queue.newest_round()[1] == 0
        answer(session, right, 3)
        os.kill(worker.pid, signal.SIGKILL)
        wait_until(lambda: not worker.alive())
        assert "ended (-9)" in session.trouble()
        assert session.trouble() == ""
        before = round_of(workspace)
        answer(session, right, 12)
        wait_until(lambda: round_of(workspace) > before)
        pid = worker.pid
    wait_until(lambda: not is_there(pid))
    workspace.close()


def test_two_sittings_one_worker(workspace):
    right = rights(workspace)
    workspace.refill()
    with workspace.label("ann") as ann:
        with workspace.label("bob") as bob:
            time.sleep(3)
            answer(ann, right, 6)
            answer(bob, right, 5)
            wait_until(lambda: round_of(workspace) == 2)
        answer(ann, right, 12)
        wait_until(lambda: round_of(workspace) == 3)  # whoever of them did the work
    people = {count.person: count.labels for count in workspace.queue.count().people}
    assert people == {"ann": 18, "bob": 5}


def test_what_goes_wrong_in_the_background_is_said(workspace):
    right = rights(workspace)
    workspace.refill()
    with workspace.label("ann") as session:
        asked = session.next()
        workspace.files.write("shelver.toml", "nonsense = 1\n")
        worker = Worker(workspace.prefix, 10)
        wait_until(lambda: not worker.alive())
        assert "nonsense" in worker.trouble()
        worker.close()
        assert session.answer(asked, right[asked.card.product_id]).event_id == 1


def answer(session, right, n):
    for _ in range(n):
        begun = time.monotonic()
        while (asked := session.next()) is None and session.more_to_come() and time.monotonic() < begun + PATIENCE:
            time.sleep(0.2)
        assert asked is not None
        session.answer(asked, right[asked.card.product_id])


def round_of(workspace) -> int:
    newest, _ = workspace.queue.newest_round()
    return newest.round if newest else 0


def test_a_process_that_does_not_end_is_killed(workspace, monkeypatch):
    monkeypatch.setattr(background, "PATIENCE", 0.5)
    worker = Worker(workspace.prefix, 10)
    os.kill(worker.pid, signal.SIGSTOP)
    worker.close()
    assert not is_there(worker.pid)


def wait_until(condition) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.1)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
