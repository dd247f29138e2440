"""Starts the score job, and lets the rule choose M once everything is scored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from rsf_core.acceptance import decisions
from rsf_core.acceptance.target import LOG_MODEL, LOG_Q, log_prob_scorer
from rsf_core.domain import JobKind, Split
from rsf_core.domain.errors import StageError
from rsf_core.domain.specs import Reference, ScoreSpec
from rsf_core.jobs import units
from rsf_core.rounds import versions
from rsf_core.rounds.state import BASE_ID, ProjectState
from rsf_core.rounds.submitting import Submitting
from rsf_core.scorers import registry, tastes
from rsf_core.store.store import Store


class Scoring:
    def __init__(self, folder: Path, store: Store, project_state: ProjectState, submitting: Submitting) -> None:
        self._folder, self._store, self._project_state, self._submitting = folder, store, project_state, submitting

    def score(self, round_number: int | None = None, again: bool = False) -> str | None:
        """Score what has not been scored under the target of the settings; with `again` also the candidates that were found to
        have no score. Returns the job's id, None if every score exists already: then the decisions are derived at once."""
        number = round_number or self._project_state.current_round().round
        self._submitting.refuse_a_second(JobKind.SCORE)
        round_record = self._project_state.round(number)
        settings = self._project_state.sound_settings()
        if self._store.round_counts(number).candidates == 0:
            raise StageError(f"round {number} has no candidates to score: generate them first")
        reference = decisions.reference_model(settings.target, BASE_ID)
        source = decisions.reference_of(self._store, settings.target, round_record, BASE_ID)
        judged: Reference | None = None
        if reference is not None and source is not None and source not in (LOG_Q, LOG_MODEL):
            tempered = source == log_prob_scorer(reference, tempered=True)
            judged = Reference(model=self._submitting.model_ref(reference), scorer=source, tempered=tempered)
        versions.ready(self._folder, settings.target.scorers)
        needed = [*settings.target.scorers, *([] if judged is None else [judged.scorer])]
        retired = self._store.prompt_book.version()[1]  # if this differs later, other candidates need scores
        elsewhere = [name for name in settings.target.scorers if not registry.checked(name)[1].of_draw]
        candidates = self._store.candidates_to_score(number, needed, again, elsewhere)
        if candidates.num_rows == 0:
            decisions.retarget(self._store, settings, round_record, BASE_ID)
            return None
        spec = ScoreSpec(
            round=number,
            compute=settings.compute,
            scorers=settings.target.scorers,
            reference=judged,
            target=settings.target,
            retired=retired,
            timeout_seconds=settings.score.timeout_seconds,
            unit_size=units.fitting_size(candidates.num_rows, units.SCORED),
            scored_before=self._store.count_scores(number, needed),
            base=self._submitting.base() if tastes.versions(settings.target.scorers) else None,
        )
        return self._submitting.submit(spec, self._inputs(number, settings.target.scorers, candidates))

    def score_by(self, scorer: str, round_number: int | None = None, again: bool = False) -> str | None:
        """Score the candidates of a round that a scorer, in the target or not, has not scored in its current version; with
        `again` also those that it was found to have no score for. Returns the job's id, None if it has scored all. Nothing is
        decided by it. Raises ScorerError if there is no such scorer, StageError if there are no candidates."""
        number = round_number or self._project_state.current_round().round
        self._submitting.refuse_a_second(JobKind.SCORE)
        settings = self._project_state.sound_settings()
        self._project_state.round(number)
        name = versions.current(self._folder, scorer)
        registry.reference_problems([name], [])  # raises if it does not exist or does not take these options
        versions.ready(self._folder, [name])
        elsewhere = not registry.checked(name)[1].of_draw
        if not self._store.count_scored_by(number, name, elsewhere).candidates:
            raise StageError(f"round {number} has no candidates to score: generate them first")
        candidates = self._store.candidates_to_score(number, [name], again, [name] if elsewhere else [])
        if candidates.num_rows == 0:
            return None
        spec = ScoreSpec(
            round=number,
            compute=settings.compute,
            scorers=(name,),
            reference=None,
            target=self._project_state.target(number),
            retired=self._store.prompt_book.version()[1],
            timeout_seconds=settings.score.timeout_seconds,
            unit_size=units.fitting_size(candidates.num_rows, units.SCORED),
            scored_before=self._store.count_scores(number, [name]),
            base=self._submitting.base() if tastes.versions([name]) else None,
            beside=True,
        )
        return self._submitting.submit(spec, self._inputs(number, [name], candidates))

    def _inputs(self, number: int, scorers: Sequence[str], candidates: pa.Table) -> dict[str, pa.Table]:
        inputs = {"candidates": candidates, "prompts": units.prompts_table(self._store.prompts(Split.TRAIN))}
        if registry.compare_siblings(scorers):
            inputs["siblings"] = self._store.siblings(number, candidates["prompt_id"].unique().to_pylist())
        return inputs

    def choose_m(self) -> None:
        """Let the rule of the settings choose M of the newest round, whoever has chosen it. Raises StageError if candidates
        have no scores under the target of the settings."""
        round_record, settings = self._project_state.current_round(), self._project_state.sound_settings()
        counts, thresholds = self._store.round_counts(round_record.round), self._store.thresholds(round_record.round)
        if not thresholds or counts.undecided or decisions.target_of(self._store, thresholds[0]) != settings.target:
            raise StageError(f"round {round_record.round} is not scored under this target: score it first")
        decisions.retarget(self._store, settings, round_record, BASE_ID, replace_m=True)
