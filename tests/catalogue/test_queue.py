"""The queue, on SQLite and PostgreSQL: who is asked what, what is stored, what comes back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from shelver.catalogue import Control, LabelEvent, NewQuestion, Queue, Round, TakenError, tree_from_paths
from shelver.catalogue.database import writing
from shelver.catalogue.queue_items import RANDOM
from shelver.errors import CatalogueError

TREE = tree_from_paths([("Shoes", "Boots"), ("Shoes", "Sandals"), ("Hats",)])
BOOTS, SANDALS, HATS = (TREE.resolve(name).category_id for name in ("boots", "sandals", "hats"))
MADE = Round("margin", "linear", 0, 1.5)


@pytest.fixture
def control(control_url: str) -> Iterator[Control]:
    with Control(control_url) as opened:
        opened.save_tree(TREE)
        yield opened


@pytest.fixture
def queue(control: Control) -> Queue:
    return control.queue()


def ask(queue: Queue, *products: str, wanted: int = 1) -> None:
    queue.refill(
        [NewQuestion(product, ((BOOTS, 0.7), (HATS, 0.2)), "margin", 0.0, wanted) for product in products], MADE
    )


def once(text: str) -> dict[str, str]:
    return {"token": text}


def names(queue: Queue, person: str, n: int = 10, **options: bool) -> list[str]:
    return [question.product_id for question in queue.next(person, n, **options)]


def by_name(queue: Queue, person: str, n: int = 10) -> dict[str, int]:
    return {question.product_id: question.question_id for question in queue.next(person, n)}


def current(control: Control) -> dict[str, tuple[str, str]]:
    return {row["product_id"]: (row["category_id"], row["person"]) for row in control.current_labels().to_pylist()}


def test_questions_come_in_order_with_what_was_guessed(queue: Queue) -> None:
    ask(queue, "p3", "p1", "p2")
    first, second = queue.next("ann", 2)
    assert (first.product_id, second.product_id) == ("p3", "p1")
    assert first.guess == ((BOOTS, 0.7), (HATS, 0.2))
    assert (first.chosen_by, first.wanted, first.round, first.objective) == ("margin", 1, 1, "exclusive")
    assert 590 < (first.until - datetime.now(UTC)).total_seconds() <= 600


def test_two_people_never_hold_the_same(queue: Queue) -> None:
    ask(queue, "p1", "p2", "p3")
    assert names(queue, "ann", 2) == ["p1", "p2"]
    assert names(queue, "bob", 2) == ["p3"]
    assert names(queue, "cat") == []
    assert names(queue, "ann", 2) == ["p1", "p2"]  # she comes back: her own first


def test_an_answer_is_a_label(control: Control, queue: Queue) -> None:
    ask(queue, "p1", "p2")
    (question,) = queue.next("ann")
    reply = queue.answer(question.question_id, "ann", SANDALS, seconds=2.5)
    assert (reply.state, reply.repeated) == ("done", False)
    (event,) = control.label_history("p1").to_pylist()
    assert (event["event_id"], event["category_id"], event["person"]) == (reply.event_id, SANDALS, "ann")
    assert (event["how"], event["objective"], event["kind"]) == ("human", "exclusive", "assign")
    (answer,) = queue.answers().to_pylist()
    assert (answer["product_id"], answer["category_id"], answer["seconds"]) == ("p1", SANDALS, 2.5)
    assert answer["guess"][0] == {"category_id": BOOTS, "probability": 0.7}
    assert names(queue, "ann") == ["p2"]


def test_an_answer_sent_again_is_stored_once(control: Control, queue: Queue) -> None:
    ask(queue, "p1", "p2")
    held = by_name(queue, "ann")
    first = queue.answer(held["p1"], "ann", BOOTS, **once("t1"))
    again = queue.answer(held["p1"], "ann", BOOTS, **once("t1"))
    assert (again.reply_id, again.event_id, again.repeated) == (first.reply_id, first.event_id, True)
    assert control.label_history().num_rows == 1
    for question, person, category in (
        (held["p2"], "ann", BOOTS),
        (held["p1"], "bob", BOOTS),
        (held["p1"], "ann", HATS),
    ):
        with pytest.raises(CatalogueError, match='the token "t1" is that of another answer'):
            queue.answer(question, person, category, **once("t1"))
    assert control.label_history().num_rows == 1
    with pytest.raises(CatalogueError, match=r"has answered it before(.|\n)*undo it first"):
        queue.answer(held["p1"], "ann", BOOTS, **once("t2"))


def test_refused_answers_change_nothing(control: Control, queue: Queue) -> None:
    ask(queue, "p1")
    (question,) = queue.next("ann")
    number = question.question_id
    with pytest.raises(CatalogueError, match="no category that people can assign"):
        queue.answer(number, "ann", TREE.resolve("shoes").category_id, **once("t"))
    with pytest.raises(CatalogueError, match="no question 77"):
        queue.answer(77, "ann", BOOTS)
    with pytest.raises(CatalogueError, match="who is asked"):
        queue.answer(number, " ", BOOTS)
    with pytest.raises(CatalogueError, match="without a category"):
        queue.answer(number, "ann", "")
    assert control.label_history().num_rows == 0
    assert queue.answer(number, "ann", BOOTS, **once("t")).state == "done"


def test_a_lease_that_ran_out_comes_back(control: Control) -> None:
    quick, queue = control.queue(lease=0.05), control.queue()
    ask(queue, "p1", "p2")
    late = by_name(quick, "ann")
    time.sleep(0.1)
    assert names(queue, "bob", 1) == ["p1"]
    with pytest.raises(TakenError, match="others answer it or have answered it by now"):
        queue.answer(late["p1"], "ann", BOOTS)  # bob holds it
    assert queue.answer(late["p2"], "ann", BOOTS).state == "done"  # nobody else does: her answer counts
    held = by_name(queue, "bob")
    queue.answer(held["p1"], "bob", HATS)
    with pytest.raises(TakenError):
        queue.skip(late["p1"], "ann")
    assert current(control) == {"p1": (HATS, "bob"), "p2": (BOOTS, "ann")}


def test_two_answers_where_two_are_wanted(control: Control, queue: Queue) -> None:
    ask(queue, "p1", wanted=2)
    (ann,), (bob,) = queue.next("ann"), queue.next("bob")
    assert ann.question_id == bob.question_id
    assert names(queue, "cat") == []
    assert queue.answer(ann.question_id, "ann", BOOTS).state == "open"
    assert names(queue, "ann") == []  # never again the one she answered
    assert names(queue, "cat") == []  # ann's answer and bob's lease are two
    assert queue.answer(bob.question_id, "bob", HATS).state == "done"
    with pytest.raises(TakenError):
        queue.answer(ann.question_id, "cat", HATS)
    assert current(control) == {"p1": (HATS, "bob")}
    assert sorted(queue.answers()["person"].to_pylist()) == ["ann", "bob"]


def test_skipped_goes_to_another_and_then_aside(queue: Queue) -> None:
    ask(queue, "p1", "p2")
    held = by_name(queue, "ann")
    assert queue.skip(held["p1"], "ann").state == "open"
    assert names(queue, "ann") == ["p2"]
    assert names(queue, "bob") == ["p1"]
    assert queue.unsure(held["p1"], "bob").state == "aside"
    assert names(queue, "cat") == []
    (found,) = queue.passed()
    assert (found.product_id, found.skipped_by, found.unsure_by, found.state) == ("p1", ("ann",), ("bob",), "aside")
    assert names(queue, "cat", aside=True) == ["p1"]  # an expert
    assert names(queue, "bob", aside=True) == []  # he said he was not sure
    assert queue.answer(held["p1"], "cat", HATS).state == "done"
    assert queue.passed() == []


def test_undo_takes_back_the_last_answer(control: Control, queue: Queue) -> None:
    ask(queue, "p1", "p2", "p3")
    held = by_name(queue, "ann", 2)
    queue.answer(held["p1"], "ann", BOOTS)
    queue.answer(held["p2"], "ann", HATS)
    question, kind = queue.undo("ann", **once("u"))
    assert (question.product_id, kind) == ("p2", "label")
    assert queue.undo("ann", **once("u"))[0].product_id == "p2"  # sent again: not p1 as well
    assert current(control) == {"p1": (BOOTS, "ann")}
    assert names(queue, "bob") == ["p3"]
    assert names(queue, "ann") == ["p2"]
    queue.answer(held["p2"], "ann", SANDALS)
    assert queue.undo("ann")[1] == "label"
    assert queue.undo("ann")[0].product_id == "p1"
    assert names(queue, "ann") == ["p1", "p2"]
    assert current(control) == {}
    with pytest.raises(CatalogueError, match='"ann" has no answer to take back'):
        queue.undo("ann")
    with pytest.raises(CatalogueError, match='"bob" has no answer to take back'):
        queue.undo("bob")
    assert control.label_history().num_rows == 6  # append-only: nothing is ever removed


def test_what_was_taken_back_comes_before_what_is_held(queue: Queue) -> None:
    ask(queue, "p1", "p2", "p3")
    held = by_name(queue, "ann")
    queue.skip(held["p3"], "ann")
    assert queue.undo("ann")[1] == "skip"
    assert names(queue, "ann") == ["p3", "p1", "p2"]


def test_a_skip_that_is_taken_back_too_late(control: Control, queue: Queue) -> None:
    """Bob has the question by now: it stays his, or each of them would be refused because of the other."""
    ask(queue, "p1")
    number = by_name(queue, "ann")["p1"]
    queue.skip(number, "ann")
    assert names(queue, "bob") == ["p1"]
    assert queue.undo("ann")[1] == "skip"
    assert names(queue, "ann") == []
    assert queue.answer(number, "bob", HATS).state == "done"
    assert current(control) == {"p1": (HATS, "bob")}


def test_a_pass_is_taken_back_where_a_lease_ran_out(control: Control, queue: Queue) -> None:
    quick = control.queue(lease=0.02)
    ask(queue, "p1")
    number = by_name(queue, "ann")["p1"]
    queue.unsure(number, "ann")
    assert names(quick, "bob") == ["p1"]
    time.sleep(0.05)
    queue.undo("ann")
    assert names(queue, "bob") == []
    assert queue.answer(number, "ann", HATS).state == "done"


def test_a_pass_that_is_taken_back_is_asked_again_even_if_it_was_put_aside(queue: Queue) -> None:
    ask(queue, "p1")
    for person in ("ann", "bob"):
        queue.skip(by_name(queue, person)["p1"], person)
    (question,) = queue.next("cat", aside=True)
    queue.unsure(question.question_id, "cat")
    assert queue.undo("cat")[0].product_id == "p1"
    assert queue.count().states == {"aside": 1}
    assert names(queue, "cat") == ["p1"]
    assert names(queue, "dan") == []


def test_undo_takes_look_alikes_with_it(control: Control, queue: Queue) -> None:
    ask(queue, "p1")
    (question,) = queue.next("ann")
    reply = queue.answer(question.question_id, "ann", BOOTS)
    assert reply.event_id is not None
    control.confirm(reply.event_id, ["p7", "p8"], "ann")
    assert set(current(control)) == {"p1", "p7", "p8"}
    queue.undo("ann")
    assert current(control) == {}


def test_undo_of_a_label_that_was_undone_elsewhere(control: Control, queue: Queue) -> None:
    ask(queue, "p1")
    (question,) = queue.next("ann")
    reply = queue.answer(question.question_id, "ann", BOOTS)
    assert reply.event_id is not None
    control.undo(reply.event_id, "boss")
    ask(queue, "p1")  # the product has no label any more: a later round asks again
    (other,) = queue.next("bob")
    queue.undo("ann")
    assert names(queue, "ann") == []  # bob has it
    assert queue.answer(other.question_id, "bob", HATS).state == "done"
    assert current(control) == {"p1": (HATS, "bob")}


def test_what_was_undone_elsewhere_is_asked_again(control: Control, queue: Queue) -> None:
    ask(queue, "p1")
    reply = queue.answer(by_name(queue, "ann")["p1"], "ann", BOOTS)
    assert reply.event_id is not None
    control.undo(reply.event_id, "ann")  # a slip, seen later
    ask(queue, "p1")
    number = by_name(queue, "ann")["p1"]
    assert number != reply.question_id
    assert queue.answer(number, "ann", HATS).state == "done"
    assert current(control) == {"p1": (HATS, "ann")}


def test_of_two_answers_wanted_one_that_was_undone_elsewhere_is_not_asked_of_the_same_person(
    control: Control, queue: Queue
) -> None:
    ask(queue, "p1", wanted=2)
    reply = queue.answer(by_name(queue, "ann")["p1"], "ann", BOOTS)
    assert reply.event_id is not None
    control.undo(reply.event_id, "ann")
    assert names(queue, "ann") == []  # `answer` would refuse it
    assert names(queue, "bob") == ["p1"]


def test_a_label_of_a_dropped_category_is_none(control: Control, queue: Queue) -> None:
    control.add_labels([LabelEvent("p1", HATS, person="ann"), LabelEvent("p2", BOOTS, person="ann")])
    control.save_tree(tree_from_paths([("Shoes", "Boots"), ("Shoes", "Sandals")]), force=True)
    assert queue.refill([NewQuestion("p1"), NewQuestion("p2")], MADE).added == 1
    assert queue.any_free()
    assert names(queue, "ann") == ["p1"]
    control.save_tree(TREE)  # the category is back, and the label with it
    assert names(queue, "ann") == []
    assert not queue.any_free()


def test_labels_that_were_taken_over_answer_no_random_question(control: Control, queue: Queue) -> None:
    """Nobody looked at these products: what is measured by random ones would leave them out."""
    chosen = [NewQuestion(name, chosen_by=by) for name, by in (("p1", RANDOM), ("p2", RANDOM), ("p3", "margin"))]
    queue.refill([*chosen, NewQuestion("p0")], MADE)
    reply = queue.answer(by_name(queue, "ann")["p0"], "ann", BOOTS)
    queue.release("ann")
    assert reply.event_id is not None
    control.confirm(reply.event_id, ["p1", "p3", "p4"], "ann")
    assert names(queue, "bob") == ["p1", "p2"]
    queue.release("bob")
    found = queue.refill([*chosen, NewQuestion("p4", chosen_by=RANDOM), NewQuestion("p0", chosen_by=RANDOM)], MADE)
    assert (found.added, found.left_out) == (3, 2)
    assert names(queue, "bob") == ["p1", "p2", "p4"]
    assert queue.answer(by_name(queue, "bob")["p1"], "bob", HATS).state == "done"
    assert current(control)["p1"] == (HATS, "bob")


@pytest.mark.parametrize("person", ["an\x1b[2Jn", "ann\n", "\udcff"])
def test_names_that_steer_a_terminal_are_refused(queue: Queue, person: str) -> None:
    with pytest.raises(CatalogueError, match="without control characters"):
        queue.next(person)


def test_a_label_is_looked_at_again(control: Control, queue: Queue) -> None:
    ask(queue, "p1", "p2")
    held = by_name(queue, "ann")
    queue.answer(held["p1"], "ann", BOOTS)
    queue.answer(held["p2"], "ann", BOOTS)
    assert queue.add([NewQuestion("p1", chosen_by="review", priority=10), NewQuestion("p2", chosen_by="review")]) == 2
    assert queue.add([NewQuestion("p1")]) == 0
    assert names(queue, "bob", 1) == ["p1"]
    again = by_name(queue, "ann")
    assert list(again) == ["p2"]  # with nobody else there, she looks at her own
    assert queue.answer(again["p2"], "ann", HATS).state == "done"
    assert control.label_history("p2")["how"].to_pylist() == ["human", "review"]
    control.add_labels([LabelEvent("p1", HATS, person="eve", how="review")])
    assert names(queue, "bob") == []
    assert current(control) == {"p1": (HATS, "eve"), "p2": (HATS, "ann")}
    queue.undo("ann")
    assert current(control)["p2"] == (BOOTS, "ann")


def test_labelled_products_are_not_asked_about(control: Control, queue: Queue) -> None:
    ask(queue, "p1", "p2")
    ask_twice = [NewQuestion("p3", wanted=2), NewQuestion("p4", wanted=2)]
    assert queue.add(ask_twice) == 2
    control.add_labels([LabelEvent("p1", BOOTS, person="import"), LabelEvent("p3", BOOTS, person="ann")])
    assert names(queue, "ann") == ["p2", "p4"]
    assert names(queue, "bob") == ["p3", "p4"]  # a second opinion on p3
    event = control.label_history("p1")["event_id"][0].as_py()
    control.undo(event, "boss")
    assert names(queue, "cat") == ["p1", "p3"]


def test_a_person_is_never_asked_twice_about_a_product(queue: Queue) -> None:
    ask(queue, "p1")
    (question,) = queue.next("ann")
    queue.skip(question.question_id, "ann")
    queue.withdraw([question.question_id])
    ask(queue, "p1")
    assert names(queue, "ann") == []
    assert names(queue, "bob") == ["p1"]


def test_priorities(queue: Queue) -> None:
    ask(queue, "p1", "p2")
    queue.add([NewQuestion("p5", priority=1), NewQuestion("p6", priority=5), NewQuestion("p7", priority=-1)])
    assert names(queue, "ann") == ["p6", "p5", "p1", "p2", "p7"]


def test_a_new_round_takes_the_place_of_the_old(control: Control, queue: Queue) -> None:
    ask(queue, "p1", "p2", "p3", "p4", "p5")
    queue.add([NewQuestion("p8")])
    held = by_name(queue, "ann", 2)  # p1, p2
    (question,) = queue.next("bob")
    queue.unsure(question.question_id, "bob")  # p3
    control.add_labels([LabelEvent("p9", BOOTS)])
    chosen = [NewQuestion(name) for name in ("p6", "p1", "p5", "p9", "p3", "p6", "p8")]
    made = queue.refill(chosen, Round("entropy", "linear", 1))
    assert (made.round, made.added, made.withdrawn, made.left_out) == (2, 2, 2, 5)
    assert names(queue, "ann") == ["p1", "p2", "p3", "p8", "p6", "p5"]
    assert queue.answer(held["p2"], "ann", BOOTS).state == "done"
    counted = queue.count()
    assert counted.states == {"open": 5, "withdrawn": 2, "done": 1}
    assert counted.open_by == {"hand": 3, "margin": 2}
    assert counted.round is not None
    assert (counted.round.round, counted.round.strategy, counted.new_labels) == (2, "entropy", 1)


def test_an_answer_to_a_withdrawn_question_counts(control: Control) -> None:
    quick, queue = control.queue(lease=0.01), control.queue()
    ask(queue, "p1")
    (question,) = quick.next("ann")
    time.sleep(0.05)
    ask(queue, "p2")
    assert queue.count().states == {"open": 1, "withdrawn": 1}
    assert queue.answer(question.question_id, "ann", BOOTS).state == "done"
    assert current(control) == {"p1": (BOOTS, "ann")}


def test_counts(control: Control, queue: Queue) -> None:
    assert queue.count().states == {}
    assert queue.newest_round() == (None, 0)
    ask(queue, "p1", "p2", "p3", "p4")
    held = by_name(queue, "ann", 3)
    queue.answer(held["p1"], "ann", BOOTS)
    queue.skip(held["p2"], "ann")
    queue.unsure(by_name(queue, "bob", 1)["p2"], "bob")
    found = queue.count()
    assert found.states == {"open": 2, "done": 1, "aside": 1}
    assert found.leased == 1
    people = {count.person: (count.labels, count.skips, count.unsure, count.leased) for count in found.people}
    assert people == {"ann": (1, 1, 0, 1), "bob": (0, 0, 1, 0)}
    assert found.new_labels == 1
    assert queue.asked() == {"p2", "p3"}
    assert queue.release("ann") == 1
    assert queue.asked() == {"p2"}


def test_objectives_have_queues_of_their_own(control: Control, queue: Queue) -> None:
    colours = control.queue("colour")
    ask(queue, "p1")
    ask(colours, "p1")
    (question,) = colours.next("ann")
    assert colours.answer(question.question_id, "ann", "red").state == "done"
    assert names(queue, "ann") == ["p1"]
    assert control.current_labels("colour")["category_id"].to_pylist() == ["red"]
    with pytest.raises(CatalogueError):
        queue.undo("ann")


def test_replies_are_append_only(control: Control, queue: Queue) -> None:
    ask(queue, "p1")
    (question,) = queue.next("ann")
    queue.skip(question.question_id, "ann")
    for statement in ("DELETE FROM replies", "UPDATE replies SET person = 'eve'"):
        with pytest.raises(CatalogueError, match="append-only"), writing(control._engine) as connection:
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    "question", [NewQuestion(""), NewQuestion("p", wanted=0), NewQuestion("p", priority=float("nan"))]
)
def test_questions_that_make_no_sense(queue: Queue, question: NewQuestion) -> None:
    with pytest.raises(CatalogueError, match="nothing was changed"):
        queue.refill([NewQuestion("p1"), question], MADE)
    assert queue.count().states == {}
    assert queue.count().round is None
