"""Kill anything, run it again: the workspace ends up as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from workspace_state import assert_same, holds

from shelver.table import Table
from shelver.testing import toy as toys

PATCH = str(Path(__file__).with_name("die_at_commit.py"))
SETTINGS = '\n[training]\nepochs = 8\npatience = 8\nmin_steps = 5\n[models.linear]\nkind = "linear"\nprior = false\n'

Command = tuple[str, ...]


def commands(folder: Path) -> dict[str, Command]:
    """All that writes, in an order in which it works."""
    w = ("-w", str(folder))
    return {
        "ingest": ("ingest", *w),
        "label import": ("label", "import", str(folder / "labels.csv"), *w),
        "rules apply": ("rules", "apply", *w),
        "prepare": ("prepare", *w),
        "train": ("train", *w),
        "predict": ("predict", *w),
        "run": ("run", *w),
    }


@pytest.mark.slow
def test_killed_twenty_times_at_random(cli, tmp_path):
    vectors = toys.can_encode()
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    for folder in (calm, rough):
        toys.write_toy(folder, 3000, vectors=vectors, settings=SETTINGS)
    took = {}
    for name, command in commands(calm).items():
        begun = time.monotonic()
        cli.ok(*command)
        took[name] = time.monotonic() - begun
    expected = holds(calm)
    took["run"] = sum(took.values())  # in the other workspace it has everything to do
    rng = random.Random(7)  # noqa: S311 (not for secrets)
    killed = 0
    for number in range(20):
        name, command = rng.choice(list(commands(rough).items()))
        moment = rng.uniform(0.05, 1.0) * took[name]
        if number % 7 == 6:  # now and then the real thing, imports and all
            killed += kill_cold(command, moment + 2)
            continue
        pid = cli.start(*command)
        time.sleep(moment)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        done = cli.wait()
        assert done.code in (0, 2, -signal.SIGKILL), done.err  # 2: what it needs is not there yet
        assert "Traceback" not in done.err
        killed += done.code == -signal.SIGKILL
    assert killed >= 8
    cli.ok("ingest", "-w", rough)
    cli.ok("label", "import", rough / "labels.csv", "-w", rough)
    cli.ok("run", "-w", rough)
    forget_partial_runs(rough, expected)
    assert_same(holds(rough), expected)


def kill_cold(command: Command, moment: float) -> bool:
    """Start ``python -m shelver.cli.main`` and kill its process group after some seconds."""
    process = subprocess.Popen(
        [sys.executable, "-m", "shelver.cli.main", *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def forget_partial_runs(folder: Path, expected: dict[str, object]) -> None:
    """Before the labels came, a command that was not killed in time may have made a run without them: that is right."""
    wanted = {run_id for run_id, _ in expected["run ids"]}
    extra = [path for path in (folder / "runs").glob("run-*") if path.name not in wanted]
    for path in extra:
        shutil.rmtree(path)
    expected["run ids"] = holds(folder, files=False)["run ids"] if extra else expected["run ids"]
    found = {run_id for run_id, _ in expected["run ids"]}
    assert wanted <= found


# --- at every commit


def writes(cli, folder: Path, *command: str, code: int = 0) -> int:
    """Number of commits a command makes that ends with an exit code."""
    log = folder.parent / f"{folder.name}.log"
    done = cli.run(*command, "-w", folder, patch=[PATCH, "count", str(log)])
    assert done.code == code, done.err
    return len(log.read_text().splitlines())


def killed_at_each(
    cli, start: Path, tmp_path: Path, command: Command, step: int = 1, code: int = 0
) -> Iterator[tuple[int, Path]]:
    """A copy of a workspace for every (or every second, ...) commit of a command, killed just before that commit."""
    counted = tmp_path / "counted"
    shutil.copytree(start, counted)
    for number in range(1, writes(cli, counted, *command, code=code) + 1, step):
        folder = tmp_path / f"killed-{number}"
        shutil.copytree(start, folder)
        done = cli.run(*command, "-w", folder, patch=[PATCH, "die", str(number)])
        assert done.code == 9, f"commit {number}: exit {done.code}\n{done.err}"
        yield number, folder
        shutil.rmtree(folder)
    shutil.rmtree(counted)
    counted.with_suffix(".log").unlink()


@pytest.mark.slow
def test_killed_at_every_commit_of_a_first_run(cli, new_shop, tmp_path):
    calm = tmp_path / "calm"
    shutil.copytree(new_shop, calm)
    cli.ok("run", "-w", calm)
    expected = holds(calm)
    number = 0
    for number, folder in killed_at_each(cli, new_shop, tmp_path, ("run",)):  # noqa: B007 (used below)
        cli.ok("run", "-w", folder)
        assert_same(holds(folder), expected)
    assert number >= 15


def test_killed_at_every_commit_of_importing_labels(cli, new_shop, tmp_path):
    start = tmp_path / "start"
    shutil.copytree(new_shop, start)
    cli.ok("ingest", "-w", start)
    for _, folder in killed_at_each(cli, start, tmp_path, ("label", "import", str(start / "labels.csv"))):
        for _ in range(2):
            done = cli.ok("label", "import", start / "labels.csv", "-w", folder)
            assert "120 products now have a label" in done.out


def changed_feed(folder: Path) -> None:
    """Some products gone, some changed, some new."""
    feed = folder / "feed.csv"
    header, *rows = feed.read_text().splitlines()
    rows = [row.replace("Classic", "Old") for row in rows[10:]] + [f"n{i},Blue boot {i},Acme,5.00" for i in range(15)]
    feed.write_text("\n".join([header, *rows, ",no id and,no price,"]) + "\n")


def test_killed_at_every_commit_of_a_new_delivery(cli, done_shop, tmp_path):
    start, calm = tmp_path / "start", tmp_path / "calm"
    shutil.copytree(done_shop, start)
    with open(start / "feed.csv", "a") as feed:
        feed.write("t0001,Twice,Acme,1.00\n")  # so that there are rejects before and after
    cli.ok("ingest", "-w", start)
    old = Table(str(start / "tables/products.lance")).read().sort_by("product_id")
    changed_feed(start)
    shutil.copytree(start, calm)
    cli.ok("ingest", "-w", calm)
    expected = holds(calm)
    new = expected["tables/products.lance"]
    for number, folder in killed_at_each(cli, start, tmp_path, ("ingest",)):
        between = Table(str(folder / "tables/products.lance")).read().sort_by("product_id")
        assert between.equals(old) or between.equals(new), f"commit {number}"
        cli.ok("predict", "-w", folder)  # makes the tables of what is not products anew
        expected = {name: value for name, value in expected.items() if "products" in name or "rejects" in name}
        cli.ok("ingest", "-w", folder)
        made = holds(folder)
        assert_same({name: made[name] for name in expected}, expected)
    assert number >= 3  # products, rejects, the note of the delivery


@pytest.mark.slow
def test_killed_at_every_commit_of_a_second_run(cli, done_shop, tmp_path):
    """Everything changes: feed, tree, rules, settings."""
    start, calm = tmp_path / "start", tmp_path / "calm"
    shutil.copytree(done_shop, start)
    changed_feed(start)
    (start / "categories.csv").write_text((start / "categories.csv").read_text() + "Hats > Berets\n")
    (start / "rules.toml").write_text((start / "rules.toml").read_text().replace('"sandal"', '"sandal", "slider"'))
    shutil.copytree(start, calm)
    cli.ok("run", "-w", calm)
    expected = holds(calm)
    for _, folder in killed_at_each(cli, start, tmp_path, ("run",), step=3):
        cli.ok("run", "-w", folder)
        assert_same(holds(folder), expected)


@pytest.mark.slow
def test_killed_at_every_commit_of_a_delivery_that_is_confirmed(cli, new_shop, tmp_path):
    """Most products gone: held back first; the notes of deliveries say in the end what was taken, and only that."""
    start, calm = tmp_path / "start", tmp_path / "calm"
    shutil.copytree(new_shop, start)
    cli.ok("ingest", "-w", start)
    feed = start / "feed.csv"
    feed.write_text("\n".join(feed.read_text().splitlines()[:40]).replace("Classic", "Old") + "\n")
    old = Table(str(start / "tables/products.lance")).read()
    for _, folder in killed_at_each(cli, start, tmp_path, ("ingest",), code=2):
        assert cli.run("ingest", "-w", folder).code == 2
        assert statuses(cli, folder) == ["accepted", "held"]
        assert Table(str(folder / "tables/products.lance")).read().equals(old)
    assert cli.run("ingest", "-w", start).code == 2
    shutil.copytree(start, calm)
    cli.ok("ingest", "--accept", "toy", "-w", calm)
    expected = holds(calm)
    new = expected["tables/products.lance"]
    for number, folder in killed_at_each(cli, start, tmp_path, ("ingest", "--accept", "toy")):
        between = Table(str(folder / "tables/products.lance")).read()
        assert between.equals(old) or between.sort_by("product_id").equals(new), f"commit {number}"
        if not between.equals(old):
            cli.ok("ingest", "-w", folder)  # it is taken: nothing is held back any more
        cli.ok("ingest", "--accept", "toy", "-w", folder)
        assert_same(holds(folder), expected)
        assert statuses(cli, folder)[-1] == "accepted"
        assert "writing" not in statuses(cli, folder)
    assert number >= 4  # the note, rejects, products, the note that they were taken


def statuses(cli, folder: Path) -> list[str]:
    return [each["status"] for each in json.loads(cli.ok("deliveries", "-w", folder, "--json").out)["deliveries"]]


def test_a_delivery_that_comes_back_as_it_was(cli, done_shop, tmp_path):
    """What was made of one delivery must not be mixed with another: some rows lie elsewhere, some are inactive now."""
    folder, calm = tmp_path / "shop", tmp_path / "calm"
    shutil.copytree(done_shop, folder)
    shutil.copytree(done_shop, calm)
    first = (folder / "feed.csv").read_text()
    for place, command in ((folder, "run"), (calm, "ingest")):
        changed_feed(place)
        cli.ok(command, "-w", place)
        (place / "feed.csv").write_text(first)
    cli.ok("run", "-w", folder)
    for name in ("runs", "features"):
        shutil.rmtree(calm / name)
    for table in (calm / "tables").glob("*.lance"):
        if table.stem not in ("products", "rejects"):
            shutil.rmtree(table)
    cli.ok("run", "-w", calm)
    assert_same(tables_of(folder), tables_of(calm))
    products = Table(str(folder / "tables/products.lance")).read()
    assert products["active"].to_pylist() == [True] * 120 + [False] * 15
    before = Table(str(done_shop / "tables/products.lance")).read()
    assert products.slice(0, 120).equals(before), "nothing of them has changed"
    # and with a change that makes new targets of old features
    for place in (folder, calm):
        (place / "rules.toml").write_text((place / "rules.toml").read_text().replace('"sandal"', '"sandal", "slider"'))
        cli.ok("run", "-w", place)
    assert_same(tables_of(folder), tables_of(calm))


def tables_of(folder: Path) -> dict[str, object]:
    """What the tables of the catalogue hold."""
    return {name: value for name, value in holds(folder, files=False).items() if name.startswith("tables/")}


def test_two_feeds_lie_in_the_order_of_their_names(cli, new_shop, tmp_path):
    """Whichever came last: else tables made of equal products would not fit together."""
    folder = tmp_path / "shop"
    shutil.copytree(new_shop, folder)
    with open(folder / "shelver.toml", "a") as settings:
        settings.write('\n[[feeds]]\nname = "another"\npath = "another.csv"\n')
    shutil.copy(folder / "feed.csv", folder / "another.csv")
    cli.ok("ingest", "-w", folder)
    products = Table(str(folder / "tables/products.lance"))
    before = products.read()
    assert before["source"].to_pylist() == ["another"] * 120 + ["toy"] * 120
    for name in ("another.csv", "feed.csv"):
        text = (folder / name).read_text()
        (folder / name).write_text(text.replace("Classic", "Old"))
        cli.ok("ingest", "-w", folder)
        assert not products.read().equals(before)
        (folder / name).write_text(text)
        cli.ok("ingest", "-w", folder)
        assert products.read().equals(before)
