"""Trying a judge before it is saved: what it says of a few stored candidates. Nothing is kept, not even its answers."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rsf_core.domain import Finish, Prompt
from rsf_core.scorers import host
from rsf_core.scorers.base import NoScore, Scored
from rsf_core.scorers.host import Host, Stopped
from rsf_core.store.records import Tried
from rsf_core.store.store import Store

if TYPE_CHECKING:
    from rsf_core.scorers.judge import LlmJudge

JUDGED = 8  # candidates
SECONDS = 60.0  # for all of them together


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge said of a stored candidate: `score`, or why there is none; `asked` is what it was asked."""

    candidate: Tried
    score: float | None
    why: str
    asked: str


def scored(store: Store, candidates: Sequence[Tried]) -> list[tuple[Tried, Scored]]:
    """`candidates` as a scorer sees them, with the conversation before each."""
    numbers = {candidate.candidate_id: int(candidate.candidate_id.split(".")[1]) for candidate in candidates}
    known = {record.prompt_id: record for record in store.prompt_book.by_id(sorted(set(numbers.values())))}
    found = []
    for candidate in candidates:
        record = known[numbers[candidate.candidate_id]]
        prompt = Prompt(record.prompt_id, record.text, record.reference, record.split, record.system, record.earlier)
        found.append((candidate, Scored(prompt, candidate.completion, None, Finish.EOS, candidate.candidate_id)))
    return found


def judged(options: Mapping[str, Any], candidates: Sequence[tuple[Tried, Scored]]) -> list[Judged]:
    """What the judge says of each, some at once, within SECONDS. Raises Unavailable where no candidate could get a score."""
    from rsf_core.scorers.judge import LlmJudge  # the owner knows scorers by their cards, until one is tried

    judge, until = LlmJudge(**options), time.monotonic() + SECONDS
    found = []
    for start in range(0, len(candidates), judge.most_at_once):
        part = candidates[start : start + judge.most_at_once]
        left = until - time.monotonic()
        problems = [judge.reference_problem(one.prompt.reference) for _, one in part]
        askable = [one for (_, one), problem in zip(part, problems, strict=True) if problem is None]
        answers = iter(_answers(judge, askable, left))
        for (candidate, one), problem in zip(part, problems, strict=True):
            answer = next(answers) if problem is None else NoScore(f"the judge {problem}")
            score, why = (None, answer.reason) if isinstance(answer, NoScore) else (answer, "")
            found.append(Judged(candidate, score, why, "" if problem else judge.asked(one)))
    return found


def _answers(judge: LlmJudge, batch: Sequence[Scored], left: float) -> Sequence[float | NoScore]:
    if left <= 0:
        return [NoScore(f"not tried: the ones before took {SECONDS:g} s together")] * len(batch)
    until = time.monotonic() + left
    try:
        with host.hosted(Host(judge.name, stopping=lambda: time.monotonic() > until, seconds=left)):
            return judge.score(batch) if batch else []
    except Stopped:
        return [NoScore(f"it did not answer within {SECONDS:g} s")] * len(batch)
