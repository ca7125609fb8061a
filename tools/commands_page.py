"""Write docs/commands.md from the commands themselves; with --check, only say whether it is up to date."""

from collections.abc import Iterator
from typing import Any

from page import table, write_or_check
from typer.main import get_command

from shelver.cli.main import app

INTRO = """\
# Commands

This page is written by `tools/commands_page.py` from the commands themselves. Do not edit it by hand. Every command
says the same with `--help`.

- Results go to stdout, messages and progress to stderr.
- `--json` prints one JSON document on stdout.
- Exit code 0: done. 1: a fault in Shelver. 2: something that you can mend, with a message that says what, where and
  what to do. 130: stopped with Ctrl-C.
- A command that is stopped or killed leaves the workspace whole. Run it again to go on.
"""


def leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Give every command that does something, with its whole name."""
    below = getattr(command, "commands", None)
    if not below:
        yield name, command
    for word, child in (below or {}).items():
        yield from leaves(child, f"{name} {word}")


def row(parameter: Any) -> tuple[str, str, str]:
    """Name, default and help of a parameter."""
    if parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}`", "must be given" if parameter.required else "", parameter.help or ""
    names = [*parameter.opts, *parameter.secondary_opts]
    metavar = f" {parameter.metavar or parameter.name.upper()}" if not parameter.is_flag else ""
    shown = ", ".join(f"`{name}{metavar if name == names[0] else ''}`" for name in names)
    default = parameter.default if parameter.default not in ("", None, False) else ""
    return shown, f"`{default}`" if default != "" else "", parameter.help or ""


def describe(name: str, command: Any) -> str:
    """Section of a command."""
    parts = [f"## {name}", command.help or ""]
    rows = [row(parameter) for parameter in command.params if parameter.name != "help"]
    parts.append(table(("argument or option", "default", "what"), rows))
    example = (command.epilog or "").removeprefix("Example: ")
    return "\n\n".join([*parts, f"```\n{example}\n```"]) + "\n"


def page() -> str:
    """Write the whole page."""
    found = list(leaves(get_command(app), "shelver"))
    contents = table(("command", "what"), [(f"[{n}](#{n.replace(' ', '-')})", c.help or "") for n, c in found])
    return "\n".join([INTRO, contents, "", *(describe(name, command) for name, command in found)])


if __name__ == "__main__":
    write_or_check("commands.md", page())
