"""Nets whose training is a convex problem with few labels: solved at once instead of step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.sparse import csr_matrix

from shelver.config import AnyObjective, Linear, Training
from shelver.config.objectives import OneOf
from shelver.errors import ModelError
from shelver.features.batch import Bag, Batch
from shelver.models.inputs import Inputs
from shelver.models.linear import TO
from shelver.models.nets import EXCLUSIVE, Net
from shelver.models.sparse import transpose, weighted_sums
from shelver.training.examples import Answers, Rows
from shelver.training.solver import Problem, Solution, solve
from shelver.training.start import log_odds

FEW = 4000
"""Labels up to which it is quicker than training step by step; time and memory grow with their square."""
MOST = 20_000
"""Labels up to which it can be done at all: the kernel of so many takes 3.2 GB."""
BIAS = 1.0
"""Variance of the bias of a class: a class without a label is not impossible."""
VALUE = 0.3
"""Variance of the weight of a categorical value, as a share of that of a word. The words of a text have a length of 1
together, a value has it alone: without this, two columns that say nothing would outweigh the title."""
LEAST = 1e-4
"""Strength of the pull towards zero at least: with none at all there may be no optimum."""


def is_convex(net: Net, objective: str) -> bool:
    """Has training the net on an objective one optimum: is it linear, and the loss plain cross-entropy?"""
    spec: AnyObjective = net.settings[objective]
    plain = "cross_entropy" if isinstance(spec, OneOf) else "binary_cross_entropy"
    tree = net.tree is not None and objective == EXCLUSIVE
    return isinstance(net.spec, Linear) and not tree and spec.loss == plain and not (spec.entropy or spec.consistency)


def solved(net: Net, objective: str, settings: Training, labels: int) -> bool:
    """Is an objective to be solved at once?

    Raises
    ------
    ModelError
        The settings ask for it, but this net cannot, or there are too many labels.
    """
    if settings.solver == "adam":
        return False
    convex = is_convex(net, objective)
    if settings.solver == "exact" and not convex and objective == settings.objectives[0]:
        raise ModelError(
            f'solver = "exact" cannot train {objective} with a model of kind {net.spec.kind} and this loss',
            where="training.solver",
            expected="a linear model and plain cross-entropy",
            hint='set training.solver = "auto"',
        )
    if settings.solver == "exact" and convex and labels > MOST:
        raise ModelError(
            f'solver = "exact" cannot take {labels:,} labels of {objective}: memory grows with their square',
            where="training.solver",
            expected=f"{MOST:,} at most",
            hint='set training.solver = "auto"',
        )
    return convex and (settings.solver == "exact" or labels <= FEW)


@torch.no_grad()
def solve_net(
    net: Net,
    objective: str,
    batch: Batch,
    target: Answers,
    weight: npt.NDArray[np.float64] | None = None,
    start: Solution | None = None,
    within: npt.NDArray[np.int64] | None = None,
) -> Solution:
    """Put the optimum for some labelled rows into a net that learnt nothing yet.

    It is the least ``Σ loss + l2 / 2 · |W|² + b² / 2 + Σ (ln s)² / (2 · 0.5²)`` with the weights *W* (those of
    categorical values pulled 1 / `VALUE` times as strongly), the biases *b* (as changes of the log odds, for a
    multi-label objective) and the scales *s* of the prior's parts (as multiples of those in the net).

    Parameters
    ----------
    net : Net
        New, on the CPU; see `is_convex`.
    objective : str
        What the labels are about.
    batch : Batch
        The rows.
    target : ndarray of int, shape (rows,), or Bag of as many rows
        Their right classes.
    weight : ndarray of float64, shape (rows,), optional
        How much each row counts.
    start : Solution, optional
        Where to begin.
    within : ndarray of int64, shape (rows, 2), optional
        In place of `target`: ranges of classes one of which is right; see `Problem`.

    Returns
    -------
    Solution
        To begin the next one with.
    """
    wide, spec = net.wide, net.spec
    if wide is None or not isinstance(spec, Linear):
        raise TypeError(f"{spec.kind} is not linear")
    l2 = max(spec.l2, LEAST)
    words, dense = wide.inputs.sparse(batch), wide.inputs.dense(batch).double()
    variance = _variance(wide.inputs)
    kernel = (_gram(words, variance) + (dense @ dense.T).numpy()) / l2 + BIAS
    layer = wide.get_parameter(f"sparse.{TO}{objective}.weight")  # (vocabulary, classes)
    head = wide.get_parameter(f"dense.{TO}{objective}.weight")  # (classes, dims)
    bias = wide.bias(objective)
    if isinstance(target, Bag):
        counts = np.ones(len(target)) if weight is None else weight
        right = np.bincount(target.ids, np.repeat(counts, np.diff(target.offsets)), len(bias))
        bias.copy_(log_odds(right, float(counts.sum())))
    scales, known = [], []
    if objective == EXCLUSIVE and net.prior is not None:
        scales = list(net.prior.scales)
        known = [
            float(scale) * part.numpy()
            for scale, part in zip(scales, net.prior.parts(*net.prior_inputs(batch)), strict=True)
        ]
    problem = Problem(
        kernel, _dense(target), len(bias), "multi_label" if isinstance(target, Bag) else "multi_class", known,
        bias.numpy()[None, :], weight, within,
    )  # fmt: skip
    solution = solve(problem, start)
    dual = torch.from_numpy(solution.dual)
    layer.copy_(torch.from_numpy(variance)[:, None] * weighted_sums(transpose(words), dual) / l2)
    head.copy_((dual.T @ dense) / l2)
    bias.add_(BIAS * dual.sum(0))
    for scale, factor in zip(scales, solution.scales, strict=True):
        scale.mul_(float(factor))
    return solution


def with_ranges(rows: Rows, answers: Rows, others: Rows, ranges: Rows) -> tuple[Rows, Rows, Rows | None]:
    """Rows with one right class, and after them rows of which only a range of classes is known.

    Parameters
    ----------
    rows, answers : ndarray of int, shape (n,)
        Rows and their classes.
    others : ndarray of int64, shape (m,)
        Rows of which less is known.
    ranges : ndarray of int64, shape (m, 2)
        First class and the one after the last.

    Returns
    -------
    rows, answers, within : ndarray of int64
        Shapes (n + m,), (n + m,) and (n + m, 2), as `solve_net` takes them; None for `within` if m is 0.
    """
    answers = answers.astype(np.int64)
    if not len(others):
        return rows, answers, None
    within = np.concatenate([np.column_stack([answers, answers + 1]), ranges])
    return np.concatenate([rows, others]), within[:, 0], within


def _variance(inputs: Inputs) -> npt.NDArray[np.float64]:
    """Variance of the weights of words and values, as a share of that of a word: shape (vocabulary,)."""
    words = sum(inputs.bags.values())
    return np.where(np.arange(inputs.sparse_size) < words, 1.0, VALUE)


def _gram(bag: Bag, variance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """``X D Xᵀ`` of a bag, with the variances on the diagonal of *D*: shape (rows, rows)."""
    weights = bag.weights * np.sqrt(variance[bag.ids])
    matrix = csr_matrix((weights, bag.ids, bag.offsets), (len(bag), bag.size))
    return np.asarray((matrix @ matrix.T).todense())


def _dense(target: Answers) -> npt.NDArray[Any]:
    if not isinstance(target, Bag):
        return target.astype(np.int64)
    answer = np.zeros((len(target), target.size))
    answer[np.repeat(np.arange(len(target)), np.diff(target.offsets)), target.ids] = 1.0
    return answer
