"""Starts the generate job, for all prompts alike, for starving ones or until enough are accepted; and tries a typed prompt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from rsf_core.acceptance.target import is_indicator
from rsf_core.domain import JobKind, Prompt, Scope, Split, access
from rsf_core.domain.access import Actor
from rsf_core.domain.errors import StageError
from rsf_core.domain.specs import GenerateSpec, TrialSpec, Until
from rsf_core.jobs import units
from rsf_core.rounds import stages, versions
from rsf_core.rounds.stages import Stage
from rsf_core.rounds.state import ProjectState
from rsf_core.rounds.submitting import Submitting
from rsf_core.rounds.until import Looks, next_prompts, prompt_count, until_of
from rsf_core.scorers import registry
from rsf_core.store.store import Store

PART = 32  # prompts drawn for between two looks at how many are accepted, if a round draws for all
CORRECT = "Edit the reference of each on the Prompts page, or retire it, or change the target"


class Drawing:
    def __init__(self, folder: Path, store: Store, project_state: ProjectState, submitting: Submitting) -> None:
        self._folder, self._store, self._project_state, self._submitting = folder, store, project_state, submitting
        self.looks = Looks(store)

    def generate(self, then_score: bool = True, starving: bool = False, until: Until | None = None) -> str:
        """Draw candidates for the newest round's prompts, for those of them that are `starving`, or for the next of a run that
        draws `until` enough are accepted; `then_score` scores them as soon as they are there. Prompts whose reference the
        target cannot read are left out and named: their candidates could not be scored. Returns the job's id."""
        self._submitting.refuse_a_second(JobKind.GENERATE)
        round_record, settings = self._project_state.current_round(), self._project_state.sound_settings()
        train = self._store.prompts(Split.TRAIN)
        if not train:
            raise StageError("there is no train prompt to draw candidates for: add some on the Prompts page")
        if starving:
            drawn = self._starving(round_record.round, train)
        elif until is not None:
            mine = [job for job in self._store.jobs(round_number=round_record.round) if job.kind is JobKind.GENERATE]
            before = prompt_count([job for job in mine if (other := until_of(job)) and other.run == until.run])
            drawn = next_prompts(train, until, before, settings.generate.prompts or PART)
        else:
            drawn = stages.draw_prompts(train, settings.generate.prompts, round_record.round, settings.seed)
        versions.ready(self._folder, settings.target.scorers)
        unreadable = registry.reference_problems(settings.target.scorers, drawn)
        left_out = {problem.prompt_id for problem in unreadable}
        size = len(drawn)
        drawn = [prompt for prompt in drawn if prompt.prompt_id not in left_out]
        if not drawn:
            raise StageError(f"no prompt can be drawn from: {registry.describe(unreadable)}. {CORRECT}")
        held_out = self._project_state.held_out()  # the job reports before training which of them are too long
        problems = {
            "Not drawn from": unreadable,
            "Held out and not to be compared on": registry.reference_problems(settings.target.scorers, held_out),
        }
        notes = [f"{what}: {registry.describe(problem)}. {CORRECT}." for what, problem in problems.items() if problem]
        spec = GenerateSpec(
            round=round_record.round,
            compute=settings.compute,
            model=self._submitting.model_ref(round_record.model_id),
            model_id=round_record.model_id,
            sampling=settings.generate.sampling,
            candidates=settings.generate.candidates,
            batch_size=settings.generate.batch_size,
            unit_size=units.fitting_size(len(drawn), units.GENERATED // settings.generate.candidates),
            project_seed=settings.seed,
            note=" ".join(notes),
            adaptive=starving,
            until=until,
            until_prompts=0 if until is None else size,
        )
        first_k = stages.first_k(drawn, self._store.next_k(round_record.round))["k"]
        inputs = {"prompts": units.prompts_table(drawn, first_k), "held_out": units.prompts_table(held_out)}
        follow = [Stage.SCORE] if then_score else []
        return self._submitting.submit(spec, inputs, follow)

    def _starving(self, round_number: int, train: Sequence[Prompt]) -> list[Prompt]:
        """The prompts of the round with none accepted. Raises StageError if some are undecided, or if there is none."""
        counts = self._store.round_counts(round_number)
        if not counts.decided or counts.undecided:
            raise StageError(
                f"round {round_number} is not decided yet, so it is unknown which prompts have none accepted: score it "
                "first"
            )
        starving = set(self._store.starving_prompts(round_number))
        if not starving:
            raise StageError(
                f"every prompt of round {round_number} has an accepted candidate: there is none to draw more for"
            )
        return [prompt for prompt in train if prompt.prompt_id in starving]

    def draw_until(self, goal: int, most: int | None, log_m: float | None, actor: Actor) -> str:
        """Draw candidates of the newest round for `generate.prompts` prompts (32 if that is all) at a time, and score them,
        until `goal` more are accepted (see `until`) or `most` prompts were drawn for (None: all). Returns the first job's
        id. M is `log_m` (nats, for all prompts alike), else the M in force, which stays. Raises StageError if there is none:
        M must be fixed before the candidates are drawn."""
        access.check(actor, "draw_until")
        round_record, settings = self._project_state.current_round(), self._project_state.sound_settings()
        self._submitting.refuse_a_second(JobKind.GENERATE)
        self._submitting.refuse_a_second(JobKind.SCORE)
        if goal < 1 or (most is not None and most < 1):
            raise StageError("ask for at least one accepted candidate and at least one prompt")
        if log_m is not None and not math.isfinite(log_m):
            raise StageError(f"log M is {log_m}: it must be a number")
        in_force = self._store.thresholds(round_record.round)[:1]
        target_id = self._store.target_id(settings.target.model_dump(mode="json"), actor.name)
        if log_m is not None:
            fixed, scope = log_m, Scope.GLOBAL
        elif is_indicator(settings.target):
            fixed, scope = 0.0, Scope.GLOBAL
        elif in_force and in_force[0].target_id == target_id:
            fixed, scope = in_force[0].log_m, in_force[0].scope
        else:
            raise StageError(
                "M must be fixed before drawing until enough are accepted, because the rate's limits hold for one M: "
                "draw and score some candidates first and choose M on the Acceptance page, or give log M"
            )
        train = self._store.prompt_counts().get(Split.TRAIN, 0)
        run = f"{round_record.round}.{len(self._store.jobs(round_number=round_record.round))}.{settings.seed}"
        until = Until(run=run, goal=goal, most=min(most or train, train), log_m=fixed, scope=scope, target_id=target_id)
        # as chosen by a person: the rule would choose again after each part
        self._store.add_threshold(
            round_record.round, target_id, fixed, scope, actor.name, f"fixed to draw until {goal:,} are accepted"
        )
        return self.generate(until=until)

    def go_on_drawing(self, round_number: int) -> None:
        """Draw the next part if a run of the newest round has not ended. Calling it again starts nothing twice."""
        busy = any(job.kind in (JobKind.GENERATE, JobKind.SCORE) for job in self._store.jobs(active=True))
        if busy or round_number != self._project_state.current_round().round:
            return
        so_far = self.looks.newest(round_number)
        drawn = [job for job in self._store.jobs(round_number=round_number) if job.kind is JobKind.GENERATE]
        if so_far is None or so_far.end is not None or until_of(drawn[-1]) != so_far.until:
            return
        if self._store.round_counts(round_number).undecided == 0:
            self.generate(until=so_far.until)

    def try_out(self, models: Sequence[str], text: str, system: str | None, candidates: int) -> str:
        """Draw completions of a typed prompt from some models. Returns the job's id."""
        self._submitting.refuse_a_second(JobKind.TRIAL)
        if not text.strip():
            raise StageError("type a prompt first: there is nothing to complete")
        gone = self._store.deleted_models().intersection(models)
        if gone:
            raise StageError(f"the files of {', '.join(sorted(gone))} were deleted: nothing can be drawn from it")
        settings = self._project_state.sound_settings()
        spec = TrialSpec(
            round=self._project_state.current_round().round,
            compute=settings.compute,
            models=tuple(map(self._submitting.model_ref, models)),
            text=text,
            system=system or None,
            candidates=candidates,
            batch_size=settings.generate.batch_size,
            sampling=settings.generate.sampling,
        )
        return self._submitting.submit(spec, {})
