"""The obvious way to match rules, kept to compare with."""

import math
import unicodedata

from shelver.rules.conditions import compile_regex
from shelver.rules.fold import fold, is_word, tidy
from shelver.rules.patterns import parse_pattern


def slow_match(rules, products):
    """All rules on all products: a list of (row, rule index, field, start, end)."""
    found = []
    for row, product in enumerate(products):
        for number, rule in enumerate(rules):
            anchor = _fires(rule, product)
            if anchor is not None:
                found.append((row, number, *anchor))
    return found


def _fires(rule, product):  # noqa: PLR0911 - one return for each condition that fails reads best
    spots, regex_spots = [], []
    for _, fields, words in rule.conditions():
        texts = [(field, product.get(field) or "") for field in fields]
        if any(_find(pattern, texts) for pattern in words.none):
            return None
        wanted = [words.any] if words.any else []
        wanted += [(pattern,) for pattern in words.all]
        for choice in wanted:
            hits = [spot for pattern in choice for spot in _find(pattern, texts)]
            if not hits:
                return None
            spots += hits
        if words.equals:
            values = [tidy(value) for value in words.equals]
            hits = [(field, 0, len(text)) for field, text in texts if tidy(text) in values]
            if not hits:
                return None
            spots += hits
        if words.regex:
            hits = [(f, *hit.span()) for f, text in texts if (hit := compile_regex(words.regex).search(fold(text)))]
            if not hits:
                return None
            regex_spots.append(hits[0])
    if rule.price:
        price = product.get("price")
        price = math.nan if price is None else price
        low = -math.inf if rule.price.min is None else rule.price.min
        high = math.inf if rule.price.max is None else rule.price.max
        if not low <= price <= high:
            return None
    if spots:
        return min(spots, key=lambda spot: (_rank(spot[0]), spot[1], -spot[2]))
    if regex_spots:
        return min(regex_spots, key=lambda spot: (_rank(spot[0]), spot[1], spot[2]))
    return ("price", -1, -1)


def _rank(field):
    fields = ("title", "brand", "category", "raw_category", "description", "gender", "size", "colour", "merchant")
    return fields.index(field)


def _find(text, texts):
    pattern = parse_pattern(text)
    found = []
    for field, value in texts:
        folded = fold(value)
        places = [i for i, char in enumerate(folded) if not "\u0300" <= char <= "\u036f"]
        bare = "".join(folded[i] for i in places)
        for start in range(len(bare)):
            end = start + len(pattern.literal)
            if bare[start:end] != pattern.literal:
                continue
            if start and is_word(bare[start - 1]) and not pattern.open_start:
                continue
            if end < len(bare) and is_word(bare[end]) and not pattern.open_end:
                continue
            found.append((field, places[start], places[end] if end < len(bare) else len(value)))
    return found


def decomposed(text):
    return unicodedata.normalize("NFD", text)
