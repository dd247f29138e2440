"""A trial before a project is created: a few candidates drawn and scored for a person to see, eight for each of four prompts,
in a small project of its own that is deleted afterwards."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from rsf_core.acceptance import target as targets
from rsf_core.domain import JobState, Prompt, Split
from rsf_core.domain.errors import StageError
from rsf_core.domain.files import read_json, write_json
from rsf_core.domain.settings import Settings, Target
from rsf_core.jobs import process
from rsf_core.jobs.spool import Status
from rsf_core.project.project import Project
from rsf_core.prompts import PromptRow
from rsf_core.rounds import stages
from rsf_core.store.records import CandidateRecord, JobRecord

PROMPTS, CANDIDATES = 4, 8
_WHAT = "the app (a trial)"


@dataclass(frozen=True, slots=True)
class TrialCandidate:
    """A candidate of a trial. `reward` is None if the target has none or P is 0; `accepted` is by the rule's M."""

    completion: str
    truncated: bool
    scores: dict[str, float]
    reward: float | None
    accepted: bool


@dataclass(frozen=True, slots=True)
class TrialPrompt:
    text: str
    system: str | None
    reference: str | None
    candidates: tuple[TrialCandidate, ...]
    earlier: tuple[str, ...] = ()

    @property
    def accepted(self) -> int:
        return sum(candidate.accepted for candidate in self.candidates)


@dataclass(frozen=True, slots=True)
class TrialState:
    """The state of a trial: never started (all empty), running with the job and its status, ended by a `problem`, or done with
    its `prompts` and the `log_m` (nats) that the rule suggests. `stale`: prompts or settings have changed since."""

    job: JobRecord | None = None
    status: Status | None = None
    problem: str | None = None
    prompts: tuple[TrialPrompt, ...] = ()
    log_m: float | None = None
    note: str = ""
    stale: bool = False
    running: bool = False

    @property
    def drawn(self) -> int:
        return sum(len(prompt.candidates) for prompt in self.prompts)

    @property
    def accepted(self) -> int:
        return sum(prompt.accepted for prompt in self.prompts)


class Trial:
    """The trial of a draft, in `folder`; `draft` is the project that it tries."""

    def __init__(self, folder: Path, draft: Callable[[], Project]) -> None:
        self._folder, self._draft = folder, draft
        self._project: Project | None = None

    def start(self) -> None:
        """Draw and score by the current settings of the draft; an earlier trial is deleted. Raises StageError if there is no
        prompt to draw for, and as `Project.make` does."""
        self.discard()
        settings, prompts = self._draft().settings, self._chosen()
        if not prompts:
            raise StageError("there is no train prompt that the target can score: add some before a trial")
        small = settings.model_dump(mode="json", exclude_none=True)
        small["generate"] |= {"prompts": 0, "candidates": CANDIDATES}
        rows = [PromptRow(p.text, p.reference, p.system, Split.TRAIN, earlier=p.earlier) for p in prompts]
        self._folder.mkdir(mode=0o700, parents=True)
        self._project = Project.make(self._folder / "project", small, rows, "a trial", _WHAT)
        write_json(self._folder / "trial.json", {"key": self._key()})
        self._project.generate()

    def state(self) -> TrialState:
        saved = read_json(self._folder / "trial.json")
        if saved is None:
            return TrialState()
        project, stale = self._own_project(), saved["key"] != self._key()
        jobs = project.jobs()
        newest = jobs[-1] if jobs else None
        if newest is not None and not newest.state.ended:
            return TrialState(newest, project.status(newest), stale=stale, running=True)
        if newest is not None and newest.state is not JobState.DONE:
            return TrialState(newest, problem=newest.outcome, stale=stale)
        threshold = project.threshold()
        if threshold is None:  # the next job is about to be started
            problem = project.supervisor.problem
            return TrialState(problem=problem, stale=stale, running=problem is None)
        note = " ".join(job.message.removeprefix("done. ") for job in jobs if job.message.startswith("done. "))
        shown = tuple(_shown(project, prompt) for prompt in project.prompts())
        return TrialState(prompts=shown, log_m=threshold.log_m, note=note, stale=stale)

    def cancel(self) -> None:
        project = self._own_project()
        for job in project.jobs(active=True):
            project.cancel(job.job_id)

    def discard(self) -> None:
        """Delete the trial, and end what runs for it."""
        self.close()
        for spool in (self._folder / "project" / "spool").glob("*"):
            process.kill(spool)
        shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        if self._project is not None:
            self._project.close()
            self._project = None

    def _own_project(self) -> Project:
        if self._project is None:
            self._project = Project.open(self._folder / "project", _WHAT)
        return self._project

    def _chosen(self) -> list[Prompt]:
        """The prompts that a round would draw first, among those that can be scored."""
        draft = self._draft()
        unusable = {problem.prompt_id for problem in draft.prompt_book.unusable()}
        usable = [prompt for prompt in draft.prompts(Split.TRAIN) if prompt.prompt_id not in unusable]
        return stages.draw_prompts(usable, PROMPTS, 1, draft.settings.seed)

    def _key(self) -> str:
        """A hash of what a trial depends on: prompts and settings."""
        draft = self._draft()
        contents = json.dumps([draft.prompt_book.version(), draft.settings.model_dump(mode="json")], sort_keys=True)
        return blake2b(contents.encode(), digest_size=8).hexdigest()


def seconds(settings: Settings, tokens_per_second: float) -> float:
    """How many seconds drawing a trial takes at most at this speed."""
    return PROMPTS * CANDIDATES * settings.generate.max_new_tokens / tokens_per_second


def _shown(project: Project, prompt: Prompt) -> TrialPrompt:
    target = project.settings.target
    drawn = project.candidates(prompt.prompt_id)
    candidates = tuple(_candidate(target, candidate) for candidate in drawn)
    return TrialPrompt(prompt.text, prompt.system, prompt.reference, candidates, prompt.earlier)


def _candidate(target: Target, one: CandidateRecord) -> TrialCandidate:
    scores = {name: one.scores[name] for name in target.scorers if name in one.scores}
    possible = one.log_ratio is not None and math.isfinite(one.log_ratio)
    reward: float | None = None
    if target.rewards and possible and all(name in scores for name in target.rewards):
        arrays = {name: np.array([value]) for name, value in scores.items()}
        reward = float(targets.reward(target, arrays, 1)[0])
    return TrialCandidate(one.completion, one.finish == "length", scores, reward, one.accepted)
