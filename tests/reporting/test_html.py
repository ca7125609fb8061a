"""HTML that what it shows cannot break."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from shelver.reporting.html import Html, join, number, percent, tag, void


def test_text_is_escaped_and_html_is_not():
    assert tag("p", "<b>&", tag("i", "x")) == "<p>&lt;b&gt;&amp;<i>x</i></p>"
    assert join("<", Html("<br>")) == "&lt;<br>"
    assert isinstance(tag("p"), Html)


def test_attributes():
    written = tag("td", class_="n", data_v=1.5, hidden=False, title=None, id='"x"', draggable=True)
    assert written == '<td class="n" data-v="1.5" id="&quot;x&quot;" draggable></td>'
    assert void("input", type="search", aria_label="<") == '<input type="search" aria-label="&lt;">'


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text, self.attributes = [], [], []

    def handle_starttag(self, name, attributes):
        self.tags.append(name)
        self.attributes += attributes

    def handle_data(self, data):
        self.text.append(data)


@given(text=st.text(), value=st.text())
def test_any_text_comes_back_as_it_was(text, value):
    reader = Reader()
    reader.feed(tag("p", text, data_x=value))
    reader.close()
    assert reader.tags == ["p"]
    assert "".join(reader.text) == text
    assert reader.attributes == [("data-x", value)]


def test_numbers_for_people():
    assert [percent(0.1234), percent(None), percent(1, 0)] == ["12.3%", "–", "100%"]
    assert [number(1234567), number(0.12345), number(3.0), number(None)] == ["1,234,567", "0.1235", "3", "–"]
