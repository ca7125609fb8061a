"""Find how several trained nets are best combined, on products that they were not trained on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from shelver.config.objectives import Kind
from shelver.features.split import Side
from shelver.models.combined import CombinedNet, Stack, log_probability
from shelver.training.examples import Examples, spread

FOLDS = 5
ROWS = 5000
"""Validation rows used at most."""
FEW = 20
"""With fewer validation labels, all members count the same."""
PULL = 1.0
"""Strength of the pull of stacked weights towards the mean, in labels."""


@torch.no_grad()
def combine(net: CombinedNet, examples: Examples, seed: int = 0) -> dict[str, list[float]]:
    """Set the weights of a combined net from the validation side; returns the members' weights by objective.

    ``average``: `mixture_weights`. ``stack``: `fit_stack`. Others have nothing to set, and equal weights.
    """
    net.eval()
    found = {}
    for name in net.objectives:
        rows = spread(examples.rows(name, Side.VALID), ROWS)
        if len(rows) >= FEW and net.how in ("average", "stack") and net.learns_weights:
            scores = torch.cat([net.member_scores(batch, name).cpu() for batch in examples.parts(rows, 1024)], dim=1)
            target, kind = examples.target(name, rows), examples.classes.kind(name)
            if net.how == "stack":
                fit_stack(net.stack_of(name), log_probability(scores.float(), kind), target, kind)
            else:
                weights = mixture_weights(outcome_probability(scores, target, kind), seed)
                net.get_buffer(f"weight_{name}").copy_(torch.from_numpy(weights))
        found[name] = [round(float(weight), 4) for weight in net.get_buffer(f"weight_{name}")]
    return found


def outcome_probability(scores: torch.Tensor, target: torch.Tensor, kind: Kind) -> npt.NDArray[np.float64]:
    """Probability that each member gave to what was right: float64, shape (members, rows) or (members, rows · classes).

    Parameters
    ----------
    scores : Tensor, shape (members, rows, classes)
        Logits of the members.
    target : Tensor, int64 (rows,) or float (rows, classes)
        What was right.
    kind : str
        ``multi_class`` or ``multi_label``.
    """
    if kind == "multi_class":
        logs = functional.log_softmax(scores.double(), dim=-1)
        return logs[:, torch.arange(len(target)), target].exp().numpy()
    signs = 2 * target.to(scores.dtype) - 1
    return torch.sigmoid(scores * signs).double().flatten(1).numpy()


def mixture_weights(probability: npt.NDArray[np.float64], seed: int = 0, folds: int = FOLDS) -> npt.NDArray[np.float64]:
    """Weights of a mean of probabilities, found by cross-validation.

    For each fold, the weights that make the other folds most probable are found by expectation maximisation (Dempster
    et al. 1977; the likelihood of mixture weights has one maximum); the mean over the folds is taken.

    Parameters
    ----------
    probability : ndarray of float64, shape (members, cases)
        What each member gave to what was right.
    seed : int
        Divides the cases into folds.
    folds : int
        How many; at least 2.

    Returns
    -------
    ndarray of float64, shape (members,)
        At least 0, sum 1.
    """
    members, cases = probability.shape
    fold = np.random.default_rng(seed).permutation(cases) % folds
    found = np.zeros(members)
    for left_out in range(folds):
        seen = np.maximum(probability[:, fold != left_out], 1e-12)
        weight = np.full(members, 1 / members)
        for _ in range(200):
            blame = weight[:, None] * seen
            updated = (blame / blame.sum(axis=0)).mean(axis=1)
            done = np.abs(updated - weight).max() < 1e-5
            weight = updated
            if done:
                break
        found += weight / folds
    return np.asarray(found / found.sum())


@torch.enable_grad()
def fit_stack(stack: Stack, scores: torch.Tensor, target: torch.Tensor, kind: Kind, pull: float = PULL) -> None:
    """Fit a stacked logistic regression, pulled towards the plain mean of the members.

    Minimises ``Σ loss + pull / 2 · (|W − 1/members|² + |b|²)`` by L-BFGS.

    Parameters
    ----------
    stack : Stack
        Is changed.
    scores : Tensor of float32, shape (members, rows, classes)
        Log probabilities of the members.
    target : Tensor, int64 (rows,) or float (rows, classes)
        What was right.
    kind : str
        ``multi_class`` or ``multi_label``.
    pull : float
        Strength of the pull, in labels.
    """
    weights = [stack.weight.requires_grad_(), stack.bias.requires_grad_()]
    optimizer = torch.optim.LBFGS(weights, max_iter=50, line_search_fn="strong_wolfe")
    mean = 1 / len(scores)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        logits = stack(scores)
        if kind == "multi_class":
            loss = functional.cross_entropy(logits, target, reduction="sum")
        else:
            loss = functional.binary_cross_entropy_with_logits(logits, target, reduction="sum")
        loss = loss + pull / 2 * ((stack.weight - mean).square().sum() + stack.bias.square().sum())
        torch.autograd.backward(loss)
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
