"""Markup out of text: tags, comments, scripts, entities; what only looks like a tag or an entity stays."""

from __future__ import annotations

import html
import re
from html.entities import html5

HTML = frozenset({
    "a", "abbr", "address", "article", "aside", "audio", "b", "base", "basefont", "big", "blockquote", "body", "br",
    "button", "canvas", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "details", "dfn", "div",
    "dl", "dt", "em", "embed", "fieldset", "figcaption", "figure", "font", "footer", "form", "frame", "h1", "h2",
    "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "i", "iframe", "img", "input", "ins", "kbd", "label",
    "legend", "li", "link", "main", "map", "mark", "meta", "nav", "noscript", "object", "ol", "optgroup", "option",
    "p", "param", "path", "picture", "pre", "q", "s", "samp", "script", "section", "select", "small", "source",
    "span", "strike", "strong", "style", "sub", "summary", "sup", "svg", "table", "tbody", "td", "template",
    "textarea", "tfoot", "th", "thead", "time", "title", "tr", "tt", "u", "ul", "var", "video", "wbr",
})  # fmt: skip
"""Names of HTML elements; ``<M>`` in a size is none of them and stays."""

INLINE = frozenset({
    "a", "abbr", "b", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "samp",
    "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr",
})  # fmt: skip
"""Elements within words: nothing takes their place, that of others is taken by a blank."""

_QUOTED = r"""(?:[^<>"'=]|=\s*(?:"[^"<]*"|'[^'<]*')|=)*"""
_TAG = re.compile(rf"</?([a-zA-Z][a-zA-Z0-9:-]*)(?:(?:\s{_QUOTED})?/?|\s[^<>]*)>|<![a-zA-Z][^<>]*>")
_CODE = re.compile("<s(?:cript|tyle)", re.IGNORECASE)
_TAG_START = re.compile(r"<[a-zA-Z][a-zA-Z0-9:-]*\s")
_CHAIN = re.compile(r"&(?:(?:amp|AMP|#0{0,6}38|#[xX]0{0,6}26);)+")
_ENTITY = re.compile(r"&(?:#[0-9]{1,8};?|#[xX][0-9a-fA-F]{1,8};?|[A-Za-z][A-Za-z0-9]{1,31};?)")
_HUGE_ENTITY = re.compile(r"&#(?:\d{9,}|[xX][0-9a-fA-F]{9,});?")


def without_tags(text: str) -> str:
    """Text without tags, comments, scripts and styles, in time linear in its length.

    Examples
    --------
    >>> without_tags("<p>re<b>d</b></p><script>x()</script> size <M> <![CDATA[new]]>").split()
    ['red', 'size', '<M>', 'new']
    """
    if "<!" in text:
        text = text.replace("<![CDATA[", " ").replace("]]>", " ")
        text = _drop_between(text, "<!--", "-->")
    if _CODE.search(text):
        for name in ("script", "style"):
            text = _drop_between(text, f"<{name}", f"</{name}>")
    text = _TAG.sub(_tag_text, text)
    end = text.rfind("<")  # a text cut to size may end within a tag
    if end >= 0 and ">" not in text[end:] and "=" in text[end:] and _TAG_START.match(text, end):
        text = text[:end]
    return text


def unescape(text: str) -> str:
    """Replace entities, however often the ``&`` was escaped.

    A name without its semicolon is an entity only if it ends there: ``&copy 2024`` is, ``laptop&notebook`` is not
    (HTML5 would read ``¬ebook``). Numbers with too many digits to be a character vanish.

    Examples
    --------
    >>> unescape("Caf&amp;amp;eacute; &#8364;5 &copy 2024 laptop&notebook R&D")
    'Café €5 © 2024 laptop&notebook R&D'
    """
    text = plain_ampersands(text)
    if "&#" in text:
        text = _HUGE_ENTITY.sub("", text)
    return _ENTITY.sub(_entity_text, text)


def plain_ampersands(text: str) -> str:
    """Replace ``&amp;`` only, however often it was escaped: all that is escaped in addresses.

    Examples
    --------
    >>> plain_ampersands("?a=1&amp;copy=2&amp;amp;b")
    '?a=1&copy=2&b'
    """
    return _CHAIN.sub("&", text)


def _entity_text(entity: re.Match[str]) -> str:
    name = entity[0][1:]
    return html.unescape(entity[0]) if name.startswith("#") else html5.get(name, entity[0])


def _tag_text(tag: re.Match[str]) -> str:
    """Text in place of a tag: nothing, a blank, or the tag itself if it is none (``size <M>``)."""
    name = (tag[1] or "").lower()
    if not tag[1] or name in HTML or not name.isalpha() or "=" in tag[0] or tag[0].startswith("</"):
        return "" if name in INLINE else " "
    return tag[0]


def _drop_between(text: str, start: str, end: str) -> str:
    """Drop all from `start` to `end`, whatever the case; in linear time, unlike a regular expression."""
    lower = text.lower()
    if start not in lower or len(lower) != len(text):
        return text
    kept, place = [], 0
    while (begin := lower.find(start, place)) >= 0 and (stop := lower.find(end, begin)) >= 0:
        kept.append(text[place:begin])
        place = stop + len(end)
    return " ".join([*kept, text[place:]])
