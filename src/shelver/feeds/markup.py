"""Markup out of text: tags, comments, scripts; what only looks like a tag stays."""

from __future__ import annotations

import re

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

INLINE = frozenset({"a", "b", "em", "font", "i", "small", "span", "strong", "sub", "sup", "u"})
"""Elements within words: nothing takes their place, that of others is taken by a blank."""

_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9:-]*)(?:\s[^<>]*)?/?>|<![a-zA-Z\[][^<>]*>")
_TAG_START = re.compile(r"<[a-zA-Z][a-zA-Z0-9:-]*\s")


def without_tags(text: str) -> str:
    """Text without tags, comments, scripts and styles, in time linear in its length.

    Examples
    --------
    >>> without_tags("<p>re<b>d</b></p><script>x()</script> size <M>").split()
    ['red', 'size', '<M>']
    """
    text = _drop_between(text, "<!--", "-->")
    for name in ("script", "style"):
        text = _drop_between(text, f"<{name}", f"</{name}>")
    text = _TAG.sub(_tag_text, text)
    end = text.rfind("<")  # a text cut to size may end within a tag
    if end >= 0 and ">" not in text[end:] and "=" in text[end:] and _TAG_START.match(text, end):
        text = text[:end]
    return text


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
