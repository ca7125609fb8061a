"""``shelver label next``, ``queue``, ``ask`` and ``refill``."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from typer.testing import CliRunner

from shelver.catalogue import NewQuestion, Round
from shelver.cli.main import app
from shelver.errors import ShelverError
from shelver.testing import toy as toys

QUICK = "[training]\nepochs = 2\nmin_steps = 5\n[labelling]\nbatch = 10\nstrategy = 'margin'\n"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Ingested, with a first round; look at it only."""
    toy = toys.write_toy(tmp_path_factory.mktemp("cli") / "shop", 140, settings=QUICK)
    workspace = toy.workspace()
    workspace.ingest()
    workspace.refill()
    workspace.close()
    return toy.folder


@pytest.fixture
def folder(shop, tmp_path):
    return shutil.copytree(shop, tmp_path / "shop")


def run(*arguments: str, said: str | bytes = "") -> str:
    done = CliRunner().invoke(app, list(map(str, arguments)), input=said)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def ask(folder, *typed: str, person: str = "ann") -> str:
    said = "".join(f"{line}\n" for line in typed)
    return run("label", "next", "-w", folder, "--person", person, "--no-background", said=said)


def labels(folder) -> dict[str, str]:
    workspace = toys.Workspace(folder)
    tree = workspace.tree()
    table = workspace.control.current_labels().to_pylist()
    workspace.close()
    return {row["product_id"]: f"{row['person']}: {tree.by_id(row['category_id'])}" for row in table}


def test_labelling_in_the_terminal(folder):
    said = ask(folder, "1", "boo", "", "s", "?", "Shoes > Sandals", "1", "u", "2", "q")
    assert "1-9 take it" in said
    assert "brand:" in said
    assert "price:" in said
    assert "%\n" in said
    assert "taken back" in said
    assert "\nskipped\n" in said
    assert "\nnot sure\n" in said
    assert "→ Shoes > Boots (event 2)" in said
    assert "  1  Shoes > Sandals  (Enter takes it)" in said
    assert "[2 today] >" in said
    assert "3 today" in said.splitlines()[-1]
    assert "all answers are stored" in said.splitlines()[-1]
    assert len(labels(folder)) == 3
    assert "ann: Shoes > Boots" in labels(folder).values()


def test_what_is_typed_wrong_changes_nothing(folder):
    said = ask(folder, "99", "zzzzzz", "", "0")
    assert "there is no number 99" in said
    assert "no category like that" in said
    assert labels(folder) == {}
    assert "0 today; all answers are stored" in said  # input ended


def test_odd_input_is_no_end(folder):
    said = "²\n".encode() + b"9" * 5000 + b"\n\xff\xfe\n" + "٣\n".encode() + b"\0\x1b[A\n"
    out = run("label", "next", "-w", folder, "--person", "ann", "--no-background", said=said)
    assert out.count("no category like that") == 3
    assert "there is no number 9999999999;" in out
    assert "1 today; all answers are stored" in out  # the third suggestion, in Arabic digits
    assert len(labels(folder)) == 1


def test_odd_lines_of_another_program(folder):
    odd = [b"\xff", b'{"category": "\\ud800"}', b'{"question_id": ' + b"1" * 5000 + b"}", b"[" * 100_000, b"[]", b"3"]
    said = b"\n".join([*odd, b'{"category": "Hats > Caps"}'])  # no end of line: the last answer counts all the same
    out = run("label", "next", "-w", folder, "--person", "ann", "--no-background", "--json", said=said)
    assert out.isascii()
    lines = [json.loads(line) for line in out.splitlines()]
    assert [bool(line["error"]) for line in lines] == [False, *[True] * len(odd), False]
    assert len({line["question"]["question_id"] for line in lines[:-1]}) == 1
    assert list(labels(folder).values()) == ["ann: Hats > Caps"]


def test_a_price_is_shown_whole_and_a_long_text_is_not(folder):
    with open(f"{folder}/feed.csv", "a") as feed:
        feed.write(f"n1,Boot {'very ' * 100}long,Acme,1234567.89\n")
    workspace = toys.Workspace(folder)
    workspace.ingest()
    products = workspace.products().read(["product_id", "title"]).to_pylist()
    workspace.queue.add([NewQuestion(row["product_id"], priority=9) for row in products if "very" in row["title"]])
    workspace.close()
    out = ask(folder, "q")
    assert "price: 1234567.89" in out
    assert "very very  ..." in out
    assert " long" not in out


def test_a_number_takes_what_the_search_found(folder):
    said = ask(folder, "hats", "2")
    assert "  1  Hats > Caps" in said
    assert list(labels(folder).values()) == ["ann: Hats > Beanies"]


def test_an_empty_line_brings_the_suggestions_back(folder):
    first = ask(folder, "1", "u", "q").split("→ ")[1].split(" (event")[0]
    said = ask(folder, "shoes", "", "1", "q")
    assert said.count("\n  brand: ") == 3  # the question, once more, and the next one
    assert f"→ {first} (event" in said
    assert list(labels(folder).values()) == [f"ann: {first}"]


def test_the_last_answer_can_be_taken_back(folder):
    workspace = toys.Workspace(folder)
    product = workspace.products().read(["product_id"])["product_id"][0].as_py()
    workspace.queue.refill([NewQuestion(product)], Round("margin", "linear", 0))
    workspace.close()
    said = ask(folder, "boots", "", "u", "caps", "1", "")
    assert said.count("u takes the last one back, Enter ends") == 2
    assert list(labels(folder).values()) == ["ann: Hats > Caps"]


def test_a_review_says_so(folder):
    ask(folder, "Hats > Caps", "1", person="bob")
    ((product, _),) = labels(folder).items()
    workspace = toys.Workspace(folder)
    workspace.queue.add([NewQuestion(product, chosen_by="review", priority=9)])
    workspace.close()
    assert "review: bob said Hats > Caps. Is that right?" in ask(folder, "q")


def test_three_begin_at_once(tmp_path):
    toy = toys.write_toy(tmp_path / "shop", 100, settings=QUICK)
    workspace = toy.workspace()
    workspace.ingest()
    workspace.close()
    start = "from shelver.cli.main import main; main()"
    command = [sys.executable, "-c", start, "label", "next", "-w", toy.folder, "--no-background", "--person"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    people = [subprocess.Popen([*command, name], **pipes) for name in ("ann", "bob", "cat")]
    said = [person.communicate("q\n", timeout=120) for person in people]
    assert [person.returncode for person in people] == [0, 0, 0], said
    assert all("all answers are stored" in out for out, _ in said)
    workspace = toy.workspace()
    assert workspace.queue.count().round.round == 1
    workspace.close()


@pytest.mark.parametrize("name", ["labels.csv", "labels.json"])
def test_labels_exported_are_imported_elsewhere(folder, shop, tmp_path, name):
    ask(folder, "boots", "1", "Hats > Caps", "1", "q", person="bob")
    one, two = labels(folder)
    workspace = toys.Workspace(folder)
    event = workspace.control.current_labels()["event_id"][0].as_py()
    other = (
        workspace.products()
        .read(["product_id"])
        .filter(~pc.is_in(pc.field("product_id"), pa.array([one, two])))["product_id"][0]
        .as_py()
    )
    workspace.confirm(event, [other], "bob")
    workspace.close()
    path = tmp_path / name
    assert "3 labels written to" in run("label", "export", path, "-w", folder)
    rows = json.loads(run("label", "export", "-", "-w", folder, "--json"))
    assert list(rows[0]) == [
        "product_id", "source", "merchant", "merchant_id", "title", "category", "category_id", "person", "how", "at",
        "event_id",
    ]  # fmt: skip
    assert [row["how"] for row in rows] == ["human", "human", "look_alike"]
    assert run("label", "export", "-", "-w", folder).count("\n") == 4
    elsewhere = shutil.copytree(shop, tmp_path / "elsewhere")
    assert "3 new labels" in run("label", "import", path, "-w", elsewhere)
    assert labels(elsewhere) == labels(folder)
    workspace = toys.Workspace(elsewhere)
    ways = dict(
        zip(*(workspace.control.current_labels()[key].to_pylist() for key in ("product_id", "how")), strict=True)
    )
    workspace.close()
    assert ways == {one: "import", two: "import", other: "cluster"}  # nobody looked at the last one
    with pytest.raises(ShelverError, match=r"expected a name with \.csv or \.json"):
        run("label", "export", tmp_path / "labels.xlsx", "-w", folder)


def test_undo_with_nothing_to_undo(folder):
    ask(folder, "u", "1")
    assert len(labels(folder)) == 1


def test_nothing_left(folder):
    workspace = toys.Workspace(folder)
    workspace.add_labels([])
    workspace.queue.refill([], Round("margin", "linear", 0))
    workspace.close()
    assert "nothing left to ask ann at the moment" in ask(folder, "1")


def test_by_another_program(folder):
    jobs = [
        {"category": "Shoes > Boots"}, {"skip": True}, {"unsure": True}, {"categori": "x"}, {"category": "nowhere"},
        {"undo": True}, {"category": "boots", "question_id": 10**6}, {"category": "Shoes"},
    ]  # fmt: skip
    said = "".join(json.dumps(job) + "\n" for job in jobs) + "no json\n"
    out = run("label", "next", "-w", folder, "--person", "eve", "--json", "--no-background", said=said)
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == len(jobs) + 2  # the first question, and one line for every line
    first = lines[0]["question"]
    assert (lines[0]["stored"], lines[0]["error"]) == (None, None)
    assert set(first) == {"question_id", "product_id", "product", "suggestions", "rules", "chosen_by", "until"}
    assert first["product"]["title"]
    assert first["product"]["merchant_id"]
    assert len(first["suggestions"]) == 5
    assert [line["stored"] and line["stored"]["kind"] for line in lines[1:]] == [
        "label", "skip", "unsure", None, None, "undo", None, None, None,
    ]  # fmt: skip
    assert lines[1]["stored"]["question_id"] == first["question_id"]
    assert lines[1]["question"]["question_id"] != first["question_id"]
    assert 'did you mean "category"?' in lines[4]["error"]
    assert "no category" in lines[5]["error"]
    assert lines[6]["question"]["question_id"] == lines[2]["question"]["question_id"]  # not sure
    assert "is not the one that was asked" in lines[7]["error"]
    below = '"Shoes" is not at the end of the tree; name one below it: Shoes > Boots, Shoes > '
    assert lines[8]["error"].startswith(below)
    assert "not JSON" in lines[9]["error"]
    assert labels(folder) == {first["product_id"]: "eve: Shoes > Boots"}


def test_rules_that_fired_are_shown(folder):
    workspace = toys.Workspace(folder)
    products = workspace.products().read(["product_id", "title"]).to_pylist()
    boot = next(row["product_id"] for row in products if " boot " in row["title"])
    workspace.queue.add([NewQuestion(boot, priority=9)])
    workspace.close()
    assert "→ Shoes > Boots ('boot')" in ask(folder, "q")


def test_the_queue(folder):
    ask(folder, "1", "s", "1")
    said = run("label", "queue", "-w", folder, "--passed")
    assert "18 open" in said
    assert "0 of them held; 2 done, 1 passed on, 0 withdrawn" in said
    assert "round 1 by margin with linear took" in said
    assert "2 labels are newer" in said
    assert "(ann skipped it)" in said
    found = json.loads(run("label", "queue", "-w", folder, "--passed", "--json"))
    assert found["states"] == {"open": 18, "done": 2}
    assert found["people"] == [{"person": "ann", "labels": 2, "skips": 1, "unsure": 0, "leased": 0}]
    assert found["passed"][0]["skipped_by"] == ["ann"]
    assert found["passed"][0]["title"]


def test_asking_by_hand(folder):
    workspace = toys.Workspace(folder)
    asked = {question.product_id for question in workspace.queue.next("x", 50)}
    workspace.queue.release("x")
    ids = workspace.products().read(["product_id"])["product_id"].to_pylist()
    free = [name for name in ids if name not in asked]
    workspace.close()
    command = ("label", "ask", "-w", folder)
    assert "2 questions are new, 0 were" in run(*command, free[0], free[1], "--priority", "5")
    found = json.loads(run(*command, free[0], free[2], "--people", "2", "--json"))
    assert found == {"added": 1, "there_already": 1}
    with pytest.raises(ShelverError, match='no product "nope"'):
        run(*command, free[3], "nope")
    workspace = toys.Workspace(folder)
    products = workspace.products().read(["product_id", "merchant_id"]).to_pylist()
    workspace.close()
    own = {row["product_id"]: row["merchant_id"] for row in products}
    assert "1 questions are new" in run(*command, own[free[4]], free[4], "--priority", "3")
    said = ask(folder, *["Shoes > Boots", "1"] * 4, person="bob")
    assert own[free[4]] in said
    assert {free[0], free[1], free[2], free[4]} == set(labels(folder))


def test_refill(folder):
    ask(folder, *["1"] * 5)
    said = run("label", "refill", "-w", folder)
    assert "round 2: " in said
    assert "questions chosen by margin in" in said
    found = json.loads(run("label", "refill", "-w", folder, "--json"))
    assert found["round"] == 3
    assert found["strategy"] == "margin"
    assert found["added"] == found["withdrawn"] == 20


def test_nobody_answers(folder, monkeypatch):
    monkeypatch.delenv("USER", raising=False)
    with pytest.raises(ShelverError, match="--person: who answers"):
        run("label", "next", "-w", folder)
