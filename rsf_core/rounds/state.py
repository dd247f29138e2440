"""The state of the rounds: what is stored, in the form that the stages and the reports need. Starts nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsf_core.acceptance import decisions
from rsf_core.acceptance.target import is_tempered, trained_law
from rsf_core.domain import SAMPLER_VERSION, Control, JobKind, JobState, Prompt, Split, settings_file
from rsf_core.domain.errors import JobError, StageError
from rsf_core.domain.settings import Settings, Target
from rsf_core.domain.settings_reading import Problem
from rsf_core.domain.specs import EvaluateSpec, FinetuneSpec, GenerateSpec, ScoreSpec
from rsf_core.evaluation.measures import Measures
from rsf_core.rounds import answer_versions, curation, stages, versions
from rsf_core.rounds.stages import RoundFacts, StageState
from rsf_core.scorers import own, tastes
from rsf_core.store.prompts import IN_USE
from rsf_core.store.records import CuratedRecord, JobRecord, ModelRecord, RoundRecord
from rsf_core.store.store import Store
from rsf_core.store.tally import Votes

BASE_ID = "base"
STATE_TABLES = (  # every table that the state of a round is read from
    *(
        "project",  # what a job has left out
        "rounds",
        "prompts",
        "prompt_events",
        "candidates",
        "candidates_elsewhere",
        "scores",
        "unscored",
        "targets",
        "log_ratios",
        "thresholds",
        "overrides",
        "gold_marks",
        "curated_sets",
    ),
    *("models", "model_deletions", "evaluation_samples", "gauge_samples", "jobs", "job_events"),
)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The key of held-out completions and the models that have them all; `current`: under the current settings. `retired`
    of the prompts they were drawn for are no longer in use; what was measured on them stays."""

    key: str
    models: set[str]
    current: bool
    retired: int = 0


class ProjectState:
    """The state of one project: settings and rounds, and what each round has drawn, decided, tuned and compared."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder, self._store = folder, store
        own.remember(folder)
        for learned in store.tastes.all():
            tastes.keep(folder, learned.version, learned.body)
        answer_versions.remember(folder, store)
        self.measures = Measures(store)

    def keep_taste(self, body: Mapping[str, Any]) -> None:
        """Save what a job has learned from decisions as a version. Raises ScorerError if it is damaged."""
        version, author = str(body.get("version")), str(body.get("author"))
        tastes.parse(version, body)
        self._store.tastes.add(version, body, author)
        tastes.keep(self._folder, version, body)

    def settings(self) -> Settings:
        """The settings in force, with the default in place of a value that is not valid, so that such a project can be opened
        and repaired. Starting a job needs `sound_settings`."""
        return self._pinned(settings_file.read_tolerantly(self._folder)[0])

    def sound_settings(self) -> Settings:
        """The settings as they are written. Raises SettingsError naming every value that is not valid."""
        return self._pinned(settings_file.read(self._folder))

    def _pinned(self, settings: Settings) -> Settings:
        """The settings with the current version in each scorer of the target: another version is another scorer."""
        target = versions.pinned(self._folder, settings.target)
        return settings if target is settings.target else settings.model_copy(update={"target": target})

    def settings_problems(self) -> list[Problem]:
        """What is wrong with values in the settings file."""
        return settings_file.read_tolerantly(self._folder)[1]

    def number(self, round_number: int | None) -> int:
        """`round_number`, or the number of the newest round."""
        return round_number or self.current_round().round

    def current_round(self) -> RoundRecord:
        return self._store.rounds()[-1]

    def round(self, number: int) -> RoundRecord:
        """Raises StageError if there is none."""
        for round_record in self._store.rounds():
            if round_record.round == number:
                return round_record
        raise StageError(f"there is no round {number}")

    def states(self, number: int, onlooker_votes: Votes = ()) -> tuple[StageState, ...]:
        """The state of each stage of a round, with `onlooker_votes` in place of the effective votes."""
        settings = self.settings().model_dump_json()
        name = ("states", number, settings, onlooker_votes)
        return self._store.unchanged(name, STATE_TABLES, lambda: stages.states(self.facts(number, onlooker_votes)))

    def facts(self, number: int, onlooker_votes: Votes = ()) -> RoundFacts:
        counts = self._store.prompt_counts()
        held_out = counts.get(Split.HELD_OUT, 0)
        tuned = self.tuned_model(number)
        return RoundFacts(
            counts=self._store.round_counts(number, onlooker_votes),
            jobs=[
                job for job in self._store.jobs(round_number=number) if not (_tunes_control(job) or scores_beside(job))
            ],
            curated=self.curated_set(number),
            tuned=tuned,
            evaluated=tuned is not None and tuned.model_id in self.evaluation(number).models,
            train_prompts=counts.get(Split.TRAIN, 0),
            held_out_prompts=min(held_out, self.settings().evaluate.prompts or held_out),
        )

    def target(self, number: int) -> Target:
        """The target of a round: the one its decisions were made under; before them the one in the settings."""
        thresholds = self._store.thresholds(number)
        return decisions.target_of(self._store, thresholds[0]) if thresholds else self.settings().target

    def tuned_model(self, number: int) -> ModelRecord | None:
        tuned = [m for m in self._store.models() if m.round == number and m.model_id != BASE_ID]
        tuned = [model for model in tuned if not curation.is_control(model.curated_id)]
        return tuned[-1] if tuned else None

    def control(self, number: int, control: Control = Control.RANDOM) -> ModelRecord | None:
        """A control of the round's tuned model, or None."""
        control_id = self._control_id(number, control)
        return next((m for m in self._store.models() if m.model_id == control_id), None)

    def control_is_deleted(self, number: int, control: Control = Control.RANDOM) -> bool:
        """Whether the files of a control of the round were deleted: it can no longer be compared."""
        control_model = self.control(number, control)
        return control_model is not None and control_model.model_id in self._store.deleted_models()

    def control_leaves_a_choice(self, number: int, control: Control) -> bool:
        """Whether a control's set would differ from the set that the round's tuned model was tuned on."""
        tuned = self.tuned_model(number)
        matched = next((c for c in self._store.curated_sets() if tuned and c.curated_id == tuned.curated_id), None)
        if matched is None or control is Control.RANDOM:
            return True
        name = ("leaves a choice", matched.curated_id, control)
        tables = ("log_ratios", "thresholds", "prompts", "prompt_events", "curated_sets")
        return self._store.unchanged(name, tables, lambda: curation.leaves_a_choice(self._store, matched, control))

    def control_job(self, number: int, control: Control = Control.RANDOM) -> JobRecord | None:
        """The newest job that tunes a control of the round's tuned model; it is not a stage of the round."""
        control_id, jobs = self._control_id(number, control), self._store.jobs(round_number=number)
        tuning_jobs = [job for job in jobs if _tunes_control(job) and job.spec_of(FinetuneSpec).model_id == control_id]
        return tuning_jobs[-1] if tuning_jobs else None

    def sealed_job(self) -> JobRecord | None:
        """The newest job that draws for the sealed prompts, or None before they are opened."""
        sealed_jobs = [job for job in self._store.jobs() if job.kind is JobKind.SEALED]
        return sealed_jobs[-1] if sealed_jobs else None

    def curated_set(self, number: int) -> CuratedRecord | None:
        curated_sets = [
            c for c in self._store.curated_sets() if c.round == number and not curation.is_control(c.curated_id)
        ]
        return curated_sets[-1] if curated_sets else None

    def held_out(self) -> list[Prompt]:
        """The prompts that models are compared on."""
        count = self.settings().evaluate.prompts
        prompts = self._store.unchanged("held_out", IN_USE, lambda: self._store.prompts(Split.HELD_OUT))
        return prompts[: count or len(prompts)]

    def evaluation(self, number: int) -> Evaluation:
        """The evaluation that a round is compared by: its models' held-out completions under the current settings, else those
        of its newest finished evaluation that fits the round's target. Changed settings do not undo a comparison."""
        target, tuned = self.target(number), self.tuned_model(number)
        now = Evaluation(self.evaluation_key(target), self.evaluated_models(target), current=True)
        if tuned is None or tuned.model_id in now.models:
            return now
        reference = decisions.reference_model(target, BASE_ID)
        for job in reversed(self._store.jobs(round_number=number)):
            if job.kind is not JobKind.EVALUATE or job.state is not JobState.DONE:
                continue
            spec = job.spec_of(EvaluateSpec)
            judged_by = None if spec.reference is None else spec.reference.model_id
            if judged_by != reference or spec.tempered != is_tempered(target, [spec.sampling]):
                continue
            if not set(target.scorers) <= set(spec.scorers):
                continue
            counts = self._store.evaluated_models(spec.evaluation_key)
            models = {model_id for model_id, count in counts.items() if count == max(counts.values())}
            if tuned.model_id in models:
                retired = self._retired_since(spec.evaluation_key, tuned.model_id, target)
                return Evaluation(spec.evaluation_key, models, retired is not None, retired or 0)
        return now

    def _retired_since(self, key: str, model_id: str, target: Target) -> int | None:
        """How many of the prompts of an evaluation were retired since; None if anything else about it differs from an
        evaluation made now."""
        there = self._store.evaluated_prompts(key, model_id) | set(self._left_out(key))
        ever = self._store.unchanged("held_out ever", IN_USE, lambda: self._store.prompts(Split.HELD_OUT, retired=True))
        then = [prompt for prompt in ever if prompt.prompt_id in there]
        now = {prompt.prompt_id for prompt in self.held_out()}
        if not now < there or self.evaluation_key(target, then) != key:
            return None
        return len(there - now)

    def agrees(self, job: JobRecord) -> bool:
        """Whether a failed job agrees with the current settings; if not, resuming it would repeat its failure."""
        settings = self.settings()
        try:
            spec = job.spec
        except JobError:  # it would fail again for that
            return False
        if job.kind is not JobKind.FINETUNE and spec.compute.weights != settings.compute.weights:
            return False  # it would go on in the precision of its spec
        match spec:
            case GenerateSpec():
                generate = settings.generate
                return spec.sampling == generate.sampling and spec.candidates == generate.candidates
            case ScoreSpec():
                same = spec.retired == self._store.prompt_book.version()[1]
                return same and spec.target == settings.target
            case FinetuneSpec():
                # resume reads the first two again; the curated set is frozen
                free = {"accumulate", "checkpoint_seconds", "deduplicate"}
                recipes = (spec.recipe.model_dump(exclude=free), settings.train.model_dump(exclude=free))
                return spec.law == trained_law(settings) and recipes[0] == recipes[1]
            case EvaluateSpec():
                return spec.evaluation_key == self.evaluation_key(self.target(job.round))
            case _:
                return True

    def evaluated_models(self, target: Target) -> set[str]:
        """The models with all held-out completions that `target` needs: a part of them would be another comparison. Prompts
        that an evaluation found to be too long for the models do not count."""
        key = self.evaluation_key(target)
        left_out = self._left_out(key)
        expected = (len(self.held_out()) - len(left_out)) * self.settings().evaluate.candidates
        counts = self._store.evaluated_models(key)
        return {model_id for model_id, count in counts.items() if count == expected}

    def _left_out(self, key: str) -> list[int]:
        left_out: list[int] = json.loads(self._store.values().get(left_out_key(key), "[]"))
        return left_out

    def evaluation_key(self, target: Target, prompts: Sequence[Prompt] | None = None) -> str:
        """A hash of what makes held-out samples comparable: prompts, sampling, count, the target's scorers and reference, the
        precision in which models draw and judge, and the sampler's version, because equal seeds pair only what the same
        sampler drew. `prompts`: the held-out ones by default."""
        settings = self.settings()
        parts = [
            [prompt.prompt_id for prompt in (self.held_out() if prompts is None else prompts)],
            settings.generate.sampling.model_dump(),
            settings.evaluate.candidates,
            list(target.scorers),
            target.reference,
            is_tempered(target, [settings.generate]),
            SAMPLER_VERSION,
            *settings.compute.other_law,
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    def _control_id(self, number: int, control: Control) -> str | None:
        tuned = self.tuned_model(number)
        return None if tuned is None else curation.control_id(tuned.model_id, control)


def left_out_key(evaluation_key: str) -> str:
    """The key of the project value that lists the held-out prompts which an evaluation left out."""
    return f"left out of {evaluation_key}"


def scores_beside(job: JobRecord) -> str | None:
    """The scorer of a job that scores beside the target, for people to look at; None if the job is of a stage."""
    spec = job.sound_spec(ScoreSpec) if job.kind is JobKind.SCORE else None
    return spec.scorers[0] if spec is not None and spec.beside else None


def _tunes_control(job: JobRecord) -> bool:
    spec = job.sound_spec(FinetuneSpec) if job.kind is JobKind.FINETUNE else None
    return spec is not None and curation.is_control(spec.curated_id)
