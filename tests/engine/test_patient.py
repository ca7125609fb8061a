import threading
import time

import pytest

from shelver.engine.patient import GoneError, patiently


def test_items_come_in_order_and_silence_is_borne_while_there_is_life():
    def slow():
        for item in range(5):
            time.sleep(0.05)
            yield item

    asked = []
    assert list(patiently(slow, lambda: not asked.append(1), wait=0.01)) == list(range(5))
    assert asked


def test_what_the_generator_raises_is_raised():
    def broken():
        yield 1
        raise ValueError("no good")

    stream = patiently(broken, lambda: True)
    assert next(stream) == 1
    with pytest.raises(ValueError, match="no good"):
        next(stream)


def test_silence_without_life_ends():
    until = threading.Event()

    def silent():
        yield 1
        until.wait(30)

    begun = time.monotonic()
    with pytest.raises(GoneError):
        list(patiently(silent, lambda: False, wait=0.05))
    until.set()
    assert time.monotonic() - begun < 10


def test_a_generator_that_is_left_is_closed_in_its_own_thread():
    closed = []

    def endless():
        try:
            while True:
                yield 1
        finally:
            closed.append(threading.current_thread().name)

    stream = patiently(endless, lambda: True)
    next(stream)
    stream.close()
    for _ in range(200):
        if closed:
            break
        time.sleep(0.02)
    assert closed == ["shelver-engine"]
