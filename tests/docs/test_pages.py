"""The pages of docs/ say what the code does."""

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pyarrow as pa
import pytest

from shelver.catalogue.tables import metadata
from shelver.catalogue.tree import Tree
from shelver.config import Config, Feed, Linear, Model, Number, Split, WideDeep, default_features
from shelver.encoders import ENCODERS
from shelver.encoders.language import AUTO
from shelver.features.transform import Transform
from shelver.feeds.readers import EXTENSIONS, READERS
from shelver.feeds.schema import PRODUCT_SCHEMA, REJECT_SCHEMA
from shelver.models.classes import Classes
from shelver.models.prior import NAMES_SCALE, RULES_SCALE, WORDS_SCALE
from shelver.rules import Rule, RulesStage, Words, parse_rules
from shelver.tomlfile import parse
from shelver.training.exact import FEW
from shelver.training.loop import ENOUGH
from shelver.training.metrics import MultiLabelScores, Scores
from shelver.training.predict import RANKED
from shelver.training.targets import TargetsStage
from shelver.workspace import PATHS

NO_LABELS = pa.table({"product_id": pa.array([], pa.string()), "category_id": pa.array([], pa.string())})
ROOT = Path(__file__).parent.parent.parent


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text()


def section(name: str, title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page(name), re.DOTALL | re.MULTILINE)
    assert found, f"docs/{name}.md has no section {title}"
    return found[1]


def toml_blocks(name: str) -> list[str]:
    return re.findall(r"^```toml\n(.*?)^```$", page(name), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("script", ["settings_page", "commands_page"])
def test_a_page_made_by_a_script_is_up_to_date(script):
    command = [sys.executable, f"tools/{script}.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def schemas() -> dict[str, pa.Schema]:
    columns = [("product_id", pa.string()), ("exclusive", RANKED), ("rule_based", RANKED), ("shelf", RANKED.value_type)]
    ranked = pa.schema(columns)
    return {
        "products": PRODUCT_SCHEMA,
        "rejects": REJECT_SCHEMA,
        "rule_labels": RulesStage(parse_rules(""), ()).schema,
        "targets": TargetsStage(Classes(Tree([]), ()), NO_LABELS).schema,
        "predictions": ranked,
    }


@pytest.mark.parametrize("table", list(schemas()))
def test_every_column_of_a_table_is_described_once(table):
    text = section("tables", table)
    described = [
        name for cell in re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE) for name in re.findall("`(.*?)`", cell)
    ]
    assert [name for name in described if "." not in name] == schemas()[table].names
    for field in schemas()[table]:
        if pa.types.is_list(field.type) and pa.types.is_struct(field.type.value_type):
            for inner in field.type.value_type:
                assert re.search(rf"`({field.name}\.)?{inner.name}`", text), f"{field.name}.{inner.name}"


def test_columns_of_the_features_table_are_described():
    transform = Transform({"number": Number(), **default_features()}, Split(), dims={"text_vector": 2})
    for name in transform.schema.names[:2]:
        assert f"`{name}`" in section("tables", "features")
    for kind in {spec.kind for spec in transform.features.values()}:
        assert f"a {kind} feature's name" in section("tables", "features")


def test_every_table_of_the_control_database_is_described():
    text = section("tables", "Control database")
    for table in metadata.sorted_tables:
        assert f"| {table.name} |" in text
        for column in table.columns:
            assert f"`{column.name}`" in text, f"{table.name}.{column.name}"


def test_every_path_is_in_the_architecture():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    for path in PATHS.values():
        assert path in text


def test_the_rules_of_the_page_are_rules():
    rules = parse_rules("\n".join(toml_blocks("rules")))
    assert [rule.id for rule in rules.rules][:2] == ["shoes-sandals", "rain-boots-for-children"]
    assert 'brand is "Urban" or "Acme"' in rules.rules[2].sentence()


def test_every_key_of_a_rule_is_described():
    for key in [*Rule.model_fields, *(field.alias or name for name, field in Words.model_fields.items())]:
        assert f"`{key}`" in page("rules")


def test_the_settings_of_the_feeds_page_are_settings():
    for text in toml_blocks("feeds"):
        assert parse(text, Config, "feeds.md").feeds


def test_formats_are_described():
    for name in READERS:
        assert f"| `{name}` |" in section("feeds", "Formats")
    for extension in EXTENSIONS:
        assert f"`{extension}`" in section("feeds", "Formats")
    assert f"({Feed.model_fields['max_rejects'].default:.0%} by default)" in page("feeds")


def test_models_metrics_and_encoders_are_described():
    text = page("models")
    kinds = [spec.model_fields["kind"].default for spec in get_args(get_args(Model)[0])]
    for name in (*kinds, "model.toml", "weights.safetensors", "transform.json", "tree.json"):
        assert f"`{name}`" in text, name
    for name in (*ENCODERS, AUTO):
        assert f"| `{name}` |" in page("encoders"), name
    described = {"accuracy", "macro_f1", "top_5", "hierarchical_f1", "calibration_error", "accepted_at_95"}
    assert described == set(Scores.__dataclass_fields__) - {"rows", "answered", "classes", "shelf"}
    for name in described | set(MultiLabelScores.__dataclass_fields__) - {"rows"}:
        assert f"`{name}`" in text, name


def test_figures_of_the_models_page_are_those_of_the_code():
    text = page("models")
    assert f"| `words_scale` | {WORDS_SCALE:.0f} at first" in text
    assert f"| `names_scale` | {NAMES_SCALE:.0f} at first" in text
    assert f"at most {FEW:,} labels" in text
    assert f"| `rules_scale` | {RULES_SCALE:.0f} at first" in text
    assert f"fewer than {ENOUGH} labels" in text
    assert f"({' and '.join(map(str, WideDeep().hidden))}, ReLU, dropout)" in text
    assert Linear().prior
    split = Split()
    train = (1 - split.test) * (1 - split.valid)
    assert f"| training | {train:.0%} |" in text
    assert f"| test | {split.test:.0%} |" in text
