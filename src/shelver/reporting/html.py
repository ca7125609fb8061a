"""HTML that cannot be broken by what it shows: text is escaped unless it was made here."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def text_of(child: object) -> str:
    """A child of an element as HTML: escaped, unless it is `Html`."""
    return child if isinstance(child, Html) else escape(str(child))


def tag(name: str, *children: object, **attributes: object) -> Html:
    """One element.

    Parameters
    ----------
    name : str
        Its name.
    *children : object
        What is in it; anything but `Html` is escaped.
    **attributes : object
        Its attributes; ``class_`` is written ``class``, other underscores become hyphens; None and False are left out,
        True stands for itself.

    Examples
    --------
    >>> tag("td", "<b>", class_="n", data_v=1)
    '<td class="n" data-v="1">&lt;b&gt;</td>'
    """
    return Html(f"<{name}{_written(attributes)}>{''.join(map(text_of, children))}</{name}>")


def void(name: str, **attributes: object) -> Html:
    """An element that has no content, such as ``input``; attributes as for `tag`."""
    return Html(f"<{name}{_written(attributes)}>")


def _written(attributes: Mapping[str, object]) -> str:
    parts = []
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        shown = key.rstrip("_").replace("_", "-")
        parts.append(f" {shown}" if value is True else f' {shown}="{escape(str(value))}"')
    return "".join(parts)


def join(*children: object) -> Html:
    """Children one after the other."""
    return Html("".join(map(text_of, children)))


def percent(value: float | None, digits: int = 1) -> str:
    """A share as a percentage; a dash where there is none."""
    return "–" if value is None else f"{100 * value:.{digits}f}%"


def number(value: float | int | None) -> str:
    """A number for people; a dash where there is none."""
    if value is None:
        return "–"
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.4g}"
