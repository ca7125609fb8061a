"""The rules file: TOML that people read and write."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import model_validator

from shelver.config import Section
from shelver.errors import RuleError
from shelver.files import Files
from shelver.rules.fold import tidy
from shelver.rules.rule import Rule
from shelver.stage import digest
from shelver.tomlfile import key_lines, parse


class _File(Section):
    """The whole file."""

    rule: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _ids_differ(self) -> _File:
        seen: dict[str, int] = {}
        for number, rule in enumerate(self.rule):
            if rule.id and rule.id in seen:
                raise ValueError(
                    f'rule.{number}.id = "{rule.id}" is already the id of rule.{seen[rule.id]}; give it another'
                )
            seen[rule.id] = number
        return self


@dataclass(frozen=True)
class RuleSet:
    """Rules in the order in which they are reported, each with its own id.

    Parameters
    ----------
    rules : tuple of Rule
        Rules without an id are given one, made from the category: ``shoes-sandals``, ``shoes-sandals-2``.
    where : str
        Name of the file they come from, for messages.
    lines : tuple of int
        Line of each rule in that file; empty where there is no file.

    Raises
    ------
    RuleError
        Two rules with one id.
    """

    rules: tuple[Rule, ...] = ()
    where: str = "rules"
    lines: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", _with_ids(self.rules))
        if self.lines and len(self.lines) != len(self.rules):
            raise ValueError(f"{len(self.lines)} lines for {len(self.rules)} rules")
        first: dict[str, int] = {}
        for number, rule in enumerate(self.rules):
            if rule.id in first:
                raise RuleError(f'two rules have the id "{rule.id}"', where=self.place(number), hint="rename one")
            first[rule.id] = number

    def __len__(self) -> int:
        return len(self.rules)

    def place(self, number: int) -> str:
        """Where rule `number` (from 0) stands, for messages."""
        if self.lines:
            return f"{self.where} line {self.lines[number]}"
        return f'{self.where}, rule "{self.rules[number].id}"'

    def fingerprint(self) -> str:
        """Hash of all rules in their order; the file's name and layout do not matter."""
        return digest([rule.model_dump(mode="json", exclude_defaults=True) for rule in self.rules])


def parse_rules(text: str, where: str = "rules.toml") -> RuleSet:
    """Read a rules file's content.

    Raises
    ------
    RuleError
        Every fault, with its line, what is allowed and the nearest match.
    """
    rules = parse(text, _File, where, RuleError).rule
    lines = key_lines(text)
    places = [lines.get(("rule", number), 0) for number in range(len(rules))]
    return RuleSet(rules, where, tuple(places) if all(places) else ())


def read_rules(files: Files, name: str) -> RuleSet:
    """Read a rules file.

    Raises
    ------
    RuleError
        No such file, not UTF-8, or faults in it.
    """
    where = files.path(name)
    try:
        content = files.read(name)
    except FileNotFoundError:
        raise RuleError(
            "no such rules file",
            where=where,
            hint="write starting rules with: shelver rules suggest; or name the right file: rules.path",
        ) from None
    try:
        return parse_rules(content.decode(), where)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise RuleError("not UTF-8", where=f"{where} line {line}", hint="save it as UTF-8") from None


def dump_rules(rules: RuleSet | Iterable[Rule]) -> str:
    """Write rules as a rules file; `parse_rules` reads the same rules back."""
    ruleset = rules if isinstance(rules, RuleSet) else RuleSet(tuple(rules))
    return "\n".join(rule.toml() for rule in ruleset.rules)


def _with_ids(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    rules = tuple(rules)
    taken = {rule.id for rule in rules}
    counts: dict[str, int] = {}
    named = []
    for rule in rules:
        if not rule.id:
            base = "-".join("".join(c if c.isalnum() else " " for c in tidy(rule.category)).split()) or "rule"
            new = base
            while new in taken:
                counts[base] = counts.get(base, 1) + 1
                new = f"{base}-{counts[base]}"
            taken.add(new)
            rule = rule.model_copy(update={"id": new})  # noqa: PLW2901 - the rule, now with its id
        named.append(rule)
    return tuple(named)
