"""Text → vectors by frozen, pretrained encoders; the same text always gives the same bits.

`open_encoder` is what most code needs; `registry.ENCODERS` is the place to add one.
"""

from shelver.encoders.base import Encoder, Vectors, half, unit_rows
from shelver.encoders.cache import CachedEncoder
from shelver.encoders.registry import ENCODERS, RoundedEncoder, load_encoder, open_encoder
from shelver.encoders.stage import EncodeStage

__all__ = [
    "ENCODERS",
    "CachedEncoder",
    "EncodeStage",
    "Encoder",
    "RoundedEncoder",
    "Vectors",
    "half",
    "load_encoder",
    "open_encoder",
    "unit_rows",
]
