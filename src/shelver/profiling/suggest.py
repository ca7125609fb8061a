"""Which features to make of the columns, and how big: every rule and every number it uses.

The rules are those of the thesis (section 3.1) made explicit. A column that is mostly empty or always the same says
nothing. A column with few values that come back often is categorical. A column with more values than can be learnt one
by one, such as category paths in which every retailer has a notation of its own, is cut into words: "many such
'categorical' were actually represented as text, allowing for better generalisation and smaller models". How many
words or values are kept follows from how much of the column they cover, because "there were still large numbers of
tokens that appeared only once".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from shelver.config.section import TEXT_FIELDS
from shelver.profiling.phrasing import amount, count, named, share, shared_list
from shelver.profiling.profile import Column, Part, Vocabulary
from shelver.profiling.roles import PATH_FIELDS

LEAST_FILLED = 0.01
"""Columns filled in a smaller share of the products are left out."""
LEAST_VALUES = 20
"""Columns with fewer values in all are left out: too few to learn from."""
ENOUGH = 0.95
"""Share of the words, or of the products, that the words or values kept should cover."""
MOST_TOKENS = 32_000
LEAST_TOKENS = 1_000
"""Sizes of vocabularies; the thesis used 8,000 for titles and descriptions, and 1,000 for category paths."""
MOST_VALUES = 5_000
"""Values of a categorical feature (the thesis's brands); what needs more to be covered becomes text."""
ALL_VALUES = 200
"""Up to so many values, all are kept."""
MOST_PATHS = 950
"""Different category paths of a categorical feature (the thesis's categories); more become text."""
DELIMITED = 0.2
"""A column is one of paths if so many of its values have a delimiter."""
PATH_WORDS = 12
"""Columns whose values have more words, in the median, are no paths, whatever characters they have."""
RARE_DELIMITER = 0.01
"""Delimiters in a smaller share of the paths are not worth telling."""
RARE_CURRENCY = 0.01
"""Currencies of a smaller share of the prices are not worth telling."""
FREE_TEXT = 4
"""Columns whose values have more words than this, in the median, are text."""
AGAIN = 5
"""Products that a value kept should have on average; with fewer, values are too rare to be learnt one by one."""
LEAST_DIMS = 2
FOREIGN = 0.1
"""Share of titles in other languages than English from which the encoder is chosen by language."""

Kind = Literal["text", "categorical", "number", "vector", "leave out"]

IDENTITIES = {
    "merchant_id": "tells products apart and says nothing of others",
    "url": "tells products apart and says nothing of others",
    "gtin": "tells products apart and says nothing of others",
    "mpn": "tells products apart and says nothing of others",
    "item_group": "tells variants of one product together, not what they are",
    "source": "a model would learn the feed instead of the product",
    "merchant": "a model would learn the shop instead of the product",
    "currency": "goes with the country of the shop, not with the product",
    "availability": "changes from day to day",
    "language": "goes with the shop; the encoder of the text takes it into account",
    "image_url": "becomes the vector image",
    "image_urls": "further pictures; the first is enough for a vector",
}


@dataclass(frozen=True)
class Suggestion:
    """What to make of one column.

    Attributes
    ----------
    name : str
        Name of the feature, or of the column that is left out.
    kind : str
        Kind of the feature.
    reason : str
        Why, in words.
    settings : dict of str to value
        Keys of the block in ``shelver.toml``, besides `kind`.
    ready : bool
        False: written as a comment, because something has to be done or decided first; see `reason`.
    idle : bool
        There is nothing in the column, so nothing to decide.
    """

    name: str
    kind: Kind
    reason: str
    settings: Mapping[str, object] = field(default_factory=dict)
    ready: bool = True
    idle: bool = False

    def sentence(self) -> str:
        """Kind and size in words."""
        if self.kind == "text":
            return f"text, {count(self.settings['max_tokens'])} tokens"
        if self.kind == "categorical":
            most = self.settings.get("max_values")
            values = f"{count(most)} values" if most else "all values"
            return f"categorical, {values}, {self.settings['dims']} dims"
        if self.kind == "vector":
            return f"vector by {self.settings['encoder']}"
        return self.kind


def suggest(part: Part, pictures: bool = False) -> list[Suggestion]:
    """Suggest features for the columns of the products table.

    Parameters
    ----------
    part : Part
        All products.
    pictures : bool
        Are there pictures already, not only their addresses?

    Returns
    -------
    list of Suggestion
        In the order of the columns, then the vectors.
    """
    found = [suggest_column(column) for column in part.columns]
    found = [_with_currencies(each, part.column("currency")) for each in found]
    title, image = part.column("title"), part.column("image_url")
    if title is not None and title.filled:
        found.append(_text_vector(part.column("language")))
    if image is not None and (pictures or too_empty(image) is None):
        found.append(_picture_vector(image, pictures))
    return found


def suggest_column(column: Column) -> Suggestion:
    """What to make of one column."""
    if not column.filled:
        return Suggestion(column.name, "leave out", "empty", idle=True)
    why = _useless(column)
    if why:
        return Suggestion(column.name, "leave out", why)
    return _number(column) if column.kind == "number" else _text_or_values(column)


def _useless(column: Column) -> str | None:
    """Why a column that is not empty is no use; None if it is."""
    if column.name not in TEXT_FIELDS and column.kind != "number":
        return IDENTITIES.get(column.name, "no kind of feature is made for it")
    always = f"always “{column.top[0][0]}”" if column.distinct == 1 and column.kind != "number" else None
    return too_empty(column) or always or IDENTITIES.get(column.name)


def too_empty(column: Column) -> str | None:
    """Why there is too little in a column; None if there is enough."""
    if column.fill < LEAST_FILLED or column.filled < LEAST_VALUES:
        return f"filled in {share(column.fill)} of the products only ({count(column.filled)})"
    return None


def delimiters(column: Column) -> list[str]:
    """Delimiters of a column of paths, the most frequent first; none if it is not one of paths."""
    if column.paths is None:
        return []
    delimited = sum(number for _, number in column.paths.delimiters)
    text = column.words is not None and column.words.median > PATH_WORDS
    if text or delimited < DELIMITED * column.filled:
        return []
    return [mark for mark, number in column.paths.delimiters if number >= RARE_DELIMITER * delimited]


def dims_for(values: int) -> int:
    """Size of an embedding of so many values: their fourth root, rounded up.

    A rule of thumb of the TensorFlow team ("Introducing TensorFlow Feature Columns", Google Developers Blog,
    November 2017); it gives 9 for 5,000 values and 6 for 950, where the thesis had 10 and 6.
    """
    return max(LEAST_DIMS, math.ceil(round(math.sqrt(math.sqrt(values)), 6)))


def tokens_for(words: Vocabulary) -> int:
    """Smallest size of a vocabulary that covers `ENOUGH`, within the limits and what occurs twice."""
    sizes = [size for size, _ in words.covered if LEAST_TOKENS <= size <= MOST_TOKENS] or [LEAST_TOKENS]
    twice = words.distinct - words.single
    for size, covered in words.covered:
        if size in sizes and (covered >= ENOUGH or size >= twice):
            return size
    return sizes[-1]


def values_for(column: Column) -> int | None:
    """Fewest values that cover `ENOUGH` of the rows; None if more than `MOST_VALUES` are needed."""
    if column.distinct <= ALL_VALUES:
        return column.distinct
    return next((size for size, covered in column.covered if covered >= ENOUGH and size <= MOST_VALUES), None)


def _text_or_values(column: Column) -> Suggestion:
    words, marks = column.words, delimiters(column)
    about = "" if not column.error else "about "
    if column.name == "title":
        return _text(column, "")
    if marks and column.distinct > MOST_PATHS:
        notations = f"{named(len(marks), 'delimiter')} ({' '.join(marks)})"
        return _text(column, f"{about}{count(column.distinct)} different paths, {notations}: too many to learn each")
    if words is not None and words.median > FREE_TEXT and not marks:
        return _text(column, f"free text, {count(words.median)} words in the median")
    kept = values_for(column)
    if kept is None or column.filled < AGAIN * kept:
        often = column.filled / max(1, column.distinct)
        seldom = f"{often:.1f} products each" if often < 10 else f"{count(round(often))} products each"
        return _text(column, f"{about}{count(column.distinct)} different values, {seldom}: too many to learn each")
    shared = column.vocabulary is not None and column.vocabulary.distinct < column.distinct
    if column.name in PATH_FIELDS and column.distinct > ALL_VALUES and shared and column.vocabulary is not None:
        made = f"{count(column.distinct)} different values are made of {count(column.vocabulary.distinct)} words"
        return _text(column, f"{made}: as words they learn from each other")
    return _categorical(column, kept)


def _text(column: Column, why: str) -> Suggestion:
    words = column.vocabulary
    tokens = tokens_for(words) if words is not None else LEAST_TOKENS
    return Suggestion(
        column.name, "text", "; ".join(filter(None, [why, _coverage(words, tokens)])), {"max_tokens": tokens}
    )


def _coverage(words: Vocabulary | None, tokens: int) -> str:
    if words is None or not words.words:
        return ""
    covered = dict(words.covered)
    about = "about " if words.error else ""
    if tokens >= words.distinct or tokens not in covered:
        return f"all {about}{count(words.distinct)} words fit"
    text = f"{count(tokens)} of {about}{count(words.distinct)} words make up {share(covered[tokens])} of the text"
    twice = words.distinct - words.single
    if tokens >= twice:
        return f"{text}; no more than {about}{count(twice)} occur twice or more"
    more = next(((size, value) for size, value in words.covered if size > tokens), None)
    return f"{text}, {count(more[0])} would {share(more[1])}" if more and more[0] < words.distinct else text


def _categorical(column: Column, kept: int) -> Suggestion:
    dims = dims_for(kept)
    every = column.distinct <= ALL_VALUES
    often = count(round(column.filled / column.distinct))
    if every:
        reason = f"{named(column.distinct, 'value')}, {often} products each on average"
    else:
        covered = dict(column.covered)[kept]
        reason = (
            f"{count(kept)} of {count(column.distinct)} values cover {share(covered)} of the products that have one"
        )
    settings = {"max_values": 0 if every else kept, "dims": dims}
    return Suggestion(column.name, "categorical", reason, settings)


def _number(column: Column) -> Suggestion:
    numbers = column.numbers
    if column.name != "price" or numbers is None:
        return Suggestion(column.name, "leave out", "no kind of feature is made for it")
    if numbers.low == numbers.high:
        return Suggestion(column.name, "leave out", f"always {numbers.low:g}")
    text = f"half are below {amount(numbers.median)}, the highest is {amount(numbers.high)}: scaled by the quartiles; "
    text += "seldom helps to find the category (the thesis left it out), but does for other objectives"
    return Suggestion(column.name, "number", text, {}, ready=False)


def _with_currencies(found: Suggestion, currency: Column | None) -> Suggestion:
    """Say that prices in several currencies cannot be compared."""
    if found.kind != "number" or currency is None or not currency.filled:
        return found
    several = [name for name, number in currency.top if number >= RARE_CURRENCY * currency.filled]
    if len(several) < 2:
        return found
    names = ", ".join(several[:4]) + (", …" if len(several) > 4 else "")
    reason = f"{len(several)} currencies ({names}): such prices cannot be compared; {found.reason}"
    return replace(found, reason=reason)


def _text_vector(language: Column | None) -> Suggestion:
    settings: dict[str, object] = {"encoder": "static", "columns": ["title"]}
    if language is None or not language.filled:
        return Suggestion("text_vector", "vector", "what the words mean, beside which words they are", settings)
    english = sum(number for value, number in language.top if value.lower().startswith("en")) / language.filled
    if 1 - english < FOREIGN:
        return Suggestion("text_vector", "vector", f"titles are in English ({share(english)})", settings)
    told = shared_list([(value, number / language.filled) for value, number in language.top])
    return Suggestion("text_vector", "vector", f"languages of titles: {told}", {**settings, "encoder": "auto"})


def _picture_vector(image: Column, pictures: bool) -> Suggestion:
    settings = {"encoder": "efficientnet-lite2-int8", "columns": ["image"]}
    reason = f"{share(image.fill)} of the products have the address of a picture"
    if not pictures:
        reason += "; fetch the pictures first (shelver images)"
    return Suggestion("image", "vector", reason, settings, ready=pictures)
