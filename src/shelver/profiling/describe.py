"""What is in a column, in words: one line of contents, and remarks on what is odd or good to know."""

from __future__ import annotations

from shelver.profiling.phrasing import amount, count, cut, named, share
from shelver.profiling.profile import Column, Spread
from shelver.profiling.suggest import FREE_TEXT, delimiters

NEARLY_ALL = 0.9
"""Share of different values from which a column tells products apart."""
REPEATED = 0.01
REFUSED = 0.001
"""Shares of the products from which repeated titles and refused values are worth a remark."""
FREQUENT = 0.005
"""Share of the most frequent value below which the values are not worth a list."""
LONG = 60
"""Characters, in the median, from which single values say little: addresses, mostly."""
GTINS = 0.5
"""Share of the values that look like a GTIN from which their check digits are worth a remark."""
LISTED, SHOWN = 6, 60
BLOCKS = " ▁▂▃▄▅▆▇█"


def title_of(found_subject: str, rows: int, feeds: int) -> str:
    """What was profiled, and how much of it."""
    if found_subject != "products":
        return f"{found_subject}, as it stands in its files: {named(rows, 'row')}"
    return f"{named(rows, 'product')} of {named(feeds, 'feed')}"


def contents(column: Column, most: int = LISTED) -> str:
    """What the values are: their range, how long they are, or the most frequent ones."""
    if not column.filled:
        return ""
    spread, thing = spread_of(column), spread_thing(column)
    if spread is not None and thing != "characters":
        unit = {"value": "", "entries": " entry" if spread.high == 1 else " entries"}.get(thing, f" {thing}")
        return f"{_range(spread)}{unit}{_middle(spread)}"
    if column.unique >= NEARLY_ALL and column.entries > LISTED:
        every = "all different" if column.distinct == column.entries else "nearly all different"
        return f"{every}, such as {cut(column.examples[0], SHOWN)}"
    long = column.characters is not None and column.characters.median > LONG and not delimiters(column)
    if long or (column.top[0][1] < FREQUENT * column.entries and column.distinct > most):
        return f"{distinct(column)} different, such as {cut(column.examples[0], SHOWN)}"
    return top_values(column, most)


def is_free_text(column: Column) -> bool:
    """Are the values texts of several words, rather than names or paths?"""
    long = column.words is not None and column.words.median > FREE_TEXT
    return long and any(" " in value for value in column.examples) and not delimiters(column)


def top_values(column: Column, most: int = LISTED) -> str:
    """The most frequent values with their shares of the filled rows."""
    told = ", ".join(f"{cut(value, SHOWN)} {share(number / column.entries)}" for value, number in column.top[:most])
    return told + (", …" if column.distinct > most else "")


def distinct(column: Column) -> str:
    """Number of different values; ``~`` marks an estimate."""
    return ("~" if column.error else "") + count(column.distinct)


def remarks(column: Column) -> list[str]:
    """What is odd or good to know, each in a sentence without the column's name."""
    found = []
    marks = delimiters(column)
    if marks and column.paths is not None:
        depths = column.paths.depths
        seen = [depth for depth, number in enumerate(depths, start=1) if number]
        deep = named(seen[0], "level") if len(seen) == 1 else f"{seen[0]} to {seen[-1]} levels"
        plural = "delimiter" if len(marks) == 1 else "delimiters"
        found.append(f"{distinct(column)} different paths of {deep}, {plural} {' '.join(marks)}")
    if column.name == "title" and column.repeated >= REPEATED * column.filled:
        part = share(column.repeated / column.filled)
        found.append(f"{count(column.repeated)} products share their title with another ({part})")
    if column.refused >= max(1, REFUSED * column.rows):
        verb = "was" if column.refused == 1 else "were"
        found.append(f"{named(column.refused, 'value')} {verb} refused by a cleaner; the products' notes say why")
    codes = column.codes
    if codes is not None and codes.wrong and codes.valid + codes.wrong >= GTINS * column.filled:
        wrong = share(codes.wrong / (codes.valid + codes.wrong))
        found.append(f"{wrong} of the numbers that look like a GTIN have a wrong check digit")
    if column.numbers is not None and column.kind == "number":
        odd = sum(found_bin.count for found_bin in column.numbers.bins if found_bin.low is None)
        zero = dict(column.top).get("0", 0)
        if odd:
            found.append(f"{named(odd, 'value')} below 0")
        if zero >= REPEATED * column.filled:
            found.append(f"{share(zero / column.filled)} are 0")
    return found


def bars(column: Column, width: int = 12) -> str:
    """A histogram in block characters: of numbers, of words a text, or of the most frequent values."""
    return blocks([number for _, number in shape(column)], width)


def shape(column: Column) -> list[tuple[str, int]]:
    """Names and heights of the bars of a column."""
    spread = spread_of(column)
    if spread is not None:
        return [(bin_name(found.low, found.high, column.kind == "number"), found.count) for found in spread.bins]
    if column.unique >= NEARLY_ALL:
        return []
    return list(column.top)


def spread_of(column: Column) -> Spread | None:
    """What is plotted as a histogram; None: the values themselves are."""
    if column.kind == "number":
        return column.numbers
    if column.kind == "list":
        return column.items
    if is_free_text(column):
        return column.words
    if column.unique >= NEARLY_ALL:
        return column.characters
    return None


def spread_thing(column: Column) -> str:
    """What a plotted spread counts."""
    if column.kind == "number":
        return "value"
    if column.kind == "list":
        return "entries"
    return "words" if is_free_text(column) else "characters"


def bin_name(low: float | None, high: float | None, number: bool) -> str:
    """What a bar of a histogram stands for."""
    if low is None:
        return "below 0"
    if high is None:
        return f"{amount(low)} and more"
    if not number:
        return amount(low) if high - low <= 1 else f"{amount(low)}–{amount(high - 1)}"
    return f"{amount(low)} to {amount(high)}"


def blocks(heights: list[int], width: int) -> str:
    """Bars of heights in block characters; neighbouring ones are put together if there are more than `width`.

    Examples
    --------
    >>> blocks([1, 4, 8, 0], 4)
    '▁▄█ '
    """
    if not heights:
        return ""
    size = -(-len(heights) // width)
    grouped = [sum(heights[start : start + size]) for start in range(0, len(heights), size)]
    most = max(grouped)
    if not most:
        return ""
    return "".join(BLOCKS[max(1, round(8 * height / most))] if height else BLOCKS[0] for height in grouped)


def _range(spread: Spread) -> str:
    return amount(spread.low) if spread.low == spread.high else f"{amount(spread.low)}–{amount(spread.high)}"


def _middle(spread: Spread) -> str:
    """The middle half; nothing if the range says it already."""
    low, high = spread.quantiles[1], spread.quantiles[3]
    if (low, high) == (spread.low, spread.high):
        return ""
    return ", mostly " + (amount(low) if low == high else f"{amount(low)}–{amount(high)}")
