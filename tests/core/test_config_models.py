"""Settings of models, objectives and training that contradict themselves are errors."""

import pytest
from pydantic import ValidationError

from shelver.config import Config


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"objectives": {"shelf": {"kind": "binary"}}}, "cannot be a name"),
        ({"objectives": {"a/b": {"kind": "binary"}}}, "cannot be a name"),
        ({"objectives": {"exclusive": {"kind": "binary"}}}, 'always of kind "exclusive"'),
        ({"objectives": {"mine": {"kind": "rule_based"}}}, "only the objective rule_based"),
        ({"objectives": {"colour": {"kind": "multi_class", "loss": "tree_distance"}}}, "has a tree"),
        ({"objectives": {"cost": {"kind": "buckets", "edges": [float("nan")]}}}, "finite"),
        ({"training": {"objectives": ["exclusive", "exclusive"]}}, "twice"),
        ({"training": {"objectives": ["exclusive"], "shares": {"rule_based": 0.5}}}, "not among"),
        ({"training": {"shares": {"exclusive": -1}}}, "greater than or equal to 0"),
        ({"training": {"shares": {"exclusive": 0, "rule_based": 0}}}, "add up to 0"),
        ({"training": {"shares": {"exclusive": 0.8, "rule_based": 0.7}}}, "add up to 1.5"),
        ({"models": {"rules": {"kind": "linear"}}, "training": {"model": "rules"}}, "cannot be a name"),
        ({"models": {"../x": {"kind": "linear"}}, "training": {"model": "../x"}}, "cannot be a name"),
        ({"models": {"linear": {"kind": "linear", "learning_rate": float("inf")}}}, "finite"),
        ({"models": {"linear": {"kind": "mlp", "hidden": [0]}}}, "greater than or equal to 1"),
        ({"models": {"linear": {"kind": "combined", "members": ["linear", "x"]}}}, 'uses the model "linear"'),
        ({"features": {"title": {"kind": "vector"}}}, "call it title_vector"),
        ({"features": {"labels": {"kind": "vector"}}}, "call it labels_vector"),
    ],
)
def test_refused(settings, said):
    with pytest.raises(ValidationError, match=said):
        Config.model_validate(settings)
