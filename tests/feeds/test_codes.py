from __future__ import annotations

import pytest

from shelver.errors import Reject
from shelver.feeds.clean import clean_gtin, clean_url, clean_urls


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("4006381333931", "4006381333931"),
        ("400638 1333931", "4006381333931"),
        ("'4006381333931", "4006381333931"),
        ("4006381333931.0", "4006381333931"),
        ("96385074", "96385074"),
        ("36000291452", "036000291452"),
        ("00000000", None),
        ("EAN: 4006381333931", "4006381333931"),
        ("ISBN-13: 978-0-306-40615-7", "9780306406157"),
        ("0-306-40615-2", "9780306406157"),
        ("080442957X", "9780804429573"),
        ("14006381333938", "14006381333938"),
        ("4006381333932, 4006381333931", "4006381333931"),
        ("n/a", None),
        ("", None),
    ],
)
def test_gtin(text: str, clean: str | None) -> None:
    assert clean_gtin(text) == clean


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("4006381333932", "wrong check digit"),
        ("123", "3 digits"),
        ("0306406153", "10 digits"),
        ("8.71E+12", "changed by a spreadsheet"),
        ("ABC-1", "not only digits"),
        ("٤٠٠٦٣٨١٣٣٣٩٣١", "not only digits"),
    ],
)
def test_gtin_refused(text: str, part: str) -> None:
    found = clean_gtin(text)
    assert isinstance(found, Reject)
    assert part in found.reason


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://a.b/x y.jpg", "https://a.b/x%20y.jpg"),
        ("//cdn/x", "https://cdn/x"),
        ("www.a.b", "https://www.a.b"),
        ('["https://a/1","https://a/2"]', "https://a/1"),
        ("https://a/1,https://a/2", "https://a/1"),
        ("https://a/1 | https://a/2", "https://a/1"),
        ("https://a/b?x=1,2&amp;c=3", "https://a/b?x=1,2&c=3"),
        ("", None),
        ("[]", None),
    ],
)
def test_url(text: str, clean: str | None) -> None:
    assert clean_url(text) == clean


@pytest.mark.parametrize("text", ["javascript:alert(1)", "file:///etc/passwd", "a/b.jpg", "https://a/" + "x" * 5000])
def test_url_refused(text: str) -> None:
    assert isinstance(clean_url(text), Reject)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://a/1.jpg", ["https://a/1.jpg"]),
        ("https://a/1.jpg,https://a/2.jpg", ["https://a/1.jpg", "https://a/2.jpg"]),
        ("https://a/1.jpg; https://a/2.jpg", ["https://a/1.jpg", "https://a/2.jpg"]),
        ("https://a/1.jpg|https://a/2.jpg|https://a/1.jpg", ["https://a/1.jpg", "https://a/2.jpg"]),
        ("https://a/1.jpg https://a/2.jpg\nHTTP://a/3.jpg", ["https://a/1.jpg", "https://a/2.jpg", "HTTP://a/3.jpg"]),
        ("//a/1.jpg,//a/2.jpg", ["https://a/1.jpg", "https://a/2.jpg"]),
        ('["https://a/1,2.jpg", {"src": "https://a/3.jpg"}]', ["https://a/1,2.jpg", "https://a/3.jpg"]),
        ("[&quot;https://a/1&quot;]", ["https://a/1"]),
        ('"https://a/1.jpg"', ["https://a/1.jpg"]),
        ("x.jpg, https://a/1.jpg", ["https://a/1.jpg"]),
        ("https://a/w_1,h_2/x.jpg?a=1;b=2", ["https://a/w_1,h_2/x.jpg?a=1;b=2"]),
        ("https://a/?a=1&amp;copy=2", ["https://a/?a=1&copy=2"]),
        (" ", None),
        ("none", None),
    ],
)
def test_urls(text: str, clean: list[str] | None) -> None:
    found = clean_urls(text)
    assert found == clean
    assert clean_url(text) == (clean[0] if clean else None)
