"""A helper answers line by line, and is ended if it does not answer."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pytest

from rsf_core.domain.helper_process import HelperEndedError, HelperProcess

ECHO = """
import json, os, signal, sys, time
for line in sys.stdin:
    asked = json.loads(line)["say"]
    if asked == "die":
        os._exit(3)
    if asked == "hang":
        signal.pause()
    if asked == "half":
        sys.stdout.write('{"said": '); sys.stdout.flush(); os._exit(0)
    print(json.dumps({"said": asked, "pid": os.getpid()}), flush=True)
"""


@pytest.fixture
def helper() -> Iterator[HelperProcess]:
    made = HelperProcess(lambda: [sys.executable, "-c", ECHO], 30.0)
    yield made
    made.stop()


def test_it_answers_one_question_after_another_in_one_process(helper: HelperProcess) -> None:
    answers = [helper.ask({"say": text}) for text in ("a", "é\n\0", "x" * 300_000)]
    assert [answer["said"] for answer in answers] == ["a", "é\n\0", "x" * 300_000]
    assert len({answer["pid"] for answer in answers}) == 1


@pytest.mark.parametrize(("text", "status"), [("die", 3), ("half", 0)])
def test_the_end_of_a_process_is_noticed_and_another_is_started(helper: HelperProcess, text: str, status: int) -> None:
    with pytest.raises(HelperEndedError) as ended:
        helper.ask({"say": text})
    assert ended.value.returncode in (status, -signal.SIGKILL)  # it may still be exiting when it is killed
    assert helper.ask({"say": "a"})["said"] == "a"


def test_one_that_does_not_answer_is_ended() -> None:
    helper = HelperProcess(lambda: [sys.executable, "-c", ECHO], 0.2)
    try:
        with pytest.raises(HelperEndedError) as ended:
            helper.ask({"say": "hang"})
        assert ended.value.returncode == -signal.SIGKILL
    finally:
        helper.stop()


def test_it_is_started_ahead_and_stopped_twice(helper: HelperProcess) -> None:
    helper.start()
    helper.start()
    assert helper.ask({"say": "a"})["said"] == "a"
    helper.stop()
    helper.stop()
