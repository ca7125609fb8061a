"""Commands that look into a trained model: ``shelver explain``, ``shelver embed``, ``shelver categories --near``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from shelver.cli.console import out, print_json, print_steps
from shelver.cli.options import JsonOption, ModelOption, RunOption, WorkspaceOption, opened
from shelver.errors import ShelverError

if TYPE_CHECKING:
    from shelver.pipeline.explain import Explanation, Push

SHOWN = 8
"""Words shown at most."""


def explain(
    title: Annotated[
        str, typer.Argument(help="Title of the product; or name one of the catalogue with --product.")
    ] = "",
    workspace: WorkspaceOption = ".",
    product: Annotated[str, typer.Option(metavar="ID", help="A product of the catalogue, by its product_id.")] = "",
    category: Annotated[str, typer.Option(help="Explain this category instead of the first answer.")] = "",
    brand: Annotated[str, typer.Option(help="Its brand.")] = "",
    description: Annotated[str, typer.Option(help="Its description.")] = "",
    near: Annotated[int, typer.Option(min=0, help="Labelled look-alikes shown.")] = 5,
    run: RunOption = "",
    model: ModelOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say why a product is where it is: words and fields that pushed it, labelled look-alikes, rules that fired."""
    given = {"title": title, "brand": brand, "description": description}
    fields = {name: value for name, value in given.items() if value.strip()}
    if bool(product) == bool(fields):
        raise ShelverError("what is to be explained?", expected="either a title or --product ID")
    from shelver.pipeline.explain import explain as explain_product  # noqa: PLC0415  (only this command needs it)

    with opened(workspace, as_json) as opened_workspace:
        found = explain_product(opened_workspace, fields, product, category, near, run, model)
    if as_json:
        print_json(found.as_dict())
        return
    out.print(_text(found))


def embed(
    workspace: WorkspaceOption = ".", run: RunOption = "", model: ModelOption = "", as_json: JsonOption = False
) -> None:
    """Write the vectors that a model makes of products and categories, as tables, for whatever comes after."""
    with opened(workspace, as_json) as opened_workspace:
        steps = opened_workspace.embed(run, model)
    print_steps(steps, as_json)


def near_categories(workspace: str, near: str, run: str, model: str, as_json: bool) -> None:
    """Print the categories that a model sees as near to one."""
    with opened(workspace, as_json) as opened_workspace:
        found = opened_workspace.similar_categories(near, 10, run, model)
    if as_json:
        print_json([dict(zip(("category_id", "path", "cosine"), row, strict=True)) for row in found])
        return
    for category_id, path, cosine in found:
        out.print(f"{cosine:6.3f}  {category_id}  {path}", markup=False, highlight=False)


def _text(found: Explanation) -> Text:
    text = Text(f"{found.title}\n", style="bold")
    text.append(f"  {found.path}: {100 * found.probability:.1f}%\n")
    text.append("  words, and how probable the answer is without them\n", style="dim")
    for push in found.words[:SHOWN]:
        _push(text, push)
    text.append("  whole fields\n", style="dim")
    for push in found.fields:
        _push(text, push)
    text.append("  labelled products that look alike\n", style="dim")
    for near in found.neighbours:
        text.append(f"    {near.similarity:5.2f}  {near.title[:60]}  → {near.path}\n")
    if not found.neighbours:
        text.append("    none\n", style="dim")
    text.append("  rules that fired\n", style="dim")
    for rule_id, path, field, start, end in found.answer.rules:
        text.append(f"    {rule_id} → {path}   ({field}, characters {start}–{end})\n")
    if not found.answer.rules:
        text.append("    none\n", style="dim")
    return text


def _push(text: Text, push: Push) -> None:
    style = "green" if push.effect > 0 else "red"
    text.append(f"    {push.effect:+6.2f}", style=style)
    text.append(f"  {push.text[:40]!r} ({push.field}): {100 * push.without:.1f}%\n")
