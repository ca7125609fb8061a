"""Tasks that come back in any order, twice, or not at all: hypothesis plays the runner."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelver.engine.work import TRIES, CutOffError, in_order
from shelver.errors import ShelverError


class Played:
    """A job whose answers come as they were written down, one script for each time it is asked; then none."""

    def __init__(self, tasks, scripts):
        self.all, self.scripts, self.asked = tasks, list(scripts), []

    def tasks(self):
        return dict(self.all)

    def answers(self, tasks):
        self.asked.append(sorted(tasks))
        for start in self.scripts.pop(0) if self.scripts else []:
            if start == "cut off":
                raise CutOffError("a node went")
            if start == "broken":
                raise ShelverError("no good")
            yield start, b""

    def collect(self, start, token):
        return [pa.record_batch({"row": list(range(start, self.all[start]))})]


def rows(job):
    return [row for batch in in_order(job, "some.v1") for row in batch["row"].to_pylist()]


TASKS = {0: 3, 3: 6, 6: 7}


@given(st.data())
def test_any_order_any_repetition_and_any_cut_give_the_rows_in_order(data):
    scripts = [
        data.draw(st.lists(st.sampled_from([*TASKS, "cut off"]), max_size=6)),
        data.draw(st.lists(st.sampled_from([*TASKS]), min_size=1)),
        data.draw(st.permutations([*TASKS])),
    ]
    job = Played(TASKS, scripts)
    assert rows(job) == list(range(7))


def test_only_what_did_not_come_back_is_asked_for_again():
    job = Played(TASKS, [[3, "cut off"], [0, 6]])
    assert rows(job) == list(range(7))
    assert job.asked == [[0, 3, 6], [0, 6]]


def test_rows_are_given_as_soon_as_they_are_next():
    job = Played(TASKS, [[3, 0, 6]])
    stream = in_order(job, "some.v1")
    assert [next(stream)["row"][0].as_py() for _ in range(2)] == [0, 3]
    stream.close()


@pytest.mark.parametrize("script", [[], ["cut off"]])
def test_when_nothing_comes_back_again_and_again_it_is_said(script):
    job = Played(TASKS, [[0], *[script] * 9])
    with pytest.raises(ShelverError, match=r"some\.v1: only 3 of 7 rows came back") as caught:
        rows(job)
    assert ("a node went" in str(caught.value)) == bool(script)
    assert len(job.asked) == 1 + TRIES


def test_an_error_of_the_work_is_not_tried_again():
    job = Played(TASKS, [[0, "broken"], [3, 6]])
    with pytest.raises(ShelverError, match="no good"):
        rows(job)
    assert len(job.asked) == 1
