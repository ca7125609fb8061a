"""One process, one engine: each case in a process of its own."""

import importlib.util
import os
import subprocess
import sys

import pytest

CASES = {
    "another engine after local": """
        from shelver.engine.choose import choose
        assert choose(Engine()) is choose(Engine(address="ignored"))
        refused(lambda: choose(Engine(kind="ray")), "uses the engine local already, so it cannot use ray")
    """,
    "Daft was set to Ray by somebody else": """
        import daft
        daft.runners._get_runner = lambda: type("Runner", (), {"name": "ray"})()
        from shelver.engine.choose import choose
        refused(lambda: choose(Engine()), "uses the engine ray already, so it cannot use local")
    """,
    "Ray is missing": """
        sys.modules["ray"] = None
        from shelver.engine.choose import choose
        refused(lambda: choose(Engine(kind="ray")), 'pip install "shelver[ray]"')
        assert choose(Engine())
    """,
}
HEAD = """
import sys
from shelver.config import Engine
from shelver.errors import ConfigError

def refused(call, text):
    try:
        call()
    except ConfigError as error:
        assert text in str(error), error
    else:
        raise AssertionError("not refused")
"""


@pytest.mark.parametrize("case", CASES)
def test_choosing(case):
    lines = [line[8:] for line in CASES[case].splitlines()]
    script = HEAD + "\n".join(lines)
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_importing_the_engine_does_not_import_ray():
    code = "import sys, shelver.engine; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=120).returncode == 0


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason='needs Ray: pip install "shelver[ray]"')
def test_nothing_is_sent_anywhere():
    names = ["RAY_USAGE_STATS_ENABLED", "DAFT_ANALYTICS_ENABLED"]
    code = f"import os; import shelver.engine.cluster; print(*[os.environ[name] for name in {names}])"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "DAFT_"))}
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=120, env=environment
    )
    assert done.stdout.split() == ["0", "0"], done.stderr
