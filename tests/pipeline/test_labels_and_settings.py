"""What goes wrong between labels, settings and models, and must not go wrong in silence."""

import os

import pytest

from shelver import Workspace
from shelver.errors import CatalogueError, ModelError, ShelverError
from shelver.testing import toy as toys

TREE = "path\nShoes > Boots\nShoes > Sandals\nHats\n"


def shop(folder, settings=""):
    folder.mkdir(exist_ok=True)
    (folder / "feed.csv").write_text("id,title,merchant\n7,Red boots,Ann\n8,Blue hat,Ann\n8,Green hat,Bob\n")
    (folder / "categories.csv").write_text(TREE)
    (folder / "shelver.toml").write_text(
        '[[feeds]]\nname = "shop"\npath = "feed.csv"\n[categories]\npath = "categories.csv"\n'
        '[features.title]\nkind = "text"\nmin_count = 1\n' + settings
    )
    workspace = Workspace(folder)
    workspace.ingest()
    return workspace


def titles(workspace):
    names = workspace.table("products").read(["product_id", "title"]).to_pylist()
    return {row["product_id"]: row["title"] for row in names}


def test_the_merchant_of_a_label_file_decides(tmp_path):
    workspace = shop(tmp_path)
    (tmp_path / "labels.csv").write_text("id,merchant,category\n8,Bob,Hats\n")
    assert workspace.import_labels(str(tmp_path / "labels.csv")).stored == 1
    labelled = workspace.control.current_labels()["product_id"].to_pylist()
    assert [titles(workspace)[product] for product in labelled] == ["Green hat"]
    (tmp_path / "wrong.csv").write_text("id,merchant,category\n7,Bob,Hats\n")
    with pytest.raises(CatalogueError, match=r"wrong\.csv line 2"):
        workspace.import_labels(str(tmp_path / "wrong.csv"))


def test_a_file_imported_before_is_said_to_add_nothing(tmp_path):
    workspace = shop(tmp_path)
    (tmp_path / "labels.csv").write_text("id,category\n7,Shoes > Boots\n")
    path = str(tmp_path / "labels.csv")
    assert [workspace.import_labels(path).stored for _ in range(2)] == [1, 0]


def test_a_relative_database_lies_in_the_workspace_wherever_one_stands(tmp_path, monkeypatch):
    workspace = shop(tmp_path / "shop", '[control]\nurl = "sqlite:///own.db"\n')
    monkeypatch.chdir(tmp_path)
    workspace.tree()
    assert (tmp_path / "shop" / "own.db").exists()
    assert not (tmp_path / "own.db").exists()


def test_a_category_that_labels_use_goes_only_by_force(tmp_path):
    workspace = shop(tmp_path)
    (tmp_path / "labels.csv").write_text("id,category\n7,Shoes > Boots\n")
    workspace.import_labels(str(tmp_path / "labels.csv"))
    (tmp_path / "categories.csv").write_text(TREE.replace("Boots", "Booties"))
    with pytest.raises(CatalogueError, match="shelver categories --force"):
        workspace.tree()
    workspace.tree(force=True)
    assert workspace.control.current_labels().num_rows == 0
    (tmp_path / "categories.csv").write_text(TREE)
    workspace.tree()
    assert workspace.control.current_labels().num_rows == 1


def test_a_commit_torn_by_a_kill_is_no_table(tmp_path):
    workspace = shop(tmp_path)
    versions = tmp_path / "tables" / "rule_labels.lance" / "_versions"
    versions.mkdir(parents=True)
    (versions / ".tmp_1.manifest_0a").write_bytes(b"half")
    assert not workspace.table("rule_labels").exists()
    (tmp_path / "rules.toml").write_text('[[rule]]\ncategory = "Hats"\ntitle.any = ["hat"]\n')
    assert workspace.apply_rules().rows == 3


def test_rejects_lost_to_a_kill_are_made_again(tmp_path):
    workspace = shop(tmp_path)
    with (tmp_path / "feed.csv").open("a") as feed:
        feed.writelines(f"n{number},Further boots {number},Ann\n" for number in range(9))
        feed.write("n10,,\n")
    workspace.ingest()
    rejects = workspace.table("rejects")
    before = rejects.read()
    assert before.num_rows == 1
    rejects.write([], rejects.schema, "{}")  # as if the kill had come between the two
    step = workspace.ingest()[0]
    assert not step.fresh
    assert workspace.ingest()[0].fresh
    assert rejects.read().equals(before)


def test_training_that_goes_astray_is_no_model(tmp_path):
    toy = toys.write_toy(
        tmp_path, settings="[training]\nsolver = 'adam'\n\n[models.linear]\nkind = 'linear'\nlearning_rate = 1e38\n"
    )
    workspace = Workspace(toy.folder)
    workspace.ingest()
    workspace.import_labels(os.path.join(toy.folder, "labels.csv"))
    workspace.prepare()
    with pytest.raises(ModelError, match="learning_rate"):
        workspace.train()
    with pytest.raises(ShelverError, match="no model here"):
        workspace.predict()
