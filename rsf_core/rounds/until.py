"""Drawing until enough are accepted: prompts in a random order, some at a time, at an M that is fixed beforehand.

After each part the limits of the acceptance rate decide whether to go on. An interval for a fixed number of prompts is wrong
at some such look in far more than 5 % of runs; these limits hold at all looks together (see sampling.sequence), so that they
can be used for stopping. They are limits of the rate at this M, over prompts like these: with an M chosen from what was drawn,
decisions would depend on one another. Drawing ends when both the number accepted and the lower limit of the rate times the
number drawn reach the goal, or when it cannot be reached any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b

from rsf_core.domain import JobKind, JobState, Prompt, Split
from rsf_core.domain.specs import GenerateSpec, Until
from rsf_core.rounds.state import scores_beside
from rsf_core.sampling.sequence import ConfidenceSequence
from rsf_core.store.records import JobRecord
from rsf_core.store.store import Store

_KINDS = (JobKind.GENERATE, JobKind.SCORE)
KEPT = 4  # runs whose limits are kept, so that a look costs what is new


class End(StrEnum):
    """Why drawing ends."""

    MET = "the goal is reached, and the rate's lower limit confirms it"
    MOST = "the allowed number of prompts was drawn for"
    HOPELESS = "the goal cannot be reached with the allowed prompts: the rate's upper limit is too low"
    CHANGED = "M or the target was changed in the meantime, which invalidates the limits"
    BROKEN_OFF = "it was interrupted"


@dataclass(frozen=True, slots=True)
class SoFar:
    """The state of a run: `accepted` of `drawn` candidates for `prompts` prompts, by the rule at the fixed M. `low` and
    `high` are the limits of the acceptance rate, the mean over prompts, that hold at all moments together (95 %). `end` is
    why it ended; None while it goes on."""

    until: Until
    prompts: int
    drawn: int
    accepted: int
    low: float
    high: float
    end: End | None

    @property
    def number(self) -> float:
        """The lower limit of the number accepted among that many draws."""
        return self.low * self.drawn


class Looks:
    """Looks at the runs of a project."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, tuple[list[float], ConfidenceSequence]] = {}

    def newest(self, round_number: int) -> SoFar | None:
        """The newest run of a round; None if there was none."""
        jobs = self._store.jobs(round_number=round_number)
        mine = [(job, until) for job in jobs if job.kind is JobKind.GENERATE and (until := until_of(job))]
        if not mine:
            return None
        until = mine[-1][1]
        generated = [job for job, other in mine if other.run == until.run]
        # before the rows are read, so that they include what is decided meanwhile
        waits = (
            any(not job.state.ended for job in jobs if job.kind in _KINDS)
            or self._store.round_counts(round_number).undecided > 0
        )
        rows = self._store.accepted_by_prompt(round_number, [job.job_id for job in generated])
        rows.sort(key=lambda row: place(until.run, row["prompt_id"]))
        sequence = self._sequence(until.run, [row["accepted"] / row["drawn"] for row in rows])
        drawn, accepted = (sum(row[name] for row in rows) for name in ("drawn", "accepted"))
        so_far = SoFar(until, len(rows), drawn, accepted, sequence.low, sequence.high, None)
        return replace(so_far, end=self._end(so_far, round_number, generated, jobs, waits))

    def _end(
        self,
        so_far: SoFar,
        round_number: int,
        generated: Sequence[JobRecord],
        jobs: Sequence[JobRecord],
        waits: bool,
    ) -> End | None:
        until, in_force = so_far.until, self._store.thresholds(round_number)[:1]
        if [(m.log_m, m.scope, m.target_id) for m in in_force] != [(until.log_m, until.scope, until.target_id)]:
            return End.CHANGED
        if so_far.accepted >= until.goal and so_far.number >= until.goal:
            return End.MET
        since = [
            job for job in jobs if job.kind in _KINDS and job.seq >= generated[-1].seq and scores_beside(job) is None
        ]
        if since[-1].state.ended and since[-1].state is not JobState.DONE:
            return End.BROKEN_OFF
        most = min(until.most, self._store.prompt_counts().get(Split.TRAIN, 0))
        if prompt_count(generated) >= most and not waits:
            return End.MOST
        left = max(until.most - so_far.prompts, 0)
        if so_far.prompts and so_far.accepted + so_far.high * left * so_far.drawn / so_far.prompts < until.goal:
            return End.HOPELESS
        return None

    def _sequence(self, run: str, means: list[float]) -> ConfidenceSequence:
        """The confidence sequence of a run, extended if only new prompts came, else made again."""
        known, sequence = self._kept.pop(run, ([], ConfidenceSequence()))
        if means[: len(known)] != known:
            known, sequence = [], ConfidenceSequence()
        for mean in means[len(known) :]:
            sequence.add(mean)
        while len(self._kept) >= KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[run] = (means, sequence)
        return sequence


def until_of(job: JobRecord) -> Until | None:
    """The `Until` of a generate job; None if it draws for given prompts."""
    spec = job.sound_spec(GenerateSpec)
    return None if spec is None else spec.until


def prompt_count(jobs: Sequence[JobRecord]) -> int:
    """The number of prompts that the generate jobs of a run were given; some may have been left out."""
    return sum(job.spec_of(GenerateSpec).until_prompts for job in jobs)


def next_prompts(prompts: Sequence[Prompt], until: Until, before: int, count: int) -> list[Prompt]:
    """The next `count` prompts of a run after `before`, in its random order, up to what is allowed."""
    ordered = sorted(prompts, key=lambda prompt: place(until.run, prompt.prompt_id))
    return ordered[before : min(before + count, until.most)]


def place(run: str, prompt_id: int) -> bytes:
    """The sort key of a prompt in the random order of a run."""
    return blake2b(f"{run}:{prompt_id}".encode(), digest_size=16).digest()
