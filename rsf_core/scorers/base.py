"""The protocol of a scorer: a number for a completion of a prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.words import one_line

REASON = 300  # characters of why there is no score
MOST_SECONDS_A_MATCH = 0.2  # of processor time that a pattern of the user may take with one completion
TOO_LONG = (
    f"takes more than {MOST_SECONDS_A_MATCH:g} s to match this text: it can match the same characters in many ways"
)


@dataclass(frozen=True, slots=True)
class Scored:
    """What a scorer sees of a candidate; `candidate_id` names it in errors. `token_count` is None of one made elsewhere, whose
    tokens are of another model; it counts as ended. `earlier`: the completions drawn before it for the same prompt in
    its round, in their order; () for a scorer that does not say `siblings = True`."""

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
    """That a scorer has no score for a candidate, and why. It is returned in place of a number, or raised; what a scorer
    raises otherwise, and what is no finite number within its bounds, is taken for one. The rule decides nothing of such a
    candidate."""

    def __init__(self, reason: str) -> None:
        super().__init__(one_line(reason, REASON))

    @property
    def reason(self) -> str:
        return str(self)


class Unavailable(ScorerError):
    """A scorer can score nothing at all now, whatever the candidate: the job stops, and no candidate is left without a score
    for it."""


class Scorer(Protocol):
    """`bounds` is the closed range every score lies in (an end that is not known is ±inf); it gives the analytic
    bound on M, so a score outside it is none. A score is a finite float; the same input always gets the same score."""

    name: str
    description: str
    bounds: tuple[float, float]

    def score(self, batch: Sequence[Scored]) -> Sequence[float | NoScore | None]:
        """One score for each of `batch`, in order; None or NoScore where there is none."""
        ...


@runtime_checkable
class ChecksReferences(Protocol):
    """What a scorer has beside `score` where it reads the prompt's reference, so that a reference it cannot read is found
    before anything is drawn."""

    def reference_problem(self, reference: str | None) -> str | None:
        """What is wrong with this reference, as the rest of a sentence that the scorer's name begins ("needs a number as
        the reference, not 'many'"); None where it can be read. Raises nothing."""
        ...


def instead(reference: str | None) -> str:
    """What stands there in place of a reference that was needed: "not 'many'", "and there is none"."""
    return f"not {reference!r:.80}" if reference and reference.strip() else "and there is none"


def unreadable(name: str, prompt: Prompt, problem: str) -> ScorerError:
    """For a scorer that meets a reference it cannot read after all."""
    return ScorerError(f"the scorer {name!r} {problem} (prompt {prompt.prompt_id}): edit the prompt or retire it")
