"""Numbers as people read them, for reasons and messages."""

from __future__ import annotations

from collections.abc import Sequence

LISTED = 4


def count(value: object) -> str:
    """A whole number with separators.

    Examples
    --------
    >>> count(31000.0)
    '31,000'
    """
    return f"{round(float(value)):,}"  # type: ignore[arg-type]


def amount(value: float) -> str:
    """A number such as a price, with three significant digits at least.

    Examples
    --------
    >>> amount(12.5), amount(0.016666), amount(1234567.8)
    ('12.5', '0.0167', '1,234,568')
    """
    if abs(value) >= 1000 or float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"


def share(value: float) -> str:
    """A share in per cent: whole ones, but never 0% or 100% for what is not quite so.

    Examples
    --------
    >>> share(0.4149), share(0.0042), share(0.9996), share(1.0)
    ('41%', '0.4%', '>99.9%', '100%')
    """
    if value in (0.0, 1.0):
        return f"{100 * value:.0f}%"
    if value < 0.001:
        return "<0.1%"
    if value > 0.999:
        return ">99.9%"
    return f"{100 * value:.1f}%" if value < 0.01 or value > 0.99 else f"{100 * value:.0f}%"


def named(number: int, thing: str) -> str:
    """A number of things.

    Examples
    --------
    >>> named(1, "value"), named(1200, "value")
    ('1 value', '1,200 values')
    """
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def shared_list(pairs: Sequence[tuple[str, float]], most: int = LISTED) -> str:
    """Names with their shares, the first few.

    Examples
    --------
    >>> shared_list([("en", 0.5), ("de", 0.25)])
    'en 50%, de 25%'
    """
    told = ", ".join(f"{name} {share(value)}" for name, value in pairs[:most])
    return told + (", …" if len(pairs) > most else "")


def cut(text: str, most: int) -> str:
    """A text on one line, cut to so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
