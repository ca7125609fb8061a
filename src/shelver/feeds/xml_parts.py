"""One product of an XML file as nested values, parsed by lxml without entities, network and DTD."""

from __future__ import annotations

import re
from html.entities import html5
from itertools import islice

from lxml import etree

from shelver.errors import shortened

Value = str | None | dict[str, "Value"] | list["Value"]

MARKUP = frozenset(
    (
        "p", "br", "b", "i", "u", "em", "strong", "span", "div", "ul", "ol", "li", "table", "tr", "td", "th", "h1",
        "h2", "h3", "h4", "h5", "h6", "a", "img", "font", "small", "sup", "sub", "hr",
    )
)  # fmt: skip
"""Elements of web pages: a description made of these is one text."""

NAMING = ("name", "key", "code", "label", "id", "type")
"""Attributes by which elements of one name differ, as in ``<param name="Colour">``."""

MAX_PREFIXES = 200
"""Prefixes of a file that are kept; every product is parsed beneath all of them."""

MAX_ATTRIBUTES = 2_000
"""Attributes of an element: lxml takes time that grows with the square of their number."""

MAX_SAID = 200
"""Characters of what the parser says of a product: it quotes names whole."""

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NO_NUMBER = re.compile(r"&#(x[0-9a-fA-F]+|[0-9]+);")
_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9a-fA-F]+);)(?:([a-zA-Z][a-zA-Z0-9]{1,31});)?")
_PREFIX = re.compile(r"[<\s/]([^\W\d][\w.-]*):[^\W\d]")


class NoXmlError(Exception):
    """A product that cannot be parsed; the message says why."""


class ItemParser:
    """Parses products.

    Parameters
    ----------
    spaces : dict of str to str
        Prefixes declared in the file, and the (quoted) names they stand for.
    """

    def __init__(self, spaces: dict[str, str]) -> None:
        self._spaces = dict(islice(spaces.items(), MAX_PREFIXES))
        self._head = _head(self._spaces)

    def parse(self, text: str) -> dict[str, Value]:
        """Nested values of one product.

        What stands in the way of parsing, but not of reading, is mended first: entities of HTML, ``&`` as itself,
        control characters.

        Raises
        ------
        NoXmlError
            It is no XML even so.
        """
        for mend in (False, True):
            try:
                element = self._element(_mended(text) if mend else text)
            except etree.XMLSyntaxError as error:
                if mend:
                    raise NoXmlError(f"not XML: {shortened(error.msg or '', MAX_SAID)}") from None
            else:
                found = value_of(element, product=True)
                return found if isinstance(found, dict) else {"": found}
        raise AssertionError("unreachable")

    def _element(self, text: str) -> etree._Element:
        try:
            return self._parsed(text)
        except etree.XMLSyntaxError as error:
            unknown = set(_PREFIX.findall(text)) - set(self._spaces) - {"xml", "xmlns"}
            if "prefix" not in (error.msg or "") or not unknown:
                raise
            spaces = self._spaces | {prefix: f'"urn:{prefix}"' for prefix in sorted(unknown)[:100]}
            if len(spaces) <= MAX_PREFIXES:
                self._spaces, self._head = spaces, _head(spaces)
            return self._parsed(text, _head(spaces))

    def _parsed(self, text: str, head: str = "") -> etree._Element:
        parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        root = etree.fromstring(f"{head or self._head}{text}</r>", parser)
        if len(root) != 1:
            raise NoXmlError("not XML: more than one element")
        return root[0]


def _head(spaces: dict[str, str]) -> str:
    return "<r" + "".join(f" xmlns:{prefix}={name}" for prefix, name in spaces.items()) + ">"


def value_of(element: etree._Element, product: bool = False) -> Value:
    """Nested values of an element: text, or parts by name; repeated parts are a list, its own text has no name.

    Markup of web pages is one text, but for the `product` itself.

    Raises
    ------
    NoXmlError
        An element with too many attributes.
    """
    if len(element.attrib) > MAX_ATTRIBUTES:
        raise NoXmlError(f"an element with more than {MAX_ATTRIBUTES:,} attributes")
    children = list(element)
    own = " ".join((element.text or "").split()) if children else (element.text or "").strip()
    if children and not product and _is_markup(element, children, own):
        return _inner(element)
    found: dict[str, Value] = {} if children or element.attrib else {"": own or None}
    for name, text in element.attrib.items():
        found[_name(element, str(name))] = str(text).strip() or None
    prefix = element.prefix
    for child in children:
        _put(found, _tag(child, prefix), value_of(child))
    if set(found) == {""}:
        return found[""]
    if own:
        key = "" if "" not in found else "text"
        found[key] = own
    by_name = _by_name(found)
    return by_name if by_name else found


def _put(found: dict[str, Value], name: str, value: Value) -> None:
    known = found.get(name)
    if name not in found:
        found[name] = value
    elif isinstance(known, list):
        known.append(value)
    else:
        found[name] = [known, value]


def _by_name(found: dict[str, Value]) -> dict[str, Value] | None:
    """``<param name="Colour">red</param>`` as a part named by its attribute."""
    if len(found) == 2 and "" in found:
        key = next((found[each] for each in NAMING[:4] if each in found), None)
        if isinstance(key, str):
            return {key: found[""]}
    return None


def _is_markup(element: etree._Element, children: list[etree._Element], own: str) -> bool:
    if own or any((child.tail or "").strip() for child in children):
        return True
    return all(isinstance(child.tag, str) and etree.QName(child).localname.lower() in MARKUP for child in children)


def _inner(element: etree._Element) -> str:
    """What is written in an element, tags and all."""
    parts = [element.text or ""]
    parts += [re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", etree.tostring(child, encoding="unicode")) for child in element]
    return "".join(parts).strip()


def _tag(child: etree._Element, around: str | None) -> str:
    """Name of a part as written; a prefix that the element around it has too is left out, below the first level."""
    local = str(etree.QName(child).localname)
    if child.prefix is None or (child.prefix == around and around is not None):
        return local
    return f"{child.prefix}:{local}"


def _name(element: etree._Element, name: str) -> str:
    if not name.startswith("{"):
        return name
    space, _, local = name[1:].partition("}")
    prefix = next((key for key, value in element.nsmap.items() if value == space), None)
    return f"{prefix}:{local}" if prefix else local


def _mended(text: str) -> str:
    text = _NO_XML.sub("", text)
    parts: list[str] = []
    at = 0
    while (begun := text.find("<![CDATA[", at)) >= 0 and (end := text.find("]]>", begun) + 3) > 2:
        parts += [_entities(text[at:begun]), text[begun:end]]
        at = end
    return "".join([*parts, _entities(text[at:])])


def _entities(text: str) -> str:
    text = _AMPERSAND.sub(lambda found: _character(found[1], found[0]), text)
    return _NO_NUMBER.sub(_number, text)


def _character(name: str | None, whole: str) -> str:
    found = html5.get(f"{name};") if name else None
    if found is None:
        return "&amp;" + whole[1:]
    return "".join(f"&#{ord(sign)};" for sign in found)


def _number(found: re.Match[str]) -> str:
    digits = found[1]
    if len(digits) > 9:
        return ""
    code = int(digits[1:], 16) if digits.startswith("x") else int(digits)
    allowed = code in (9, 10, 13) or 0x20 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF
    return found[0] if allowed else ""
