"""Serving one product gives what the table of all products says, to the last bit."""

import json

import numpy as np
import pytest

from shelver.errors import ShelverError


def table_answers(workspace):
    """Ranked answers of each product by the merchant's id, as `classify` gives them."""
    tree = workspace.tree()
    keys = workspace.products().read(["merchant_id"])["merchant_id"].to_pylist()
    found = {}
    for key, row in zip(keys, workspace.table("predictions").read().to_pylist(), strict=True):
        found[key] = {
            objective: [(c["category_id"], str(tree.by_id(c["category_id"])), c["probability"]) for c in row[objective]]
            for objective in ("exclusive", "rule_based")
        }
    return found


def table_rules(workspace):
    tree = workspace.tree()
    keys = workspace.products().read(["merchant_id"])["merchant_id"].to_pylist()
    labels = workspace.table("rule_labels").read(["labels"])["labels"].to_pylist()
    return {
        key: [(r["rule_id"], str(tree.by_id(r["category_id"])), r["field"], r["start"], r["end"]) for r in row]
        for key, row in zip(keys, labels, strict=True)
    }


@pytest.mark.parametrize("name", ["plain_toy", "vector_toy"])
def test_classify_equals_predict_for_every_product(name, request):
    _, workspace = request.getfixturevalue(name)
    expected, rules = table_answers(workspace), table_rules(workspace)
    classify = workspace.classifier()
    products = workspace.products().read(["merchant_id", "title", "brand", "price"]).to_pylist()
    assert len(products) == 300
    for product in products:
        key = product.pop("merchant_id")
        answer = classify(**{field: value for field, value in product.items() if value is not None})
        assert dict(answer.ranked) == expected[key]
        assert answer.rules == rules[key]


def odd_titles(n):
    """Titles that try the edges: scripts, accents, emoji, joiners, blanks, one sign, very long, markup."""
    rng = np.random.default_rng(0)
    pieces = [
        "boot",
        "SANDAL",
        "Cap",
        "ｔｏｔｅ",
        "sneäker",
        "e\u0301",
        "ﬁne",
        "日本語",
        "😀",
        "👩\u200d👧",
        "\u200b",
        "\u00a0",
    ]
    pieces += [
        "№5",
        "½",
        "ß",
        "İ",
        "ǆ",
        "\u0130\u0307",
        "עברית",
        "ไทย",
        "&amp;",
        "<b>",
        "-",
        "...",
        "'",
        '"',
        ";",
        "\t",
        "₂",
        "A" * 300,
    ]
    titles = [
        "-",
        "?",
        "a",
        "0",
        "boot " * 2000,
        "é" * 5000,
        "\ufeffcap",
        "cap\u0000",
        "x\u2028y",
        "NULL",
        "nan",
        "N/A",
    ]
    while len(titles) < n:
        joint = str(rng.choice(["", " ", "  ", "-", "\n"]))
        titles.append(joint.join(str(piece) for piece in rng.choice(pieces, rng.integers(1, 7))))
    return titles


@pytest.mark.parametrize("name", ["plain_copy", "vector_copy"])
def test_classify_equals_predict_for_odd_titles(name, request):
    titles = odd_titles(300)
    toy = request.getfixturevalue(name)
    workspace = toy.workspace()
    lines = [json.dumps({"id": f"odd{i}", "title": title}) for i, title in enumerate(titles)]
    workspace.files.write("odd.jsonl", "\n".join(lines) + "\n")
    settings = workspace.files.read("shelver.toml").decode()
    odd = '[[feeds]]\nname = "odd"\npath = "odd.jsonl"\nmax_rejects = 1.0\n'
    workspace.files.write("shelver.toml", settings.replace("[categories]", odd + "[categories]"))
    workspace = toy.workspace()
    workspace.ingest()
    workspace.predict()
    expected, rules = table_answers(workspace), table_rules(workspace)
    assert sum(key.startswith("odd") for key in expected) > 250
    classify = workspace.classifier()
    for i, title in enumerate(titles):
        answer = classify(title=title)  # what has no title in a feed is classified, too, from nothing
        if f"odd{i}" in expected:
            assert dict(answer.ranked) == expected[f"odd{i}"], title[:50]
            assert answer.rules == rules[f"odd{i}"], title[:50]


def test_a_product_without_words_gets_an_answer_and_an_unknown_field_does_not(plain_toy):
    _, workspace = plain_toy
    classify = workspace.classifier()
    for title in ("", " ", "???", "\u200b"):
        assert len(classify(title=title).ranked["exclusive"]) == 5
    with pytest.raises(ShelverError, match='no product field "titel"') as caught:
        classify(titel="x")
    assert 'did you mean "title"?' in str(caught.value)


def test_workspace_classify_is_the_same(plain_toy):
    _, workspace = plain_toy
    answer = workspace.classify("Red rucksack", brand="Acme", price=12)
    assert answer == workspace.classifier()(title="Red rucksack", brand="Acme", price=12.0)
    category_id, path, probability = answer.ranked["exclusive"][0]
    assert (path, workspace.tree().resolve(path).category_id) == ("Bags > Backpacks", category_id)
    assert probability > 0.5
    assert answer.as_dict()["exclusive"][0] == {"category_id": category_id, "path": path, "probability": probability}
