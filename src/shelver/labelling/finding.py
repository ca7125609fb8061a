"""Find categories by some words of their paths, as a person types them."""

from __future__ import annotations

import difflib

from shelver.catalogue.names import fold
from shelver.catalogue.tree import Category, Tree


def find_categories(tree: Tree, words: str, limit: int = 9) -> list[Category]:
    """Categories that a person may mean, the likeliest first; only those that can be assigned.

    Parameters
    ----------
    tree : Tree
        The tree.
    words : str
        An id, a path or a name: then nothing else is found. Else words, or beginnings of words, all of which are in the
        path; words in the category's own name count more than those above it. If there is none: names that are spelt
        alike.
    limit : int
        How many at most.

    Examples
    --------
    >>> from shelver.catalogue import tree_from_paths
    >>> tree = tree_from_paths([("Shoes", "Boots"), ("Shoes", "Rain boots"), ("Toys", "Boots")])
    >>> [str(category) for category in find_categories(tree, "sho boo")]
    ['Shoes > Boots', 'Shoes > Rain boots']
    """
    exact = [category for category in tree.find(words) if category.exclusive]
    if len(exact) == 1:
        return exact
    wanted = fold(words).split()
    if not wanted:
        return []
    scored = []
    for place, category in enumerate(tree.exclusive):
        path, name = fold(" > ".join(category.path)), fold(category.name)
        if all(word in path for word in wanted):
            starts = sum(any(part.startswith(word) for part in path.split()) for word in wanted)
            own = sum(word in name for word in wanted)
            scored.append((-own, -starts, len(name), place, category))
    if scored:
        return [found[-1] for found in sorted(scored, key=lambda each: each[:-1])[:limit]]
    names = {fold(category.name): category for category in reversed(tree.exclusive)}
    return [names[name] for name in difflib.get_close_matches(fold(words), names, limit, cutoff=0.6)]
