"""The page stands alone, and nothing of a feed can break it."""

import re
from html.parser import HTMLParser

import pytest
from profiles import part_of, profile_of

from shelver.profiling.drift import drift
from shelver.profiling.page import page
from shelver.profiling.proposal import features_block
from shelver.profiling.suggest import suggest

HOSTILE = "<script>alert(1)</script>\" onload='x' </style> ${a} \x1b[2J ]]>"
VOID = {"meta", "input"}


class Checked(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.attributes = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def hostile_part(name, rows=60):
    return part_of(
        rows, name, title=lambda row: f"{HOSTILE} a b c d {row}", brand=lambda row: [HOSTILE, "x"][row % 2],
        raw_category=lambda row: f"{HOSTILE} > {row % 3}", merchant=lambda row: f"{HOSTILE}{row % 2}",
        price=lambda row: row / 7 - 1, image_urls=lambda row: ["u"] * (row % 3), image_url=lambda row: f"u{row}",
        notes=lambda row: ["gtin: bad"], language=lambda row: "en",
    )  # fmt: skip


@pytest.fixture(scope="module")
def text():
    profile = profile_of(hostile_part("one"), hostile_part("two"))
    before = profile_of(part_of(60, "one", brand=lambda row: "gone"), part_of(60, "three"), data="b")
    suggestions = suggest(profile.whole)
    return page(HOSTILE, profile, suggestions, features_block(suggestions), drift(before, profile), before)


def test_the_page_is_well_formed_and_every_link_has_its_place(text):
    checked = Checked()
    checked.feed(text)
    assert checked.open == []
    assert len(checked.ids) == len(set(checked.ids))
    assert {link.removeprefix("#") for link in checked.links} <= set(checked.ids)
    assert {"changes", "columns", "features", "feeds", "each"} <= set(checked.ids)


def test_nothing_of_a_feed_becomes_markup(text):
    checked = Checked()
    checked.feed(text)
    assert checked.tags.count("script") == 1
    assert not [name for name, _ in checked.attributes if name.startswith("on")]
    assert "<script>alert" not in text


def test_the_page_asks_nothing_of_the_network(text):
    assert "default-src 'none'" in text
    checked = Checked()
    checked.feed(text)
    assert not {"src", "srcset", "action"} & {name for name, _ in checked.attributes}
    assert not {"img", "link", "iframe", "object", "form"} & set(checked.tags)
    assert all(link.startswith("#") for link in checked.links)
    assert not re.search(r"url\(|@import", text)


def test_plots_and_fields_have_names_for_screen_readers(text):
    for found in re.findall(r"<svg[^>]*>", text):
        assert 'role="img"' in found
        assert "aria-label=" in found
    for found in re.findall(r"<input[^>]*>", text):
        assert "aria-label=" in found
    assert re.search(r'<th scope="row"', text)


def test_a_profile_of_nothing_much_is_a_page_too():
    assert "1 product of 1 feed" in page("shop", profile_of(part_of(1, title=["Hat"])))


def test_words_of_the_page():
    part = part_of(100, title=lambda row: f"nice red cotton summer shirt {row // 2}", brand=lambda row: "Nike")
    text = page("shop", profile_of(part), suggest(part))
    assert "shop: what is in the products?" in text
    assert "100 products share their title with another (100%)." in text
    assert "always “Nike”" in text
