"""Suggested features as blocks of ``shelver.toml``."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

from shelver.profiling.suggest import Suggestion

WIDTH = 118
HEAD = """\
# Features suggested by shelver profile. With one such block the default features are gone, so these are all of them.
"""


def features_block(suggestions: Sequence[Suggestion]) -> str:
    """Blocks ``[features.NAME]`` with the reasons as comments; those that are not ready are comments as a whole."""
    blocks = [_block(found) for found in suggestions if found.kind != "leave out"]
    left = [found.name for found in suggestions if found.kind == "leave out"]
    note = _comment(f"Left out: {', '.join(left)}.") if left else ""
    return HEAD + note + "\n" + "\n".join(blocks)


def _block(found: Suggestion) -> str:
    lines = [f"[features.{found.name}]", f'kind = "{found.kind}"']
    lines += [f"{key} = {json.dumps(value)}" for key, value in found.settings.items()]
    text = "\n".join(line if found.ready else f"# {line}" for line in lines) + "\n"
    return _comment(found.reason[:1].upper() + found.reason[1:]) + text


def _comment(text: str) -> str:
    r"""Lines of comment; nothing in a feed can end one: all white space and control characters become blanks."""
    plain = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return "".join(
        f"# {line}\n" for line in textwrap.wrap(plain, WIDTH, break_long_words=False, break_on_hyphens=False)
    )
