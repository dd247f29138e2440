"""A limit of processor time: what takes longer is ended, what does not is left alone, and no alarm goes off afterwards."""

from __future__ import annotations

import re
import signal
import threading
import time

import pytest

from rsf_core.domain import processor_time


def busy(seconds: float) -> None:
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass


def test_what_takes_longer_is_ended_in_c_too() -> None:
    began = time.process_time()
    with pytest.raises(processor_time.TooLongError), processor_time.limited(0.05):
        re.search("(a+)+$", "a" * 60 + "b")
    assert time.process_time() - began < 5


def test_no_alarm_fires_after_the_end_and_the_earlier_handler_is_restored() -> None:
    rung: list[int] = []
    before = signal.signal(signal.SIGVTALRM, lambda number, frame: rung.append(number))
    try:
        with processor_time.limited(0.05):
            pass
        busy(0.1)
        assert rung == [] and signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
        signal.raise_signal(signal.SIGVTALRM)
        assert rung == [signal.SIGVTALRM]
    finally:
        signal.signal(signal.SIGVTALRM, before)


def test_in_another_thread_there_is_no_limit() -> None:
    ended: list[bool] = []

    def run() -> None:
        with processor_time.limited(0.01):
            busy(0.1)
        ended.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert ended == [True]
