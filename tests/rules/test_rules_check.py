import json
from itertools import combinations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shelver.rules import Rule, RuleSet, RulesStage, Words, check_rules

RULES = RuleSet(
    tuple(
        Rule(id=name, category=name, title=Words(any=(word,)))
        for name, word in [("r-red", "red"), ("r-shoe", "shoe"), ("r-boot", "boot"), ("r-hat", "hat"), ("r-x", "zzz")]
    )
)
IDS = ("red", "shoes", "shoes", "hats", "none")


def labelled(titles):
    products = pa.RecordBatch.from_pydict({"product_id": [f"p{i}" for i in range(len(titles))], "title": titles})
    labels = RulesStage(RULES, IDS).apply(products).column("labels")
    return products.append_column("labels", labels)


TITLES = ["red shoe", "red boot shoe", "hat", "hat", "nothing", "hat shoe", "red hat boot", "hat 2", "hat 3", "hat 4"]


def test_report():
    report = check_rules(RULES, IDS, [labelled(TITLES)], exclusive={"shoes", "hats"})
    assert (report.products, report.no_rule, report.one_rule, report.several_rules) == (10, 0.1, 0.5, 0.4)
    assert [use.products for use in report.rules] == [3, 3, 2, 7, 0]
    assert report.rules[3].examples == ("hat", "hat shoe", "red hat boot")
    assert report.rules[3].sentence == 'title contains "hat"'
    assert report.silent == ("r-x",)
    assert [(pair.rule_ids, pair.products) for pair in report.overlaps] == [
        (("r-red", "r-shoe"), 2), (("r-red", "r-boot"), 2), (("r-red", "r-hat"), 1), (("r-shoe", "r-boot"), 1),
        (("r-shoe", "r-hat"), 1), (("r-boot", "r-hat"), 1),
    ]  # fmt: skip
    assert [(pair.category_ids, pair.products) for pair in report.conflicts] == [(("hats", "shoes"), 2)]
    assert report.conflicted == 0.2
    assert json.loads(json.dumps(report.as_dict()))["rules"][0]["examples"] == [
        "red shoe",
        "red boot shoe",
        "red hat boot",
    ]


def test_without_products_titles_or_rules():
    assert check_rules(RULES, IDS, []).no_rule == 0
    batch = labelled(TITLES).select(["product_id", "labels"])
    assert check_rules(RULES, IDS, [batch]).rules[0].examples == ("p0", "p1", "p6")
    empty = RulesStage(RuleSet(), ()).apply(batch.select(["product_id"]))
    assert check_rules(RuleSet(), (), [empty]).no_rule == 1
    assert check_rules(RULES, IDS, [labelled(TITLES).slice(0, 0)]).products == 0


def test_foreign_labels_are_refused():
    with pytest.raises(ValueError, match="made by other rules"):
        check_rules(RuleSet(RULES.rules[:1]), IDS[:1], [labelled(TITLES)])
    with pytest.raises(ValueError, match="5 rules, 1 category ids"):
        check_rules(RULES, IDS[:1], [])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["red", "shoe", "boot", "hat", "sock"])).map(" ".join)), st.integers(1, 7))
def test_any_batches_give_what_counting_one_by_one_gives(titles, size):
    batch = labelled(titles)
    report = check_rules(RULES, IDS, (batch.slice(at, size) for at in range(0, len(titles), size)))
    assert report == check_rules(RULES, IDS, [batch])
    words = ["red", "shoe", "boot", "hat", "zzz"]
    fired = [[number for number, word in enumerate(words) if word in title.split()] for title in titles]
    for pair in report.overlaps:
        both = {RULES.rules.index(next(r for r in RULES.rules if r.id == name)) for name in pair.rule_ids}
        assert pair.products == sum(both <= set(row) for row in fired)
    assert len(report.overlaps) == len({pair for row in fired for pair in combinations(row, 2)})
    given_ids = [{IDS[number] for number in row} for row in fired]
    assert report.conflicted == sum(len(row) > 1 for row in given_ids) / max(len(titles), 1)
    for conflict in report.conflicts:
        assert conflict.products == sum(set(conflict.category_ids) <= row for row in given_ids)
