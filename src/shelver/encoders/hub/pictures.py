"""Pictures as a model of a hub wants them: what its ``preprocessor_config.json`` says, done by Pillow and NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import BaseModel

from shelver.encoders.hub.source import Source
from shelver.errors import Reject, ShelverError
from shelver.images.decode import read_picture

FILES = ("preprocessor_config.json", "processor_config.json")
Pixels = npt.NDArray[np.float32]
"""Shape (3, height, width)."""


class Preparation(BaseModel):
    """Steps before the network, in this order.

    Attributes
    ----------
    shortest : int
        Resize so that the shorter edge has this length; 0: not.
    height, width : int
        Else resize to this; 0: not.
    crop : (int, int)
        Height and width of the part that is kept, from the middle; (0, 0): all.
    resample : int
        Pillow's filter.
    scale : float
        Factor for bytes 0-255.
    mean, deviation : (float, float, float)
        Subtracted from red, green and blue; divided by.
    """

    shortest: int = 0
    height: int = 0
    width: int = 0
    crop: tuple[int, int] = (0, 0)
    resample: int = int(Image.Resampling.BICUBIC)
    scale: float = 1 / 255
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    deviation: tuple[float, float, float] = (1.0, 1.0, 1.0)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of what the network gets: (3, height, width)."""
        return (3, *(self.crop if self.crop != (0, 0) else (self.height, self.width)))


def read_preparation(source: Source) -> Preparation:
    """Read the settings of the model's picture processor.

    Raises
    ------
    ShelverError
        There are none, or they do not give pictures of one fixed size.
    """
    for name in FILES:
        settings = source.read_json(name)
        settings = settings.get("image_processor", settings) if settings else None
        if settings and ("size" in settings or "image_mean" in settings):
            break
    else:
        raise ShelverError("the model does not say how it wants pictures", where=str(source.folder), expected=FILES[0])
    made = _preparation(settings)
    if 0 in made.shape:
        raise ShelverError(
            "the model takes pictures of any size, which Shelver cannot run",
            where=str(source.folder / name),
            expected="a size with height and width, or crop_size",
        )
    return made


def _preparation(settings: dict[str, Any]) -> Preparation:
    kind = str(settings.get("image_processor_type") or settings.get("feature_extractor_type") or "")
    values: dict[str, Any] = {"resample": settings.get("resample", int(Image.Resampling.BILINEAR))}
    size = settings.get("size") or {}
    cropped = settings.get("do_center_crop", False)
    if isinstance(size, int):  # as older versions wrote it
        size = {"shortest_edge": size} if cropped or kind.startswith("ConvNext") else {"height": size, "width": size}
    edge = size.get("shortest_edge", 0)
    if not settings.get("do_resize", True):
        size, edge = {}, 0
    crop = settings.get("crop_size") or {}
    crop = {"height": crop, "width": crop} if isinstance(crop, int) else crop
    if kind.startswith("ConvNext") and edge and "longest_edge" not in size:
        # Small sizes keep the proportions and lose the rim; large ones are squeezed.
        if edge < 384:
            values |= {"shortest": int(edge / settings.get("crop_pct", 224 / 256)), "crop": (edge, edge)}
        else:
            values |= {"height": edge, "width": edge}
    else:
        values |= {"shortest": edge, "height": size.get("height", 0), "width": size.get("width", 0)}
        if cropped and crop:
            values["crop"] = (crop["height"], crop["width"])
    values["scale"] = settings.get("rescale_factor", 1 / 255) if settings.get("do_rescale", True) else 1.0
    if settings.get("do_normalize", True):
        values |= {"mean": tuple(settings["image_mean"]), "deviation": tuple(settings["image_std"])}
    return Preparation(**values)


def prepare_picture(content: bytes | None, preparation: Preparation) -> Pixels | None:
    """Make a network's input of a picture file.

    Parameters
    ----------
    content : bytes or None
        The file as it is stored.
    preparation : Preparation
        The steps.

    Returns
    -------
    ndarray of float32, shape (3, height, width), or None
        None where there is no picture, or none that can be read.
    """
    picture = read_picture(content or b"")
    if isinstance(picture, Reject):
        return None
    return _pixels(_resized(picture, preparation), preparation)


def _resized(picture: Image.Image, preparation: Preparation) -> Image.Image:
    width, height = preparation.width, preparation.height
    if preparation.shortest:
        short, long = sorted(picture.size)
        longer = int(preparation.shortest * long / short)
        tall = picture.height >= picture.width
        width, height = (preparation.shortest, longer) if tall else (longer, preparation.shortest)
    if not width:
        return picture
    return picture.resize((width, height), Image.Resampling(preparation.resample))


def _pixels(picture: Image.Image, preparation: Preparation) -> Pixels:
    values = np.asarray(picture, np.float32) * np.float32(preparation.scale)  # (height, width, 3)
    _, height, width = preparation.shape
    if values.shape[:2] != (height, width):
        values = _middle(values, height, width)
    mean, deviation = (np.array(v, np.float32) for v in (preparation.mean, preparation.deviation))
    return np.ascontiguousarray(((values - mean) / deviation).transpose(2, 0, 1))


def _middle(values: Pixels, height: int, width: int) -> Pixels:
    """The middle part of (rows, columns, 3); black is put around what is too small."""
    missing = [max(0, wanted - have) for wanted, have in zip((height, width), values.shape[:2], strict=True)]
    if any(missing):
        around = [((gap + 1) // 2, gap // 2) for gap in missing]
        values = np.pad(values, [*around, (0, 0)])
    top, left = (values.shape[0] - height) // 2, (values.shape[1] - width) // 2
    return values[top : top + height, left : left + width]
