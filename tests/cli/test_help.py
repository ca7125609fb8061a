"""``--help`` of every command says what its texts say: rich takes words in brackets for its own."""

import pytest
from typer import rich_utils
from typer.main import get_command
from typer.testing import CliRunner

from shelver.cli.main import app


def commands(command, names=()):
    yield names, command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*names, name))


EVERY = dict(commands(get_command(app)))


@pytest.mark.parametrize("names", EVERY, ids=" ".join)
def test_no_word_of_the_help_is_lost(names, monkeypatch):
    monkeypatch.setattr(rich_utils, "MAX_WIDTH", 2000)
    shown = " ".join(CliRunner().invoke(app, [*names, "--help"]).stdout.split())
    command = EVERY[names]
    texts = [command.help or "", *(parameter.help or "" for parameter in command.params if hasattr(parameter, "help"))]
    assert any(texts)
    for text in texts:
        assert " ".join(text.split()) in shown
