"""Processes that we start import nothing from the folder they are started in, which is the user's own."""

import re
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "src" / "shelver"
STARTS = re.compile(r'sys\.executable,(?!\s*"-P")')


def test_processes_are_started_without_the_current_folder_on_their_path():
    files = list(SOURCE.rglob("*.py"))
    assert any("sys.executable" in path.read_text() for path in files)
    wrong = [str(path.relative_to(SOURCE)) for path in files if STARTS.search(path.read_text())]
    assert not wrong, 'Python is started without "-P"'
