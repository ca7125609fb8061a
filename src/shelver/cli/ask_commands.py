"""``shelver label next``, ``queue``, ``ask`` and ``refill``: people answer, in the terminal or by another program."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from shelver.cli.ask_lines import answer_lines
from shelver.cli.ask_screen import Screen
from shelver.cli.console import out, print_json
from shelver.cli.options import JsonOption, WorkspaceOption, name_of_person, opened
from shelver.errors import ShelverError

if TYPE_CHECKING:
    from shelver.catalogue.queue_items import QueueCount


def label_next(
    workspace: WorkspaceOption = ".",
    person: Annotated[str, typer.Option(help="Who answers; the user's name if not given.")] = "",
    aside: Annotated[bool, typer.Option("--aside", help="Also ask what others skipped or were not sure of.")] = False,
    background: Annotated[bool, typer.Option(help="Choose anew, in the background, as labels come in.")] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON question per line out, one JSON answer per line in.")
    ] = False,
) -> None:
    """Ask one product after the other: a number takes a suggestion, words look for a category.

    With --json another program answers: {"category": "ID or path"}, {"skip": true}, {"unsure": true}, {"undo": true};
    at the end of input it stops. Every answer is on the disk before the next question comes.
    """
    who = name_of_person(person)
    if not who:
        raise ShelverError("who answers?", where="--person", expected="a name")
    from shelver.pipeline.sitting import said_before  # noqa: PLC0415 (--help need not wait for it)

    with opened(workspace, quiet=True) as opened_workspace:
        if as_json:
            with opened_workspace.label(who, background=background, aside=aside) as session:
                answer_lines(session, opened_workspace.tree())
            return
        out.print("getting the first questions ...", style="dim")
        with opened_workspace.label(
            who, background=background, aside=aside, tell=lambda text: out.print(text, style="dim")
        ) as session:
            Screen(session, opened_workspace.tree(), partial(said_before, opened_workspace)).run()


def label_queue(
    workspace: WorkspaceOption = ".",
    passed: Annotated[bool, typer.Option("--passed", help="List what people skipped or were not sure of.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say how full the queue is, who does what, and what people passed on."""
    with opened(workspace, as_json) as opened_workspace:
        queue = opened_workspace.queue
        count, listed = queue.count(), queue.passed()
        cards = opened_workspace.cards().find(each.product_id for each in listed) if passed and listed else {}
    titles = {name: card.title for name, card in cards.items()}
    if as_json:
        print_json(_as_dict(count, len(listed)) | ({"passed": [
            {"question_id": each.question_id, "product_id": each.product_id, "title": titles.get(each.product_id, ""),
             "state": each.state, "skipped_by": each.skipped_by, "unsure_by": each.unsure_by} for each in listed
        ]} if passed else {}))  # fmt: skip
        return
    _print_count(count, len(listed))
    for each in listed if passed else []:
        who = [f"{name} skipped it" for name in each.skipped_by] + [f"{name} is not sure" for name in each.unsure_by]
        out.print(f"{each.product_id}  {titles.get(each.product_id, '')[:60]}  ({', '.join(who)})")


def label_ask(
    products: Annotated[list[str], typer.Argument(help="Products: our id, or the merchant's; labelled ones, too.")],
    workspace: WorkspaceOption = ".",
    priority: Annotated[float, typer.Option(help="Larger is asked first; what a strategy chose has 0.")] = 1.0,
    people: Annotated[int, typer.Option(min=1, help="How many people are to answer.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Put some products into the queue by hand."""
    from shelver.catalogue.queue_items import NewQuestion  # noqa: PLC0415 (--help need not wait for it)
    from shelver.pipeline.references import product_ids_of  # noqa: PLC0415 (as above)

    with opened(workspace, as_json) as opened_workspace:
        named = product_ids_of(opened_workspace, products)
        added = opened_workspace.queue.add(NewQuestion(name, priority=priority, wanted=people) for name in named)
    if as_json:
        print_json({"added": added, "there_already": len(named) - added})
    else:
        out.print(f"{added:,} questions are new, {len(named) - added:,} were in the queue already")


def label_refill(workspace: WorkspaceOption = ".", as_json: JsonOption = False) -> None:
    """Choose anew what is asked next, by the labels there are; what people have begun stays."""
    begun = time.monotonic()
    with opened(workspace, as_json) as opened_workspace:
        found = opened_workspace.refill()
        settings = opened_workspace.config.labelling
    seconds = time.monotonic() - begun
    if as_json:
        keys = ("round", "added", "withdrawn", "left_out")
        print_json({key: getattr(found, key) for key in keys} | {"seconds": seconds, "strategy": settings.strategy})
        return
    out.print(
        f"round {found.round}: {found.added:,} questions chosen by {settings.strategy} in {seconds:.1f} s, "
        f"{found.withdrawn:,} older ones withdrawn"
    )
    if not found.added:
        out.print("no product without a label is left to ask about")


def _as_dict(count: QueueCount, passed: int) -> dict[str, object]:
    newest = count.round
    return {
        "states": dict(count.states),
        "open_by": dict(count.open_by),
        "leased": count.leased,
        "passed_on": passed,
        "new_labels": count.new_labels,
        "round": None
        if newest is None
        else {key: getattr(newest, key) for key in ("round", "strategy", "model", "seconds", "at")},
        "people": [
            {key: getattr(person, key) for key in ("person", "labels", "skips", "unsure", "leased")}
            for person in count.people
        ],
    }


def _print_count(count: QueueCount, passed: int) -> None:
    states = count.states
    waiting = states.get("open", 0)
    by = ", ".join(f"{number:,} by {name}" for name, number in count.open_by.items())
    out.print(
        f"{waiting:,} open ({by or 'none'}), {count.leased:,} of them held; {states.get('done', 0):,} done, "
        f"{passed:,} passed on, {states.get('withdrawn', 0):,} withdrawn"
    )
    newest = count.round
    if newest is None:
        out.print("nothing was chosen yet; begin with: shelver label next")
    else:
        out.print(
            f"round {newest.round} by {newest.strategy} with {newest.model} took {newest.seconds:.1f} s; "
            f"{count.new_labels:,} labels are newer"
        )
    if not count.people:
        return
    table = Table(box=SIMPLE_HEAD)
    for name in ("person", "labels", "skipped", "not sure", "held"):
        table.add_column(name, justify="left" if name == "person" else "right")
    for person in count.people:
        numbers = (person.labels, person.skips, person.unsure, person.leased)
        table.add_row(person.person, *(f"{number:,}" for number in numbers))
    out.print(table)
