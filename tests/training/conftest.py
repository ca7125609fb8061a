"""The data set of the toy catalogue, and a way to train on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shelver.config import BUILT_IN, Linear, Training
from shelver.files import Files
from shelver.models.folder import build_net
from shelver.pipeline.prepare import dataset
from shelver.training.checkpoint import Checkpoints
from shelver.training.examples import Examples
from shelver.training.loop import train
from shelver.training.objectives import make_learners
from shelver.training.start import start


@pytest.fixture
def examples(plain_toy) -> Examples:
    """Rows of the toy catalogue, with all labels; of this test alone."""
    return dataset(plain_toy[1]).examples


@pytest.fixture
def vector_examples(vector_toy) -> Examples:
    """The same with vectors."""
    return dataset(vector_toy[1]).examples


@pytest.fixture
def fit(tmp_path) -> Callable:
    """Train a new net; gives the net and its history."""

    def run(
        examples,
        settings=None,
        spec=None,
        *,
        folder="checkpoints",
        progress=None,
        encode=None,
        fingerprint="f",
        objectives=None,
    ):
        settings, spec = settings or Training(epochs=4, min_steps=5), spec or Linear()
        known = objectives or {name: BUILT_IN[name] for name in settings.objectives}
        net = build_net(spec, examples.transform, examples.classes, known, settings.seed)
        start(net, examples, lambda name: encode)
        learners = make_learners(known, examples, net.prior.words if net.prior else None)
        checkpoints = Checkpoints(Files(tmp_path / folder), fingerprint)
        return net, train(net, examples, settings, learners, checkpoints, progress or (lambda history, line: None))

    return run
