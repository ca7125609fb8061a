"""What ``shelver ingest`` and ``shelver deliveries`` print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shelver.catalogue.deliveries import Delivery
from shelver.cli import main as cli
from shelver.pipeline.workspace import Workspace

ROWS = [f"{number},Hat {number}" for number in range(10)]


def run(*arguments: str, capsys: pytest.CaptureFixture[str], code: int = 0) -> tuple[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["shelver", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    assert (ended.value.code or 0) == code
    said = capsys.readouterr()
    return " ".join(said.out.split()), said.err


def deliver(folder: Path, name: str, rows: list[str]) -> None:
    (folder / f"{name}.csv").write_text("\n".join(["id,title", *rows]) + "\n")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    text = "".join(f'[[feeds]]\nname = "{name}"\npath = "{name}.csv"\n' for name in ("acme", "bolt"))
    (tmp_path / "shelver.toml").write_text(text)
    deliver(tmp_path, "acme", [*ROWS, "7,Again"])
    deliver(tmp_path, "bolt", ROWS)
    return tmp_path


def test_counts_and_deliveries(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("-w", str(shop))
    out, err = run("ingest", *where, capsys=capsys)
    assert "acme accepted 10 10 0 0 0 0 1 " in out
    assert "bolt accepted 10 10 0 0 0 0 0 " in out
    assert "1 rejected row: see shelver rejects" in out
    assert err == ""
    deliver(shop, "acme", ROWS[:4])
    deliver(shop, "bolt", [*ROWS[1:], "11,Cap"])
    out, err = run("ingest", *where, capsys=capsys, code=2)
    assert "acme held " in out
    assert "bolt accepted 10 1 0 9 1 0 0 " in out
    assert err.startswith("error: feed acme: held back, nothing was changed:\n  - 6 of 10 products (60.0%) are gone")
    out, err = run("ingest", *where, "--feed", "acme", capsys=capsys, code=2)
    assert out == "", "nothing was taken"
    out, _ = run("deliveries", *where, capsys=capsys)
    assert "acme held 4 0 0 4 6 0 0 " in out
    assert "acme, held: 6 of 10 products (60.0%) are gone" in out
    assert "4 of 4 deliveries" in out
    out, _ = run("ingest", *where, "--accept", "acme", "--json", capsys=capsys)
    (step,) = json.loads(out)
    assert (step["status"], step["unchanged"], step["gone"]) == ("accepted", 4, 6)
    out, _ = run("deliveries", "acme", *where, "--json", "--limit", "2", capsys=capsys)
    found = json.loads(out)
    assert found["total"] == 3
    assert [each["status"] for each in found["deliveries"]] == ["held", "accepted"]
    assert found["deliveries"][1]["columns"] == {"id": ["id"], "title": ["title"]}


def test_on_a_narrow_terminal_no_figure_is_cut(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shelver.cli.console.out._force_terminal", True)
    monkeypatch.setattr("shelver.cli.console.out._width", 80)
    monkeypatch.setattr("shelver.cli.console.out._color_system", None)
    record = Delivery("acme", "acme.csv", "x", 12_345_678, 12_345_678, new=1_234_567, changed=0, unchanged=2_345_678,
                      gone=345_678, back=0)  # fmt: skip
    with Workspace(shop).control as control:
        control.record_delivery(record)
        control.record_delivery(Delivery("acme", "acme.csv", "y", status="refused", reason="it is empty"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["shelver", "deliveries", "-w", str(shop)])
        with pytest.raises(SystemExit):
            cli.main()
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    assert "12,345,678" in said
    for change in ("1,234,567 new", "2,345,678 unchanged", "345,678 gone"):
        assert change in said
    assert not any(f"0 {name}" in said for name in ("changed", "back", "rejected")), "what did not happen is left out"


def test_a_feed_that_is_given_up(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("-w", str(shop))
    run("ingest", *where, capsys=capsys)
    (shop / "shelver.toml").write_text('[[feeds]]\nname = "acme"\npath = "acme.csv"\n')
    out, _ = run("ingest", *where, capsys=capsys)
    assert "bolt stays as it is; to make its products inactive: shelver ingest --forget bolt" in out
    out, _ = run("ingest", *where, "--forget", "bolt", capsys=capsys)
    assert "bolt forgotten 0 0 0 0 10 0 0 " in out


def test_what_is_not_there(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("-w", str(shop))
    assert "0 of 0 deliveries" in run("deliveries", *where, capsys=capsys)[0]
    assert 'nothing was delivered by a feed "acmi" yet' in run("deliveries", "acmi", *where, capsys=capsys, code=2)[1]
    assert "name one feed only" in run("ingest", "--feed", "a", "--accept", "b", *where, capsys=capsys, code=2)[1]
    assert 'no feed is called "acmi"' in run("ingest", "--accept", "acmi", *where, capsys=capsys, code=2)[1]
