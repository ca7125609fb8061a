"""Recurrent nets over the words of a text (thesis, section 2.2)."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from shelver.features.batch import Batch
from shelver.models.part import Part
from shelver.models.reading import Reader
from shelver.models.tensors import floats


class Recurrent(Part):
    """The state after the last word, and that of a second net that reads backwards after the first word.

    An empty text gives zeros. How far a batch is padded changes nothing.

    Parameters
    ----------
    reader : Reader
        Gives the words.
    cell : str
        ``gru`` (Cho et al. 2014, arXiv:1406.1078) or ``lstm`` (Hochreiter & Schmidhuber 1997).
    units : int
        Size of a state.
    both_directions : bool
        Also read backwards.
    dropout : float
        Share of the states' numbers silenced in training.
    """

    def __init__(
        self,
        reader: Reader,
        cell: Literal["gru", "lstm"],
        units: int,
        both_directions: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        self.reader = reader
        kind = {"gru": nn.GRU, "lstm": nn.LSTM}[cell]
        self.cell = kind(reader.width, units, batch_first=True, bidirectional=both_directions)
        self.dropout, self.width = nn.Dropout(dropout), units * (2 if both_directions else 1)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Last states: shape (rows, width)."""
        words, lengths = self.reader(batch)
        if len(words) == 0:
            return torch.zeros(0, self.width, dtype=words.dtype, device=words.device)
        some = torch.from_numpy(np.maximum(lengths, 1))  # packing takes no empty texts: these read one zero
        _, last = self.cell(pack_padded_sequence(words, some, batch_first=True, enforce_sorted=False))
        states = last[0] if isinstance(last, tuple) else last  # (directions, rows, units); an LSTM also has cells
        together = states.transpose(0, 1).flatten(1) * floats(lengths > 0, words)[:, None]
        found: torch.Tensor = self.dropout(together)
        return found
