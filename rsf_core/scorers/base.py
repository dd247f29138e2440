"""The protocol of a scorer: a number for a completion of a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.words import one_line

REASON = 300  # characters of why there is no score
MOST_SECONDS_A_MATCH = 0.2  # processor time that a user's pattern may take on one completion
TOO_LONG = (
    f"takes more than {MOST_SECONDS_A_MATCH:g} s to match this text: it can match the same characters in many ways"
)


@dataclass(frozen=True, slots=True)
class Scored:
    """The view of a candidate that a scorer gets; `candidate_id` names it in errors. `token_count` is None for a candidate
    made elsewhere, whose tokens belong to another model; it counts as ended. `earlier`: the completions drawn before it for
    the same prompt in its round, in order; () for a scorer that does not set `siblings = True`."""

    prompt: Prompt
    completion: str
    token_count: int | None
    finish: Finish
    candidate_id: str | None = None
    earlier: tuple[str, ...] = ()

    def __str__(self) -> str:
        name = f"candidate {self.candidate_id}" if self.candidate_id else "a completion"
        return f"{name} of prompt {self.prompt.prompt_id} ({self.completion[:60]!r})"


class NoScore(Exception):
    """The reason why a scorer has no score for a candidate. A scorer returns it in place of a number, or raises it. Any other
    exception, and any value that is not a finite number within the bounds, counts as NoScore. The rule does not decide such
    a candidate."""

    def __init__(self, reason: str) -> None:
        super().__init__(one_line(reason, REASON))

    @property
    def reason(self) -> str:
        return str(self)


class Unavailable(ScorerError):
    """A scorer cannot score any candidate now. The job stops, and no candidate is recorded as having no score because of
    it."""


class Scorer(Protocol):
    """`bounds` is the closed range of all scores (an unknown end is ±inf). It gives the analytic bound on M, so a value
    outside it is not a score. A score is a finite float; the same input always gets the same score."""

    name: str
    description: str
    bounds: tuple[float, float]

    def score(self, batch: Sequence[Scored]) -> Sequence[float | NoScore | None]:
        """One score for each of `batch`, in order; None or NoScore for a candidate without a score."""
        ...


@runtime_checkable
class ChecksReferences(Protocol):
    """The method that a scorer has besides `score` if it reads the prompt's reference, so that an unreadable reference is
    reported before anything is drawn."""

    def reference_problem(self, reference: str | None) -> str | None:
        """The problem with this reference, as the rest of a sentence that begins with the scorer's name ("needs a number as
        the reference, not 'many'"); None if it can be read. Raises nothing."""
        ...


def instead(reference: str | None) -> str:
    """The end of a message about an unusable reference: "not 'many'", "and there is none"."""
    return f"not {reference!r:.80}" if reference and reference.strip() else "and there is none"


def unreadable(name: str, prompt: Prompt, problem: str) -> ScorerError:
    """The error of a scorer that meets an unreadable reference while scoring."""
    return ScorerError(f"the scorer {name!r} {problem} (prompt {prompt.prompt_id}): edit the prompt or retire it")
