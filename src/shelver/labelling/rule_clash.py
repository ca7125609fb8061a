"""Do rules speak against giving a product the answer of another?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from shelver.features.batch import Bag
from shelver.labelling.candidates import Ints
from shelver.models.classes import Classes


def rules_against(hits: Bag, classes: Classes) -> Callable[[Ints, int, int], npt.NDArray[np.bool_]]:
    """Function that tells whether rules speak against an answer, as `shelver.labelling.alike.Known` takes it.

    They do if a rule puts the product elsewhere in the tree, neither above nor below the answer, which does not so put
    the labelled product itself, and no rule puts it above, at or below the answer.

    Parameters
    ----------
    hits : Bag of n rows
        Categories that rules assigned to each product, as positions in the tree.
    classes : Classes
        The tree and its exclusive classes.
    """
    stops = np.asarray([classes.tree.span(c.category_id).stop for c in classes.tree.categories], np.int64)
    position = [classes.tree.position(category_id) for category_id in classes.exclusive]

    def of(place: int) -> Ints:
        return hits.ids[hits.offsets[place] : hits.offsets[place + 1]]

    def against(places: Ints, place: int, answer: int) -> npt.NDArray[np.bool_]:
        wanted = position[answer]
        found = np.zeros(len(places), np.bool_)
        for row, other in enumerate(places):
            there = of(int(other))
            fits = ((there <= wanted) & (wanted < stops[there])) | ((wanted <= there) & (there < stops[wanted]))
            found[row] = not fits.any() and not np.isin(there, of(place)).all()
        return found

    return against
