"""Labelling by another program: one JSON document per line out, one per line in."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

from shelver.errors import ShelverError, nearest

if TYPE_CHECKING:
    from shelver.catalogue.tree import Category, Tree
    from shelver.labelling.session import Asked, Session

KEYS = ("category", "skip", "unsure", "undo", "question_id")
MOST_BELOW = 5
"""Categories named where one that cannot be assigned was."""
PAUSE = 0.2
"""Seconds between two looks for a question that is being chosen."""


def answer_lines(session: Session, tree: Tree) -> None:
    """Write a question, read an answer, and so on.

    Every line written is ``{"stored": ..., "error": ..., "question": ...}``: what became of the answer before (null if
    it was refused, or there was none), why it was refused, and the next question (null: there is none any more).
    """
    stored, error = None, None
    while True:
        asked = wait_for_question(session)
        _write({"stored": stored, "error": error or session.trouble() or None, "question": _question(asked, tree)})
        line = read_line()
        if line is None:
            return
        if not line.strip():
            stored, error = None, "an empty line"
            continue
        try:
            stored, error = _obey(session, tree, asked, line), None
        except ShelverError as refused:
            stored, error = None, str(refused)


def wait_for_question(session: Session) -> Asked | None:
    """The next question; waits while a new round is on its way."""
    while (asked := session.next()) is None and session.more_to_come():
        time.sleep(PAUSE)
    return asked


def read_line() -> str | None:
    """A line of standard input; None at its end. Bytes that are no text become replacement characters."""
    line = sys.stdin.buffer.readline()
    return line.decode(sys.stdin.encoding or "utf-8", "replace") if line else None


def _obey(session: Session, tree: Tree, asked: Asked | None, line: str) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:  # also of a number with thousands of digits
        raise ShelverError(f"not JSON: {error}", expected='for example {"category": "Shoes > Boots"}') from None
    if not isinstance(said, dict):
        raise ShelverError("no JSON object", expected='for example {"category": "Shoes > Boots"}')
    for key in said:
        if key not in KEYS:
            raise ShelverError(f'there is no key "{key}"', hint=nearest(key, KEYS))
    if said.get("undo"):
        session.undo()
        return {"kind": "undo"}
    if asked is None:
        raise ShelverError("there is no question to answer")
    if said.get("question_id", asked.question.question_id) != asked.question.question_id:
        raise ShelverError(f"question {said['question_id']} is not the one that was asked")
    if said.get("skip"):
        reply, kind, category_id = session.skip(asked), "skip", None
    elif said.get("unsure"):
        reply, kind, category_id = session.unsure(asked), "unsure", None
    else:
        category_id = _assignable(tree, str(said.get("category", ""))).category_id
        reply, kind = session.answer(asked, category_id), "label"
    return {
        "kind": kind,
        "question_id": reply.question_id,
        "event_id": reply.event_id,
        "category_id": category_id,
        "state": reply.state,
    }


def _assignable(tree: Tree, reference: str) -> Category:
    """The category that a reference means; it must be one that people can assign."""
    category = tree.resolve(reference)
    if category.exclusive:
        return category
    below = [str(one) for one in tree.categories[tree.span(category.category_id)] if one.exclusive]
    if not below:
        raise ShelverError(f'"{category}" cannot be assigned', expected="a category that people can assign")
    shown = ", ".join(below[:MOST_BELOW]) + (", ..." if len(below) > MOST_BELOW else "")
    raise ShelverError(f'"{category}" is not at the end of the tree; name one below it: {shown}')


def _question(asked: Asked | None, tree: Tree) -> dict[str, Any] | None:
    if asked is None:
        return None
    question, card = asked.question, asked.card
    return {
        "question_id": question.question_id,
        "product_id": question.product_id,
        "product": {
            **card.fields, "url": card.url, "image": card.image,
            "merchant": card.merchant, "merchant_id": card.merchant_id,
        },
        "suggestions": [
            {"category_id": name, "path": str(tree.by_id(name)) if name in tree else name, "probability": value}
            for name, value in question.guess
        ],
        "rules": [
            {"rule_id": rule.rule_id, "category_id": rule.category_id, "field": rule.field,
             "start": rule.start, "end": rule.end} for rule in card.fired
        ],
        "chosen_by": question.chosen_by,
        "until": question.until.isoformat(),
    }  # fmt: skip


def _write(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")  # ASCII: whatever the locale, and for half a surrogate pair, too
    sys.stdout.flush()
