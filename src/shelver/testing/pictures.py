"""Made-up pictures: products as they look in shops, roughly, and files that are not as they should be."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SHAPES = ("square", "disc", "triangle", "cross")


def draw(shape: str, colour: tuple[int, int, int], size: tuple[int, int] = (80, 80), share: float = 0.6) -> Image.Image:
    """A shape in the middle of a white picture.

    Parameters
    ----------
    shape : str
        One of `SHAPES`.
    colour : tuple of int
        Red, green, blue.
    size : tuple of int
        Width and height in pixels.
    share : float
        Of the shorter side that the shape takes.
    """
    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    (x, y), half = (size[0] / 2, size[1] / 2), share * min(size) / 2
    box = (x - half, y - half, x + half, y + half)
    if shape == "square":
        pen.rectangle(box, fill=colour)
    elif shape == "disc":
        pen.ellipse(box, fill=colour)
    elif shape == "triangle":
        pen.polygon([(x, y - half), (x - half, y + half), (x + half, y + half)], fill=colour)
    else:
        pen.rectangle((x - half, y - half / 3, x + half, y + half / 3), fill=colour)
        pen.rectangle((x - half / 3, y - half, x + half / 3, y + half), fill=colour)
    return picture


def product_picture(rng: np.random.Generator) -> Image.Image:
    """A picture with what product pictures have: shapes, shades, a weave and soft edges, on white or a plain ground."""
    width, height = (int(side) for side in rng.integers(60, 320, 2))
    picture = draw(str(rng.choice(SHAPES)), _colour(rng), (width, height), float(rng.uniform(0.4, 0.95)))
    for _ in range(int(rng.integers(0, 4))):
        patch = draw(str(rng.choice(SHAPES)), _colour(rng), (width, height), float(rng.uniform(0.1, 0.4)))
        mask = patch.convert("L").point(lambda level: 255 if level < 250 else 0)
        shift = (int(rng.integers(-width // 4, width // 4)), int(rng.integers(-height // 4, height // 4)))
        picture.paste(patch, shift, mask)
    levels = np.asarray(picture, np.float32)
    inside = (levels < 250).any(axis=2, keepdims=True)
    rows, columns = np.mgrid[0:height, 0:width]
    weave = np.sin(rows * rng.uniform(0.1, 2)) * np.sin(columns * rng.uniform(0.1, 2)) * rng.uniform(0, 40)
    shade = np.linspace(rng.uniform(-60, 0), rng.uniform(0, 60), width)[None, :]
    ground = 255 if rng.random() < 0.6 else rng.integers(120, 255)
    levels = np.where(inside, levels + (weave + shade)[..., None] + rng.normal(0, 6, levels.shape), ground)
    made = Image.fromarray(levels.clip(0, 255).astype(np.uint8))
    return made.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 1.5))))


def stored(picture: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """A picture as a file: JPEG, PNG, WEBP or GIF."""
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def product_pictures(count: int, seed: int = 0) -> list[bytes]:
    """Files with made-up product pictures of several formats and sizes."""
    rng = np.random.default_rng(seed)
    kinds = ("JPEG", "JPEG", "PNG", "WEBP", "GIF")
    return [stored(product_picture(rng), kinds[i % len(kinds)]) for i in range(count)]


def odd_pictures() -> Mapping[str, bytes]:
    """Files that can be read, of all sorts."""
    plain = draw("disc", (200, 30, 30), (40, 90))
    clear = plain.convert("RGBA")
    clear.putalpha(plain.convert("L").point(lambda level: 255 - level))
    turned = Image.Exif()
    turned[0x0112] = 6  # orientation: to be turned by 90 degrees
    return {
        "one pixel": stored(Image.new("RGB", (1, 1), "red"), "PNG"),
        "a line": stored(Image.new("RGB", (1000, 1), "blue"), "PNG"),
        "transparent": stored(clear, "PNG"),
        "palette": stored(plain.quantize(8), "PNG"),
        "transparent palette": stored(plain.quantize(8), "PNG", transparency=0),
        "grey": stored(plain.convert("L")),
        "grey and transparent": stored(clear.convert("LA"), "PNG"),
        "16 bit": stored(Image.fromarray(np.arange(900, dtype=np.uint16).reshape(30, 30) * 60), "PNG"),
        "CMYK": stored(plain.convert("CMYK")),
        "turned": stored(plain, exif=turned),
        "animated": stored(plain, "GIF", save_all=True, append_images=[draw("cross", (0, 0, 0), (40, 90))]),
        "bitmap": stored(plain, "BMP"),
        "large": stored(draw("cross", (10, 90, 10), (1500, 900))),
    }


def broken_pictures() -> Mapping[str, bytes | None]:
    """No picture, and files that cannot be read."""
    whole, png = stored(product_picture(np.random.default_rng(7))), stored(draw("disc", (1, 2, 3)), "PNG")
    return {
        "none": None,
        "empty": b"",
        "text": b"<html>404</html>",
        "cut off": whole[: len(whole) // 2],
        "head alone": whole[:20],
        "damaged": png[:60] + bytes(20) + png[80:],
        "another format": stored(draw("disc", (1, 2, 3)), "TIFF"),
        "bomb": bomb(),
    }


def bomb(side: int = 60_000) -> bytes:
    """A small PNG file whose header says that it has side × side pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _colour(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(level) for level in rng.integers(0, 240, 3))
    return red, green, blue
