"""``shelver label alike``, ``shelver label clusters``: one answer, many products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from shelver.cli.console import out, print_json
from shelver.cli.options import JsonOption, WorkspaceOption, name_of_person, opened
from shelver.cli.tables import percent
from shelver.errors import ShelverError

if TYPE_CHECKING:
    from shelver.catalogue.propagation import Confirmed
    from shelver.pipeline.alike import Offer
    from shelver.pipeline.clusters import ClusterLine

PersonOption = Annotated[str, typer.Option(help="Who says so; the user's name if not given.")]


def alike(
    product: Annotated[
        str, typer.Argument(metavar="PRODUCT_ID", help="A labelled product: our id, or the merchant's.")
    ],
    workspace: WorkspaceOption = ".",
    confirm: Annotated[str, typer.Option(metavar="all|1,2,5", help="Give these of the list the same label.")] = "",
    person: PersonOption = "",
    most: Annotated[int, typer.Option(min=1, help="Offer so many at most.")] = 30,
    as_json: JsonOption = False,
) -> None:
    """List products that look like a labelled one, and give them its label together."""
    from shelver.catalogue.propagation import Confirmed  # noqa: PLC0415 (--help need not wait for it)

    done: Confirmed | None = None
    with opened(workspace, as_json) as opened_workspace:
        offer = opened_workspace.look_alikes(product, most)
        if confirm and not offer.products:
            done = Confirmed((), ())
        elif confirm:
            chosen = [offer.products[i].product_id for i in _numbers(confirm, len(offer.products))]
            done = opened_workspace.confirm(offer.event_id, chosen, name_of_person(person))
    if as_json:
        print_json(offer.as_dict() | (_done(done) if done else {}))
    elif confirm and not offer.products:
        out.print("nothing to confirm")
    elif done:
        _tell(done, offer.path)
        if done.events:
            out.print(f"to take them back: shelver label undo {offer.event_id} --copies")
    else:
        _show_offer(offer)


def clusters(
    workspace: WorkspaceOption = ".",
    label: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="ID CATEGORY", help="Give all products of a listed cluster a label."),
    ] = None,
    below: Annotated[bool, typer.Option("--below", help='With --label: "at or below CATEGORY".')] = False,
    person: PersonOption = "",
    most: Annotated[int, typer.Option(min=1, help="List so many at most.")] = 10,
    size: Annotated[int, typer.Option(min=5, help="Products in a cluster, on average.")] = 30,
    as_json: JsonOption = False,
) -> None:
    """List clusters of products without a label, and label a whole one, also by a category higher up in the tree."""
    with opened(workspace, as_json) as opened_workspace:
        if label:
            done = opened_workspace.label_cluster(*label, name_of_person(person), node=below)
            if as_json:
                print_json(_done(done))
            else:
                _tell(done, label[1])
                if done.events:
                    out.print(f"to take them back: shelver label undo {done.events[0]} --propagated")
            return
        found = opened_workspace.clusters(most, size)
    if as_json:
        print_json([line.as_dict() for line in found])
    elif not found:
        out.print("no clusters that are worth an answer: there are too few products without a label")
    else:
        _show_clusters(found)


def undo(
    event: Annotated[int, typer.Argument(metavar="EVENT", min=1, max=2**63 - 1, help="Number of the label event.")],
    workspace: WorkspaceOption = ".",
    propagated: Annotated[
        bool, typer.Option("--propagated", help="Also take back all labels that were taken over from it.")
    ] = False,
    copies: Annotated[
        bool, typer.Option("--copies", help="Take back only the labels that were taken over from it.")
    ] = False,
    person: PersonOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take a label back; the one before it, if any, counts again."""
    from shelver.catalogue.label_events import EXCLUSIVE, NODE  # noqa: PLC0415 (--help need not wait for it)

    if copies and propagated:
        raise ShelverError("both --copies and --propagated", expected="one: without, or with, the label itself")
    with opened(workspace, as_json) as opened_workspace:
        control = opened_workspace.control
        left = sum(control.propagated_labels(objective, event).num_rows for objective in (EXCLUSIVE, NODE))
        events = opened_workspace.undo_label(event, name_of_person(person), with_propagated=propagated, copies=copies)
    left = 0 if propagated or copies else left
    if as_json:
        print_json({"events": events, "propagated_left": left})
        return
    out.print(f"{_count(len(events), 'label')} taken back")
    if left:
        stay = "was taken over from it and stays" if left == 1 else "were taken over from it and stay"
        out.print(f"{_count(left, 'label')} {stay}; to take back, too: shelver label undo {event} --copies")


def _numbers(text: str, count: int) -> list[int]:
    """Places, from 0, that a person names by numbers from 1."""
    if text.strip().lower() == "all":
        return list(range(count))
    parts = [part.strip() for part in text.split(",") if part.strip()]
    wrong = [part for part in parts if not part.isdecimal() or not 1 <= int(part) <= count]
    if wrong or not parts:
        what = f'"{wrong[0] if wrong else text}" is no number of the list'
        raise ShelverError(what, where="--confirm", expected=f"all, or numbers from 1 to {count}, such as 1,2,5")
    return [int(part) - 1 for part in dict.fromkeys(parts)]


def _done(done: Confirmed) -> dict[str, object]:
    return {"stored": len(done.events), "events": list(done.events), "skipped": list(done.skipped)}


def _tell(done: Confirmed, category: str) -> None:
    kept = f"; {len(done.skipped):,} have a label of their own and keep it" if done.skipped else ""
    out.print(f"{_count(len(done.events), 'product')} labelled {category}{kept}")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _show_offer(offer: Offer) -> None:
    out.print(f"{offer.product_id}  {offer.title}\nlabelled {offer.path} (event {offer.event_id})")
    if not offer.products:
        out.print("nothing without a label looks like it")
        return
    table = Table(box=SIMPLE_HEAD)
    for head in ("", "why", "product", "title"):
        table.add_column(head, justify="right" if not head else "left")
    for number, product in enumerate(offer.products, 1):
        table.add_row(str(number), product.reason, product.product_id, product.title)
    out.print(table)
    out.print("to give them the same label: --confirm all, or for example --confirm 1,2,5")


def _show_clusters(found: list[ClusterLine]) -> None:
    table = Table(box=SIMPLE_HEAD)
    for head in ("id", "products", "pure", "suggestion", "typical products (odd ones out)"):
        table.add_column(head, justify="right" if head in ("products", "pure") else "left")
    for line in found:
        titles = " · ".join(line.typical) + (f"\n(not: {' · '.join(line.odd)})" if line.odd else "")
        pure = "" if line.purity is None else percent(line.purity)
        table.add_row(line.cluster_id, f"{len(line.products):,}", pure, line.suggestion, titles)
    out.print(table)
    if all(line.purity is None for line in found):
        out.print("train a model first (shelver run): then each has a suggestion")
    out.print("to label a whole one: shelver label clusters --label ID CATEGORY (the beginning of the ID will do)")
