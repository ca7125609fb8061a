import random

import numpy as np
import pytest
from PIL import Image, features

from shelver.errors import Reject
from shelver.images.decode import BROKEN, DAMAGED, EMPTY, MAX_PIXELS, NOT_A_PICTURE, TOO_LARGE, read_pixels
from shelver.testing.pictures import bomb, broken_pictures, draw, odd_pictures, product_pictures, stored

RED, WHITE = (200, 30, 30), (255, 255, 255)


def middle(pixels):
    return tuple(int(level) for level in pixels[:, pixels.shape[1] // 2, pixels.shape[2] // 2])


def near(found, expected, by=12):
    return all(abs(a - b) <= by for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("name", [name for name in odd_pictures() if name not in ("large", "a line")])
def test_all_sorts_can_be_read(name):
    pixels = read_pixels(odd_pictures()[name], 64)
    assert pixels.shape == (3, 64, 64)
    assert pixels.dtype == np.uint8
    grey = {"grey": (81,) * 3, "grey and transparent": (136,) * 3, "16 bit": (105,) * 3}
    expected = {"one pixel": (255, 0, 0), "transparent": (217, 101, 101), **grey}.get(name, RED)
    assert near(middle(pixels), expected), middle(pixels)


def test_the_whole_picture_is_kept_on_white():
    pixels = read_pixels(stored(Image.new("RGB", (50, 100), RED), "PNG"), 40)
    assert near(middle(pixels), RED)
    assert (pixels[:, :, :10] == 255).all()
    assert (pixels[:, :, -10:] == 255).all()
    assert (pixels[:, :, 10:30] == np.array(RED)[:, None, None]).all(), "from top to bottom"


def test_transparent_parts_are_white():
    assert (read_pixels(odd_pictures()["transparent"], 90)[:, 2, 45] == 255).all()
    assert (read_pixels(odd_pictures()["transparent palette"], 90)[:, 2, 45] == 255).all()


def test_turned_as_the_camera_says():
    """The picture is 40 wide and 90 high; turned by 90 degrees, white bands are above and below."""
    turned = read_pixels(odd_pictures()["turned"], 90)
    assert (turned[:, :25] == 255).all()
    narrow = Image.new("RGB", (40, 90), RED)
    exif = Image.Exif()
    exif[0x0112] = 6
    assert near(tuple(read_pixels(stored(narrow, exif=exif), 90)[:, 45, 2]), RED)
    assert near(tuple(read_pixels(stored(narrow), 90)[:, 45, 2]), WHITE)


def test_a_damaged_exif_is_no_damage():
    exif = Image.Exif()
    exif[0x0112] = 6
    content = bytearray(stored(Image.new("RGB", (40, 90), RED), exif=exif))
    start = content.index(b"Exif\0\0") + 6
    content[start : start + 14] = b"MM\0*\0\0\0\x08\xff\xff\x01\x12\0\x09"
    assert near(middle(read_pixels(bytes(content), 90)), RED)


def test_large_jpegs_are_read_in_part_but_look_the_same():
    picture = draw("cross", (10, 90, 10), (1500, 900))
    small, whole = read_pixels(stored(picture, quality=95), 64), read_pixels(stored(picture, "PNG"), 64)
    assert np.abs(small.astype(int) - whole).mean() < 3


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty", EMPTY),
        ("text", NOT_A_PICTURE),
        ("cut off", DAMAGED),
        ("head alone", NOT_A_PICTURE),
        ("damaged", DAMAGED),
        ("another format", NOT_A_PICTURE),
        ("bomb", TOO_LARGE),
    ],
)
def test_refused_with_a_reason(name, reason):
    assert read_pixels(broken_pictures()[name], 64) == reason


def test_the_limit_of_pixels():
    side = int(MAX_PIXELS**0.5)
    assert read_pixels(bomb(side), 64) == DAMAGED, "its header is small enough; its content is not there"
    assert read_pixels(bomb(side + 1), 64) == TOO_LARGE


def test_nothing_crashes(capfd):
    rng = random.Random(0)  # noqa: S311 (not for secrets)
    files = [*odd_pictures().values(), *product_pictures(5)]
    seen = set()
    for _ in range(600):
        content = bytearray(rng.choice(files))
        for _ in range(rng.choice([1, 3, 20])):
            place = rng.randrange(len(content))
            content[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(1, 4))
        found = read_pixels(bytes(content), 16)
        seen.add(found if isinstance(found, Reject) else "read")
    assert {"read", DAMAGED, NOT_A_PICTURE} <= seen
    assert BROKEN
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_a_damaged_avif_is_refused():
    content = stored(draw("disc", (1, 2, 3)).resize((24, 16)), "AVIF")
    found = [read_pixels(content[:place] + b"\xff" + content[place + 1 :], 16) for place in range(len(content))]
    assert any(isinstance(each, Reject) and each == DAMAGED for each in found)


def test_exif_of_an_odd_type_is_no_damage():
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "maker", 6
    content = stored(draw("disc", (1, 2, 3)), "WEBP", exif=exif)
    name, fraction = b"\x01\x0f\x00\x02\0\0\0\x06\0\0\0\x26", b"\x01\x0f\x00\x05\0\0\0\x01\0\0\0\x08"
    assert name in content
    assert not isinstance(read_pixels(content.replace(name, fraction), 16), Reject)
