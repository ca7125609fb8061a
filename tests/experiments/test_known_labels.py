"""Known categories given out as labels."""

from shelver.experiments.known import choose


def test_more_labels_of_each_category_include_the_fewer():
    truth = {f"p{i}": f"c{i % 3}" for i in range(20)}
    one, four = choose(truth, 1), choose(truth, 4)
    assert len(one) == 3
    assert len(four) == 12
    assert one.items() <= four.items()
