"""What is printed cannot steer the terminal."""

from __future__ import annotations

import io

from rich.table import Table
from rich.text import Text

from shelver.cli.safe_console import SafeConsole


def printed(*values: object, style: str = "") -> str:
    stream = io.StringIO()
    console = SafeConsole(file=stream, force_terminal=True, color_system="standard", soft_wrap=True, highlight=False)
    console.print(*values, style=style)
    return stream.getvalue()


def test_control_characters_are_left_out_and_colours_are_not():
    assert printed("a\x1b[2Jb\x9b1mc\nd") == "a[2Jb1mc\nd\n"
    assert printed("red\x1b[0m", style="red") == "\x1b[31mred[0m\x1b[0m\n"
    assert "\x1b[2J" not in printed(Text("x\x1b[2J"))


def test_in_tables_too():
    table = Table("name")
    table.add_row("ev\x1b]0;title\x9cil")
    assert "ev]0;titleil" in printed(table)
