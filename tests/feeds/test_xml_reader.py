from __future__ import annotations

import contextlib
import io
import time

import pytest

from shelver.config import Feed
from shelver.errors import FeedError
from shelver.feeds.readers import read_stream
from shelver.feeds.rows import RawRow, Reader
from shelver.feeds.xml_parts import ItemParser

P = "<item><g:id>1</g:id><title>a</title><g:price>1.5 EUR</g:price></item>\n"
RSS = '<?xml version="1.0"?>\n<rss xmlns:g="urn:g"><channel><title>shop</title><link>x</link>\n{}</channel></rss>'
VALUES = {"g:id": "1", "title": "a", "g:price": "1.5 EUR"}


def opened(text: str | bytes, **settings: object) -> Reader:
    feed = Feed.model_validate({"name": "shop", "path": "f", **settings})
    return read_stream(io.BytesIO(text.encode() if isinstance(text, str) else text), "f.xml", feed, 3)


def rows(text: str | bytes, **settings: object) -> list[RawRow]:
    return [row for block in opened(text, **settings).batches for row in block.rows()]


def given(row: RawRow) -> dict[str, str | None]:
    return {name: value for name, value in row.values.items() if value is not None}


def refused(text: str | bytes) -> str:
    with pytest.raises(FeedError) as caught:
        rows(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "path", "values"),
    [
        (RSS.format(P), "rss.channel.item", VALUES),
        (
            '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="urn:g"><title>t</title><link href="l"/>'
            "<entry><g:id>1</g:id>"
            '<title>a</title><link href="http://p"/></entry></feed>',
            "feed.entry",
            {"g:id": "1", "title": "a", "link.href": "http://p"},
        ),
        ('<products><product id="1" price="2"/></products>', "products.product", {"id": "1", "price": "2"}),
        (
            '<shop><offers><offer id="7"><name>n</name><price cur="EUR">3</price><param name="Colour">red</param>'
            '<param name="Size">L</param><picture>http://x/1</picture><picture>http://x/2</picture></offer></offers></shop>',
            "shop.offers.offer",
            {"id": "7", "name": "n", "price": "3", "price.cur": "EUR", "param.Colour": "red", "param.Size": "L",
             "picture": "http://x/1|http://x/2"},
        ),
        (
            "<a><product><id>1</id><name>n</name><brand>b</brand><variants><v><id>2</id><price>3</price></v>"
            "<v><id>4</id><price>5</price></v></variants></product></a>",
            "a.product",
            {"id": "1", "name": "n", "brand": "b", "variants.v.id": "2", "variants.v.price": "3"},
        ),
    ],
)  # fmt: skip
def test_the_element_of_a_product_is_found(text: str, path: str, values: dict[str, str]) -> None:
    assert opened(text).layout == f"xml, elements {path}"
    assert [given(row) for row in rows(text)] == [values]


def test_the_setting_wins() -> None:
    text = f"<x><row><a>1</a></row><row><a>2</a></row>{'<item><id>1</id><title>a</title></item>' * 2}</x>"
    assert opened(text).layout.endswith("x.item")
    assert [given(row) for row in rows(text, item="row")] == [{"a": "1"}, {"a": "2"}]


@pytest.mark.parametrize(
    ("item", "values"),
    [
        ("<item><title>Tom & Jerry &nbsp;&eacute;&#0;</title></item>", {"title": "Tom & Jerry \xa0é"}),
        ("<item><title>a\x01b</title></item>", {"title": "ab"}),
        ("<item><title><![CDATA[</item> & <b>]]></title></item>", {"title": "</item> & <b>"}),
        ("<item><c:title>a</c:title></item>", {"c:title": "a"}),
        ("<item><item>a</item><id>1</id></item>", {"item": "a", "id": "1"}),
        (
            "<item><title>a <b>b</b></title><d><p>x</p><p>y</p></d></item>",
            {"title": "a <b>b</b>", "d": "<p>x</p><p>y</p>"},
        ),
        ('<item  a="x>y" ><id>1</id></item >', {"a": "x>y", "id": "1"}),
        ("<item><!-- </item> --><id>1</id><?x </item> ?></item>", {"id": "1"}),
    ],
)
def test_what_can_be_read(item: str, values: dict[str, str]) -> None:
    assert [given(row) for row in rows(RSS.format(P + item + P))] == [VALUES, values, VALUES]


@pytest.mark.parametrize(
    ("damage", "reason", "bad"),
    [
        ("<item><title>a</titl></item>\n", "not XML", 1),
        ("<item><title>a</title>\n", "its end is missing", 1),
        ("<title>a</title></item>\n", "without its start", 1),
        ("<item><title><![CDATA[a</title></item>\n", "not XML", 1),
        ("<itm><title>a</title><g:id>1</g:id><g:price>2</g:price></itm>\n", "it has parts of one", 1),
        ("<item></item>\n", "an empty element", 1),
        ("<item><title>&#xD800;</title></item>\n", "an empty element", 1),
        ("<item>" + "<a>" * 500 + "</item>\n", "not XML", 1),
        ("<item>" * 9, "its end is missing", 9),
        ("<item>" + "x" * 200_000 + "</item>\n", "a value has more than", 1),
        ("<item>" + "x" * 3_000_000 + "</item>\n", "more than 1,048,576 characters", 1),
    ],
)
def test_damage_stays_in_its_product(damage: str, reason: str, bad: int) -> None:
    found = rows(RSS.format(P + damage + P + P))
    assert [given(row) for row in found if not row.reason] == [VALUES] * 3
    reasons = [row.reason for row in found if row.reason]
    assert len(reasons) == bad
    assert reason in reasons[0]
    assert found[0].line == 3


def test_a_product_in_a_comment_is_none() -> None:
    assert len(rows(RSS.format(P + f"<!-- {P} -->" + P))) == 2


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (RSS.format(P + P)[:-30], "cut short: it ends within product 2"),
        (RSS.format(P + P)[:-10], "cut short: </rss> is missing after product 2"),
        (
            '<!DOCTYPE x [<!ENTITY a "aaa"><!ENTITY b "&a;&a;">]><x><item><title>&b;</title></item></x>',
            "entities, which can grow",
        ),
        (
            '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x><item><title>&a;</title></item></x>',
            "another file",
        ),
        ("<a/>", "no products"),
        ("<rss><channel></channel></rss>", "no products"),
    ],
)
def test_files_that_are_refused(text: str, part: str) -> None:
    assert part in refused(text)


def test_a_name_without_end_makes_no_message_without_end() -> None:
    item = f"<offer><id>1</id><name>n</name><g{'é' * 5_000}></offer>"
    assert len(refused(f"<shop>{item}</shop>")) < 600
    found = rows(f"<shop><offer><id>1</id><name>n</name></offer>{item}</shop>")
    assert [bool(row.reason) for row in found] == [False, True]
    assert len(found[1].reason) < 300


def test_prefixes_without_end_take_linear_time() -> None:
    begun = time.process_time()
    parser = ItemParser({f"s{number}": '"urn:s"' for number in range(100_000)})
    for number in range(2_000):
        found = parser.parse(f"<offer><id>{number}</id><p{number}:name>n</p{number}:name></offer>")
        assert found == {"id": str(number), f"p{number}:name": "n"}
    assert time.process_time() - begun < 8


def test_an_element_with_too_many_attributes() -> None:
    begun = time.process_time()
    offer = "<offer><id>1</id><name>n</name></offer>"
    many = " ".join(f'a{number}="1"' for number in range(60_000))
    found = rows(f"<shop>{offer}\n<offer><id>2</id><name {many}/></offer>\n{offer}</shop>")
    assert [row.reason for row in found] == ["", "an element with more than 2,000 attributes", ""]
    assert time.process_time() - begun < 3


def test_a_doctype_without_entities_is_fine() -> None:
    text = '<!DOCTYPE shop SYSTEM "shops.dtd"><shop><offer id="1"><name>n</name></offer></shop>'
    assert [given(row) for row in rows(text)] == [{"id": "1", "name": "n"}]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("cp1252", "ISO-8859-1"), ("utf-8", "ISO-8859-1"), ("utf-16", "UTF-16"), ("cp1251", "windows-1251")],
)
def test_encodings(encoding: str, declared: str) -> None:
    name = "Стол" if encoding == "cp1251" else "Größe’"
    text = f'<?xml version="1.0" encoding="{declared}"?><p><product><name>{name}</name><price>1</price></product></p>'
    assert rows(text.encode(encoding))[0].values["name"] == name


@pytest.mark.parametrize(
    "text", ["<item>", "<![CDATA[", "<item ", '<item a="', "<item><![CDATA[", "<!--", "</item>", "<item/>", "&", "<a>"]
)
def test_hostile_repetitions_take_linear_time(text: str) -> None:
    begun = time.process_time()
    with contextlib.suppress(FeedError):
        rows(RSS.format(P + text * 20_000))
    assert time.process_time() - begun < 8


def test_comments_and_parts_without_end_take_linear_time() -> None:
    begun = time.process_time()
    good = "<f><item><id>1</id><title>Hat</title></item><item><id>2</id><title>Cap</title></item></f>"
    assert [row.reason for row in rows(good + "<!---->" * 1000 + "x")] == ["", "", "text after the end of the XML"]
    assert rows("<!---->" * 1000 + good)[1].values["title"] == "Cap"
    with contextlib.suppress(FeedError):
        rows("<!---->" * 1000 + "1, 2")
    open_parts = f"<f><item><id>1</id><title>{'<![CDATA[' * 20_000}</title></item><item><id>2</id></item></f>"
    assert any(row.reason for row in rows(open_parts))
    assert time.process_time() - begun < 3
