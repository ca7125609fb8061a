import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from shelver.images.check import Checked, check, kind_of, not_a_picture
from shelver.images.decode import FORMATS, MAX_PIXELS, read_header
from shelver.images.outcome import Status
from shelver.images.trouble import Trouble
from shelver.testing.pictures import bomb, broken_pictures, draw, odd_pictures, product_pictures, stored

PLAIN = draw("disc", (200, 30, 30), (40, 90))


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_known_by_its_first_bytes(kind):
    content = stored(PLAIN, kind)
    assert kind_of(content[:32]) == kind
    assert check(content, MAX_PIXELS) == Checked(kind, 40, 90)


def test_all_sorts_of_pictures_are_whole():
    for name, content in odd_pictures().items():
        assert check(content, MAX_PIXELS).kind in FORMATS, name


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("empty", Status.BROKEN, "empty, or cannot be read"),
        ("text", Status.BROKEN, "a web page, not a picture"),
        ("cut off", Status.BROKEN, "damaged or cut off"),
        ("damaged", Status.BROKEN, "damaged or cut off"),
        ("another format", Status.BROKEN, "not a picture"),
        ("bomb", Status.REFUSED, "more than 50,000,000 pixels"),
    ],
)
def test_others_are_not(name, status, reason):
    with pytest.raises(Trouble) as caught:
        check(broken_pictures()[name], MAX_PIXELS)
    assert (caught.value.status, caught.value.reason.partition(" (")[0]) == (status, reason)


def test_cut_off_anywhere_but_at_the_very_end_is_noticed():
    for content in product_pictures(4):
        for share in (0.3, 0.6, 0.9):
            with pytest.raises(Trouble):
                check(content[: int(len(content) * share)], MAX_PIXELS)


def test_the_limit_of_pixels_is_that_of_the_settings():
    content = stored(PLAIN, "PNG")
    assert check(content, 40 * 90).width == 40
    with pytest.raises(Trouble, match="more than 3,599 pixels"):
        check(content, 40 * 90 - 1)


def test_a_huge_header_takes_no_memory():
    """50,000 × 50,000 pixels would be 300 MB at one bit each; nothing is unpacked."""
    import tracemalloc

    content = bomb(50_000)
    assert read_header(bomb(9_000)) == ("PNG", 9_000, 9_000), "large, but its header can be read"
    tracemalloc.start()
    with pytest.raises(Trouble, match="pixels"):
        check(content, MAX_PIXELS)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "page", [b"<!DOCTYPE html>", b"\n\t <html lang=de>", b"\xef\xbb\xbf<!doctype", b"<!-- x --><html>", b"<HEAD>"]
)
def test_web_pages(page):
    assert not_a_picture(page) == "a web page, not a picture"


@given(st.binary(max_size=64))
def test_any_bytes_are_judged(head):
    kind = kind_of(head)
    assert bool(not_a_picture(head)) == (kind == "")
    try:
        Image.open(io.BytesIO(head), formats=FORMATS)
    except Exception:
        return
    assert kind, "what Pillow can open has a sign that we know"
