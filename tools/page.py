"""What the scripts that write pages of docs/ have in common."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def write_or_check(name: str, text: str) -> None:
    """Write a page of docs/; with --check on the command line, exit with 1 if it would change."""
    path = ROOT / "docs" / name
    if sys.argv[1:] != ["--check"]:
        path.write_text(text)
        print(f"wrote {path}")
    elif not path.exists() or path.read_text() != text:
        sys.exit(f"docs/{name} is out of date; bring it up to date with: python {sys.argv[0]}")
