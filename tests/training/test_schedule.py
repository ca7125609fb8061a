from shelver.config import Training
from shelver.training.schedule import Phase, plan

LABELS = {"exclusive": 100, "rule_based": 5000}


def settings(**changes):
    return Training(**{"batch_size": 50, "min_steps": 1, "epochs": 4, "pretrain_epochs": 2, **changes})


def test_both_takes_a_batch_of_each_until_the_larger_one_is_through():
    assert plan(settings(), LABELS) == [Phase({"exclusive": 50, "rule_based": 50}, 4, 100)]


def test_pretrain_learns_the_others_first_and_then_the_main_one_alone():
    assert plan(settings(schedule="pretrain"), LABELS) == [
        Phase({"rule_based": 50}, 2, 100),
        Phase({"exclusive": 50}, 4, 2),
    ]


def test_pretrain_both_goes_on_with_all():
    assert plan(settings(schedule="pretrain_both"), LABELS) == [
        Phase({"rule_based": 50}, 2, 100),
        Phase({"exclusive": 50, "rule_based": 50}, 4, 100),
    ]


def test_interleaved_shares_a_batch_out():
    found = plan(settings(schedule="interleaved", shares={"exclusive": 0.2}), LABELS)
    assert found == [Phase({"exclusive": 10, "rule_based": 40}, 4, 125)]
    equal = plan(settings(schedule="interleaved"), LABELS)
    assert equal[0].rows == {"exclusive": 25, "rule_based": 25}


def test_the_first_objective_is_the_main_one():
    found = plan(settings(schedule="pretrain", objectives=("rule_based", "exclusive")), LABELS)
    assert [tuple(phase.rows) for phase in found] == [("exclusive",), ("rule_based",)]


def test_an_objective_without_labels_is_left_out():
    for schedule in ("both", "pretrain", "pretrain_both", "interleaved"):
        assert plan(settings(schedule=schedule), {"exclusive": 0, "rule_based": 70}) == [
            Phase({"rule_based": 50}, 4, 2)
        ]
        assert plan(settings(schedule=schedule), {"exclusive": 0, "rule_based": 0}) == []
    assert plan(settings(epochs=0), LABELS) == []


def test_few_labels_are_seen_again():
    assert plan(settings(min_steps=60), {"exclusive": 3, "rule_based": 0})[0].steps == 60
