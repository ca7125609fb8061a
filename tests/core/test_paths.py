import pytest

from shelver.errors import ConfigError, ShelverError
from shelver.workspace import PATHS, Store


def test_every_path_can_be_filled_and_no_two_are_equal(tmp_path):
    names = {
        "table": "t",
        "features_id": "f",
        "run_id": "r",
        "model_id": "m",
        "objective": "o",
        "split": "s",
        "profile_id": "p",
    }
    filled = [Store(tmp_path).path(kind, **names) for kind in PATHS]
    assert not any(":" in path for path in filled)
    assert len(set(filled)) == len(PATHS)


def test_placeholders_are_filled():
    path = Store("w").path("metrics", run_id="r1", model_id="linear", objective="rule_based", split="valid")
    assert path == "runs/r1/models/linear/metrics/rule_based_valid.json"
    with pytest.raises(KeyError, match="not filled"):
        Store("w").path("model", run_id="r1")


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "", ".hidden", "a b", "a\n", "é"])
def test_names_cannot_leave_the_workspace(name):
    with pytest.raises(ShelverError, match="cannot be part of a path"):
        Store("w").path("run", run_id=name)


def test_tables_and_folders_lie_below_the_prefix(tmp_path):
    store = Store(tmp_path)
    assert store.table("products").uri == f"{tmp_path}/tables/products.lance"
    assert store.table("products").name == "products"
    assert store.table_at("features", features_id="f1").uri == f"{tmp_path}/features/f1/features.lance"
    assert store.folder("run", run_id="r1").prefix == f"{tmp_path}/runs/r1"


def test_control_database_is_in_the_workspace_unless_set(tmp_path):
    (tmp_path / "shelver.toml").write_text("")
    assert Store(tmp_path).control_url == f"sqlite:///{tmp_path}/control.db"
    (tmp_path / "shelver.toml").write_text('[control]\nurl = "sqlite:////elsewhere.db"\n')
    assert Store(tmp_path).control_url == "sqlite:////elsewhere.db"


def test_settings_are_read_once_and_faults_are_reported(tmp_path):
    (tmp_path / "shelver.toml").write_text("[trainin]\n")
    with pytest.raises(ConfigError, match='did you mean "training"'):
        Store(tmp_path).config  # noqa: B018 (reading it is the test)
