"""A console that nothing in a feed, a file or a name can steer."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

_CONTROL = dict.fromkeys([*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)])


class SafeConsole(Console):
    """A console that leaves control characters out, but for tabs and ends of lines.

    Otherwise the name of a category or of a person could clear the screen, or write something in another's place.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As rich does, with each text made safe; colours and moves of rich's own are added later."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else text.translate(_CONTROL), style, control)
