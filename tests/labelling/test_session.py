"""A sitting, with a real queue and real tables."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from shelver.catalogue import Control, NewQuestion, Queue, Round, TakenError, tree_from_paths
from shelver.errors import CatalogueError
from shelver.feeds.schema import PRODUCT_SCHEMA
from shelver.labelling.cards import Cards
from shelver.labelling.session import Session
from shelver.rules.stage import SCHEMA as RULE_SCHEMA
from shelver.table import Table

TREE = tree_from_paths([("Shoes", "Boots"), ("Hats",)])
BOOTS, HATS = (TREE.resolve(name).category_id for name in ("boots", "hats"))
GUESS = ((BOOTS, 0.6), (HATS, 0.3))


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def write(folder: object, titles: dict[str, str]) -> Cards:
    columns = {field.name: pa.nulls(len(titles), field.type) for field in PRODUCT_SCHEMA}
    columns["product_id"] = pa.array(titles)
    columns["title"] = pa.array(titles.values(), pa.string())
    columns["source"] = pa.array(["feed"] * len(titles))
    columns["merchant_id"] = pa.array([f"m-{name}" for name in titles])
    columns["price"] = pa.array([9.5] * len(titles))
    columns["image_url"] = pa.array(["https://example.org/x.jpg"] * len(titles))
    products = Table(f"{folder}/products.lance")
    products.write([pa.RecordBatch.from_pydict(columns, PRODUCT_SCHEMA)], PRODUCT_SCHEMA, str(sorted(titles)))
    rules = Table(f"{folder}/rule_labels.lance")
    label = {"category_id": BOOTS, "rule_id": "boots", "field": "title", "start": 0, "end": 4}
    fired = [[label] if title.startswith("Boot") else [] for title in titles.values()]
    made = pa.RecordBatch.from_pydict({"product_id": list(titles), "labels": fired}, RULE_SCHEMA)
    rules.write([made], RULE_SCHEMA, "")
    return Cards(products, rules)


@pytest.fixture
def control(tmp_path: object) -> Iterator[Control]:
    with Control(f"{tmp_path}/control.db") as opened:
        opened.save_tree(TREE)
        yield opened


@pytest.fixture
def cards(tmp_path: object) -> Cards:
    return write(tmp_path, {f"p{number}": f"{'Boot' if number % 2 else 'Hat'} {number}" for number in range(9)})


def fill(queue: Queue, *names: str, chosen_by: str = "random") -> None:
    queue.refill([NewQuestion(name, GUESS, chosen_by) for name in names], Round("margin", "linear", 0))


def test_cards_show_what_is_known(cards: Cards) -> None:
    found = cards.find(["p3", "gone", "p2"])
    assert list(found) == ["p3", "p2"]
    card = found["p3"]
    assert (card.title, card.fields["price"], card.image) == ("Boot 3", 9.5, "https://example.org/x.jpg")
    assert "brand" not in card.fields
    assert [(fired.rule_id, fired.category_id) for fired in card.fired] == [("boots", BOOTS)]
    assert found["p2"].fired == ()
    assert cards.find([]) == {}


def test_products_that_no_feed_delivers_any_more_are_not_asked_about(control: Control, tmp_path: object) -> None:
    write(tmp_path, {f"p{number}": "Boot" for number in range(5)})
    products = Table(f"{tmp_path}/products.lance")
    rows = products.read()
    resting = pa.array([number in (1, 3, 4) for number in range(5)])
    place = rows.column_names.index("active")
    made = rows.set_column(place, PRODUCT_SCHEMA.field("active"), pc.invert(resting))
    products.write(made.to_batches(), PRODUCT_SCHEMA, "")
    queue = control.queue()
    fill(queue, "p0", "p1", "p2", "p3")
    queue.add([NewQuestion("p4", chosen_by="ben")])
    session = Session(queue, "ann", Cards(products, Table(f"{tmp_path}/rule_labels.lance")))
    seen = []
    while asked := session.next():
        seen.append(asked.card.product_id)
        session.answer(asked, BOOTS)
    assert sorted(seen) == ["p0", "p2", "p4"], "what somebody asks by hand is asked all the same"


def test_rules_of_other_products_are_not_shown(tmp_path: object) -> None:
    cards = write(tmp_path, {"a": "Boot", "b": "Hat"})
    assert cards.find(["a"])["a"].fired
    write(f"{tmp_path}/other", {"x": "Boot"})
    stale = Cards(Table(f"{tmp_path}/products.lance"), Table(f"{tmp_path}/other/rule_labels.lance"))
    assert stale.find(["a", "b"])["a"].fired == ()


def test_a_picture_of_the_feed_comes_before_an_url(tmp_path: object, cards: Cards) -> None:
    found = Cards(*cards._newest, lambda source, key: f"/{source}/{key}.jpg" if key == "m-p1" else "")
    assert found.find(["p1"])["p1"].image == "/feed/m-p1.jpg"
    assert found.find(["p2"])["p2"].image == "https://example.org/x.jpg"


def test_a_sitting(control: Control, cards: Cards) -> None:
    queue, clock = control.queue(), Clock()
    fill(queue, "p1", "p2", "p3", "p4")
    with Session(queue, "ann", cards, ahead=2, clock=clock) as session:
        asked = session.next()
        assert asked is not None
        assert asked.card.title == "Boot 1"
        assert session.next() is asked  # the same until it is answered
        clock.now += 3
        assert session.answer(asked, BOOTS).state == "done"
        second = session.next()
        assert second is not None
        clock.now += 5
        session.skip(second)
        third = session.next()
        assert third is not None
        session.unsure(third)
        back = session.undo()
        assert back is not None
        assert back.card.product_id == "p3"
        assert session.next() == back
        session.answer(back, HATS)
        assert str(session.tally) == "2 today"
    answers = {row["product_id"]: row for row in queue.answers().to_pylist()}
    assert {name: row["kind"] for name, row in answers.items()} == {"p1": "label", "p2": "skip", "p3": "label"}
    assert (answers["p1"]["seconds"], answers["p2"]["seconds"]) == (3.0, 5.0)
    assert queue.count().leased == 0  # closed: what she held is free again


def test_the_tally(control: Control, tmp_path: object) -> None:
    queue, clock = control.queue(), Clock()
    names = [f"p{number}" for number in range(60)]
    cards = write(tmp_path, dict.fromkeys(names, "Boot"))
    fill(queue, *names)
    session = Session(queue, "ann", cards, clock=clock)
    for number in range(40):
        clock.now += 5
        asked = session.next()
        assert asked is not None
        session.answer(asked, BOOTS if number % 4 else HATS)
    assert str(session.tally) == "40 today, 12/min, first suggestion right: 75% (last 40 random questions)"
    session.undo()
    assert session.tally.today == 39
    others = str(Session(queue, "bob", cards).tally)  # 29 of 39 were right
    assert others == "0 today, first suggestion right: 74% (last 39 random questions)"
    assert Session(queue, "ann", cards).tally.today == 39


def test_the_speed_of_a_program_is_not_shown(control: Control, cards: Cards) -> None:
    clock = Clock()
    tally = Session(control.queue(), "ann", cards, clock=clock).tally
    for _ in range(3):
        clock.now += 0.4  # 150 a minute
        tally.add("margin", BOOTS, BOOTS)
    assert str(tally) == "3 today"
    for _ in range(20):
        clock.now += 0.6
        tally.add("margin", BOOTS, BOOTS)
    assert str(tally) == "23 today, 100/min"


def test_taking_back_what_was_said_yesterday(control: Control, cards: Cards) -> None:
    queue = control.queue()
    tally = Session(queue, "ann", cards).tally
    tally.take_back(False)
    assert tally.today == 0
    tally.add("margin", BOOTS, BOOTS)
    assert tally.today == 1


def test_guesses_of_strategies_do_not_count(control: Control, tmp_path: object) -> None:
    queue = control.queue()
    names = [f"p{number}" for number in range(40)]
    fill(queue, *names, chosen_by="margin")
    with Session(queue, "ann", write(tmp_path, dict.fromkeys(names, "Boot"))) as session:
        while asked := session.next():
            session.answer(asked, BOOTS)
        assert "right" not in str(session.tally)
        assert session.tally.right.answers == 0


def test_products_that_are_gone_are_withdrawn(control: Control, cards: Cards) -> None:
    queue = control.queue()
    fill(queue, "gone", "p1")
    session = Session(queue, "ann", cards, ahead=1)
    asked = session.next()
    assert asked is not None
    assert asked.card.product_id == "p1"
    assert queue.count().states == {"open": 1, "withdrawn": 1}


def test_new_products_are_found(control: Control, cards: Cards, tmp_path: object) -> None:
    queue = control.queue()
    session = Session(queue, "ann", cards)
    write(tmp_path, {"new": "Boot new", "p1": "Boot 1"})
    fill(queue, "new")
    asked = session.next()
    assert asked is not None
    assert asked.card.title == "Boot new"


def test_a_lease_is_renewed_in_time(control: Control, cards: Cards) -> None:
    queue, clock = control.queue(lease=2), Clock()
    fill(queue, "p1", "p2")
    session = Session(queue, "ann", cards, clock=clock)
    first = session.next()
    assert first is not None
    time.sleep(1.2)
    clock.now += 1.2
    again = session.next()
    assert again is not None
    assert again.question.question_id == first.question.question_id
    assert again.question.until > first.question.until


def test_too_late(control: Control, cards: Cards) -> None:
    queue = control.queue(lease=0.05)
    fill(queue, "p1", "p2")
    ann = Session(queue, "ann", cards, ahead=1, clock=Clock())
    asked = ann.next()
    assert asked is not None
    time.sleep(0.1)
    patient = control.queue()
    (other,) = patient.next("bob")
    patient.answer(other.question_id, "bob", BOOTS)
    with pytest.raises(TakenError):
        ann.answer(asked, HATS)
    following = ann.next()
    assert following is not None
    assert following.card.product_id == "p2"


def test_an_answer_that_may_have_been_stored_is_sent_again(control: Control, cards: Cards) -> None:
    class Deaf(Queue):
        """Loses the first acknowledgement."""

        lost = False

        def answer(self, *args: object, **options: object) -> object:  # type: ignore[override]
            reply = super().answer(*args, **options)  # type: ignore[arg-type]
            if not self.lost:
                self.lost = True
                raise CatalogueError("cannot connect")
            return reply

    queue = Deaf(control._engine)
    fill(queue, "p1", "p2")
    session = Session(queue, "ann", cards)
    asked = session.next()
    assert asked is not None
    with pytest.raises(CatalogueError, match="cannot connect"):
        session.answer(asked, BOOTS)
    assert session.next() == asked  # as far as the person knows
    assert session.answer(asked, BOOTS).repeated
    assert control.label_history().num_rows == 1
    following = session.next()
    assert following is not None
    assert following.card.product_id == "p2"


def test_from_the_answer_to_the_next_question(control: Control, cards: Cards) -> None:
    queue = control.queue()
    names = [f"p{number}" for number in range(9)]
    fill(queue, *names)
    session = Session(queue, "ann", cards)
    took = []
    asked = session.next()
    while asked:
        begun = time.perf_counter()
        session.answer(asked, BOOTS)
        asked = session.next()
        took.append(time.perf_counter() - begun)
    assert len(took) == 9
    assert sorted(took)[4] < 0.1  # the median: this machine has other work to do


def test_a_locked_database_is_no_lost_answer(control: Control, cards: Cards, tmp_path: object) -> None:
    queue = control.queue()
    fill(queue, "p1")
    session = Session(queue, "ann", cards)
    asked = session.next()
    assert asked is not None
    with control._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 100")
    holder = sqlite3.connect(f"{tmp_path}/control.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(CatalogueError, match="another process holds the database"):
        session.answer(asked, BOOTS)
    holder.rollback()
    holder.close()
    assert session.next() == asked
    assert session.answer(asked, BOOTS).state == "done"
    assert control.label_history().num_rows == 1
