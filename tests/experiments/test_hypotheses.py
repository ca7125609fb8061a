from shelver.experiments.hypotheses import verdicts
from shelver.experiments.zoo import Row


def row(name, accuracy, levels=(0.9, 0.7), **branches):
    return Row("toy", name, "words", "single", accuracy, accuracy, 1.0, levels, None, 10, 1.0, branches)


def found(*rows):
    return {verdict.number: verdict for verdict in verdicts(rows)}


def test_linear_models_lose_more_at_the_bottom():
    assert found(row("linear_words", 0.7, (0.95, 0.6)), row("cnn1d_tuned", 0.8, (0.95, 0.8)))[2].holds is True
    assert found(row("linear_words", 0.7, (0.95, 0.8)), row("cnn1d_tuned", 0.8, (0.95, 0.8)))[2].holds is False


def test_deep_histograms():
    assert found(row("linear_counts", 0.70), row("deep_histogram", 0.705))[3].holds is True
    assert found(row("linear_counts", 0.70), row("deep_histogram", 0.75))[3].holds is False


def test_embeddings():
    names = ("linear_counts", "shallow_pretrained", "deep_pretrained")
    assert found(*map(row, names, (0.5, 0.6, 0.62)))[4].holds is True
    assert found(*map(row, names, (0.5, 0.45, 0.62)))[4].holds is False


def test_pictures_are_shown_by_branch_and_what_is_missing_gives_no_verdict():
    assert "Shoes 90.0%" in found(row("image", 0.7, Shoes=0.9, Care=0.3))[5].seen
    assert found(row("image", 0.7, Shoes=0.9))[5].holds is None
    assert found(row("rnn", 0.7)) == {}
