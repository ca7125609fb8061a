"""Losses, as plain functions of scores and targets: the mean over rows, in nats."""

from __future__ import annotations

import torch
from torch.nn import functional

FREQUENCY = 0.5
"""Share of the right labels that are there, if nobody says better; see `positive_unlabelled`."""


def cross_entropy(logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor | None = None) -> torch.Tensor:
    """Cross-entropy of a softmax: ``mean over rows of −w_y · log softmax(z)_y``.

    Parameters
    ----------
    logits : Tensor of float, shape (rows, classes)
        Scores *z*.
    target : Tensor of int64, shape (rows,)
        Right class *y* of each row.
    weight : Tensor of float, shape (classes,), optional
        Weight *w* of the rows of each class; 1 if not given.
    """
    if weight is None:
        return functional.cross_entropy(logits, target)
    return functional.cross_entropy(logits, target, weight, reduction="sum") / len(logits)


def binary_cross_entropy(
    logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor | None = None
) -> torch.Tensor:
    """Binary cross-entropy of a sigmoid per class (thesis, eq. 2.3), summed over classes and averaged over rows.

    Parameters
    ----------
    logits : Tensor of float, shape (rows, classes)
        Scores.
    target : Tensor of float, shape (rows, classes)
        1 where the class is right, else 0; between them where it is right with that probability.
    weight : Tensor of float, shape (classes,), optional
        Weight of each class; 1 if not given.
    """
    return functional.binary_cross_entropy_with_logits(logits, target, weight, reduction="sum") / len(logits)


def balanced_weights(counts: torch.Tensor, beta: float | None = None) -> torch.Tensor:
    """Weights of classes by their effective number of labels (Cui et al. 2019, arXiv:1901.05555, eq. 2 and 4).

    ``w_k ∝ (1 − β) / (1 − β^n_k)`` for a class with *n_k* labels: like ``1 / n_k`` for a rare class, but the same for
    all classes that have much more than ``N = 1 / (1 − β)`` labels. They are scaled so that the mean weight of a label
    is 1, ``Σ n_k w_k = Σ n_k``: the loss keeps its size beside weight decay and other losses. (The paper scales to
    ``Σ w_k`` = number of classes.)

    Parameters
    ----------
    counts : Tensor of int or float, shape (classes,)
        Labels of each class. A class without any weighs as much as one with a single label.
    beta : float, optional
        Between 0 (all classes weigh the same) and 1 (``1 / n_k``). If not given, *N* is the mean number of labels of
        the classes that have some, so the weights do not depend on the size of the data set.

    Returns
    -------
    Tensor of float32, shape (classes,)

    Raises
    ------
    ValueError
        `beta` is not in [0, 1].
    """
    n = counts.double().clamp(min=1)
    seen = counts.sum().double()
    if beta is None:
        beta = 1 - 1 / max(1.0, float(seen / max(1, int((counts > 0).sum()))))
    if not 0 <= beta <= 1:
        raise ValueError(f"beta is {beta}; expected a number from 0 to 1")
    weight = 1 / n if beta == 1 else (1 - beta) / -torch.expm1(n * torch.log(torch.tensor(beta, dtype=n.dtype)))
    total = (counts * weight).sum()
    return (weight * seen / total if total > 0 else torch.ones_like(weight)).float()


def positive_unlabelled(
    logits: torch.Tensor, target: torch.Tensor, frequency: torch.Tensor | float = FREQUENCY
) -> torch.Tensor:
    """Loss for labels of which some are missing: 1 is a yes, but 0 is not a no.

    With *f* = sigmoid(z) the probability that the class is right, *c* the label frequency (how likely a right label is
    there) and *s* the target, summed over classes and averaged over rows::

        −s · (2 / c − 1) · log f − (1 − s) · log(1 − c · f)

    The second term is the likelihood of a missing label where right labels are missing at random: *c · f* is the
    probability of a label (Elkan & Noto 2008, lemma 1). It is at most −log(1 − c), so a product that surely belongs
    to a class without a label costs little, while plain cross-entropy would cost ever more. The weight of the first
    term lets a label speak for those that are missing (Qaraei et al. 2021, "Convex surrogates for unbiased loss
    functions in extreme classification with missing labels": a convex bound of the unbiased loss of Natarajan et al.
    2017). With *c* = 1 this is `binary_cross_entropy`.

    Parameters
    ----------
    logits : Tensor of float, shape (rows, classes)
        Scores *z*.
    target : Tensor of float, shape (rows, classes)
        1 where there is a label, else 0.
    frequency : Tensor of float, shape (classes,), or float
        Label frequency *c* of each class, or of all: above 0, at most 1.
        `shelver.models.unlabelled.label_frequency` estimates it; see also Notes.

    Notes
    -----
    For products that look the same and bear the label with probability *g*, the loss is least at
    ``f = min(1, g · a / (c · (1 − g + g · a)))`` with ``a = 2 / c − 1``, which passes 0.5 at ``g = 1 / (1 + a²)``: with
    *c* = 0.5 the answer is yes where one in ten bears the label. That suits rules, whose labels follow from the text:
    there *g* is either small or near the true frequency, so *c* need not be exact. It does not suit labels that are
    uncertain by nature, such as conversions: there it would say yes too often.

    The non-negative risk of Kiryo et al. 2017 (arXiv:1703.00593, eq. 6) was tried instead: it needs positives of every
    class in every batch, which hundreds of rare classes do not have, and did worse in the mean over classes.
    """
    c = torch.as_tensor(frequency, dtype=logits.dtype, device=logits.device)
    yes = -functional.logsigmoid(logits)  # −log f
    no = -functional.logsigmoid(-logits)  # −log(1 − f)
    missing = -torch.logaddexp(-no, torch.log1p(-c) - yes)  # −log(1 − c f), as 1 − c f = (1 − f) + (1 − c) f
    return torch.sum(target * (2 / c - 1) * yes + (1 - target) * missing) / len(logits)


def tree_distance(
    logits: torch.Tensor, target: torch.Tensor, distances: torch.Tensor, strength: float = 1.0
) -> torch.Tensor:
    """Cross-entropy plus the Wasserstein distance between answer and truth (thesis, 2.3): near misses cost less.

    ``mean over rows of −log p_y + strength · Σ_k p_k D[y, k]`` with *p* = softmax(z). All mass of the truth lies on
    *y*, so the only transport plan moves all of *p* there: the sum is the Wasserstein-1 distance (Frogner et al. 2015,
    arXiv:1506.05439, eq. 3) itself, and no Sinkhorn iteration is needed to find it. It is bounded, so its gradient
    vanishes where a wrong class is sure; the cross-entropy's does not.

    Parameters
    ----------
    logits : Tensor of float, shape (rows, classes)
        Scores *z*.
    target : Tensor of int64, shape (rows,)
        Right class *y* of each row.
    distances : Tensor of float, shape (classes, classes)
        Cost *D* of moving probability from one class to another; see `shelver.models.distances`.
    strength : float
        Nats that a distance of 1 costs.
    """
    moved = (torch.softmax(logits, dim=1) * distances[target]).sum(dim=1)  # (rows,)
    return functional.cross_entropy(logits, target) + strength * moved.mean()
