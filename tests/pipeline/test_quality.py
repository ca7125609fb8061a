"""Likely wrong labels, agreement and wrong rules of a whole workspace."""

import csv

import pytest

from shelver.catalogue.label_events import LabelEvent
from shelver.errors import ShelverError
from shelver.pipeline.quality import LEAST
from shelver.testing import toy as toys

SANDALS, BOOTS, CAPS = "Shoes > Sandals", "Shoes > Boots", "Hats > Caps"
WRONG = {"t0012": CAPS, "t0033": BOOTS, "t0054": "Bags > Totes", "t0076": SANDALS, "t0097": BOOTS, "t0116": CAPS}
"""Wrong labels planted in the toy, by the merchant's id."""


def prepared(folder, products=150, labels=None, rules=toys.RULES, titles=None):
    """A toy catalogue with some labels, prepared but not trained; some titles may be others."""
    toy = toys.write_toy(folder, products)
    if titles:
        rows = list(csv.reader((folder / "feed.csv").read_text().splitlines()))
        with (folder / "feed.csv").open("w", newline="") as file:
            csv.writer(file).writerows([[row[0], titles.get(row[0], row[1]), *row[2:]] for row in rows])
    (folder / "rules.toml").write_text(rules)
    workspace = toy.workspace()
    workspace.ingest()
    say(workspace, toy.answers if labels is None else labels, how="import", batch="first")
    workspace.prepare()
    return toy, workspace


def ids(workspace):
    table = workspace.products().read(["product_id", "merchant_id"]).to_pylist()
    return {row["merchant_id"]: row["product_id"] for row in table}


def say(workspace, answers, person="ann", how="human", batch=""):
    tree, of = workspace.tree(), ids(workspace)
    workspace.add_labels(
        LabelEvent(of[key], tree.resolve(path).category_id, person=person, how=how, batch=batch)
        for key, path in answers.items()
    )


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("noisy")
    toy, _ = prepared(folder, labels={})
    workspace = toy.workspace()
    assert all(toy.answers[key] != path for key, path in WRONG.items())
    say(workspace, toy.answers | WRONG, how="import", batch="first")
    return toy, workspace


def test_planted_wrong_labels_are_listed_first(noisy):
    toy, workspace = noisy
    found = workspace.review_labels(len(WRONG), everything=True)
    key_of = {product: key for key, product in ids(workspace).items()}
    listed = [key_of[suspect.product_id] for suspect in found.suspects]
    assert len(set(listed) & set(WRONG)) >= len(WRONG) - 1  # at random: 0.24 of 6
    first = found.suspects[0]
    key = key_of[first.product_id]
    assert (first.title, first.category) == (toy.titles[key], WRONG[key])
    assert first.suggested == toy.answers[key]
    assert (first.person, first.reason, first.flagged) == ("ann", "model", True)
    assert first.suggested_probability > first.given_probability
    assert (found.labels, found.model, found.settled, found.asked) == (150, True, 0, 0)


def test_labels_in_doubt_are_asked_about_until_somebody_has_looked(noisy):
    _, workspace = noisy
    found = workspace.review_labels(100, ask=True)
    assert found.asked == found.flagged == len(found.suspects) > 2
    assert workspace.review_labels(100, ask=True).asked == 0  # they are in the queue already
    queue = workspace.control.queue()
    questions = queue.next("bob", 2)
    by_id = {suspect.product_id: suspect for suspect in found.suspects}
    assert [question.product_id for question in questions] == [s.product_id for s in found.suspects[:2]]
    confirmed, changed = questions
    assert [category for category, _ in confirmed.guess] == [
        by_id[confirmed.product_id].suggested_id, by_id[confirmed.product_id].category_id
    ]  # fmt: skip
    queue.answer(confirmed.question_id, "bob", by_id[confirmed.product_id].category_id)
    queue.answer(changed.question_id, "bob", by_id[changed.product_id].suggested_id)
    again = workspace.review_labels(100, everything=True)
    assert again.settled == 2
    assert not {confirmed.product_id, changed.product_id} & {suspect.product_id for suspect in again.suspects}
    current = {row["product_id"]: row for row in workspace.control.current_labels().to_pylist()}
    assert current[changed.product_id]["how"] == "review"
    assert workspace.label_agreement(model=False).products == 0  # bob saw what ann said


def test_the_same_product_with_two_labels_is_found_with_few_labels(tmp_path):
    twins = {"t0000": "Grey thing 7", "t0001": "GREY thing, 7"}
    answers = {"t0000": BOOTS, "t0001": CAPS, "t0002": SANDALS}
    _, workspace = prepared(tmp_path, 40, answers, titles=twins)
    found = workspace.review_labels()
    assert not found.model
    assert {suspect.title for suspect in found.suspects} == set(twins.values())
    assert {suspect.reason for suspect in found.suspects} == {"twins"}
    assert {(s.category, s.suggested) for s in found.suspects} == {(BOOTS, CAPS), (CAPS, BOOTS)}


def test_one_label_of_a_category_is_no_reason_to_doubt_it(tmp_path):
    toy = toys.write_toy(tmp_path / "all", 150)
    rare = {"Bags > Totes", "Hats > Beanies", "Shoes > Sneakers"}
    kept, seen = {}, set()
    for key, path in toy.answers.items():
        if path not in rare or path not in seen:
            kept[key] = path
            seen.add(path)
    _, workspace = prepared(tmp_path / "shop", 150, kept)
    found = workspace.review_labels(200)
    assert found.rare == 3
    assert not [suspect for suspect in found.suspects if suspect.category in rare]


def test_nothing_to_review(tmp_path):
    _, workspace = prepared(tmp_path, 40, {})
    with pytest.raises(ShelverError, match="label import"):
        workspace.review_labels()
    assert workspace.review_rules().rules == ()


def test_agreement_of_two_people_and_a_model(tmp_path):
    toy, workspace = prepared(tmp_path, 100)
    keys = list(toy.answers)[:40]
    say(workspace, {key: toy.answers[key] for key in keys}, person="bob")
    odd = [key for key in keys if toy.answers[key] == SANDALS]
    say(workspace, dict.fromkeys(odd, BOOTS), person="bob")
    found = workspace.label_agreement()
    assert found.products == 40
    assert found.raw.value == pytest.approx(1 - len(odd) / 40)
    assert found.levels[0].raw.value == 1.0  # both are shoes
    assert found.siblings.value == 1.0
    (torn,) = found.contested
    assert {str(workspace.tree().by_id(each)) for each in torn.category_ids} == {BOOTS, SANDALS}
    ann, bob = found.people
    assert (ann.person, ann.products, bob.products) == ("ann", 100, 40)
    assert ann.others.value == bob.others.value == pytest.approx(1 - len(odd) / 40)
    assert ann.model is not None
    assert workspace.label_agreement(model=False).people[0].model is None
    assert LEAST <= 100


TOY_BOOTS = {f"t{number:04}": f"Toy boot jar {number}" for number in range(0, 150, 9)}
"""Products that a rule takes for boots."""


def test_a_rule_with_wrong_matches_comes_first_with_examples_and_a_word_to_exclude(tmp_path):
    toy, workspace = prepared(tmp_path, 150, {}, titles=TOY_BOOTS)
    right = {key: ("Bags > Totes" if key in TOY_BOOTS else path) for key, path in toy.answers.items()}
    say(workspace, right)
    found = workspace.review_rules()
    assert found.model
    assert found.labels == 150
    first, *others = found.rules
    assert (first.rule_id, first.category, first.basis) == ("shoes-boots", BOOTS, "labels")
    boots = sum(path == BOOTS for key, path in right.items())
    assert (first.wrong, first.right, first.matches) == (len(TOY_BOOTS), boots, boots + len(TOY_BOOTS))
    assert first.wrong_products[0] > 5
    assert all(rule.wrong_products[0] < 1 for rule in others)
    for example in first.examples:
        assert example.title.startswith("Toy boot jar")
        assert (example.field, example.matched, example.label) == ("title", "boot", "Bags > Totes")
    assert len(first.examples) == 3
    assert {word.word for word in first.exclude} == {"toy", "jar"}
    assert first.exclude[0].wrong == len(TOY_BOOTS)
    assert first.exclude[0].right == 0


def test_a_rule_without_labels_is_judged_by_a_model_that_does_not_see_rules(tmp_path):
    wrong = toys.RULES + '[[rule]]\nid = "trap"\ncategory = "Bags > Totes"\ntitle.any = ["beanie"]\n'
    toy, workspace = prepared(tmp_path, 200, {}, rules=wrong)
    held = [key for key in toy.answers if "beanie" in toy.titles[key].lower()]
    few = set(held[3:])  # three labels of beanies are not enough to judge the rule by
    say(workspace, {key: path for key, path in toy.answers.items() if key not in few})
    found = workspace.review_rules()
    first = found.rules[0]
    assert (first.rule_id, first.basis, first.matches, first.wrong) == ("trap", "model", len(held), 3)
    assert first.precision < 0.4
    estimated = [example for example in first.examples if example.probability is not None]
    assert all(not example.label for example in estimated)
