"""What an exported model's folder holds."""

from __future__ import annotations

from pydantic import BaseModel

from shelver.encoders.base import Modality
from shelver.encoders.hub.pictures import Preparation

RECIPE, GRAPH, TOKENIZER = "encoder.json", "model.onnx", "tokenizer.json"
TEXTS, PICTURES = 8, 1
"""Rows in every call of the graph; one picture alone keeps the processors busy."""


class Recipe(BaseModel):
    """What is needed beside graph and tokeniser to encode; ``encoder.json``.

    Attributes
    ----------
    name : str
        The encoder's name, with version.
    source : str
        The model's name in the settings when it was exported.
    modality : "text" or "image"
    dims : int
        Length of a vector.
    sha256 : dict of str to str
        Of the other files.
    lower : bool
        Texts are put in small letters.
    prompt : str
        Put before each text.
    preparation : Preparation, optional
        Of pictures.
    """

    name: str
    source: str
    modality: Modality
    dims: int
    sha256: dict[str, str]
    lower: bool = False
    prompt: str = ""
    preparation: Preparation | None = None
