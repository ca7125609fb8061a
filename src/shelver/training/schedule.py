"""Schedules: which objectives are learnt when, and how many rows of each a step takes (thesis, 1.3 and 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shelver.config import Training


@dataclass(frozen=True)
class Phase:
    """A part of a training.

    Attributes
    ----------
    rows : mapping of str to int
        Rows that a step takes of each objective; objectives not in it are left alone.
    epochs : int
        Passes over the data at most.
    steps : int
        Steps in an epoch.
    """

    rows: Mapping[str, int]
    epochs: int
    steps: int


def plan(settings: Training, labels: Mapping[str, int]) -> list[Phase]:
    """Phases of a training.

    Parameters
    ----------
    settings : Training
        `schedule`: ``both``: all objectives in every step. ``pretrain``: first all but the main objective, which is
        the first of `objectives`, then that one alone. ``pretrain_both``: first all but the main one, then all.
        ``interleaved``: every batch of `batch_size` rows is shared out by `shares`. A step takes all labels of an
        objective that has no more than its rows: where all are so, ``both`` and ``interleaved`` are one.
    labels : mapping of str to int
        Training labels of each objective; objectives without any are not learnt.

    Returns
    -------
    list of Phase
        Empty if there is nothing to learn from, or no epoch is wanted.
    """
    active = [name for name in settings.objectives if labels.get(name)]
    if not active or settings.epochs == 0:
        return []
    if settings.batch_size == 0:
        settings = settings.model_copy(update={"batch_size": usual_batch(max(labels[name] for name in active))})
    main, others = settings.objectives[0], [name for name in active if name != settings.objectives[0]]
    full = dict.fromkeys(active, settings.batch_size)
    if settings.schedule == "interleaved":
        return [_phase(_shares(settings, active), settings.epochs, settings, labels)]
    last = {main: settings.batch_size} if settings.schedule == "pretrain" and main in active else full
    phases = [_phase(last, settings.epochs, settings, labels)]
    if settings.schedule in ("pretrain", "pretrain_both") and others and main in active:
        first = dict.fromkeys(others, settings.batch_size)
        phases.insert(0, _phase(first, settings.pretrain_epochs, settings, labels))
    return phases


def usual_batch(labels: int) -> int:
    """Rows in a step where the settings leave it open.

    A step of Adam costs the same for few rows as for many, so a large catalogue wants large batches: about 200 steps in
    an epoch, within 512 and 2,048 rows, a power of two.

    Examples
    --------
    >>> usual_batch(40_000), usual_batch(250_000), usual_batch(10_000_000)
    (512, 1024, 2048)
    """
    return 1 << max(9, min(11, (labels // 200).bit_length() - 1))


def _phase(rows: Mapping[str, int], epochs: int, settings: Training, labels: Mapping[str, int]) -> Phase:
    steps = max([settings.min_steps, *(-(-labels[name] // count) for name, count in rows.items())])
    return Phase(rows, epochs, steps)


def _shares(settings: Training, active: list[str]) -> dict[str, int]:
    """Rows of one batch for each objective; those that are not named share equally what is left, or get equal parts."""
    named = {name: settings.shares[name] for name in active if name in settings.shares}
    unnamed = [name for name in active if name not in named]
    left = 1 - sum(named.values())
    share = left / len(unnamed) if unnamed else 0.0
    shares = named | dict.fromkeys(unnamed, share)
    total = sum(shares.values())
    return {name: max(1, round(settings.batch_size * shares[name] / total)) for name in active if shares[name] > 0}
