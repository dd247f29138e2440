"""Trying a judge before it is saved, on a few stored candidates. Nothing is stored, not even its answers."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rsf_core.domain import Finish, Prompt
from rsf_core.scorers import host
from rsf_core.scorers.base import NoScore, Scored, Unavailable
from rsf_core.scorers.host import Host, Stopped
from rsf_core.store.records import Tried
from rsf_core.store.store import Store

JUDGED = 8  # candidates
SECONDS = 60.0  # for all of them together
_LATE = (
    f"the try ended before it had answered, for all together have {SECONDS:g} s. Save the judge and let it score without "
    "deciding, where only each answer has a limit, or let it answer more questions at a time"
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A judge's `score` of a stored candidate, or why there is none; `asked` is the question that was sent."""

    candidate: Tried
    score: float | None
    why: str
    asked: str


def scored(store: Store, candidates: Sequence[Tried]) -> list[tuple[Tried, Scored]]:
    """`candidates` as a scorer receives them, each with its conversation."""
    numbers = {candidate.candidate_id: int(candidate.candidate_id.split(".")[1]) for candidate in candidates}
    known = {record.prompt_id: record for record in store.prompt_book.by_id(sorted(set(numbers.values())))}
    scores = []
    for candidate in candidates:
        record = known[numbers[candidate.candidate_id]]
        prompt = Prompt(record.prompt_id, record.text, record.reference, record.split, record.system, record.earlier)
        scores.append((candidate, Scored(prompt, candidate.completion, None, Finish.EOS, candidate.candidate_id)))
    return scores


def judge(options: Mapping[str, Any], candidates: Sequence[tuple[Tried, Scored]]) -> list[Judged]:
    """The judge's score of each candidate, within SECONDS in all. Scores that arrived in time count, whatever stops the judge;
    each other candidate has the reason why it has no score, and what to do. Raises Unavailable if the endpoint answers none of
    them."""
    from rsf_core.scorers.judge import LlmJudge  # the owner knows scorers only by their cards until one is tried

    judge = LlmJudge(**options)
    problems = [judge.reference_problem(candidate.prompt.reference) for _, candidate in candidates]
    answers: dict[int, float | NoScore] = {
        number: NoScore(f"the judge {problem}") for number, problem in enumerate(problems) if problem is not None
    }
    askable = [number for number, problem in enumerate(problems) if problem is None]
    lacking = ""
    until = time.monotonic() + SECONDS
    try:
        with host.hosted(Host(judge.name, stopping=lambda: time.monotonic() > until, trial=True)):
            for number, answer in judge.answers([candidates[number][1] for number in askable]):
                answers[askable[number]] = answer
    except Stopped:
        lacking = _LATE
    except Unavailable as error:
        if all(isinstance(answers.get(number), NoScore | None) for number in askable):
            raise
        lacking = str(error)
    return [
        _judged(candidate, answers.get(number), lacking, "" if problems[number] else judge.question(one))
        for number, (candidate, one) in enumerate(candidates)
    ]


def _judged(candidate: Tried, answer: float | NoScore | None, lacking: str, question: str) -> Judged:
    """`lacking` is the reason for a missing answer."""
    if answer is None or isinstance(answer, NoScore):
        return Judged(candidate, None, lacking if answer is None else answer.reason, question)
    return Judged(candidate, answer, "", question)
