import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shelver.config import Sequence
from shelver.features.batch import Batch
from shelver.models.cnn import Convolutions
from shelver.models.reading import Reader
from shelver.models.rnn import Recurrent

SIZE, DIMS = 9, 4


def reader():
    return Reader("words", SIZE, Sequence(dims=DIMS)).double()


def read(part, rows, more=0):
    length = max(map(len, rows), default=0) + more
    words = np.zeros((len(rows), length), np.int64)
    for i, row in enumerate(rows):
        words[i, : len(row)] = row
    with torch.no_grad():
        return part(Batch(len(rows), sequences={"words": words})).numpy()


@pytest.fixture(scope="module")
def cnn():
    torch.manual_seed(0)
    return Convolutions(reader(), (1, 2, 3), 5, 0.5).double().eval()


def cells():
    torch.manual_seed(0)
    return {
        (cell, both): Recurrent(reader(), cell, 5, both, 0.5).double().eval()
        for cell in ("gru", "lstm")
        for both in (True, False)
    }


CELLS = cells()
TEXTS = st.lists(st.lists(st.integers(1, SIZE - 1), max_size=7), max_size=6)


def slow_convolutions(part, row):
    table, found = part.reader.words.weight.detach().numpy(), []
    vectors = [table[word] for word in row]
    for width, layer in zip(part.widths, part.filters, strict=True):
        kernel, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()  # (filters, dims, width)
        filled = vectors + [np.zeros(DIMS)] * (width - len(vectors))
        best = np.zeros(len(bias))
        for start in range(len(filled) - width + 1 if row else 0):
            window = np.stack(filled[start : start + width], axis=1)
            best = np.maximum(best, (kernel * window).sum(axis=(1, 2)) + bias)
        found.append(best)
    return np.concatenate(found)


@given(TEXTS, st.integers(0, 4))
def test_convolutions_against_a_slow_reference(cnn, rows, more):
    found = read(cnn, rows, more)
    assert found.shape == (len(rows), 15)
    np.testing.assert_allclose(found, [slow_convolutions(cnn, row) for row in rows] or np.zeros((0, 15)), atol=1e-12)


def one_cell(part, row, backwards):
    """States of one direction, by torch's cells, one word after the other."""
    kind = {"GRU": torch.nn.GRUCell, "LSTM": torch.nn.LSTMCell}[type(part.cell).__name__]
    cell = kind(DIMS, 5).double()
    end = "_reverse" if backwards else ""
    with torch.no_grad():
        for name, weight in cell.named_parameters():
            weight.copy_(part.cell.get_parameter(f"{name}_l0{end}"))
        state = None
        for word in row[::-1] if backwards else row:
            state = cell(part.reader.words.weight[word][None], state)
    state = torch.zeros(1, 5) if state is None else state
    return (state[0] if isinstance(state, tuple) else state)[0].numpy()


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
@given(rows=TEXTS, more=st.integers(0, 4))
def test_recurrent_nets_against_single_cells(cell, both, rows, more):
    part = CELLS[cell, both]
    found = read(part, rows, more)
    assert found.shape == (len(rows), 10 if both else 5)
    for answer, row in zip(found, rows, strict=True):
        expected = [one_cell(part, row, False), *([one_cell(part, row, True)] if both else [])]
        np.testing.assert_allclose(answer, np.concatenate(expected), atol=1e-12)


@pytest.mark.parametrize("name", ["cnn", "gru", "lstm"])
def test_empty_texts_give_zeros_and_order_matters(name, cnn):
    part = cnn if name == "cnn" else CELLS[name, True]
    found = read(part, [[], [3, 4, 5], [5, 4, 3], []])
    assert (found[[0, 3]] == 0).all()
    assert not np.allclose(found[1], found[2])
    assert (read(part, [[], []]) == 0).all()


def test_nothing_is_learnt_for_padding():
    torch.manual_seed(0)
    part = Convolutions(reader(), (3,), 50, 0.0).double()
    words = np.array([[2, 0, 0], [3, 4, 0]])
    part(Batch(2, sequences={"words": words})).sum().backward()
    moved = part.reader.words.weight.grad.abs().sum(1) > 0
    assert not moved[0]
    assert moved[[2, 3, 4]].all()


def test_dropout_only_in_training(cnn):
    words = [[3, 4, 5]]
    assert np.array_equal(read(cnn, words), read(cnn, words))
    cnn.train()
    assert any(not np.array_equal(read(cnn, words), read(cnn, words)) for _ in range(5))
    cnn.eval()
