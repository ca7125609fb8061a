"""Which columns could be which field: names first, values where names are silent or clearly wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shelver.config import FIELDS
from shelver.feeds.column_names import normalise, says_nothing
from shelver.feeds.name_signs import HINT, NameSign, is_other, name_signs
from shelver.feeds.networks import Network, table
from shelver.feeds.rows import Block
from shelver.feeds.value_faults import ENOUGH, SAME, ruled_out, speaks_against
from shelver.feeds.value_fits import Fit, Sample, fits
from shelver.feeds.value_signs import Signs, measure

BY_VALUE = 0.45
"""Score of a column by its values alone, if they fit perfectly: below any name that is known."""

LEAST_UNNAMED, LEAST_NAMED = 0.45, 0.7
"""How well values must fit to count alone: in a column without a name, and in one with a name that is not known."""

CLEAR = ("image_url", "gtin", "availability")
"""Fields whose values cannot be mistaken: these count even where the name says another field."""

LEAST_TITLE = 0.35
"""The same for the title of a file without header: no product is without one."""


class Candidate(NamedTuple):
    """A column that could be a field.

    Attributes
    ----------
    column : str
        Its name.
    score : float
        From 0 to 1; 0: ruled out.
    reason : str
        Why, as a clause.
    against : str
        What speaks against it, as in "holds addresses"; empty if nothing does.
    named : float
        What its name alone would score.
    """

    column: str
    score: float
    reason: str
    against: str = ""
    named: float = 0.0


@dataclass(frozen=True)
class Evidence:
    """All that a file's header and first rows say about its columns.

    Attributes
    ----------
    header : tuple of str
        The columns.
    signs : dict of str to Signs
        What the values of each look like.
    network : Network or None
        The format that the header is of.
    by_place : bool
        Whether the file has no header and the columns are known by their places.
    candidates : dict of str to list of Candidate
        Field → columns that could be it, best first.
    """

    header: tuple[str, ...]
    signs: Mapping[str, Signs]
    network: Network | None
    by_place: bool
    candidates: Mapping[str, list[Candidate]]


def weigh(header: Sequence[str], sample: Block) -> Evidence:
    """Gather the candidates of every field.

    Parameters
    ----------
    header : sequence of str
        Columns of the file.
    sample : Block
        Its first rows; see `shelver.feeds.value_signs.ROWS`.
    """
    signs = {column: measure(sample.column(column)) for column in header}
    names, network = _by_place(header, signs)
    by_place = network is not None
    network = network or table().recognise(header)
    beside = Sample.of(signs)
    found: dict[str, list[Candidate]] = {name: [] for name in FIELDS}
    for place, column in enumerate(header):
        for name, candidate in _of_column(column, names.get(column, column), signs[column], network, beside).items():
            found[name].append(candidate._replace(score=candidate.score - 1e-6 * place if candidate.score else 0.0))
    ranked = {name: sorted(each, key=lambda one: -one.score) for name, each in found.items()}
    return Evidence(tuple(header), signs, network, by_place, ranked)


def _of_column(column: str, name: str, signs: Signs, network: Network | None, beside: Sample) -> dict[str, Candidate]:
    named = name_signs(name, network)
    by_value = fits(signs, beside)
    found: dict[str, Candidate] = {}
    for field, sign in named.items():
        fit = by_value.get("raw_category" if field == "category" else field)
        candidate = _named(field, column, name, sign, signs, fit, network)
        if candidate.score or candidate.against:
            found[field] = candidate
    if is_other(name, network):
        return found
    unnamed = says_nothing(name)
    least = {"title": LEAST_TITLE} if unnamed else {}
    for field, fit in by_value.items():
        enough = fit.score >= least.get(field, LEAST_UNNAMED if unnamed else LEAST_NAMED)
        if enough and field not in found and (not named or field in CLEAR) and not ruled_out(field, signs):
            found[field] = Candidate(column, BY_VALUE * fit.score, fit.reason)
    return found


def _named(
    field: str, column: str, name: str, sign: NameSign, signs: Signs, fit: Fit | None, network: Network | None
) -> Candidate:
    reason = sign.reason if name == column else f'{sign.reason} "{name}" by its place'
    if fit is not None and fit.score >= 0.5:
        reason += f"; {fit.reason}"
    if sign.weak and signs.distinct == 1 and signs.filled >= ENOUGH:
        return Candidate(column, 0.0, reason, SAME, sign.score)
    score = sign.score
    if score == HINT:
        score = HINT + 0.2 * fit.score if fit is not None and fit.score >= 0.4 else 0.0
    against = ruled_out(field, signs)
    if against and not (network is not None and against == SAME):
        return Candidate(column, 0.0, reason, against, sign.score)
    less, against = speaks_against(field, signs)
    return Candidate(column, max(score - less, 0.0), reason, against, sign.score)


def _by_place(header: Sequence[str], signs: Mapping[str, Signs]) -> tuple[dict[str, str], Network | None]:
    """Names of columns by their places, if the file has no header and its values fit those of a network."""
    if not header or not all(says_nothing(column) for column in header):
        return {}, None
    for network in table().networks:
        if not network.positions or not len(network.positions) <= len(header) <= 2 * len(network.positions):
            continue
        names = dict(zip(header, network.positions, strict=False))
        columns = {name: column for column, name in names.items()}
        fit = not any(_misfits(network, name, signs[column]) for column, name in names.items())
        if fit and all(signs[columns[name]].filled for name in network.needs):
            return names, network
    return {}, None


def _misfits(network: Network, name: str, signs: Signs) -> bool:
    """Whether the values at a place cannot be what the network has there."""
    return any(normalise(name) in ranks and ruled_out(field, signs) for field, ranks in network.fields.items())
