"""``shelver profile`` on the terminal."""

import json

import pytest
from typer.testing import CliRunner

from shelver.cli.main import app
from shelver.cli.profile_screen import meter
from shelver.errors import ShelverError
from shelver.pipeline.workspace import Workspace

HOSTILE = "Nike\x1b[2J[red]"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    feeds = ""
    for name, rows in (("acme", 60), ("best", 30)):
        lines = [f"{name}{row},Shoe {row},{HOSTILE if row % 2 else 'Puma'},{row}.50" for row in range(rows)]
        (folder / f"{name}.csv").write_text("\n".join(["id,title,brand,price", *lines]) + "\n")
        feeds += f'[[feeds]]\nname = "{name}"\npath = "{name}.csv"\n'
    (folder / "shelver.toml").write_text(feeds)
    workspace = Workspace(folder)
    workspace.ingest()
    workspace.close()
    return folder


def run(shop, *words):
    return CliRunner().invoke(app, ["profile", "-w", str(shop), *words])


@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_the_tables_fit_the_terminal(shop, monkeypatch, columns):
    monkeypatch.setattr("shelver.cli.console.out._width", int(columns))
    done = run(shop)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    tables = lines[: next(number for number, line in enumerate(lines) if line.startswith("to take"))]
    assert max(map(len, tables)) <= int(columns)
    assert lines[0].strip() == "90 products of 2 feeds"
    for words in ("title", "brand", "suggested features", "categorical"):
        assert words in done.stdout
    assert "\x1b[2J" not in done.stdout


def test_json_is_one_document(shop):
    document = json.loads(run(shop, "--json").stdout)
    assert document["profile"]["whole"]["rows"] == 90
    assert document["since"] is None
    assert "[features.title]" in document["toml"]


def test_the_settings_alone(shop):
    text = run(shop, "--toml").stdout
    assert text.startswith("# Features suggested")
    assert "[features.brand]" in text


def test_raw_columns_have_no_suggestions(shop, tmp_path):
    done = run(shop, "--raw", "acme", "--html", str(tmp_path / "p.html"))
    assert "feed acme, as it stands in its files: 60 rows" in done.stdout
    assert "suggested features" not in done.stdout
    assert (tmp_path / "p.html").exists()
    with pytest.raises(ShelverError, match="--raw and --feed do not go together"):
        CliRunner().invoke(app, ["profile", "-w", str(shop), "--raw", "acme", "--feed", "best"], catch_exceptions=False)


@pytest.mark.parametrize(("value", "bar"), [(0, "    "), (1, "████"), (0.5, "██  "), (0.001, "▏   "), (0.9999, "███▉")])
def test_only_what_is_full_looks_full(value, bar):
    assert meter(value, 4) == bar
