"""`check_net` finds nets that break their promises."""

import copy

import pytest
import torch
from small import KINDS, batch, make

from shelver.models.nets import Net
from shelver.models.reading import Reader
from shelver.models.towers import DenseTower
from shelver.testing.nets import check_net


def broken(kind, name, value):
    """A net of a class of its own, with another method."""
    net = copy.deepcopy(make(KINDS[kind]))
    net.__class__ = type("Broken", (Net,), {name: value})
    return net


def test_a_net_that_looks_at_its_neighbours():
    net = broken("linear", "forward", lambda self, given, name: Net.forward(self, given, name).cumsum(0))
    with pytest.raises(AssertionError, match=r"exclusive: (shuffled|batches)"):
        check_net(net, batch(9))


def test_a_net_that_counts_padding(monkeypatch):
    def read(self, given):
        words = given.sequences[self.name]
        return torch.nn.functional.embedding(torch.from_numpy(words), self.words.weight), (words >= 0).sum(axis=1)

    monkeypatch.setattr(Reader, "forward", read)
    with pytest.raises(AssertionError, match="padding"):
        check_net(make(KINDS["rnn"]), batch(9))


def test_a_net_that_says_it_uses_less_than_it_does():
    def less(self, name):
        return [weight for weight in Net.weights_of(self, name) if name != "keys" or weight.ndim > 1]

    with pytest.raises(AssertionError, match="a gradient where it should be none"):
        check_net(broken("mlp", "weights_of", less), batch(9))


def test_a_net_that_says_it_uses_more_than_it_does():
    with pytest.raises(AssertionError, match="a gradient where it should be none, or none"):
        check_net(broken("mlp", "weights_of", lambda self, name: list(self.parameters())), batch(9))


def test_a_net_that_keeps_a_weight_from_its_state():
    net = make(KINDS["mlp"])
    net.factor = 1.0

    class Forgetful(Net):
        def forward(self, given, name):
            return Net.forward(self, given, name) * self.factor

        def load_state_dict(self, state):
            self.factor = 2.0
            return super().load_state_dict(state)

    net.__class__ = Forgetful
    with pytest.raises(AssertionError, match="after loading"):
        check_net(net, batch(9))


def test_a_net_that_cannot_bear_missing_numbers(monkeypatch):
    def raw(self, given):
        prices = torch.from_numpy(given.numbers["price"]).to(self.like)
        found = self.inputs.dense(given).to(self.like)
        return found + prices[:, None] * 0

    monkeypatch.setattr(DenseTower, "forward", raw)
    with pytest.raises(AssertionError, match="no numbers"):
        check_net(make(KINDS["mlp"]), batch(9))


def test_a_net_that_fails_on_a_single_row(monkeypatch):
    monkeypatch.setattr("shelver.models.hidden.BatchNorm.forward", torch.nn.BatchNorm1d.forward)
    with pytest.raises(ValueError, match="more than 1 value"):
        check_net(make(KINDS["wide_deep"]), batch(9))


def test_a_net_that_changes_its_input():
    def greedy(self, given, name):
        given.vectors["vector"][:] = 0
        return Net.forward(self, given, name)

    with pytest.raises(AssertionError, match="changed its input"):
        check_net(broken("linear", "forward", greedy), batch(9))
