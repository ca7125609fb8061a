"""Whatever is wrong with the input: exit code 2, one clear message on stderr, nothing half-written."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from forked_cli import NOBODY, Done, cold
from workspace_state import assert_same, holds, on_disk

from shelver.cli import main as entry
from shelver.table import Table
from shelver.testing import toy as toys

GARBAGE = random.Random(5).randbytes(3000)  # noqa: S311 (not for secrets)
NOT_UTF8 = "Café".encode("latin-1")


@dataclass(frozen=True)
class Case:
    """One thing that is wrong.

    `expected` are texts that the message must contain; "{w}" is the workspace.
    """

    name: str
    command: str
    spoil: Callable[[Path], object]
    expected: tuple[str, ...]
    start: str = "new"


def put(name: str, content: str | bytes) -> Callable[[Path], object]:
    data = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / name).write_bytes(data)


def swap(name: str, old: str, new: str) -> Callable[[Path], object]:
    def spoil(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return spoil


def add(name: str, text: str | bytes) -> Callable[[Path], object]:
    data = text.encode() if isinstance(text, str) else text
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes() + data)


def drop(*names: str) -> Callable[[Path], object]:
    return lambda folder: [(folder / name).unlink() for name in names]


def nothing(folder: Path) -> None:
    pass


def first_line(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text((folder / name).read_text().split("\n")[0] + "\n")


def twice_in_feed(folder: Path) -> None:
    feed = folder / "feed.csv"
    feed.write_text(feed.read_text() + "".join(f"t{n:04},Again {n},Acme,1.00\n" for n in range(40)))


LABELS = "label import {w}/labels.csv"
TREE = "id,parent,name\n1,,Shoes\n"
CASES = [
    # feeds
    Case("feed missing", "ingest", drop("feed.csv"), ("feed.csv: no such file", "expected")),
    Case("feed empty", "ingest", put("feed.csv", ""), ("feed.csv: the file is empty", "expected a header and rows")),
    Case("feed of blanks", "ingest", put("feed.csv", "\n \n"), ("feed.csv: there is nothing in the file",)),
    Case(
        "feed with another delimiter",
        "ingest",
        swap("shelver.toml", 'path = "feed.csv"', 'path = "feed.csv"\ndelimiter = ";"'),
        ("feed.csv: only one column found", 'delimiter = ","'),
    ),
    Case("feed with a header only", "ingest", first_line("feed.csv"), ("feed.csv: a header, but no rows",)),
    Case("feed is garbage", "ingest", put("feed.csv", GARBAGE), ("feed.csv: this is binary data, not text",)),
    Case("feed is binary", "ingest", put("feed.csv", bytes(3000)), ("feed.csv: this is binary data",)),
    Case(
        "feed is a damaged gzip",
        "ingest",
        put("feed.csv", b"\x1f\x8b" + GARBAGE),
        ("feed.csv: the archive is cut short or damaged", "fetch or pack it once more"),
    ),
    Case(
        "feed of another encoding than said",
        "ingest",
        lambda folder: [
            swap("shelver.toml", 'path = "feed.csv"', 'path = "feed.csv"\nencoding = "utf-8"\nmax_rejects = 0')(folder),
            add("feed.csv", b"x1," + NOT_UTF8 + b",Acme,1.00\n")(folder),
        ],
        ("feed toy: 1 of 121 rows", "line 122", "not UTF-8", 'encoding = "auto"'),
    ),
    Case(
        "feed has no title",
        "ingest",
        swap("feed.csv", "title", "colour"),
        ("feed.csv", "title"),
    ),
    Case("too many rejects", "ingest", twice_in_feed, ("feed toy: 40 of 160 rows are bad", "max_rejects", "line 122")),
    Case(
        "no such feed",
        "ingest --feed tox",
        nothing,
        ('shelver.toml: no feed is called "tox"',),
    ),
    Case("no feeds", "ingest", put("shelver.toml", ""), ("shelver.toml: no feeds", "[[feeds]]")),
    # shelver.toml
    Case("no shelver.toml", "run", drop("shelver.toml"), ("{w}: no shelver.toml here", "shelver init")),
    Case("no such folder", "run -w {w}/nowhere", nothing, ("{w}/nowhere: no shelver.toml here",)),
    Case(
        "unknown key",
        "ingest",
        swap("shelver.toml", "[categories]", "[categories]\nexclusiv = 'leaves'"),
        ('shelver.toml line 6: unknown key "categories.exclusiv"', 'did you mean "exclusive"'),
    ),
    Case(
        "wrong type",
        "ingest",
        swap("shelver.toml", "epochs = 2", 'epochs = "many"'),
        ("shelver.toml line 15: training.epochs (it is 'many')", "integer"),
    ),
    Case(
        "unknown model",
        "train",
        swap("shelver.toml", "epochs = 2", 'model = "linaer"'),
        ('shelver.toml line 15: training.model = "linaer"', 'did you mean "linear"'),
    ),
    Case(
        "two feeds with one name",
        "ingest",
        add("shelver.toml", '\n[[feeds]]\nname = "toy"\npath = "other.csv"\n'),
        ("shelver.toml", "two feeds are called 'toy'"),
    ),
    Case("not TOML", "ingest", put("shelver.toml", "[[feeds]\n"), ("shelver.toml line 1: not valid TOML",)),
    Case("settings are garbage", "ingest", put("shelver.toml", GARBAGE), ("shelver.toml line 1: not UTF-8",)),
    Case("settings not UTF-8", "ingest", add("shelver.toml", b"# " + NOT_UTF8), ("shelver.toml line 17: not UTF-8",)),
    Case(
        "unknown encoder",
        "run",
        swap("shelver.toml", "[features]", '[features]\nv = { kind = "vector", encoder = "statik" }'),
        ('no encoder "statik"', 'did you mean "static"', "shelver.toml"),
        "done",
    ),
    Case(
        "unknown control database",
        "rules apply",
        add("shelver.toml", '[control]\nurl = "mysql://x/y"\n'),
        ("cannot keep the control database there", "postgresql://"),
        "done",
    ),
    # tree
    Case("no tree", "rules apply", drop("categories.csv"), ("categories.csv: no such file",), "done"),
    Case("tree empty", "rules apply", put("categories.csv", ""), ("categories.csv: the file is empty",), "done"),
    Case(
        "cycle in the tree",
        "rules apply",
        put("categories.csv", TREE + "2,3,Boots\n3,2,Sandals\n"),
        ("categories.csv line 3", "own ancestors: 2 → 3 → 2"),
        "done",
    ),
    Case(
        "duplicate id in the tree",
        "rules apply",
        put("categories.csv", TREE + "2,1,Boots\n2,1,Sandals\n"),
        ("categories.csv line 4", '"2"'),
        "done",
    ),
    Case(
        "unknown parent", "rules apply", put("categories.csv", TREE + "2,9,Boots\n"), ("categories.csv line 3",), "done"
    ),
    Case("tree is garbage", "categories", put("categories.csv", GARBAGE), ("categories.csv line 1: ",), "done"),
    Case(
        "tree not UTF-8",
        "categories",
        add("categories.csv", NOT_UTF8 + b"\n"),
        ("categories.csv line 9: not UTF-8",),
        "done",
    ),
    Case(
        "tree without a labelled category",
        "rules apply",
        swap("categories.csv", "Bags > Backpacks\n", ""),
        ("categor", "Backpacks"),
        "done",
    ),
    # rules
    Case("no rules", "rules apply", drop("rules.toml"), ("rules.toml: no such rules file",), "done"),
    Case(
        "rule with a bad pattern",
        "rules apply",
        add("rules.toml", '\n[[rule]]\ncategory = "Hats"\ntitle.regex = ["(cap"]\n'),
        ("rules.toml line",),
        "done",
    ),
    Case(
        "rule with an unknown category",
        "rules apply",
        add("rules.toml", '\n[[rule]]\ncategory = "Hots"\ntitle.any = ["cap"]\n'),
        ("rules.toml line 18", "Hots", "Hats"),
        "done",
    ),
    Case("rules are garbage", "rules apply", put("rules.toml", GARBAGE), ("rules.toml line 1: not UTF-8",), "done"),
    Case("rules not UTF-8", "run", add("rules.toml", b"# " + NOT_UTF8), ("rules.toml line 17: not UTF-8",), "done"),
    # labels
    Case("no labels file", LABELS, drop("labels.csv"), ("labels.csv: no such file",), "done"),
    Case("labels empty", LABELS, put("labels.csv", ""), ("labels.csv: the file is empty",), "done"),
    Case("labels are garbage", LABELS, put("labels.csv", GARBAGE), ("labels.csv line 1: ",), "done"),
    Case("labels not UTF-8", LABELS, add("labels.csv", NOT_UTF8), ("labels.csv line 122: not UTF-8",), "done"),
    Case(
        "label with an unknown category",
        LABELS,
        add("labels.csv", "t0003,Shoes > Boats\n"),
        ("labels.csv line 122", "Shoes > Boats", "Shoes > Boots", "no label was imported"),
        "done",
    ),
    Case(
        "label of an unknown product",
        LABELS,
        add("labels.csv", "t9999,Shoes > Boots\n"),
        ("labels.csv line 122", "t9999", "no label was imported"),
        "done",
    ),
    Case("labels without a column", LABELS, put("labels.csv", "sku,shelf\n1,2\n"), ("labels.csv: no column",), "done"),
    # things in the wrong order
    Case("no products yet: rules", "rules apply", nothing, ("{w}: there are no products yet", "shelver ingest")),
    Case("no products yet: prepare", "prepare", nothing, ("{w}: there are no products yet", "shelver ingest")),
    Case("no products yet: labels", LABELS, nothing, ("{w}: there are no products yet", "shelver ingest")),
    Case("no rejects yet", "rejects", nothing, ("tables/rejects.lance: there is no table rejects yet",)),
    Case("no run yet: train", "train", nothing, ("{w}: nothing was prepared yet", "shelver prepare")),
    Case("no run yet: predict", "predict", nothing, ("{w}: nothing was prepared yet", "shelver prepare")),
    Case("no run yet: evaluate", "evaluate", nothing, ("{w}: nothing was prepared yet", "shelver prepare")),
    Case("no such run", "train --run run-1", nothing, ('there is no run "run-1"', "run-"), "done"),
    Case("no such model", "predict --model other", nothing, ("models/other: no model here", "shelver train"), "done"),
    Case(
        "no model yet",
        "classify boots",
        swap("shelver.toml", "epochs = 2", 'model = "wide_deep"'),
        ("models/wide_deep: no model here", "shelver train"),
        "done",
    ),
    Case("no such side", "evaluate --split tset", nothing, ("test, valid or train",), "done"),
    # damage
    Case("control.db is garbage", "train", put("control.db", GARBAGE), ("control.db: not a database",), "done"),
    Case("control.db is garbage: ingest", "ingest", put("control.db", GARBAGE), ("control.db: not a database",)),
    Case("a folder as prefix of a file", "run -w {w}/feed.csv", nothing, ("{w}/feed.csv: no shelver.toml here",)),
    Case("another kind of store", "run -w ftp://host/shop", nothing, ('"ftp://"', "s3://")),
]


def copied(start: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    shutil.copytree(start, folder)
    return folder


def arguments(command: str, folder: Path, *more: str) -> list[str]:
    words = [word.replace("{w}", str(folder)) for word in command.split(" ")]
    return [*words, *more] if "-w" in words else [*words, "-w", str(folder), *more]


def check_refusal(done: Done, *expected: str) -> None:
    assert done.code == 2, f"exit {done.code}\n{done.out}{done.err}"
    assert done.out == ""
    assert done.err.startswith("error: "), done.err
    for sign in ("Traceback", "panicked", "object at 0x", "LanceError", "OSError", "WARN"):
        assert sign not in done.err, done.err
    assert done.err.count("error: ") == 1, done.err
    for text in expected:
        assert text in done.err, f"{text!r} is not in:\n{done.err}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_refused_with_one_clear_message(case, cli, new_shop, done_shop, tmp_path):
    folder = copied(new_shop if case.start == "new" else done_shop, tmp_path)
    case.spoil(folder)
    before = on_disk(folder)
    more = ["--json"] if len(case.name) % 2 else []  # half of the cases: also then nothing on stdout
    done = cli.run(*arguments(case.command, folder, *more))
    check_refusal(done, *(text.replace("{w}", str(folder)) for text in case.expected))
    after = on_disk(folder)
    if "control.db" not in before:
        after.pop("control.db", None)  # made empty where it was asked
    if "ingesting.lock" not in before:
        after.pop("ingesting.lock", None)
    assert after == before, "nothing else is written"


def test_the_real_command_does_as_its_fork(new_shop, tmp_path):
    folder = copied(new_shop, tmp_path)
    (folder / "feed.csv").write_text("")
    done = cold("ingest", "-w", str(folder))
    check_refusal(done, "feed.csv: the file is empty")
    assert os.listdir(folder).count("tables") == 0


def test_an_unknown_option_is_refused_too(cli):
    done = cli.run("run", "--wrokspace", "x")
    assert (done.code, done.out) == (2, "")
    assert "No such option" in done.err


# --- bad rows


def test_bad_rows_become_rejects_with_reason_and_line(cli, new_shop, tmp_path):
    folder = copied(new_shop, tmp_path)
    with open(folder / "feed.csv", "a") as feed:
        feed.write("t0003,Once more,Acme,1.00\n,Nobody,Acme,1.00\nu1,,Acme,1.00\nu2,Cut\n")
    steps = json.loads(cli.ok("ingest", "-w", folder, "--json").out)
    assert (steps[0]["rows"], steps[0]["rejected"]) == (120, 4)
    rejects = Table(str(folder / "tables/rejects.lance")).read().to_pylist()
    found = {row["line"]: row["reason"] for row in rejects}
    assert sorted(found) == [122, 123, 124, 125]
    assert "duplicate id 't0003'" in found[122]
    assert "line 5" in found[122], "where it was first seen"
    assert "title" in found[124]
    shown = cli.ok("rejects", "-w", folder)
    assert "feed.csv line 122: duplicate id 't0003'" in shown.out


def test_a_row_of_another_encoding_is_read(cli, new_shop, tmp_path):
    folder = copied(new_shop, tmp_path)
    add("feed.csv", b"x1," + NOT_UTF8 + b",Acme,1.00\n")(folder)
    cli.ok("ingest", "-w", folder)
    products = Table(str(folder / "tables/products.lance")).read(["merchant_id", "title"]).to_pylist()
    assert {"merchant_id": "x1", "title": "Café"} in products
    assert len(products) == 121


def test_a_refused_delivery_leaves_the_former_one(cli, done_shop, tmp_path):
    folder = copied(done_shop, tmp_path)
    products = Table(str(folder / "tables/products.lance"))
    before, fingerprint = products.read(), products.fingerprint()
    twice_in_feed(folder)
    check_refusal(cli.run("ingest", "-w", folder), "max_rejects")
    assert products.read().equals(before)
    assert products.fingerprint() == fingerprint
    cli.ok("predict", "-w", folder)


def test_the_second_of_two_feeds_is_missing(cli, new_shop, tmp_path):
    folder = copied(new_shop, tmp_path)
    add("shelver.toml", '\n[[feeds]]\nname = "other"\npath = "other.csv"\n')(folder)
    done = cli.run("ingest", "-w", folder, "--json")
    assert done.code == 2
    assert "error: other.csv: no such file" in done.err
    assert [step["status"] for step in json.loads(done.out)] == ["accepted", "refused"]
    assert Table(str(folder / "tables/products.lance")).count() == 120, "the feed before it is there, whole"
    shutil.copy(folder / "feed.csv", folder / "other.csv")
    steps = json.loads(cli.ok("ingest", "-w", folder, "--json").out)
    assert [(step["rows"], step["fresh"]) for step in steps] == [(120, True), (120, False)]


# --- JSON


@pytest.mark.parametrize(
    "command",
    ["ingest", "prepare", "train", "evaluate", "predict", "run", "classify boots", "categories", "rules check", LABELS],
)
def test_json_is_all_there_is_on_stdout(command, cli, done_shop):
    done = cli.ok(*arguments(command, done_shop, "--json"))
    assert json.loads(done.out)
    assert done.err == ""


# --- the machine refuses


def test_no_permission_to_write(cli, done_shop, open_folder):
    folder = open_folder / "read-only"
    shutil.copytree(done_shop, folder)
    twice_in_feed(folder)
    swap("shelver.toml", 'path = "feed.csv"', 'path = "feed.csv"\nmax_rejects = 0.9')(folder)
    swap("rules.toml", '"sandal"', '"slider"')(folder)
    subprocess.run(["chmod", "-R", "a+rX,a-w", str(folder)], check=True)
    before = on_disk(folder)
    user = {"user": NOBODY} if os.geteuid() == 0 else {}
    try:
        for command in ("ingest", "run", "label import {w}/labels.csv", "rules apply", "rules suggest --force"):
            done = cli.run(*arguments(command, folder), **user)
            check_refusal(done, "permission to", str(folder))
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
    assert on_disk(folder) == before


def test_no_permission_to_read(cli, done_shop, open_folder):
    folder = open_folder / "unreadable"
    shutil.copytree(done_shop, folder)
    subprocess.run(["chmod", "-R", "a+rwX", str(folder)], check=True)
    user = {"user": NOBODY} if os.geteuid() == 0 else {}
    for name, command in {
        "feed.csv": "ingest",
        "rules.toml": "rules apply",
        "categories.csv": "rules apply",
        "labels.csv": "label import {w}/labels.csv",
        "shelver.toml": "run",
    }.items():
        os.chmod(folder / name, 0)
        check_refusal(cli.run(*arguments(command, folder), **user), name, "read")
        os.chmod(folder / name, 0o644)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own, of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"mounting a small disk is not permitted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def fill(disk: Path, leave: int) -> None:
    """Fill a disk but for some bytes."""
    free = os.statvfs(disk)
    (disk / "ballast").write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - leave)))


@pytest.mark.parametrize("leave", [0, 24_000, 60_000])
def test_the_disk_is_full(leave, cli, done_shop, small_disk):
    folder = small_disk / "shop"
    shutil.copytree(done_shop, folder)
    swap("feed.csv", "t0003,", "t9003,")(folder)
    swap("shelver.toml", "epochs = 2", "epochs = 3")(folder)
    tables = ("products", "rule_labels", "predictions")
    before = {name: Table(str(folder / f"tables/{name}.lance")).read() for name in tables}
    fill(small_disk, leave)
    done = cli.run("run", "-w", folder)
    check_refusal(done, "the disk is full", str(folder))
    for name in tables:
        table = Table(str(folder / f"tables/{name}.lance"))
        assert table.read().equals(before[name]) or table.count() == 121, "with the one that is gone"
    assert not list(folder.rglob(".writing-*"))
    (small_disk / "ballast").unlink()
    cli.ok("run", "-w", folder)
    assert Table(str(folder / "tables/rule_labels.lance")).count() == 121
    assert Table(str(folder / "tables/predictions.lance")).count() == 120, "those on offer"


@pytest.mark.parametrize(
    ("limit", "language", "expected"),
    [
        (2_000, True, "control.db: the disk is full or cannot be used"),
        (150_000, False, "shop/tables/products.lance: a file may not grow that large here"),
        (150_000, True, f"{tempfile.gettempdir()}: a file may not grow that large here"),
    ],
)
def test_files_may_not_grow(limit, language, expected, cli, tmp_path):
    folder = tmp_path / "shop"
    toys.write_toy(folder, 3000, settings="[training]\nepochs = 1\n")
    if not language:  # whose model is unpacked into a temporary file
        swap("shelver.toml", 'path = "feed.csv"', 'path = "feed.csv"\nlanguage = false')(folder)
    done = cli.run("run", "-w", folder, file_limit=limit)
    check_refusal(done, expected)
    assert not list(folder.rglob("*.lance"))
    assert not list(folder.rglob(".writing-*"))
    cli.ok("run", "-w", folder)


def test_another_process_holds_the_database(cli, done_shop, tmp_path):
    """A reader is not held up; a writer that takes long would be waited for (catalogue/database.py)."""
    folder = copied(done_shop, tmp_path)
    with sqlite3.connect(folder / "control.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        cli.ok("predict", "-w", folder)
        other.execute("ROLLBACK")
    other.close()


# --- Ctrl-C


@pytest.mark.parametrize("share", [0.3, 0.55, 0.8])
def test_ctrl_c(share, cli, new_shop, done_shop, tmp_path):
    """The moments are spread over the command; whatever is made before it stays, the rest is made afterwards."""
    folder = copied(new_shop, tmp_path)
    swap("shelver.toml", "epochs = 2", "epochs = 40\npatience = 40")(folder)
    cli.ok("ingest", "-w", folder)
    cli.ok("label", "import", folder / "labels.csv", "-w", folder)
    twin = tmp_path / "twin"
    shutil.copytree(folder, twin)
    begun = time.monotonic()
    cli.ok("run", "-w", twin)
    took = time.monotonic() - begun
    pid = cli.start("run", "-w", folder)
    time.sleep(took * share)
    with suppress(ProcessLookupError):  # it was quicker
        os.killpg(pid, signal.SIGINT)
    done = cli.wait()
    assert "Traceback" not in done.err
    if done.code != 0:  # not finished before the signal came
        assert done.code == 130, done.err
        assert done.err == "stopped; everything finished so far is kept, run the command again to go on\n"
        said = done.out.removeprefix("Received Ctrl-C, shutting down execution engine\n")  # the engine's own word
        assert said == "" or "predict" in said, "it came when all was done"
    assert not list(folder.rglob(".writing-*"))
    cli.ok("run", "-w", folder)
    assert_same(holds(folder), holds(twin))


@pytest.mark.parametrize("cause", [KeyboardInterrupt(), None])
def test_ctrl_c_while_a_library_is_loaded(cause, monkeypatch, capsys):
    """Some libraries make an error of their own of it; another error is not hidden."""

    def load() -> None:
        raise ImportError("initialization failed") from cause

    monkeypatch.setattr(entry, "app", load)
    with pytest.raises(SystemExit if cause else ImportError) as caught:
        entry.main()
    if cause:
        assert caught.value.code == 130
        assert capsys.readouterr().err.startswith("stopped; everything finished so far is kept")
