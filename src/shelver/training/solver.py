"""Logistic regression on few labels, solved to its optimum in a moment: as many unknowns as labels, not as inputs.

With a Gaussian prior on the weights, the best weights are sums of the labelled rows, ``W = Xᵀ A`` (representer
theorem: Kimeldorf & Wahba 1970; Schölkopf & Smola 2002, theorem 4.2). So only the kernel ``K = X Xᵀ`` of the labelled
rows is needed, whatever the number of words. With its Cholesky factor, ``K = L Lᵀ``, and ``B = Lᵀ A`` the scores are
``L B`` and the penalty is ``|B|² / 2``: a well-conditioned convex problem for L-BFGS (Liu & Nocedal 1989).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from shelver.config.objectives import Kind

Matrix = npt.NDArray[np.floating]

SPREAD = 0.5
"""Standard deviation of the log of a known part's scale: labels may well double it, but hardly multiply it by ten."""
JITTER = 1e-6
"""Share of the kernel's mean diagonal added to it, so that repeated products do not make it singular."""
TOLERANCE = 1e-4
"""The search ends where two steps in a row make the cost smaller by less than this share of it."""
STEPS = 300
"""Steps at most."""
MEMORY = 10
"""Steps that L-BFGS remembers."""
ENOUGH = 1e-4
"""Share of the decrease that the slope promises, which a step must bring (Nocedal & Wright 2006, eq. 3.4)."""


@dataclass(frozen=True)
class Problem:
    """What is to be solved for n labelled rows.

    Attributes
    ----------
    kernel : ndarray, shape (n, n)
        Covariance of the scores under the prior on the weights: ``X Xᵀ / l2``.
    target : ndarray, int64 of shape (n,), or float of shape (n, classes)
        Right class of each row, or 1 where a class is right.
    classes : int
        Number of classes.
    kind : str
        ``multi_class`` (softmax) or ``multi_label`` (a sigmoid per class).
    known : sequence of ndarray, each of shape (n, classes)
        Scores from elsewhere. Each is multiplied by a scale that is found too, with a log-normal prior around 1.
    fixed : ndarray of shape (classes,) or (n, classes), optional
        Scores that are added as they are.
    weight : ndarray of shape (n,), optional
        How much each row counts; 1 if not given.
    within : ndarray of int64, shape (n, 2), optional
        For ``multi_class``, in place of `target`: one of the classes from the first number up to, not including, the
        second is right, and nobody said which: the loss is ``-ln Σ p`` of them.

    Notes
    -----
    The cost is convex but for rows with several classes in `within`, where the search may end in a local optimum.
    """

    kernel: Matrix
    target: npt.NDArray[np.int64] | Matrix
    classes: int
    kind: Kind = "multi_class"
    known: Sequence[Matrix] = ()
    fixed: Matrix | None = None
    weight: Matrix | None = None
    within: npt.NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        n = len(self.target)
        wanted = (n,) if self.kind == "multi_class" else (n, self.classes)
        if self.kernel.shape != (n, n) or self.target.shape != wanted:
            raise ValueError(f"a kernel {self.kernel.shape} for targets {self.target.shape}, expected {wanted}")
        if any(scores.shape != (n, self.classes) for scores in self.known):
            raise ValueError(f"known scores {[scores.shape for scores in self.known]}, expected {(n, self.classes)}")
        if self.within is not None:
            if self.kind != "multi_class" or self.within.shape != (n, 2):
                raise ValueError(f"ranges {self.within.shape} for {n} rows of the kind {self.kind}")
            if (self.within[:, 0] >= self.within[:, 1]).any():
                raise ValueError("a range without a class")


@dataclass(frozen=True)
class Solution:
    """The optimum.

    Attributes
    ----------
    dual : ndarray of float64, shape (n, classes)
        A: scores of any row x are ``k(x, rows) A`` plus known and fixed ones.
    scales : ndarray of float64, shape (known,)
        What the known scores are multiplied by.
    cost : float
        Least cost found.
    steps : int
        Evaluations of cost and gradient.
    """

    dual: npt.NDArray[np.float64]
    scales: npt.NDArray[np.float64]
    cost: float
    steps: int

    def taken(self, rows: npt.NDArray[np.int64], weight: Matrix) -> Solution:
        """A start for a problem with other rows: this one's where `rows` says which, nothing where it says -1."""
        known = rows >= 0
        dual = np.where(known[:, None], self.dual[rows] * weight[:, None], 0.0) if len(self.dual) else None
        return Solution(np.zeros((len(rows), self.dual.shape[1])) if dual is None else dual, self.scales, self.cost, 0)


class Cost:
    """``Σ w · loss + |B|² / 2 + Σ (ln s)² / (2 · 0.5²)``, and its gradient.

    Parameters
    ----------
    problem : Problem
        What is to be solved.
    dtype : torch.dtype
        float32 is twice as fast, and enough for everything but tests of the optimum itself.
    """

    def __init__(self, problem: Problem, dtype: torch.dtype = torch.float32) -> None:
        n = len(problem.target)
        self.problem, self.dtype = problem, dtype
        kernel = torch.from_numpy(np.asarray(problem.kernel, np.float64))
        floor = JITTER * float(kernel.diagonal().mean()) + 1e-12 if n else 0.0
        self.factor = torch.linalg.cholesky(kernel + floor * torch.eye(n, dtype=torch.float64))  # (n, n), lower
        self.lower = self.factor.to(dtype)
        target = problem.target if problem.within is None else problem.within[:, 0]
        self.target = torch.from_numpy(np.asarray(target))
        if problem.kind == "multi_label":
            self.target = self.target.to(dtype)
        self.several, self.outside = _ranges(problem)
        self.known = [torch.from_numpy(np.asarray(scores)).to(dtype) for scores in problem.known]
        self.fixed = None if problem.fixed is None else torch.from_numpy(np.asarray(problem.fixed)).to(dtype)
        weight = np.ones(n) if problem.weight is None else problem.weight
        self.weight = torch.from_numpy(np.asarray(weight)).to(dtype)[:, None]  # (n, 1)
        self.lone = torch.full((n, 1), -1.0, dtype=dtype)
        self.lone[self.several] = 0.0

    def __call__(self, inner: torch.Tensor, logs: torch.Tensor) -> tuple[float, torch.Tensor, torch.Tensor]:
        """Cost and gradients at B, shape (n, classes), and the logs of the scales, shape (known,)."""
        scores = self.lower @ inner
        for scale, known in zip(logs.exp(), self.known, strict=True):
            scores.add_(known, alpha=float(scale))
        if self.fixed is not None:
            scores += self.fixed
        if self.problem.kind == "multi_class":
            right = scores.gather(1, self.target[:, None])  # (n, 1)
            total = torch.logsumexp(scores, 1, keepdim=True)
            pull = torch.sub(scores, total).exp_()  # probabilities
            if len(self.several):
                inside = scores[self.several].masked_fill_(self.outside, -torch.inf)
                right[self.several] = torch.logsumexp(inside, 1, keepdim=True)
                shares = torch.sub(inside, right[self.several]).exp_()  # probabilities, given that it is one of them
            losses = total - right
            pull.scatter_add_(1, self.target[:, None], self.lone)
            if len(self.several):
                pull[self.several] -= shares
        else:
            losses = functional.binary_cross_entropy_with_logits(scores, self.target, reduction="none")
            pull = torch.sigmoid(scores) - self.target
        pull *= self.weight
        cost = float((losses * self.weight).double().sum())
        cost += 0.5 * float((inner * inner).sum(dtype=torch.float64)) + float((logs**2).sum()) / (2 * SPREAD**2)
        slopes = [float(scale) * float((pull * known).sum(dtype=torch.float64))
                  for scale, known in zip(logs.exp(), self.known, strict=True)]  # fmt: skip
        along = logs.new_tensor(slopes) + logs / SPREAD**2
        return cost, torch.addmm(inner, self.lower.T, pull), along


def _ranges(problem: Problem) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows with several right classes, shape (m,), and which classes are wrong there: bool, shape (m, classes)."""
    if problem.within is None:
        return torch.zeros(0, dtype=torch.int64), torch.zeros(0, problem.classes, dtype=torch.bool)
    several = np.flatnonzero(problem.within[:, 1] - problem.within[:, 0] > 1)
    low, high = problem.within[several, 0, None], problem.within[several, 1, None]
    place = np.arange(problem.classes)
    return torch.from_numpy(several), torch.from_numpy((place < low) | (place >= high))


def solve(
    problem: Problem,
    start: Solution | None = None,
    *,
    tolerance: float = TOLERANCE,
    dtype: torch.dtype = torch.float32,
) -> Solution:
    """Find the optimum.

    Parameters
    ----------
    problem : Problem
        Without rows, the optimum is zero and all scales are 1.
    start : Solution, optional
        Where to begin: the solution of a problem like it, row by row; saves about half of the steps.
    tolerance : float
        See `TOLERANCE`.
    dtype : torch.dtype
        Precision of the search.

    Examples
    --------
    Two rows with nothing in common, each of its own class:

    >>> found = solve(Problem(np.eye(2), np.array([0, 1]), 2))
    >>> (np.eye(2) @ found.dual).argmax(axis=1).tolist()
    [0, 1]
    """
    n, classes, known = len(problem.target), problem.classes, len(problem.known)
    if n == 0 or classes == 0:
        return Solution(np.zeros((n, classes)), np.ones(known), 0.0, 0)
    cost = Cost(problem, dtype)
    point = torch.zeros(n * classes + known, dtype=dtype)
    if start is not None:
        if start.dual.shape != (n, classes) or start.scales.shape != (known,):
            raise ValueError(f"a start of the shape {start.dual.shape} for {n} rows of {classes} classes")
        point[: n * classes] = (cost.factor.T @ torch.from_numpy(start.dual)).to(dtype).ravel()
        point[n * classes :] = torch.from_numpy(np.log(start.scales)).to(dtype)

    def evaluate(at: torch.Tensor) -> tuple[float, torch.Tensor]:
        value, gradient, along = cost(at[: n * classes].view(n, classes), at[n * classes :])
        return value, torch.cat([gradient.ravel(), along])

    point, least, steps = minimise(evaluate, point, tolerance)
    found = point.double()
    dual = torch.linalg.solve_triangular(cost.factor.T, found[: n * classes].view(n, classes), upper=True)
    return Solution(dual.numpy(), found[n * classes :].exp().numpy(), least, steps)


def minimise(
    evaluate: Callable[[torch.Tensor], tuple[float, torch.Tensor]], point: torch.Tensor, tolerance: float
) -> tuple[torch.Tensor, float, int]:
    """L-BFGS with backtracking for a convex function (Nocedal & Wright 2006, algorithms 7.4 and 7.5).

    Parameters
    ----------
    evaluate : callable
        Value and gradient at a point.
    point : Tensor, shape (unknowns,)
        Where to begin.
    tolerance : float
        See `TOLERANCE`.

    Returns
    -------
    point, value, evaluations
    """
    value, gradient = evaluate(point)
    moves: deque[tuple[torch.Tensor, torch.Tensor, float]] = deque(maxlen=MEMORY)
    evaluations, small = 1, 0
    while evaluations < STEPS and small < 2:
        direction = _downhill(gradient, moves)
        slope = float(torch.dot(direction, gradient))
        if slope >= 0 or not np.isfinite(slope):
            break
        length = 1.0 if moves else min(1.0, 1.0 / float(gradient.norm()))
        while True:
            there = torch.add(point, direction, alpha=length)
            found, next_gradient = evaluate(there)
            evaluations += 1
            if found <= value + ENOUGH * length * slope or evaluations >= STEPS or length < 1e-8:
                break
            length *= 0.5
        if not found < value:  # nothing left to gain at this precision
            break
        change, bend = there - point, next_gradient - gradient
        curvature = float(torch.dot(change, bend))
        if curvature > 0:
            moves.append((change, bend, curvature))
        small = small + 1 if value - found < tolerance * abs(found) else 0
        point, value, gradient = there, found, next_gradient
    return point, value, evaluations


def _downhill(gradient: torch.Tensor, moves: Sequence[tuple[torch.Tensor, torch.Tensor, float]]) -> torch.Tensor:
    """Minus the gradient times the inverse Hessian, as the last moves know it (two-loop recursion)."""
    direction = -gradient
    shares = []
    for change, bend, curvature in reversed(moves):
        share = float(torch.dot(change, direction)) / curvature
        direction.sub_(bend, alpha=share)
        shares.append(share)
    if moves:
        _, bend, curvature = moves[-1]
        direction *= curvature / float(torch.dot(bend, bend))
    for (change, bend, curvature), share in zip(moves, reversed(shares), strict=True):
        direction.add_(change, alpha=share - float(torch.dot(bend, direction)) / curvature)
    return direction
