"""What a round has drawn: its candidates, how many are accepted for each prompt, which lack a score, how fast it was."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import lru_cache

from rsf_core.acceptance import bands
from rsf_core.acceptance.bands import Bands, Plan, Rates
from rsf_core.domain import Action, JobKind, JobState
from rsf_core.domain.access import LOCAL, Actor, requires_actor
from rsf_core.review.onlooking import Find
from rsf_core.rounds.state import ProjectState
from rsf_core.sampling.intervals import Interval
from rsf_core.store.decided import COUNTED_TABLES
from rsf_core.store.drawn_records import LatestCompletion, RoundPrompt
from rsf_core.store.records import (
    CandidateRecord,
    ElsewhereCounts,
    ElsewhereRecord,
    NoScoreRecord,
    PromptKind,
    RoundCounts,
    Speed,
)
from rsf_core.store.store import Store
from rsf_core.store.tally import Votes


class CandidateBook:
    """Reads the candidates of a round. `onlooker` is the reviewer who asks, None for an owner: gold items look to a reviewer
    like any other candidates (see `Onlooking`)."""

    def __init__(self, store: Store, project_state: ProjectState, onlooking: Find) -> None:
        self._store, self._project_state, self._onlooking = store, project_state, onlooking
        self._speed = lru_cache(maxsize=8)(store.generation_speed)  # finished jobs do not change

    def latest_completions(self, count: int, round_number: int | None = None) -> list[LatestCompletion]:
        """`candidate_id` and `completion` of the last candidates that a round has drawn, the newest first."""
        return self._store.latest_completions(self._project_state.number(round_number), count)

    def prompt_texts(self, prompt_ids: Sequence[int]) -> dict[int, str]:
        """The texts of prompts by number, retired ones too; unknown numbers are left out."""
        return {number: row["text"] for number, row in self._store.prompts_by_id(prompt_ids).items()}

    def counts(self, round_number: int | None = None, onlooker: str | None = None) -> RoundCounts:
        number = self._project_state.number(round_number)
        return self._store.round_counts(number, self._votes_for(number, onlooker))

    def prompts_in_round(self, round_number: int | None = None, onlooker: str | None = None) -> list[RoundPrompt]:
        number = self._project_state.number(round_number)
        prompts, look = self._store.prompts_in_round(number), self._onlooking(number, onlooker)
        return prompts if look is None else look.prompts(prompts)

    def candidates(
        self, prompt_id: int, round_number: int | None = None, onlooker: str | None = None
    ) -> list[CandidateRecord]:
        """All candidates of a prompt in a round, by k."""
        number = self._project_state.number(round_number)
        candidates, look = self._store.candidates_of_prompt(number, prompt_id), self._onlooking(number, onlooker)
        return candidates if look is None else look.candidates(candidates)

    def _votes_for(self, round_number: int, onlooker: str | None) -> Votes:
        look = self._onlooking(round_number, onlooker)
        return () if look is None else look.votes

    def candidates_elsewhere(self, round_number: int | None = None) -> list[ElsewhereRecord]:
        """The candidates of a round that were made elsewhere, by prompt and k."""
        return self._store.elsewhere.of_round(self._project_state.number(round_number))

    def elsewhere_counts(self, round_number: int | None = None, onlooker: str | None = None) -> ElsewhereCounts:
        """How many candidates of a round were made elsewhere, and how people have decided them."""
        number = self._project_state.number(round_number)
        counts, look = self._store.elsewhere.counts(number), self._onlooking(number, onlooker)
        return counts if look is None else look.elsewhere(counts)

    @requires_actor
    def override(self, candidate_id: str, action: Action, reviewer: Actor = LOCAL, uid: str | None = None) -> bool:
        """Accept or reject a candidate, or return it to the rule (auto); False if an override with this `uid` is already
        stored. Raises StoreError for an unknown candidate."""
        return self._store.add_override(uid or uuid.uuid4().hex, candidate_id, action, reviewer.name)

    @requires_actor
    def undo(self, round_number: int | None = None, reviewer: Actor = LOCAL) -> str | None:
        """Undo the reviewer's last override of a round; the candidate's id, or None."""
        return self._store.undo_override(uuid.uuid4().hex, self._project_state.number(round_number), reviewer.name)

    def without_score(self, round_number: int | None = None) -> list[NoScoreRecord]:
        """The candidates of a round for which the target lacks a score, with the reason: the rule does not decide them."""
        return self._store.without_score(self._project_state.number(round_number))

    def bands(self, round_number: int | None = None, onlooker: str | None = None) -> Bands | None:
        """How many prompts of a round have none, few, some, most or all of their candidates accepted; None before scoring."""
        return bands.bands(self._kinds(round_number, onlooker))

    def rates(self, round_number: int | None = None, onlooker: str | None = None) -> Rates:
        """The acceptance rates of a round: means over prompts, of the candidates drawn for all prompts alike."""
        return bands.rates(self._kinds(round_number, onlooker))

    def none_of(self, k: int, round_number: int | None = None, onlooker: str | None = None) -> Interval | None:
        """The share of prompts like a round's that would get none of `k` candidates; None before scoring."""
        number = self._project_state.number(round_number)
        kinds = self._kinds(number, onlooker)
        return self._store.unchanged(
            ("none_of", k, number, tuple(kinds)), COUNTED_TABLES, lambda: bands.none_of(kinds, k)
        )

    def starving_plan(self, onlooker: str | None = None) -> Plan | None:
        """What to expect from drawing as many candidates again for the prompts of the newest round with none accepted; None if
        no prompt starves."""
        number, each = self._project_state.current_round().round, self._project_state.settings().generate.candidates
        kinds = self._kinds(number, onlooker)
        name = ("starving_plan", number, each, tuple(kinds))
        return self._store.unchanged(name, COUNTED_TABLES, lambda: bands.plan(kinds, each))

    def _kinds(self, round_number: int | None, onlooker: str | None) -> list[PromptKind]:
        number = self._project_state.number(round_number)
        return self._store.prompt_kinds(number, self._votes_for(number, onlooker))

    def generation_speed(self, round_number: int | None = None) -> Speed | None:
        """How fast the candidates of a round were drawn, over its finished generate jobs; None if there are none."""
        number = self._project_state.number(round_number)
        drawn = [
            j for j in self._store.jobs(round_number=number) if j.kind is JobKind.GENERATE and j.state is JobState.DONE
        ]
        return self._speed(tuple(job.job_id for job in drawn))
