"""Print the exact torch requirement of pyproject.toml."""

import tomllib
from pathlib import Path

project = tomllib.loads(Path(__file__).parent.parent.joinpath("pyproject.toml").read_text())["project"]
print(next(line for line in project["dependencies"] if line.startswith("torch==")))
