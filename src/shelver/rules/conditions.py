"""What a rule can ask of one field: words of a text, the range of a number."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from shelver.config import Section
from shelver.rules.fold import fold_regex, tidy
from shelver.rules.patterns import parse_pattern
from shelver.rules.tomltext import quote


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Patterns = Annotated[tuple[str, ...], BeforeValidator(_one_or_more)]
"""A string or a list of strings."""


class Words(Section):
    """Conditions on a text field; all of them must hold. Case and accents never matter.

    Patterns are whole words or phrases; ``trouser*`` has any ending, ``*ware`` any beginning. A missing text is the
    empty text.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    any: Patterns = Field((), description="At least one of these patterns occurs.")
    all: Patterns = Field((), description="Each of these patterns occurs.")
    none: Patterns = Field((), alias="not", description="None of these patterns occurs; written `not` in the file.")
    equals: Patterns = Field((), description="The whole text is one of these.")
    regex: str = Field("", description="A Python regular expression that is found in the text.")

    @field_validator("any", "all", "none")
    @classmethod
    def _patterns_readable(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            parse_pattern(pattern)
        return patterns

    @field_validator("equals")
    @classmethod
    def _values_readable(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not tidy(value):
                raise ValueError("an empty value; write the whole text to compare with")
        return values

    @field_validator("regex")
    @classmethod
    def _regex_compiles(cls, regex: str) -> str:
        try:
            compile_regex(regex)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return regex

    @model_validator(mode="after")
    def _asks_something(self) -> Words:
        if not (self.positive or self.none):
            raise ValueError("no condition; write any, all, not, equals or regex")
        return self

    @property
    def positive(self) -> bool:
        """Whether there is a condition that can make a rule fire."""
        return bool(self.any or self.all or self.equals or self.regex)

    def sentence(self, name: str) -> str:
        """In words, for example ``title contains "sandal" or "flip flop" but not "toy"``."""
        parts = []
        if self.any:
            parts.append("contains " + " or ".join(map(quote, self.any)))
        if self.all:
            parts.append(("also " if self.any else "") + "contains " + " and ".join(map(quote, self.all)))
        if self.equals:
            parts.append("is " + " or ".join(map(quote, self.equals)))
        if self.regex:
            parts.append(f"matches /{self.regex}/")
        unwanted = " or ".join(map(quote, self.none))
        if not parts:
            return f"{name} does not contain {unwanted}"
        return f"{name} {' and '.join(parts)}" + (f" but not {unwanted}" if unwanted else "")


class Range(Section):
    """Conditions on a number; a missing number meets none."""

    min: float | None = Field(None, allow_inf_nan=False, description="At least this.")
    max: float | None = Field(None, allow_inf_nan=False, description="At most this.")

    @model_validator(mode="after")
    def _asks_something(self) -> Range:
        if self.min is None and self.max is None:
            raise ValueError("no condition; write min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}; no number can be both")
        return self

    def sentence(self, name: str) -> str:
        """In words, for example ``price is between 10 and 20``."""
        if self.max is None:
            return f"{name} is at least {self.min}"
        if self.min is None:
            return f"{name} is at most {self.max}"
        return f"{name} is between {self.min} and {self.max}"


def compile_regex(regex: str) -> re.Pattern[str]:
    """Compile for searching folded text."""
    return re.compile(fold_regex(regex), re.IGNORECASE)
