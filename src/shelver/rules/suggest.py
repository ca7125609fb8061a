"""First rules from the names in the tree, for teams that have none yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

from shelver.rules.conditions import Words
from shelver.rules.inflect import is_plural
from shelver.rules.phrases import Phrase, is_generic, listed, name_phrases, spellings, stem
from shelver.rules.rule import Rule


class TreeCategory(Protocol):
    """What is asked of a category."""

    @property
    def category_id(self) -> str: ...  # noqa: D102 - the id

    @property
    def path(self) -> tuple[str, ...]: ...  # noqa: D102 - names from the root to this category

    @property
    def exclusive(self) -> bool: ...  # noqa: D102 - can a person assign it


def suggest_rules(categories: Sequence[TreeCategory]) -> list[Rule]:
    """Write rules on the title from the categories' own names.

    Parameters
    ----------
    categories : sequence
        The whole tree in any order; rules are written for the exclusive ones. Names are taken to be English.

    Returns
    -------
    list of Rule
        In the order of `categories`, at most one plain rule each, and one for each group of phrases that another
        category's name has too: such a rule also asks for words of the nearest ancestor that tells the two apart.
        A rule says ``not`` to longer phrases of other categories that contain one of its own.

    Notes
    -----
    Each phrase of a name counts in full. Things listed without a delimiter (*cookies cakes*) count if no name elsewhere
    in the tree has their words; names on the path from the root to the category do not matter, nor do those below it.
    """
    tree = _Names(categories)
    rules: list[Rule] = []
    for number, category in enumerate(categories):
        if not category.exclusive or not category.path:
            continue
        plain: list[Phrase] = []
        shared: dict[Phrase, list[Phrase]] = defaultdict(list)  # words of an ancestor -> phrases that need them
        for phrase in tree.phrases[number]:
            rivals = tree.rivals(number, phrase)
            if not rivals:
                plain.append(phrase)
                plain += tree.parts(number, phrase)
                continue
            for ancestor in tree.telling_ancestor(number, rivals):
                shared[ancestor].append(phrase)
        name = _reference(category)
        if plain:
            rules.append(Rule(category=name, title=tree.words(number, plain)))
        by_phrases: dict[tuple[Phrase, ...], list[Phrase]] = defaultdict(list)
        for ancestor, phrases in shared.items():
            by_phrases[tuple(phrases)].append(ancestor)
        for phrases_needed, ancestors in by_phrases.items():
            also = tuple(dict.fromkeys(text for ancestor in ancestors for text in spellings(ancestor)))
            rules.append(Rule(category=name, title=tree.words(number, phrases_needed), text=Words(any=also)))
    return rules


class _Names:
    """Where each word and phrase of the tree occurs."""

    def __init__(self, categories: Sequence[TreeCategory]) -> None:
        self.categories = categories
        self.phrases = [name_phrases(category.path[-1]) if category.path else [] for category in categories]
        self._with_phrase: dict[Phrase, set[int]] = defaultdict(set)  # exclusive categories with this phrase
        self._with_part: dict[Phrase, set[int]] = defaultdict(set)  # categories with a phrase that contains this
        self._longer: dict[Phrase, dict[Phrase, set[int]]] = defaultdict(dict)  # phrase -> longer ones, and whose
        for number, category in enumerate(categories):
            for phrase in self.phrases[number]:
                if category.exclusive:
                    self._with_phrase[stem(phrase)].add(number)
                for part in _runs(stem(phrase)):
                    self._with_part[part].add(number)
                    if category.exclusive and len(part) < len(phrase):
                        self._longer[part].setdefault(phrase, set()).add(number)

    def rivals(self, number: int, phrase: Phrase) -> list[int]:
        """Other exclusive categories with this phrase in their name, but for those above and below."""
        return sorted(other for other in self._with_phrase[stem(phrase)] if not self._related(number, other))

    def elsewhere(self, number: int, part: Phrase) -> bool:
        """Whether a name away from this category's path has these words."""
        return any(not self._related(number, other) for other in self._with_part[stem(part)])

    def parts(self, number: int, phrase: Phrase) -> list[Phrase]:
        """Parts of a phrase that mean this category alone.

        Those are the things it lists, each if no other name has it. Words without a plural may be a list (``bacon
        sausage``) or one thing (``flat bread``); they count one by one if no other name has any of them.
        """
        things = [thing for thing in listed(phrase) if not self.elsewhere(number, thing)]
        for thing in [phrase, *things]:
            words = [(word,) for word in thing]
            alone = not any(is_plural(word) or is_generic((word,)) for word in thing)
            if len(words) > 1 and alone and not any(self.elsewhere(number, word) for word in words):
                things += words
        return list(dict.fromkeys(things))

    def telling_ancestor(self, number: int, rivals: list[int]) -> list[Phrase]:
        """Phrases of the nearest ancestor whose name is in no rival's path; empty where there is none."""
        path = self.categories[number].path
        foreign = {name for rival in rivals for name in self.categories[rival].path}
        own = {stem(phrase) for phrase in self.phrases[number]}
        for name in reversed(path[:-1]):
            phrases = [phrase for phrase in name_phrases(name) if stem(phrase) not in own]
            if name not in foreign and phrases:
                return phrases
        return []

    def words(self, number: int, phrases: Sequence[Phrase]) -> Words:
        """Conditions on the title: any of these phrases, but none of the longer ones that mean another category."""
        own = {stem(phrase) for phrase in self.phrases[number]}
        wanted = dict.fromkeys(text for phrase in phrases for text in spellings(phrase))
        unwanted = dict.fromkeys(
            text
            for phrase in dict.fromkeys(phrases)
            for longer, owners in self._longer[stem(phrase)].items()
            if number not in owners and stem(longer) not in own and not is_generic(longer)
            for text in spellings(longer)
        )
        return Words(any=tuple(wanted), none=tuple(text for text in unwanted if text not in wanted))

    def _related(self, one: int, other: int) -> bool:
        """Whether one category is the other, or above it, or below."""
        a, b = self.categories[one].path, self.categories[other].path
        short = min(len(a), len(b))
        return a[:short] == b[:short]


def _runs(phrase: Phrase) -> list[Phrase]:
    return [phrase[start:end] for start in range(len(phrase)) for end in range(start + 1, len(phrase) + 1)]


def _reference(category: TreeCategory) -> str:
    """Name a category: its path, or its id where a name contains what could be taken for a delimiter."""
    if any(mark in name for name in category.path for mark in ">/|"):
        return category.category_id
    return " > ".join(category.path)
