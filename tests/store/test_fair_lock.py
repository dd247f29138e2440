"""Whoever asks first is served first, also against a thread that asks again at once."""

from __future__ import annotations

import threading
import time

from rsf_core.store.fair_lock import FairLock


def test_it_excludes_others_and_lets_its_holder_in_again() -> None:
    lock, inside, seen = FairLock(), 0, []

    def work() -> None:
        nonlocal inside
        for _ in range(200):
            with lock, lock:
                inside += 1
                seen.append(inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) == {1} and len(seen) == 1200


def test_a_greedy_thread_does_not_keep_the_others_waiting() -> None:
    lock, stop, turns = FairLock(), threading.Event(), 0

    def greedy() -> None:
        nonlocal turns
        while not stop.is_set():
            with lock:
                turns += 1
                time.sleep(0.005)

    thread = threading.Thread(target=greedy)
    thread.start()
    waited = []
    for _ in range(20):
        before = turns
        with lock:
            waited.append(turns - before)
        time.sleep(0.001)
    stop.set()
    thread.join()
    assert max(waited) <= 1  # at most the turn in progress, never the next


def test_an_error_inside_gives_it_back() -> None:
    lock = FairLock()
    for _ in range(2):
        try:
            with lock:
                raise ValueError
        except ValueError:
            pass
    with lock:
        pass
