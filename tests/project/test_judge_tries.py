"""Trying a judge: scores that arrive before the end of the try are kept and shown, and missing ones have a reason."""

from __future__ import annotations

import time
from typing import Any

import pytest

from rsf_core.domain import Finish, Prompt
from rsf_core.project import judge_tries
from rsf_core.project.judge_tries import Judged
from rsf_core.scorers.base import Scored, Unavailable
from rsf_core.store.records import Tried
from tests.support.judge_server import JudgeServer, Reply, error, says, serving


def tried(server: JudgeServer, *completions: str, **options: Any) -> list[Judged]:
    candidates = [
        (Tried(f"1.1.{k}", "What?", text, None), Scored(Prompt(1, "What?"), text, None, Finish.EOS, f"1.1.{k}"))
        for k, text in enumerate(completions)
    ]
    judge_options = {"endpoint": server.endpoint, "model": "m", "rubric": "Is it kind?"} | options
    return judge_tries.judge(judge_options, candidates)


def only(*answered: str) -> Any:
    """A judge that hangs on all completions but these."""

    def reply(body: dict[str, Any]) -> Reply:
        completion = body["messages"][0]["content"].split("[completion ")[1].split("\n")[1]
        return says("3") if completion in answered else Reply(hang=True)

    return reply


@pytest.mark.parametrize("at_once", [1, 2, 8])
def test_the_scores_of_a_slow_judge_up_to_the_limit_are_kept(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_tries, "SECONDS", 2.0)
    with serving(only("one", "two")) as server:
        began = time.monotonic()
        tries = tried(server, "one", "two", "three", "four", at_once=at_once, seconds=600.0)
        assert time.monotonic() - began < 60, "not the ten minutes that an answer may take"
    assert [one.score for one in tries] == [3.0, 3.0, None, None]
    for one in tries[2:]:
        assert "the try ended before it had answered" in one.why and "Save the judge" in one.why
        assert "resume" not in one.why and one.asked


def test_one_answer_that_takes_longer_than_the_judge_allows_says_which_option() -> None:
    with serving(only("one", "three")) as server:
        tries = tried(server, "one", "two", "three", seconds=2.0)
    assert [one.score for one in tries] == [3.0, None, 3.0]
    assert "within 2 s: raise the option seconds" in tries[1].why


def test_what_came_before_an_endpoint_was_gone_is_kept() -> None:
    with serving(says("4"), says("no idea"), error(402, "no money")) as server:
        tries = tried(server, "one", "two", "three", "four", at_once=1)
    assert [one.score for one in tries] == [4.0, None, None, None]
    assert "not a score" in tries[1].why and all(
        "requires payment first" in one.why and "try again" in one.why for one in tries[2:]
    )
    assert not any("resume" in one.why for one in tries)


def test_a_silent_endpoint_is_reported_once_in_a_try_with_what_to_do() -> None:
    with serving(error(404)) as server, pytest.raises(Unavailable, match=r"no such model.*then try again") as raised:
        tried(server, "one", "two")
    assert "resume" not in str(raised.value)


def test_equal_candidates_are_asked_about_once_and_each_has_the_score() -> None:
    with serving(says("2")) as server:
        assert [one.score for one in tried(server, "same", "same", "other")] == [2.0, 2.0, 2.0]
        assert len(server.seen) == 2


def test_a_candidate_without_the_reference_that_is_shown_is_not_asked_about() -> None:
    with serving(says("2")) as server:
        (attempt,) = tried(server, "one", show_reference=True)
    assert attempt.score is None and "reference" in attempt.why and not attempt.asked and not server.seen
