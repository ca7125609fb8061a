"""Convolutions over the words of a text (Kim 2014, arXiv:1408.5882; thesis, section 2.2)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from shelver.features.batch import Batch
from shelver.models.part import Part
from shelver.models.reading import Reader
from shelver.models.tensors import indices


class Convolutions(Part):
    """Filters of several widths over the words of one text, ReLU, and the greatest answer over time of each.

    A filter of width *w* sees the windows that lie within the text; a text shorter than *w* is one window, with zeros
    after its end. An empty text gives zeros. How far a batch is padded changes nothing.

    Parameters
    ----------
    reader : Reader
        Gives the words.
    widths : sequence of int
        Words that a filter sees at once.
    filters : int
        Filters of each width.
    dropout : float
        Share of answers silenced in training.
    """

    def __init__(self, reader: Reader, widths: Sequence[int], filters: int, dropout: float) -> None:
        super().__init__()
        self.reader = reader
        self.filters = nn.ModuleList([nn.Conv1d(reader.width, filters, width) for width in widths])
        self.widths, self.dropout, self.width = tuple(widths), nn.Dropout(dropout), filters * len(widths)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Answers of all filters: shape (rows, width)."""
        words, counts = self.reader(batch)
        lengths = indices(counts, words)
        channels = words.transpose(1, 2)  # (rows, dims, time)
        times = torch.arange(words.shape[1], device=words.device)
        found = []
        for width, layer in zip(self.widths, self.filters, strict=True):
            answers = functional.relu(layer(functional.pad(channels, (0, width - 1))))  # (rows, filters, time)
            last = (lengths - width).clamp(min=0)  # where the last window begins
            seen = (times <= last[:, None]) & (lengths[:, None] > 0)  # (rows, time)
            found.append((answers * seen[:, None]).amax(2))  # answers are 0 at least: 0 is like not being there
        together: torch.Tensor = self.dropout(torch.cat(found, dim=1))
        return together
