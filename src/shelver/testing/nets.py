"""What every net must do; a new net's test is one call of `check_net`."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import numpy as np
import torch
from safetensors.torch import load, save

from shelver.errors import ModelError
from shelver.features.batch import Bag, Batch
from shelver.models.base import BaseNet

CLOSE = 1e-9
"""Largest difference in float64 between a row's scores alone and among others; not bits, as the order in which a matrix
product adds up depends on its shape (see `shelver.training.predict.BLOCK`)."""


def check_net(net: BaseNet, batch: Batch) -> None:
    """Check that a net keeps its promises. The net itself is left as it is.

    Parameters
    ----------
    net : BaseNet
        The one to check; its weights may be zero.
    batch : Batch
        Inputs, best more than 7 different rows with missing and odd values.

    Raises
    ------
    AssertionError
        A promise is broken; the message says which.
    """
    exact = scrambled(net).double().eval()
    before = pickle.dumps(batch)
    with torch.no_grad():
        for objective in exact.objectives:
            _check_rows(exact, batch, objective)
            _check_nothing_known(exact, batch, objective)
            _check_head(exact, batch, objective)
        _check_saved(exact, net, batch)
    for objective in net.objectives:
        _check_steps(scrambled(net), batch, objective)
    used = {id(weight) for objective in net.objectives for weight in net.weights_of(objective)}
    _true(used == {id(w) for w in net.parameters() if w.requires_grad}, "a weight that no objective uses, or no part")
    _true(pickle.dumps(batch) == before, "the net changed its input")


def scrambled(net: BaseNet, seed: int = 0) -> BaseNet:
    """A copy of a net whose weights are random, so that no part is silent."""
    made = copy.deepcopy(net)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in made.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.3)
    return made


def nothing_known(batch: Batch) -> Batch:
    """As many rows: empty texts, unknown values, missing numbers, zero vectors, no rule that fired."""
    return Batch(
        batch.rows,
        {
            name: Bag(np.zeros(len(bag) + 1, np.int64), bag.ids[:0], bag.weights[:0], bag.size)
            for name, bag in batch.bags.items()
        },
        {name: np.zeros_like(values) for name, values in batch.categories.items()},
        {name: np.full_like(values, np.nan) for name, values in batch.numbers.items()},
        {name: np.zeros_like(values) for name, values in batch.vectors.items()},
        {name: np.zeros_like(values) for name, values in batch.sequences.items()},
    )


def padded(batch: Batch, more: int) -> Batch:
    """The same rows, with sequences that are padded further."""
    longer = {name: np.pad(values, ((0, 0), (0, more))) for name, values in batch.sequences.items()}
    return dataclasses.replace(batch, sequences=longer)


def _check_rows(net: BaseNet, batch: Batch, objective: str) -> None:
    """A row's scores depend on that row alone."""
    whole = net(batch, objective)
    _true(whole.dtype == torch.float64, f"{objective}: a net in float64 gives {whole.dtype}")
    _true(whole.ndim == 2 and len(whole) == batch.rows, f"{objective}: shape {tuple(whole.shape)}")
    _true(bool(whole.isfinite().all()), f"{objective}: scores that are no numbers")
    _true(torch.equal(net(batch, objective), whole), f"{objective}: another answer the second time")
    _close(net(padded(batch, 5), objective), whole, f"{objective}: longer padding")
    order = np.random.default_rng(0).permutation(batch.rows)
    _close(net(batch.take(order), objective), whole[torch.from_numpy(order)], f"{objective}: shuffled rows")
    for size in (1, 7):
        parts = [np.arange(start, min(start + size, batch.rows)) for start in range(0, batch.rows, size)]
        found = torch.cat([net(batch.take(rows), objective) for rows in parts])
        _close(found, whole, f"{objective}: batches of {size}")
    none = net(batch.take(np.arange(0)), objective)
    _true(none.shape == (0, whole.shape[1]), f"{objective}: no rows give the shape {tuple(none.shape)}")


def _check_nothing_known(net: BaseNet, batch: Batch, objective: str) -> None:
    """Products of which nothing is known all get the same finite scores, also among others."""
    empty = nothing_known(batch)
    found = net(empty, objective)
    _true(bool(found.isfinite().all()), f"{objective}: scores of unknown products are no numbers")
    _close(found, found[:1].expand_as(found), f"{objective}: unknown products differ")


def _check_head(net: BaseNet, batch: Batch, objective: str) -> None:
    """The embedding and the weights of the last layer fit together, or neither is there."""
    classes = net(batch, objective).shape[1]
    try:
        embedded = net.embed(batch)
    except ModelError:
        for ask in (lambda: net.head_weight(objective), lambda: net.width):
            try:
                ask()
            except ModelError as error:
                _true(error.hint != "", "the error does not say what to do")
            else:
                raise AssertionError("there is no embedding, but a width or weights of classes") from None
        return
    _true(embedded.shape == (batch.rows, net.width), f"embedding of shape {tuple(embedded.shape)}")
    weight = net.head_weight(objective)
    _true(weight.shape == (classes, net.width), f"{objective}: weights of classes of shape {tuple(weight.shape)}")
    bias = net.bias(objective)
    _true(bias is None or bias.shape == (classes,), f"{objective}: bias of another shape than ({classes},)")


def _check_saved(net: BaseNet, new: BaseNet, batch: Batch) -> None:
    """The state is all that there is to a net: put into another one, it answers the same."""
    other = scrambled(new, seed=1).double().eval()
    other.load_state_dict(load(save(net.state_dict())))
    for objective in net.objectives:
        _true(torch.equal(other(batch, objective), net(batch, objective)), f"{objective}: another answer after loading")


def _check_steps(net: BaseNet, batch: Batch, objective: str) -> None:
    """A step moves all that its objective uses, and nothing else; one row is enough for a step."""
    net.train()
    own = {id(weight) for weight in net.weights_of(objective)}
    _true({id(weight) for weight in net.pulled(objective)} <= own, f"{objective}: L2 pulls what it does not use")
    for rows in (batch.rows, 1):
        before = {name: weight.detach().clone() for name, weight in net.named_parameters()}
        fixed = {
            name: value.clone() for name, value in net.named_buffers() if "running" not in name and "num_" not in name
        }
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        logits = net(batch.take(np.arange(rows)), objective)
        (logits * torch.randn(logits.shape, generator=torch.Generator().manual_seed(2))).sum().backward()
        for name, weight in net.named_parameters():
            what = f"{objective}, {rows} rows: {name}"
            _true(
                (weight.grad is not None) == (id(weight) in own), f"{what}: a gradient where it should be none, or none"
            )
        optimizer.step()
        for name, weight in net.named_parameters():
            what = f"{objective}, {rows} rows: {name}"
            _true(id(weight) in own or torch.equal(weight, before[name]), f"{what} moved, but is of another objective")
            _true(bool(weight.isfinite().all()), f"{what} is no number any more")
        moved = any(not torch.equal(weight, before[name]) for name, weight in net.named_parameters())
        _true(moved, f"{objective}, {rows} rows: a step moved nothing")
        for name, value in net.named_buffers():
            _true(name not in fixed or torch.equal(value, fixed[name]), f"{objective}: a step moved the fixed {name}")


def _close(found: torch.Tensor, expected: torch.Tensor, how: str) -> None:
    _true(found.shape == expected.shape, f"{how}: shape {tuple(found.shape)}, not {tuple(expected.shape)}")
    apart = (found - expected).abs().max().item() if found.numel() else 0.0
    _true(apart <= CLOSE, f"{how}: scores differ by {apart}")


def _true(condition: bool, promise: str) -> None:
    if not condition:
        raise AssertionError(promise)
