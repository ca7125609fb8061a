"""Make a throw-away environment for each peer, with pinned versions.

    python benchmarks/peers/install.py VENVS                    all of them
    python benchmarks/peers/install.py VENVS fasttext sklearn   some

Ludwig and AutoGluon need several GB, since their torch comes with CUDA from PyPI. A peer that cannot be installed is
reported, with pip's last words, and left out of the run.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements"
PEERS = sorted(path.stem for path in REQUIREMENTS.glob("*.txt"))


def install(name: str, folder: Path) -> str:
    """Install one peer; gives what went wrong."""
    place = folder / name
    done = place / "installed.txt"
    wanted = (REQUIREMENTS / f"{name}.txt").read_text()
    if done.exists() and done.read_text() == wanted:
        return ""
    shutil.rmtree(place, ignore_errors=True)
    venv.create(place, with_pip=True)
    command = [str(place / "bin" / "python"), "-m", "pip", "install", "--no-cache-dir", "-q"]
    made = subprocess.run(
        [*command, "-r", str(REQUIREMENTS / f"{name}.txt")], capture_output=True, text=True, check=False
    )
    if made.returncode:
        errors = [line for line in made.stderr.splitlines() if line.startswith("ERROR")] or made.stderr.splitlines()
        shutil.rmtree(place, ignore_errors=True)
        return "\n".join(errors[-3:])
    done.write_text(wanted)
    return ""


def main() -> None:
    """Parse, install, say what happened."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("venvs", type=Path, help="folder for the environments")
    parser.add_argument("peers", nargs="*", default=PEERS, help=f"which: {', '.join(PEERS)} (all)")
    options = parser.parse_args()
    options.venvs.mkdir(parents=True, exist_ok=True)
    failed = 0
    wrong = [name for name in options.peers if name not in PEERS]
    if wrong:
        parser.error(f"{wrong[0]}: choose from {', '.join(PEERS)}")
    for name in options.peers:
        error = install(name, options.venvs)
        failed += bool(error)
        print(f"{name}: {error or 'installed'}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
