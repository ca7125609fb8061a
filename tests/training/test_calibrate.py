import numpy as np
import pytest
import torch

from shelver.training.calibrate import fit_temperature


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_the_temperature_undoes_a_scale(factor):
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.normal(size=(20_000, 7)) * 2)
    target = torch.from_numpy((logits.numpy() + rng.gumbel(size=logits.shape)).argmax(axis=1))
    assert fit_temperature(logits * factor, target, "multi_class") == pytest.approx(factor, rel=0.05)


def test_of_independent_answers_too():
    rng = np.random.default_rng(1)
    logits = torch.from_numpy(rng.normal(size=(5000, 3)) * 2)
    target = torch.from_numpy((rng.random(logits.shape) < torch.sigmoid(logits).numpy()).astype(np.float32))
    assert fit_temperature(logits * 3, target, "multi_label") == pytest.approx(3, rel=0.06)


def test_few_rows_move_it_little():
    logits = torch.tensor([[9.0, 0.0]])
    assert 1 < fit_temperature(logits, torch.tensor([1]), "multi_class") < 4
    assert fit_temperature(torch.empty(0, 2), torch.empty(0, dtype=torch.int64), "multi_class") == 1.0
    assert 0.3 < fit_temperature(logits, torch.tensor([0]), "multi_class") <= 1.001
