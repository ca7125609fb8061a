from __future__ import annotations

import threading
import time

import pytest

from shelver.engine.ahead import ahead


@pytest.mark.parametrize("most", [1, 2, 50])
def test_the_same_items_in_the_same_order(most):
    assert list(ahead(iter(range(200)), most)) == list(range(200))
    assert list(ahead([], most)) == []


def test_an_error_comes_after_the_items_before_it():
    def items():
        yield 1
        yield 2
        raise ValueError("the third cannot be read")

    source = ahead(items())
    assert [next(source), next(source)] == [1, 2]
    with pytest.raises(ValueError, match="the third"):
        next(source)


def test_no_more_items_are_made_than_may_wait():
    made = []

    def items():
        for number in range(100):
            made.append(number)
            yield number

    source = ahead(items(), 3)
    assert next(source) == 0
    time.sleep(0.5)
    assert len(made) <= 1 + 3 + 1, "one taken, three waiting, one in hand"
    source.close()
    assert threading.active_count() == 1 or not any(each.name == "ahead" for each in threading.enumerate())


def test_the_source_is_closed_where_it_was_read():
    seen = []

    def items():
        try:
            for number in range(1000):
                seen.append(threading.current_thread().name)
                yield number
        finally:
            seen.append(f"closed in {threading.current_thread().name}")

    source = ahead(items())
    next(source)
    source.close()
    assert set(seen[:-1]) == {"ahead"}
    assert seen[-1] == "closed in ahead"


def test_it_works_beside_what_takes_the_items():
    def items():
        for number in range(5):
            time.sleep(0.05)
            yield number

    begun = time.perf_counter()
    for _ in ahead(items()):
        time.sleep(0.05)
    assert time.perf_counter() - begun < 0.45, "one after the other it takes 0.5 s"
