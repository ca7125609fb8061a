"""Train models on the labels there are, each without some of them, and note what they say about those."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from shelver.labelling.accuracy import ENOUGH, Bools, Doubles
from shelver.labelling.advice import answers_of
from shelver.labelling.candidates import Floats, Ints
from shelver.labelling.crossfit import Learner, Model, cross_fit, parts_of, sizes_of, steps_back
from shelver.labelling.stopping import ROUNDS
from shelver.training.calibrate import fit_temperature

PARTS = 5
"""Models that share the judging of all labels."""
MANY = 0.3
"""Share of drawn labels from which on leaving out a fifth of them would leave out too much to learn from."""
STOP_SET = 2000
"""Products on which successive models are compared."""


@dataclass(frozen=True)
class Checkup:
    """What models said about products whose labels they had not seen.

    Attributes
    ----------
    model : Model
        Learnt from all labels.
    temperature : float
        Divides scores so that probabilities mean what they say; found on the draws.
    drawn : Floats, shape (draws, classes)
        Probabilities of the products drawn at random, by models without them, not yet calibrated.
    every : Floats, shape (labels, classes)
        The same of all labelled products.
    sizes : ndarray of float64, shape (sizes,)
        Numbers of labels learnt from, ascending; the last is that of `drawn`.
    right : ndarray of bool, shape (draws, sizes)
        Right answers about the draws after so many labels.
    settled : tuple of ndarray of int64, shape (products,)
        Answers of the last models, a round of labels apart, on the same products without a label; oldest first.
    """

    model: Model
    temperature: float
    drawn: Floats
    every: Floats
    sizes: Doubles
    right: Bools
    settled: tuple[Ints, ...]

    def judged(self) -> tuple[Ints, Doubles]:
        """Answers about the draws and their calibrated probabilities: shapes (draws,)."""
        return answers_of(self.drawn, self.temperature)


def check_up(
    learner: Learner, places: Ints, answers: Ints, drawn: Bools, left: Ints, batch: int, seed: int = 0
) -> Checkup:
    """Train and judge; about 40 models, fewer while there are few draws.

    Parameters
    ----------
    learner : Learner
        Trains the models.
    places, answers : ndarray of int64, shape (labels,)
        Labels, in the order in which they came; at least one.
    drawn : ndarray of bool, shape (labels,)
        Was the product drawn at random from those without a label?
    left : ndarray of int64, shape (any,)
        Places of products without a label: all, or a uniform sample.
    batch : int
        Labels in a round.
    seed : int
        Seed of models and parts.
    """
    rng = np.random.default_rng(seed)
    labels, draws = len(places), int(drawn.sum())
    everything, alone = np.ones(labels, np.bool_), np.arange(labels)
    model = learner.fit(places, answers, seed)
    parts = parts_of(everything, alone, min(PARTS, labels), rng)
    every = cross_fit(learner, places, answers, parts, everything, seed=seed)
    shown, sizes, right = every[drawn], np.asarray([float(labels)]), np.zeros((draws, 1), np.bool_)
    if draws:
        held = parts_of(drawn, alone, min(draws, PARTS if draws < MANY * labels else 2 * PARTS), rng)
        shown = cross_fit(learner, places, answers, held, drawn, seed=seed)
        right = (shown.argmax(1) == answers[drawn])[:, None]
    if draws >= ENOUGH:
        firsts = sizes_of(labels)
        found = [cross_fit(learner, places, answers, held, drawn, n, seed).argmax(1) for n in firsts[:-1]]
        right = np.stack([*(each == answers[drawn] for each in found), right[:, 0]], axis=1)
        sizes = np.asarray([_learnt(held, first) for first in firsts])
    judged = (shown, answers[drawn]) if draws >= ENOUGH else (every, answers)
    logits = torch.from_numpy(np.log(np.maximum(judged[0], 1e-9)))
    temperature = fit_temperature(logits, torch.from_numpy(judged[1]), "multi_class")
    stop_set = np.sort(rng.permutation(left)[:STOP_SET])
    back = list(steps_back(labels, batch, ROUNDS))
    settled = [learner.fit(places[:n], answers[:n], seed).probabilities(stop_set).argmax(1) for n in back[:-1]]
    settled.append(model.probabilities(stop_set).argmax(1))
    return Checkup(model, temperature, shown, every, sizes, right, tuple(settled))


def _learnt(held: Ints, first: int) -> float:
    """Labels that a model learns from on average, of so many of the first, without its own part."""
    own = np.bincount(held[:first][held[:first] >= 0], minlength=int(held.max()) + 1)
    return float(first - own.mean())
