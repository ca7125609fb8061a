import copy

import numpy as np
import pytest
import torch

from shelver.config import BUILT_IN, CNN1D, Linear, Sequence, Training, WideDeep
from shelver.encoders import open_encoder
from shelver.errors import ModelError
from shelver.features.batch import Bag
from shelver.features.sequence import SequenceFeature
from shelver.features.split import Side
from shelver.features.transform import Transform
from shelver.labelling.fitting import Fitter
from shelver.labelling.pool import Pool
from shelver.models.linear import TO
from shelver.pipeline.prepare import dataset
from shelver.training.exact import VALUE, solve_net, solved

SETTINGS = Training(epochs=6, min_steps=30, batch_size=64)


def pool_of(workspace):
    examples = dataset(workspace).examples
    return Pool(examples, np.flatnonzero(examples.side != Side.TEST))


def fitter(pool, spec=None, objectives=("exclusive",), objective="exclusive", settings=SETTINGS):
    encode = open_encoder("static").encode if pool.batch.vectors else None
    known = {name: BUILT_IN[name] for name in objectives}
    return Fitter(pool, spec or Linear(), known, settings, encode and (lambda name: encode), objective)


def truth(pool, objective="exclusive"):
    answers = pool.examples.answers[objective]
    return answers.take(pool.rows) if isinstance(answers, Bag) else answers[pool.rows].astype(np.int64)


@pytest.fixture
def pool(plain_toy):
    return pool_of(plain_toy[1])


@pytest.fixture
def vector_pool(vector_toy):
    return pool_of(vector_toy[1])


def chosen(pool, labels, seed=0):
    return np.random.default_rng(seed).permutation(len(pool))[:labels]


@pytest.mark.parametrize("spec", [Linear(), WideDeep(hidden=(9, 7))], ids=["linear", "wide_deep"])
@pytest.mark.parametrize("solver", ["auto", "adam"])
def test_a_few_labels_are_enough_for_the_toy(pool, spec, solver):
    right, places = truth(pool), chosen(pool, 90)
    found = fitter(pool, spec, settings=SETTINGS.model_copy(update={"solver": solver})).fit(places, right[places])
    chances = found.probabilities()
    assert (found.solution is not None) == (solver == "auto" and isinstance(spec, Linear))
    assert chances.dtype == np.float32
    assert chances.shape == (len(pool), 7)
    np.testing.assert_allclose(chances.sum(axis=1), 1, atol=1e-5)
    assert (chances.argmax(axis=1) == right).mean() > 0.75
    assert (chances[places].argmax(axis=1) == right[places]).mean() > 0.95
    some = np.array([5, 3, 5, 200])
    np.testing.assert_allclose(found.probabilities(some), chances[some], atol=1e-5)


def test_a_net_over_sequences(pool):
    spec = Sequence(column="title", length=5)
    old = pool.examples.transform
    words = tuple(token for token in old.fitted["title"].tokens if " " not in token)
    transform = Transform(
        {**old.features, "words": spec}, old.split, {**old.fitted, "words": SequenceFeature(spec, words)}, old.dims
    )
    batch = pool.examples.batch

    def with_words(rows):
        found = batch(rows)
        titles = found.bags["title"]
        numbers = np.zeros((len(found), 5), np.int64)
        known = {word: number + 2 for number, word in enumerate(words)}
        for row in range(len(found)):
            ids = titles.ids[titles.offsets[row] : titles.offsets[row + 1]]
            seen = [known[old.fitted["title"].tokens[i]] for i in ids if " " not in old.fitted["title"].tokens[i]][:5]
            numbers[row, : len(seen)] = seen
        return type(found)(len(found), found.bags, found.categories, found.numbers, found.vectors, {"words": numbers})

    pool.examples.transform, pool.examples.batch = transform, with_words
    pool.batch = with_words(pool.rows)
    right, places = truth(pool), chosen(pool, 120)
    found = fitter(pool, CNN1D(filters=8, prior=False)).fit(places, right[places])
    assert (found.probabilities().argmax(axis=1) == right).mean() > 0.5
    assert found.net.spec.kind == "cnn1d"


def test_without_labels_it_says_what_tree_and_rules_say(vector_pool):
    for spec in (Linear(), WideDeep(hidden=(9, 7))):
        found = fitter(vector_pool, spec).fit(np.zeros(0, np.int64), np.zeros(0, np.int64))
        prior = found.net.prior
        with torch.no_grad():
            scores = prior(*found.net.prior_inputs(vector_pool.batch))
        np.testing.assert_allclose(found.probabilities(), torch.softmax(scores, 1).numpy(), atol=1e-5)
        assert (found.probabilities().argmax(axis=1) == truth(vector_pool)).mean() > 0.5


def test_labels_move_the_prior_and_do_not_replace_it(vector_pool):
    right = truth(vector_pool)
    made = fitter(vector_pool)
    before = made.fit(np.zeros(0, np.int64), np.zeros(0, np.int64)).probabilities()
    places = chosen(vector_pool, 6)
    after = made.fit(places, right[places]).probabilities()
    assert (after.argmax(axis=1) == right).mean() >= (before.argmax(axis=1) == right).mean() - 0.03
    assert (after[places].argmax(axis=1) == right[places]).all()


@pytest.mark.parametrize("labels", [1, 5])
def test_labels_of_one_class_only(pool, labels):
    right = truth(pool)
    places = np.flatnonzero(right == 3)[:labels]
    chances = fitter(pool).fit(places, right[places]).probabilities()
    assert np.isfinite(chances).all()
    assert (chances[places].argmax(axis=1) == 3).all()


def test_a_place_named_twice_counts_twice_even_if_the_answers_differ(pool):
    right = truth(pool)
    made = fitter(pool)
    places = np.append(chosen(pool, 30), np.repeat(chosen(pool, 1), 2))
    same = made.fit(places, right[places])
    assert len(same.kept) == 30, "one row that weighs three times"
    other = right[places].copy()
    other[-2:] = (right[places[0]] + 1) % 7
    torn = made.fit(places, other)
    assert len(torn.kept) == 32
    assert torn.probabilities(places[:1]).argmax() == other[-1]


def test_the_same_twice_and_from_the_last_solution(pool):
    right, made = truth(pool), fitter(pool)
    places = chosen(pool, 80)
    first, again = (made.fit(places, right[places]) for _ in range(2))
    assert np.array_equal(first.probabilities(), again.probabilities())
    before = made.fit(places[:70], right[places[:70]])
    warm = made.fit(places, right[places], start=before)
    assert warm.solution.steps <= first.solution.steps
    assert made.fit(places, right[places], start=first).solution.steps < first.solution.steps / 2
    np.testing.assert_allclose(warm.probabilities(), first.probabilities(), atol=0.02)
    anew = fitter(pool).fit(places, right[places])
    assert np.array_equal(first.probabilities(), anew.probabilities()), "nothing is left of other fits"


def test_several_labels_for_each_product(pool):
    answers = truth(pool, "rule_based")
    known = np.flatnonzero(pool.examples.known["rule_based"][pool.rows])
    places = known[:90]
    for solver in ("auto", "adam"):
        settings = SETTINGS.model_copy(update={"solver": solver})
        made = fitter(pool, objectives=("rule_based",), objective="rule_based", settings=settings)
        chances = made.fit(places, answers.take(places)).probabilities(known)
        wanted = np.zeros(chances.shape)
        right = answers.take(known)
        wanted[np.repeat(np.arange(len(known)), np.diff(right.offsets)), right.ids] = 1
        assert ((chances > 0.5) == wanted).mean() > 0.9


def test_a_solved_net_is_at_the_optimum_of_the_cost_that_is_promised(vector_pool):
    """At the optimum every pull of the labels is held by the pull of its own prior."""
    places, right = chosen(vector_pool, 60), truth(vector_pool)
    made = fitter(vector_pool)
    found = made.fit(places, right[places])
    net, first, l2 = found.net.double().train(), made._new, made.spec.l2
    words = sum(net.wide.inputs.bags.values())
    layer = net.wide.get_parameter(f"sparse.{TO}exclusive.weight")
    variance = torch.where(torch.arange(len(layer)) < words, 1.0, VALUE)[:, None]
    assert words < len(layer), "there are categorical values, too"
    head, bias = net.wide.get_parameter(f"dense.{TO}exclusive.weight"), net.wide.bias("exclusive")
    scores = net(vector_pool.batch.take(places), "exclusive")
    loss = torch.nn.functional.cross_entropy(scores, torch.from_numpy(right[places]), reduction="sum")
    logs = [(now / then.double()).log() for now, then in zip(net.prior.scales, first.prior.scales, strict=True)]
    penalties = {
        "words": (layer, l2 / 2 * (layer**2 / variance)[:words].sum()),
        "values": (layer, l2 / 2 * (layer**2 / variance)[words:].sum()),
        "dense": (head, l2 / 2 * (head**2).sum()),
        "bias": (bias, (bias**2).sum() / 2),
        **{f"scale {i}": (net.prior.scales[i], log**2 / (2 * 0.5**2)) for i, log in enumerate(logs)},
    }
    net.zero_grad()
    loss.backward(retain_graph=True)
    for name, (weight, penalty) in penalties.items():
        (held,) = torch.autograd.grad(penalty, weight, retain_graph=True)
        pull = weight.grad.to_dense()
        if weight is layer:
            pull = pull[:words] if name == "words" else pull[words:]
            held = held[:words] if name == "words" else held[words:]
        assert float((pull + held).norm()) < 0.05 * float(held.norm()) + 0.02, name


def test_several_labels_named_twice_count_twice(pool):
    answers = truth(pool, "rule_based")
    places = np.flatnonzero(pool.examples.known["rule_based"][pool.rows])[:40]
    made = fitter(pool, objectives=("rule_based",), objective="rule_based")
    twice = np.append(places, np.repeat(places[:3], 9))
    merged = made.fit(twice, answers.take(twice))
    assert len(merged.kept) == 40
    plain = copy.deepcopy(merged.fitter._new)
    assert len(solve_net(plain, "rule_based", pool.batch.take(twice), answers.take(twice)).dual) == 67
    with torch.no_grad():
        wanted = torch.sigmoid(plain.eval()(pool.batch, "rule_based")).numpy()
    np.testing.assert_allclose(merged.probabilities(), wanted, atol=0.01)


def test_other_objectives_are_learnt_from_the_run_whatever_the_labels(pool):
    right, places = truth(pool), chosen(pool, 40)
    made = fitter(pool, objectives=("exclusive", "rule_based"))
    alone = fitter(pool)
    both = made.fit(places, right[places])
    assert np.array_equal(both.probabilities(), alone.fit(places, right[places]).probabilities())
    batch = pool.batch
    none = made.fit(places[:0], right[:0])
    with torch.no_grad():
        assert torch.equal(both.net(batch, "rule_based"), none.net(batch, "rule_based"))
        assert both.net(batch, "rule_based").std() > 0.5


def test_what_was_learnt_is_not_validated_on(pool, monkeypatch):
    sides = []
    monkeypatch.setattr("shelver.labelling.fitting.ENOUGH", 3)
    monkeypatch.setattr(
        "shelver.labelling.fitting.train",
        lambda net, examples, *others: sides.append([examples.rows("exclusive", side) for side in Side]),
    )
    places = np.tile(chosen(pool, 20), 4)
    right = truth(pool)
    fitter(pool, WideDeep(hidden=(5,))).fit(places, right[places])
    [(train, valid, test)] = sides
    assert len(test) == 0
    assert len(valid) >= 8
    assert len(train) + len(valid) == 80
    assert not set(train.tolist()) & set(valid.tolist())


def test_labels_of_the_run_itself_are_not_looked_at(pool):
    right, places = truth(pool), chosen(pool, 40)
    before = fitter(pool).fit(places, right[places]).probabilities()
    pool.examples.answers["exclusive"] = np.zeros_like(pool.examples.answers["exclusive"])
    assert np.array_equal(fitter(pool).fit(places, right[places]).probabilities(), before)


def test_a_committee_is_of_several_opinions(pool):
    right, places = truth(pool), chosen(pool, 40)
    found = fitter(pool).fit(places, right[places])
    some = np.arange(11)
    members = found.committee(3, some, seed=1)
    assert members.shape == (3, 11, 7)
    assert np.array_equal(members, found.committee(3, some, seed=1))
    assert not np.allclose(members[0], members[1], atol=1e-3)
    assert found.committee(2).shape == (2, len(pool), 7)


def test_probabilities_come_in_blocks(pool, monkeypatch):
    right, places = truth(pool), chosen(pool, 40)
    found = fitter(pool).fit(places, right[places])
    whole = found.probabilities()
    monkeypatch.setattr("shelver.labelling.fitting.BLOCK", 7 * 100)
    parts = list(found.parts(np.arange(len(pool))))
    assert len(parts) == 2
    np.testing.assert_allclose(np.concatenate([chances for _, chances in parts]), whole, atol=1e-6)


def test_what_cannot_be_is_refused(pool):
    with pytest.raises(ValueError, match='"exclusive" is not among the objectives'):
        fitter(pool, objectives=("rule_based",))
    with pytest.raises(ValueError, match="3 answers for 2 places"):
        fitter(pool).fit(np.arange(2), np.zeros(3, np.int64))
    exact = SETTINGS.model_copy(update={"solver": "exact"})
    with pytest.raises(ModelError, match='solver = "exact" cannot train exclusive with a model of kind wide_deep'):
        fitter(pool, WideDeep(), settings=exact).fit(np.arange(2), np.zeros(2, np.int64))


def test_what_is_known_to_lie_below_a_node_teaches(pool):
    right, places = truth(pool), chosen(pool, 20)
    width, rest = 3, np.setdiff1d(np.arange(len(pool)), places)[:60]
    low = np.minimum(right[rest], 7 - width)  # one of three neighbouring classes, the right one among them
    ranges = np.column_stack([low, low + width])
    new = fitter(pool)
    alone, both = new.fit(places, right[places]), new.fit(places, right[places], below=(rest, ranges))

    def inside(found):
        chances = found.probabilities(rest)
        return np.mean([row[a:b].sum() for row, (a, b) in zip(chances, ranges, strict=True)])

    assert inside(both) > inside(alone) + 0.02
    others = np.setdiff1d(np.arange(len(pool)), np.concatenate([places, rest]))
    gained = both.probabilities(others)[np.arange(len(others)), right[others]].mean()
    assert gained > alone.probabilities(others)[np.arange(len(others)), right[others]].mean()
    only = new.fit(places[:0], right[:0], below=(rest, ranges))
    assert inside(only) > inside(new.fit(places[:0], right[:0]))
    again = new.fit(places, right[places], start=both, below=(rest, ranges))
    np.testing.assert_allclose(again.probabilities(), both.probabilities(), atol=5e-3)
    assert both.committee(2, others).shape == (2, len(others), 7)


def test_too_many_labels_for_the_exact_solver(pool):
    net = fitter(pool)._new
    exact = SETTINGS.model_copy(update={"solver": "exact", "objectives": ("exclusive",)})
    assert solved(net, "exclusive", exact, 20_000)
    with pytest.raises(ModelError, match=r"cannot take 20,001 labels of exclusive.*expected 20,000 at most"):
        solved(net, "exclusive", exact, 20_001)
    assert not solved(net, "exclusive", SETTINGS, 20_001)
