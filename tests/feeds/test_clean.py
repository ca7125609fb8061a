from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.feeds.clean import clean_category, clean_gtin, clean_text, clean_url, clean_value, product_id, tidy
from shelver.feeds.price import parse_price


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (None, None),
        ("", None),
        (" \t\n\u00a0", None),
        ("<p> </p>&nbsp;", None),
        ("<p>Caf&eacute;</p>\n  cr&amp;egrave;me", "Café crème"),
        ("&lt;b&gt;bold&lt;/b&gt; x", "bold x"),
        ("re<b>d</b><br/>shoe", "red shoe"),
        ("a < b and c > d", "a < b and c > d"),
        ("I <3 you, size <M>", "I <3 you, size <M>"),
        ("cut <a href=", "cut"),
        ("<STYLE>p{}</style>hi<!-- c -->you<script>alert('<b>')</script>", "hi you"),
        ("\u200bab\x00c\u00ad\ufeff", "abc"),
        ("e\u0301", "é"),
        ("&#xD800;&#99999999999;a", "\ufffda"),
        ("Fish &amp; Chips & more", "Fish & Chips & more"),
        ("line\r\nfeed\u2028end", "line feed end"),
        ("👩‍👧", "👩‍👧"),
        ("<li>one</li><li>two</li>", "one two"),
        ("<![CDATA[<p>new</p>]]>", "new"),
        ("a<script type='x'>if (1 < 2) y()</script>b<style>p{}</style>c", "a b c"),
        ('<a title="5 > 3" href=x>link</a>', "link"),
        ('<td width=5">12" screen</td>', '12" screen'),
        ("laptop&notebook, R&D, AT&T, H&amp;M", "laptop&notebook, R&D, AT&T, H&M"),
        ("&copy 2024, &#8364;5, &#x20ac;6, &EACUTE;t&eacute", "© 2024, €5, €6, &EACUTE;té"),
        ("&amp;amp;amp;amp;amp;amp;lt;b&amp;gt;x", "x"),
        ("CafÃ© crÃ¨me, Â£5 â€“ 30Â°", "Café crème, £5 – 30°"),
        ("Caf&Atilde;&copy;", "Café"),
        (
            "“Curly” ‘quotes’, ２０ full-width, ﬁne, 1 000 €, 5×10 cm², ½, Ø 8",
            "“Curly” ‘quotes’, ２０ full-width, ﬁne, 1 000 €, 5×10 cm², ½, Ø 8",
        ),
        ("SÃO PAULO, FOLHA À MÃO, Bœuf, Œuvre", "SÃO PAULO, FOLHA À MÃO, Bœuf, Œuvre"),
        ("ПÑ\u0080ивеÑ\u0082", "Привет"),
    ],
)
def test_text(text: str | None, clean: str | None) -> None:
    assert clean_text(text) == clean


@given(st.text() | st.text(st.sampled_from("<>&;#x0abp/!- =\"'")))
def test_text_is_tidy(text: str) -> None:
    clean = clean_text(text)
    if clean is not None:
        assert clean == clean.strip() != ""
        assert "  " not in clean
        assert not any(ord(sign) < 32 for sign in clean)
        assert tidy(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        "<!--" * 30_000, "--><!--" * 20_000, "<a " + "=" * 130_000, "<a" * 60_000, "&#" + "9" * 130_000, "<" * 130_000,
        "," * 130_000, " " * 130_000, "https://a" + ", " * 60_000, "[" * 130_000, "&amp;" * 26_000, "1" * 130_000,
        "<" * 60_000 + "b>" * 30_000, "&amp;" + "amp;" * 30_000, "Ã©" * 60_000, "a, a > " * 20_000, "a/" * 60_000,
        "é" * 130_000,
        "<a =" + '="' * 60_000, "1 " * 60_000, "1-" * 60_000, "<script" * 20_000, "a|b > " * 20_000,
        '["a > b",' * 9_000,
    ],
    ids=range(24),
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    start = time.perf_counter()
    for cleaner in (clean_text, clean_value, clean_category, clean_url, clean_gtin, parse_price, tidy):
        cleaner(text)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize("text", ["N/A", "nan", "NULL", "None", " - "])
def test_values_that_mean_nothing(text: str) -> None:
    assert clean_value(text) is None
    assert clean_text("None of this") == "None of this"


def test_product_id() -> None:
    assert product_id("s", "m", "1") == product_id("s", "m", "1")
    assert len({product_id(*key) for key in [("s", "m", "1"), ("s", None, "1"), ("t", "m", "1"), ("s", "m", "2")]}) == 4
    assert len(product_id("s", None, "1")) == 20
