"""Labelling in the terminal: a product, numbered suggestions, one line of input."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.text import Text

from shelver.catalogue.origins import REVIEW
from shelver.cli.ask_lines import read_line, wait_for_question
from shelver.cli.console import err, out
from shelver.errors import CatalogueError
from shelver.labelling.finding import find_categories

if TYPE_CHECKING:
    from collections.abc import Callable

    from shelver.catalogue.tree import Category, Tree
    from shelver.labelling.session import Asked, Session
    from shelver.pipeline.sitting import Earlier

HELP = "1-9 take it · words look for a category · Enter: the suggestions again · s skip · ? not sure · u undo · q quit"
LONGEST = 300
"""Characters of a field shown."""
SHOWN = ("brand", "category", "raw_category", "gender", "size", "colour")


class Screen:
    """Asks until there is nothing left, the person quits, or input ends.

    Parameters
    ----------
    session : Session
        Whom.
    tree : Tree
        The categories.
    earlier : callable
        Gives the present label of a product, for questions about labels that may be wrong.
    """

    def __init__(self, session: Session, tree: Tree, earlier: Callable[[str], Earlier | None] = lambda _: None) -> None:
        self.session, self.tree, self.earlier = session, tree, earlier
        self.offers: list[Category] = []
        self.only: Category | None = None  # the one hit of a search, which Enter takes

    def run(self) -> None:
        """Ask."""
        out.print(HELP, style="dim")
        shown: Asked | None = None
        while True:
            asked = wait_for_question(self.session)
            if trouble := self.session.trouble():
                err.print(f"choosing the next questions went wrong; your answers are safe:\n{trouble}", style="yellow")
            if asked is None:
                if self._ended():
                    return
                shown = None
                continue
            if shown is None or asked.question.question_id != shown.question.question_id:
                self._show(asked)
            shown = asked
            line = self._read()
            if line is None or line in ("q", "quit"):
                out.print(f"{self.session.tally}; all answers are stored")
                return
            if self._obey(asked, line):
                shown = None

    def _ended(self) -> bool:
        """With nothing left to ask: False if the last answer was taken back."""
        out.print(f"nothing left to ask {self.session.person} at the moment; {self.session.tally}")
        out.print("u takes the last one back, Enter ends", style="dim")
        if self._read() != "u":
            return True
        try:
            self.session.undo()
        except CatalogueError as error:
            err.print(str(error), style="red")
        else:
            out.print("taken back", style="yellow")
        return False

    def _read(self) -> str | None:
        out.print(f"[{self.session.tally}] > ", end="")
        line = read_line()
        if not sys.stdin.isatty():
            out.print()
        return line if line is None else line.strip()

    def _obey(self, asked: Asked, line: str) -> bool:
        """Do what was typed; True if the product is to be shown (again)."""
        try:
            if line == "u":
                self.session.undo()
                out.print("taken back", style="yellow")
                return True
            if line == "s":
                self.session.skip(asked)
                out.print("skipped", style="yellow")
            elif line == "?":
                self.session.unsure(asked)
                out.print("not sure", style="yellow")
            else:
                return self._answer(asked, line)
        except CatalogueError as error:
            err.print(str(error), style="red")
        return False

    def _answer(self, asked: Asked, line: str) -> bool:
        if line.isdecimal():
            number = int(line) if len(line) < 10 else 0
            if not 1 <= number <= len(self.offers):
                out.print(f"there is no number {line[:10]}; {HELP}", style="yellow")
                return False
            return self._store(asked, self.offers[number - 1])
        if not line:
            if self.only is not None:
                return self._store(asked, self.only)
            out.print(HELP, style="dim")
            return True
        found = find_categories(self.tree, line)
        if not found:
            out.print(f"no category like that; {HELP}", style="yellow")
            return False
        self.offers, self.only = found, found[0] if len(found) == 1 else None
        for number, category in enumerate(found, 1):
            out.print(f"  {number}  {category}" + ("  (Enter takes it)" if self.only else ""))
        return False

    def _store(self, asked: Asked, category: Category) -> bool:
        reply = self.session.answer(asked, category.category_id)
        out.print(f"→ {category} (event {reply.event_id})", style="green")
        return False

    def _show(self, asked: Asked) -> None:
        card, question = asked.card, asked.question
        text = Text().append(f"\n{_short(card.title) or card.product_id}", style="bold")
        own = " ".join(name for name in (card.merchant, card.merchant_id) if name)
        text.append(f"  {_short(own)}\n" if own else "\n", style="dim")
        if question.chosen_by == REVIEW and (earlier := self.earlier(card.product_id)):
            who = earlier.person or "somebody"
            text.append(f"  review: {who} said {self._path(earlier.category_id)}. Is that right?\n", style="yellow")
        for name in SHOWN:
            if name in card.fields:
                text.append(f"  {name.replace('_', ' ')}: ", style="dim")
                text.append(f"{_short(str(card.fields[name]))}\n")
        if "price" in card.fields:
            text.append("  price: ", style="dim")
            text.append(f"{card.fields['price']:.12g} {card.fields.get('currency', '')}".rstrip() + "\n")
        if description := str(card.fields.get("description", "")):
            text.append("  description: ", style="dim")
            text.append(f"{_short(description)}\n")
        for name, value in (("picture", card.image), ("page", card.url)):
            if value:
                text.append(f"  {name}: ", style="dim")
                text.append(f"{value}\n")
        for rule in card.fired:
            words = str(card.fields.get(rule.field, ""))[rule.start : rule.end]
            text.append("  rule: ", style="dim")
            text.append(f"{rule.rule_id} → {self._path(rule.category_id)}" + (f" ({words!r})" if words else "") + "\n")
        self.only = None
        self.offers = [self.tree.by_id(name) for name, _ in question.guess if name in self.tree]
        for number, (name, likely) in enumerate((each for each in question.guess if each[0] in self.tree), 1):
            text.append(f"  {number}  {self._path(name)}")
            text.append(f"  {likely:.0%}\n", style="dim")
        text.rstrip()
        out.print(text)

    def _path(self, category_id: str) -> str:
        return str(self.tree.by_id(category_id)) if category_id in self.tree else category_id


def _short(value: str) -> str:
    return value if len(value) <= LONGEST else value[:LONGEST] + " ..."
