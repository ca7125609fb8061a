"""The bytes of a picture file → pixels of a fixed size; nothing a file says is trusted."""

from __future__ import annotations

import io
import struct
import warnings
from typing import TypeAlias
from zlib import error as ZlibError  # noqa: N812 (a class)

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError, features

from shelver.errors import Reject

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""Shape (3, size, size), uint8: red, green, blue."""

FORMATS = tuple(
    kind for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF") if kind != "AVIF" or features.check("avif")
)
"""Formats that are read, whatever a file's name says; each further parser would be one more thing to attack."""
MAX_PIXELS = 50_000_000
"""A picture with more, by its header, is not unpacked."""
WHITE = (255, 255, 255)

BROKEN = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, struct.error, ZlibError, RuntimeError,
    AttributeError, ArithmeticError,
)  # fmt: skip
"""What Pillow's readers raise on damaged files."""

# Pillow warns of odd headers; what cannot be read is refused with a reason. (`catch_warnings` is not for threads.)
warnings.filterwarnings("ignore", module=r"PIL\.")

FIELD = "image"
EMPTY = Reject(FIELD, "empty, or cannot be read")
NOT_A_PICTURE = Reject(FIELD, f"not a picture ({', '.join(FORMATS)})")
TOO_LARGE = Reject(FIELD, f"more than {MAX_PIXELS // 1_000_000} million pixels")
DAMAGED = Reject(FIELD, "damaged or cut off")


def read_pixels(content: bytes, size: int) -> Pixels | Reject:
    """Read a picture and fit it into a square.

    Parameters
    ----------
    content : bytes
        The file. Of animations, the first frame is taken; what is transparent becomes white; a turn noted by the
        camera (EXIF) is made.
    size : int
        Height and width wanted, in pixels.

    Returns
    -------
    ndarray of uint8, shape (3, size, size), or Reject
        Or why the file was refused.

    Notes
    -----
    The whole picture is kept: its longer side is scaled to `size` (bilinear, as the networks were trained) and the
    rest is white, as product pictures are around the product. The networks' authors cut out the middle 7/8 of the
    shorter side, which takes heels and hems off tall product pictures.
    """
    picture = read_picture(content, 2 * size)
    if isinstance(picture, Reject):
        return picture
    scale = size / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    if (width, height) != picture.size:
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    square = np.full((size, size, 3), 255, np.uint8)
    left, top = (size - width) // 2, (size - height) // 2
    square[top : top + height, left : left + width] = np.asarray(picture)
    return np.ascontiguousarray(square.transpose(2, 0, 1))


def read_header(content: bytes) -> tuple[str, int, int] | Reject:
    """What the header of a picture says, without unpacking any pixel.

    Parameters
    ----------
    content : bytes
        The file.

    Returns
    -------
    (str, int, int) or Reject
        Format (one of `FORMATS`), width and height in pixels as stored, however many; or why there are none.
    """
    if not content:
        return EMPTY
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            return str(opened.format), opened.width, opened.height
    except UnidentifiedImageError:
        return NOT_A_PICTURE
    except Image.DecompressionBombError:
        return TOO_LARGE
    except BROKEN:
        return DAMAGED


def read_picture(content: bytes, enough: int = 0) -> Image.Image | Reject:
    """Read a picture in its own size, red, green and blue.

    Parameters
    ----------
    content : bytes
        The file; see `read_pixels`.
    enough : int
        Of a large JPEG, only as many pixels are unpacked as sides of this length need; 0: all.

    Returns
    -------
    Image or Reject
        Or why the file was refused.
    """
    if not content:
        return EMPTY
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                return TOO_LARGE
            if enough:
                opened.draft("RGB", (enough, enough))
            opened.load()
            return _on_white(_upright(opened))
    except UnidentifiedImageError:
        return NOT_A_PICTURE
    except Image.DecompressionBombError:
        return TOO_LARGE
    except BROKEN:
        return DAMAGED


def _upright(picture: Image.Image) -> Image.Image:
    """Turned as EXIF says; a damaged EXIF says nothing."""
    try:
        return ImageOps.exif_transpose(picture)
    except BROKEN:
        return picture


def _on_white(picture: Image.Image) -> Image.Image:
    """Any mode → RGB, transparent parts on white."""
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        paper = Image.new("RGB", picture.size, WHITE)
        paper.paste(picture, mask=picture.getchannel("A"))
        return paper
    if picture.mode.startswith("I;16"):
        picture = picture.point(lambda level: level / 256).convert("L")
    return picture if picture.mode == "RGB" else picture.convert("RGB")
