"""ARCHITECTURE.md lists the packages in order; nothing imports from below itself in that list."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "shelver"


def listed() -> list[str]:
    page = (ROOT / "ARCHITECTURE.md").read_text()
    block = re.search(r"```\nsrc/shelver/\n(.*?)```", page, re.DOTALL)
    assert block, "ARCHITECTURE.md has no list that begins with src/shelver/"
    return re.findall(r"^  ([a-z_]+)(?:\.py|/)\s", block[1], re.MULTILINE)


def layer(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Layers that a file imports, anywhere in it; ``from shelver import __version__`` is of no layer."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} line {node.lineno}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "shelver" and len(parts) > 1 and parts[1] != "__version__":
                found.add("pipeline" if parts[1] == "Workspace" else parts[1])
    return found


FILES = sorted(path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_file_imports_only_from_above(path):
    order = listed()
    own = order.index(layer(path))
    wrong = sorted(name for name in imported(path) - {layer(path)} if name not in order[:own])
    assert not wrong, f"{path.relative_to(ROOT)} is in {layer(path)}, but imports {', '.join(wrong)}"


def test_every_package_is_listed_once_and_nothing_else():
    order = listed()
    assert len(order) == len(set(order))
    assert sorted(order) == sorted({layer(path) for path in FILES})


def test_the_list_names_files_and_folders_as_they_are():
    page = (ROOT / "ARCHITECTURE.md").read_text()
    for name in listed():
        written = f"  {name}/" if (SOURCE / name).is_dir() else f"  {name}.py"
        assert f"\n{written} " in page


def test_imports_are_found_wherever_they_stand(tmp_path):
    path = tmp_path / "x.py"
    path.write_text("from shelver import Workspace, __version__, files\ndef f():\n    import shelver.cli.main\n")
    assert imported(path) == {"pipeline", "files", "cli"}
