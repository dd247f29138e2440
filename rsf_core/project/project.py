"""Project: the public Python API. It opens the folder and owns the store and the job supervisor.

with Project.create("reviews", task="positive_reviews") as project:
    project.run(rounds=1)
    print(project.comparison(1).gain["reward"])
"""

from __future__ import annotations

import logging
import secrets
import time
import uuid
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core.acceptance import bands, decisions, history, marks, rules
from rsf_core.acceptance.bands import Bands, Plan, Rates
from rsf_core.acceptance.landscape import Landscape
from rsf_core.acceptance.marks import Mark
from rsf_core.acceptance.preview import Draft
from rsf_core.acceptance.rules import RuleOutcome
from rsf_core.acceptance.target import reward
from rsf_core.domain import Action, ChosenBy, Control, JobKind, JobState, Prompt, Scope, Split, settings_file
from rsf_core.domain.access import NOBODY, spoken
from rsf_core.domain.closing import Step, in_turn
from rsf_core.domain.errors import JobError, NotAProjectError, PromptError, SettingsError, StageError
from rsf_core.domain.files import keep_private, writable
from rsf_core.domain.settings import Problem as SettingsProblem
from rsf_core.domain.settings import Settings, Target
from rsf_core.domain.version import VERSION
from rsf_core.jobs.spool import Status
from rsf_core.jobs.supervisor import JobSupervisor
from rsf_core.project import summary as summaries
from rsf_core.project.exporting.exports import Exports
from rsf_core.project.features import Features
from rsf_core.project.imports import Imports
from rsf_core.project.invites import Invites
from rsf_core.project.own_scorers import OwnScorers
from rsf_core.project.owner import OwnerLock, OwnerServer
from rsf_core.project.prompt_book import CHANGED_MEANWHILE, OPENED, PromptBook
from rsf_core.project.scorer_book import ScorerBook
from rsf_core.project.summary import Running, Summary
from rsf_core.project.target_book import MADE, TargetBook
from rsf_core.prompts import Problem, PromptRow, tasks
from rsf_core.prompts.tasks import Task
from rsf_core.review.queue import Reviews
from rsf_core.review.suggestion import Suggestion
from rsf_core.rounds import comparisons, drive, next_proposal, replicates, stages
from rsf_core.rounds.autopilot import Autopilot
from rsf_core.rounds.comparisons import Comparison, Curse
from rsf_core.rounds.drive import Complete, Driver
from rsf_core.rounds.embedding import Embedding
from rsf_core.rounds.follow import Following
from rsf_core.rounds.lineage import Lineage
from rsf_core.rounds.prompt_lengths import PromptLengths
from rsf_core.rounds.replicates import Procedure, Template
from rsf_core.rounds.stages import Stage, StageState
from rsf_core.rounds.start import Stages
from rsf_core.rounds.state import Standing
from rsf_core.rounds.until import SoFar
from rsf_core.sampling.intervals import Interval
from rsf_core.sampling.streams import child_seed
from rsf_core.store.records import (
    CandidateRecord,
    CuratedRecord,
    Fit,
    JobRecord,
    ModelRecord,
    NoScoreRecord,
    PromptKind,
    PromptPage,
    RoundCounts,
    RoundRecord,
    SealedOpening,
    Speed,
    ThresholdRecord,
)
from rsf_core.store.store import COUNTED_TABLES, Store

log = logging.getLogger(__name__)

POLL_SECONDS = 0.1
CLOSE_SECONDS = 20.0
KEPT_KINDS = 64  # rounds, a few rows each
KEPT_LANDSCAPES = 2  # about 100 MB each for a million candidates


class Project:
    """A project that this process owns. Use `Project.create` or `Project.open`, and close it (or use `with`)."""

    def __init__(self, folder: Path, lock: OwnerLock) -> None:
        self.folder = folder
        self._lock = lock
        self.store = Store(folder / "rsf.duckdb", folder / "exports")
        self._standing = Standing(folder, self.store)
        self.supervisor = JobSupervisor(self.store, folder / "spool")
        self._stages = Stages(folder, self.store, self._standing, self.supervisor)
        self._driver = Driver(self.store, self._standing, self._stages)
        self.autopilot = Autopilot(self.store, self._standing, self._stages, self._driver)
        self._following = Following(self.store, self._standing, self._stages, self.autopilot.steer)
        self.supervisor.listen(self._following.on_done, self._on_ended)
        self.lineage = Lineage(folder, self.store, self._standing)
        self.prompt_book = PromptBook(self.store, self._standing.settings)
        self.prompt_lengths = PromptLengths(self.store, self._standing.settings)
        self.target_book = TargetBook(folder, self.store, self._standing, self._stages)
        self.own_scorers = OwnScorers(folder, self.store, self.target_book)
        self.scorer_book = ScorerBook(self.store, self._standing.settings)
        embedding = Embedding(folder, self.store, self._standing, self._stages, self.supervisor)
        self.features = Features(self.store, embedding)
        self.invites = Invites(self.store.links)
        self.imports = Imports(
            folder / "imports", self.store, self.prompt_book, self.prompt_lengths, self._standing.settings
        )
        self.review = Reviews(self.store, self._standing.settings, self.target)
        self.exports = Exports(folder, self.store, self._standing.settings, self.target, self.review.agreement)
        self._speed = lru_cache(maxsize=8)(self.store.generation_speed)  # what is done stays as it is
        self._marks = lru_cache(maxsize=KEPT_LANDSCAPES)(self._make_marks)
        self._kinds_of = lru_cache(maxsize=KEPT_KINDS)(self._read_kinds)
        self._landscape = lru_cache(maxsize=KEPT_LANDSCAPES)(self._make_landscape)
        self._server: OwnerServer | None = None
        self._started = self._closed = False

    # -- opening and closing -----------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        folder: str | Path,
        task: str | Task,
        model: str | None = None,
        what: str = "Python",
        seed: int | None = None,
        begin: bool = True,
    ) -> Project:
        """Make a project from a bundled task (or a task folder) and open it; without `begin` no round is opened yet, and
        nothing can be drawn. Raises NotAProjectError when the folder holds something else already."""
        loaded = tasks.load(task) if isinstance(task, str) else task
        settings: dict[str, Any] = {**loaded.defaults, "task": loaded.name}
        settings["seed"] = secrets.randbelow(2**31) if seed is None else seed
        settings["target"] = {"tempered": True, **settings.get("target", {})}  # the default of new projects
        if model is not None:
            settings["model"] = settings_file.model_name(model)
        return cls.make(folder, settings, loaded.prompts, f"task {loaded.name}", what, begin)

    @classmethod
    def make(
        cls,
        folder: str | Path,
        settings: dict[str, Any],
        prompts: Sequence[PromptRow],
        source: str,
        what: str = "Python",
        begin: bool = True,
    ) -> Project:
        """Make a project from settings as in project.toml, with a seed, and prompts that have a split each; see `create`."""
        folder = Path(folder).absolute()
        if not settings_file.is_new(folder):
            raise NotAProjectError(f"{folder} is not empty: choose a new folder for the project")
        for section in ("generate", "train"):  # written out, so that each can be read, and set apart by a person
            own = child_seed(settings["seed"], section)
            settings = settings | {section: {"seed": own, **settings.get(section, {})}}
        with writable(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = OwnerLock(folder, what)
        project: Project | None = None
        try:
            if not settings_file.is_new(folder):  # somebody else was faster
                raise NotAProjectError(f"{folder} is not empty: choose a new folder for the project")
            with writable(folder):
                settings_file.begin(folder)
                for name in ("spool", "models", "exports"):
                    (folder / name).mkdir(mode=0o700)
            project = cls(folder, lock)
            with project.store.transaction("making the project"):
                project.add_prompts(prompts, source)
            settings_file.create(folder, settings)  # last: a folder with project.toml is a whole project
            (folder / settings_file.MAKING).unlink()
            if begin:
                project._stages.open_round()
            project.target_book.note(reason=MADE)
            keep_private(folder)
            if begin:
                project._start()
        except BaseException:  # what is there stays marked: the next try begins anew
            project.close() if project is not None else lock.release()
            raise
        return project

    @classmethod
    def open(cls, folder: str | Path, what: str = "Python", begin: bool = True) -> Project:
        """Open an existing project, with its first round where it has none and `begin` says so. Raises NotAProjectError, or
        ProjectLockedError naming who holds it."""
        folder = Path(folder).absolute()
        settings_file.read_tolerantly(folder)
        with writable(folder):
            (folder / settings_file.MAKING).unlink(missing_ok=True)  # it is whole
            for name in ("spool", "models", "exports"):
                (folder / name).mkdir(exist_ok=True)
            lock = OwnerLock(folder, what)
        try:
            project = cls(folder, lock)
        except Exception:
            lock.release()
            raise
        try:
            keep_private(folder)
            if begin:
                if not project.store.rounds():
                    project._stages.open_round()
                project._start()
        except Exception:
            project.close()
            raise
        return project

    def serve(self, answer: Callable[[str, dict[str, Any]], Any]) -> None:
        """Answer commands of other processes on the project's socket until closed."""
        self._server = OwnerServer(self.folder, answer)

    def close(self, seconds: float = CLOSE_SECONDS) -> str | None:
        """Give the project back; once is enough. Jobs that run go on; the next owner adopts them. What still goes on in this
        process after `seconds` is logged and returned (None: nothing): it goes on to its end, and until then, or the end of
        the process, the project stays locked. Nothing that was acknowledged can be lost by it."""
        if self._closed:
            return None
        self._closed = True
        steps: list[Step] = [("answering other processes", self._server.close)] if self._server is not None else []
        steps += [
            ("writing exports", self.exports.close),
            ("looking after the jobs", self.supervisor.stop),
            ("what the list of projects says of it", self._keep_summary_at_the_end),
            ("the database", self.store.close),
            ("the modes of its files", lambda: keep_private(self.folder)),
            ("the lock", self._lock.release),
        ]
        left = in_turn(steps, seconds)
        if left is None:
            return None
        doing = self.store.doing
        left += f" ({doing})" if doing else ""
        log.warning(
            "%s is not closed after %g s: %s still goes on, and it stays locked until then", self.folder, seconds, left
        )
        return left

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _start(self) -> None:
        self._following.recover()
        self.supervisor.start()
        self._started = True
        self._keep_summary()

    def _on_ended(self, job: JobRecord) -> None:
        self._following.on_ended(job)
        self._keep_summary()

    def _keep_summary(self) -> None:
        """Write down what the list of projects says of this one; nothing else waits for it, or fails with it."""
        if not self._started:
            return
        try:
            summaries.write(self.folder, self.summary())
        except Exception as error:  # also of a database that has stopped: closing, and what follows a job, go on
            log.warning("the list of projects says of %s what it said before: %s", self.folder, error)

    def _keep_summary_at_the_end(self) -> None:
        """Where somebody is in the middle of a write, the list says what it said before: closing waits for that alone."""
        if not self.store.doing:
            self._keep_summary()

    def summary(self) -> Summary:
        """What a list of projects says of this one."""
        compared = (self.comparison(opened.round) for opened in reversed(self.rounds()))
        newest = next((found for found in compared if found is not None), None)
        number, prompts = self.current_round, sum(self.store.prompt_counts().values())
        return summaries.summarise(number, self.next_step(), self.counts(number), prompts, newest)

    def running(self) -> Running | None:
        """The job that runs, or waits to, in a line; None when all is quiet."""
        active = self.jobs(active=True)
        if not active:
            return None
        job = max(active, key=lambda job: job.state is JobState.RUNNING)
        return summaries.running(job.job_id, self.status(job))

    # -- settings and prompts ------------------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        return self._standing.settings()

    @spoken
    def set(self, key: str, text: str, author: str = NOBODY) -> Settings:
        """Change one setting, e.g. `set("generate.candidates", "16")`. Raises SettingsError; then nothing changes. The
        base model stays what it is once it has drawn a candidate: log-probabilities of two models don't compare. A change of
        the target or of the rule of M is kept as a version: see `target_book`."""
        if key == "model" and (self.store.models() or self.counts(1).candidates):
            raise SettingsError(
                f"this project's base model is {self.settings.model} and has drawn candidates already: "
                "start a new project for another model"
            )
        self.target_book.note()
        changed = settings_file.change(self.folder, key, settings_file.model_name(text) if key == "model" else text)
        self.target_book.note(author, f"{key} was set")
        return changed

    def settings_problems(self) -> list[SettingsProblem]:
        """What is wrong with values in project.toml: their defaults hold in their place, and no stage starts before they are
        set or unset."""
        return self._standing.settings_problems()

    def backup(self, file: Path | None = None, models: bool = False) -> dict[str, Any]:
        """Back up everything that cannot be computed again to `file` (None: a new one among the exports), with `models` the
        models' files too; the file, its tables' rows and its models. Raises BackupError. `rsf restore` reads it."""
        return self.store.backup(file, models)

    @spoken
    def unset(self, key: str, author: str = NOBODY) -> Settings:
        """Go back to the default of one setting."""
        self.target_book.note()
        changed = settings_file.unset(self.folder, key)
        self.target_book.note(author, f"{key} was unset")
        return changed

    def prompts(self, split: Split | None = None, *, retired: bool = False) -> list[Prompt]:
        """The prompts in use; with `retired` also those that are not any more."""
        return self.store.prompts(split, retired=retired)

    def prompt_page(
        self,
        limit: int,
        offset: int = 0,
        *,
        split: Split | None = None,
        retired: bool | None = None,
        text: str = "",
        fit: Fit | None = None,
    ) -> PromptPage:
        """A part of the list of prompts by number; `text` is looked for in text and reference, or is a number. `fit`: only
        those that the model takes, or does not, as far as it was asked."""
        room = self.prompt_lengths.room()
        return self.store.prompt_book.page(limit, offset, split=split, retired=retired, text=text, fit=fit, room=room)

    def check_prompts(
        self, rows: Sequence[PromptRow], held_out_share: float
    ) -> tuple[list[tuple[PromptRow, Split]], list[Problem]]:
        """The rows that can be added, each with its split (by hash, near-duplicates together), and what is wrong with
        the others by line: duplicates, a reference that a scorer of the target cannot read, or a wish for a split that would
        put near-duplicates on both sides."""
        found = self.prompt_book.placed(rows, held_out_share)
        return list(found.rows), list(found.problems)

    def add_prompts(self, rows: Sequence[PromptRow], source: str, split: Split = Split.TRAIN) -> int:
        """Add prompts as they are; a row without a split goes to `split`. Use `check_prompts` before. Raises PromptError
        for a sealed one once the sealed were opened."""
        if self.prompt_book.is_unsealed() and any((row.split or split) is Split.SEALED for row in rows):
            raise PromptError(OPENED)
        return self.store.add_prompts(
            ((r.text, r.system, r.reference, r.split or split, r.earlier) for r in rows), source
        )

    def import_prompts(self, rows: Sequence[PromptRow], source: str, held_out_share: float = 0.25) -> list[Problem]:
        """Add the rows that can be added and return what is wrong with the others."""
        version = self.prompt_book.version()
        placed, problems = self.check_prompts(rows, held_out_share)
        with self.store.transaction("adding prompts"):
            if self.prompt_book.version() != version:  # comparing with many takes seconds
                raise PromptError(CHANGED_MEANWHILE)
            self.add_prompts([row for row, _ in placed], source)
        return problems

    @spoken
    def edit_prompt(self, prompt_id: int, row: PromptRow, author: str = NOBODY) -> int:
        """Replace a prompt by an edited one on the same side of the split; its new number. Raises PromptError."""
        return self.prompt_book.edit(prompt_id, row, author)

    @spoken
    def seal_prompts(self, prompt_ids: Sequence[int], author: str = NOBODY) -> list[int]:
        """Seal held-out prompts that nothing was drawn for yet; their new numbers. Raises PromptError."""
        return self.prompt_book.seal(prompt_ids, author)

    @spoken
    def retire_prompts(self, prompt_ids: Sequence[int], author: str = NOBODY) -> None:
        """Take prompts out: they are not drawn or evaluated any more; what was drawn for them stays. Raises PromptError."""
        self.prompt_book.retire(prompt_ids, author)

    @spoken
    def restore_prompts(self, prompt_ids: Sequence[int], author: str = NOBODY) -> None:
        """Put retired prompts back. Raises PromptError."""
        self.prompt_book.restore(prompt_ids, author)

    # -- the round ---------------------------------------------------------------------------------------------------

    def rounds(self) -> list[RoundRecord]:
        return self.store.rounds()

    @property
    def current_round(self) -> int:
        return self._standing.current_round().round

    def stages(self, round_number: int | None = None) -> tuple[StageState, ...]:
        """Where each stage of a round (the newest by default) stands."""
        return self._standing.states(round_number or self.current_round)

    def counts(self, round_number: int | None = None) -> RoundCounts:
        return self.store.round_counts(round_number or self.current_round)

    def start_round(self) -> RoundRecord:
        """Open the next round with the model the newest one tuned as its proposal."""
        return self._stages.open_round()

    def draw_next_round(self) -> str:
        """Open the next round and start drawing from its proposal; the generate job's id. Raises StageError."""
        self.start_round()
        return self.generate()

    def next_proposal(self) -> str:
        """The model that the next round will draw from. Raises StageError where there is none yet."""
        return next_proposal.next_proposal(self.store, self._standing)

    @spoken
    def set_proposal(self, model_id: str, author: str = NOBODY, reason: str = "by hand") -> None:
        """Let the next round draw from `model_id`, whatever the newest round has tuned. Raises StageError."""
        if all(model.model_id != model_id for model in self.models()):
            raise StageError(f"there is no model {model_id!r}")
        if model_id in self.store.deleted_models():
            raise StageError(f"the files of {model_id} were deleted: nothing can be drawn from it")
        self.store.add_proposal_choice(model_id, self.current_round, author, reason)

    def generate(self, then_score: bool = True) -> str:
        """Start drawing candidates; the job's id. Raises StageError."""
        return self._stages.generate(then_score)

    def draw_for_starving(self, then_score: bool = True) -> str:
        """Start drawing more candidates for the newest round's prompts with none accepted; the job's id. Rates stay those of
        what was drawn for all prompts alike. Raises StageError."""
        return self._stages.generate(then_score, starving=True)

    @spoken
    def draw_until(self, wanted: int, most: int | None = None, log_m: float | None = None, author: str = NOBODY) -> str:
        """Start drawing and scoring, some prompts at a time, until `wanted` more candidates are accepted at an M that is fixed
        before, or `most` prompts were drawn for; the first job's id. See `drawn_until`. Raises StageError."""
        return self._stages.draw_until(wanted, most, log_m, author)

    def drawn_until(self, round_number: int | None = None) -> SoFar | None:
        """What the newest such run of a round has come to, with limits of the rate that hold at every moment."""
        return self._stages.looks.newest(round_number or self.current_round)

    def bands(self, round_number: int | None = None) -> Bands | None:
        """How many prompts of a round have none, few, some, most or all of their candidates accepted; None before scoring."""
        return bands.bands(self._kinds(round_number))

    def rates(self, round_number: int | None = None) -> Rates:
        """The acceptance rates of a round: means over prompts of what was drawn for all of them alike."""
        return bands.rates(self._kinds(round_number))

    def none_of(self, k: int, round_number: int | None = None) -> Interval | None:
        """The share of prompts like a round's that would get none of `k` candidates; None before scoring."""
        number = round_number or self.current_round
        name = ("none_of", k, number)
        return self.store.unchanged(name, COUNTED_TABLES, lambda: bands.none_of(self._kinds(number), k))

    def starving_plan(self) -> Plan | None:
        """What drawing as many candidates again for the newest round's prompts with none accepted would give; None where no
        prompt starves."""
        number, each = self.current_round, self.settings.generate.candidates
        name = ("starving_plan", number, each)
        return self.store.unchanged(name, COUNTED_TABLES, lambda: bands.plan(self._kinds(number), each))

    def _kinds(self, round_number: int | None) -> list[PromptKind]:
        number = round_number or self.current_round
        threshold, retired = self.threshold(number), self.store.prompt_book.version()[1]
        return self._kinds_of(number, self.store.ratios_version(number), threshold.seq if threshold else 0, retired)

    def score(self, round_number: int | None = None, again: bool = False) -> str | None:
        """Start scoring what has no score under the target in force; None when all have one (decisions are derived).
        Candidates for which a scorer was found to have no score are scored only `again`: see `without_score`."""
        return self._stages.score(round_number, again)

    def without_score(self, round_number: int | None = None) -> list[NoScoreRecord]:
        """The candidates of a round for which the target lacks a score, with the reason: the rule decides nothing of them."""
        return self.store.without_score(round_number or self.current_round)

    @spoken
    def freeze(self, author: str = NOBODY) -> CuratedRecord:
        """Freeze the newest round's effective decisions into a curated set. Raises StageError."""
        return self._stages.freeze(author)

    def finetune(self, curated_id: str | None = None, then_evaluate: bool = True) -> str:
        """Start fine-tuning on a curated set (the newest of the round by default); the job's id."""
        return self._stages.finetune(curated_id, then_evaluate)

    @spoken
    def train(self, author: str = NOBODY) -> str:
        """Freeze, fine-tune and evaluate, one after the other; the fine-tune job's id."""
        return self._stages.finetune(self.freeze(author).curated_id)

    @spoken
    def train_control(
        self, author: str = NOBODY, round_number: int | None = None, control: Control = Control.RANDOM
    ) -> str:
        """Fine-tune a round's proposal on as many candidates chosen at random, and evaluate: what fine-tuning alone gains, or
        with Control.CONSTRAINTS what the constraints alone gain. It is then in `comparison(round)`. The job's id."""
        return self._stages.train_control(author, round_number, control)

    def tuned_model(self, round_number: int | None = None) -> ModelRecord | None:
        """The model a round tuned on what was accepted (not a control), or None."""
        return self._standing.tuned_model(round_number or self.current_round)

    def control_is_deleted(self, round_number: int | None = None, control: Control = Control.RANDOM) -> bool:
        """Whether the files of a control of a round were deleted: it can be compared no more."""
        return self._standing.control_is_deleted(round_number or self.current_round, control)

    def control_leaves_a_choice(self, round_number: int | None = None, control: Control = Control.RANDOM) -> bool:
        """Whether a control would be another set than what the round's model was tuned on."""
        return self._standing.control_leaves_a_choice(round_number or self.current_round, control)

    def control_job(self, round_number: int | None = None, control: Control = Control.RANDOM) -> JobRecord | None:
        """The newest job that tunes a control of a round, or None."""
        return self._standing.control_job(round_number or self.current_round, control)

    def evaluate(self, round_number: int | None = None) -> str | None:
        """Start the held-out evaluation of a round; None when it is there already."""
        return self._stages.evaluate(round_number)

    def try_out(self, models: Sequence[str], text: str, system: str | None = None, candidates: int = 2) -> str:
        """Start drawing completions of a typed prompt from some models, with the same random numbers; the job's id. They
        are then in `lineage.trials`. Raises StageError."""
        return self._stages.try_out(models, text, system, candidates)

    @spoken
    def advance(self, author: str = NOBODY) -> str | None:
        """Start whatever comes next in the newest round, or the next round: what `next_step` says. None while something runs.
        Raises StageError where a person has to do something first."""
        return self._driver.advance(author)

    def next_step(self) -> drive.Step:
        """What comes next: a stage to start, a job to resume or to wait for, a review to wait for, the next round, or what has
        to be done before."""
        return self._driver.next_step()

    @spoken
    def start_stage(self, stage: Stage, author: str = NOBODY) -> str | None:
        """Start a stage of the newest round by the settings and decisions of now, also where a job of it broke off; the job's
        id, or None where there is nothing left to compute. Raises StageError."""
        return self._driver.start(stage, author)

    def run(self, rounds_wanted: int = 1, on_progress: Callable[[JobRecord, Status], None] | None = None) -> None:
        """Finish the newest round and go on until `rounds_wanted` rounds more are complete. Raises JobError when a job
        fails or is cancelled."""
        last = drive.last_round(self.current_round, rounds_wanted, stages.complete(self.stages()))
        while not isinstance(self._driver.next_step(last), Complete):
            self.advance()
            self.wait(on_progress)

    def wait(self, on_progress: Callable[[JobRecord, Status], None] | None = None) -> None:
        """Wait until no job is queued or runs. Raises JobError when one of those watched fails or is cancelled."""
        watched: set[str] = set()
        while active := self.supervisor.active():
            watched.update(job.job_id for job in active)
            if on_progress is not None:
                on_progress(active[0], self.status(active[0]))
            time.sleep(POLL_SECONDS)
        for job_id in watched:
            job = self.store.job(job_id)
            if job.state is not JobState.DONE:
                raise JobError(job.outcome)

    # -- jobs --------------------------------------------------------------------------------------------------------

    def jobs(self, round_number: int | None = None, active: bool = False) -> list[JobRecord]:
        if not active:
            return self.store.jobs(round_number=round_number)
        return [job for job in self.supervisor.active() if round_number in (None, job.round)]

    def status(self, job: JobRecord) -> Status:
        return self.supervisor.status(job)

    def metrics(self, job: JobRecord) -> list[tuple[int, str, float]]:
        """`(step, name, value)` of a job, live while it runs."""
        return self.supervisor.metrics(job)

    def cancel(self, job_id: str) -> None:
        self.supervisor.cancel(job_id)

    def resume(self, job_id: str) -> None:
        """Go on with a job that failed or was cancelled; finished units are kept. A model named wrongly may have been
        corrected in the settings meanwhile."""
        self._stages.resume(job_id)

    # -- decisions -----------------------------------------------------------------------------------------------------

    def threshold(self, round_number: int | None = None) -> ThresholdRecord | None:
        """The M in force, or None before scoring."""
        found = self.store.thresholds(round_number or self.current_round)
        return found[0] if found else None

    @spoken
    def set_threshold(
        self,
        log_m: float,
        scope: Scope,
        round_number: int | None = None,
        author: str = NOBODY,
        reason: str = "by hand",
    ) -> None:
        """Put another M (nats) in force for a round. Raises StageError before scoring."""
        number = round_number or self.current_round
        current = self.threshold(number)
        if current is None:
            raise StageError(f"round {number} has no scores yet: M is chosen after scoring")
        self.store.add_threshold(number, current.target_id, log_m, scope, author, reason)

    def choose_m(self) -> None:
        """Let the rule of `settings.accept` choose the newest round's M, whoever has chosen it. Raises StageError."""
        self._stages.choose_m()

    def thresholds(self, round_number: int | None = None) -> list[ThresholdRecord]:
        """Every M the round has had, the one in force first."""
        return self.store.thresholds(round_number or self.current_round)

    @spoken
    def undo_threshold(self, round_number: int | None = None, author: str = NOBODY) -> bool:
        """Put the M before in force again; False where there is none under this target."""
        number = round_number or self.current_round
        earlier = history.before(self.store.thresholds(number))
        if earlier is None:
            return False
        self.store.add_threshold(
            number, earlier.target_id, earlier.log_m, earlier.scope, author, history.UNDO, ChosenBy.UNDO
        )
        return True

    def target(self, round_number: int | None = None) -> Target | None:
        """The target in force for a round, or None before scoring."""
        current = self.threshold(round_number)
        return None if current is None else decisions.target_of(self.store, current)

    def landscape(self, scope: Scope, round_number: int | None = None) -> Landscape | None:
        """The round at every M, or None before scoring. It is kept until a score or an override is added."""
        number = round_number or self.current_round
        return self._landscape(number, scope, self.store.ratios_version(number))

    def marks(self, scope: Scope, round_number: int | None = None) -> list[Mark]:
        """The values of log M worth a mark, each judged on held-out prompts; kept as long as the landscape."""
        number = round_number or self.current_round
        return self._marks(number, scope, self.store.ratios_version(number))

    def _make_marks(self, round_number: int, scope: Scope, version: tuple[int, int, int]) -> list[Mark]:
        landscape, target = self.landscape(scope, round_number), self.target(round_number)
        if landscape is None or target is None or not landscape.possible:
            return []
        return marks.marks(landscape, target)

    def generation_speed(self, round_number: int | None = None) -> Speed | None:
        """How fast the candidates of a round were drawn, over its finished generate jobs; None where there is none."""
        number = round_number or self.current_round
        drawn = [
            j for j in self.store.jobs(round_number=number) if j.kind is JobKind.GENERATE and j.state is JobState.DONE
        ]
        return self._speed(tuple(job.job_id for job in drawn))

    def scorers(self, round_number: int | None = None) -> list[str]:
        """The scorers that have scored candidates of a round."""
        return self.store.scorers(round_number or self.current_round)

    def _make_landscape(self, round_number: int, scope: Scope, version: tuple[int, int, int]) -> Landscape | None:
        ratios = self.store.ratios(round_number)
        return Landscape(ratios, scope) if ratios.num_rows else None

    def _read_kinds(
        self, round_number: int, version: tuple[int, int, int], threshold: int, retired: int
    ) -> list[PromptKind]:
        return self.store.prompt_kinds(round_number)

    def scores(self, scorer: str, round_number: int | None = None) -> NDArray[np.float64]:
        """The score of every row of `ratios`, in its order; NaN where this scorer has not seen the candidate."""
        return self.store.score_column(round_number or self.current_round, scorer)

    def reward(self, round_number: int | None = None) -> NDArray[np.float64]:
        """r of every row of `ratios` under the target in force; −∞ where a constraint fails or it was truncated, so that
        no rule keeps it. Where the target has no reward, all that pass are alike (0)."""
        number = round_number or self.current_round
        target, ratios = self.target(number), self.store.ratios(number)
        if target is None:
            raise StageError(f"round {number} has no scores yet: rewards come with scoring")
        scores = {scorer: self.scores(scorer, number) for scorer in target.rewards}
        possible = np.isfinite(ratios["log_ratio"].to_numpy()) & ~ratios["truncated"].to_numpy()
        return np.where(possible, reward(target, scores, ratios.num_rows), -np.inf)

    def compare_rules(self, log_m: float, scope: Scope, round_number: int | None = None) -> list[RuleOutcome]:
        """What each acceptance rule would keep of the round's candidates, rejection at `log_m` (nats) first."""
        number = round_number or self.current_round
        landscape, ratios = self.landscape(scope, number), self.store.ratios(number)
        if landscape is None:
            raise StageError(f"round {number} has no scores yet: rules are compared after scoring")
        return rules.compare(landscape, log_m, ratios, self.reward(number), self.store.completions)

    def add_scorer(self, function: Callable[..., Any], name: str | None = None) -> str:
        """Make a function `(completion, prompt, reference) -> float | dict` a scorer of this project's own, by its source,
        which must hold all that it uses (imports inside it); its name with the version, for a target. Once a person has
        called `project.own_scorers.trust()` on this machine, jobs may call it. Raises ScorerError."""
        return str(self.own_scorers.add(function, name).ref)

    @spoken
    def take_suggestion(self, found: Suggestion, round_number: int | None = None, author: str = NOBODY) -> None:
        """Make the suggested target the project's: a new version, under which the round is decided anew at its M."""
        number = round_number or self.current_round
        now, wanted = self.target_book.draft(), {"rewards": found.target.rewards, "beta": found.target.beta}
        draft = Draft(now.target.model_copy(update=wanted), now.accept)
        if draft != now:
            self.target_book.use(draft, "agrees best with the overrides", now, author=author)
        if self.score(number) is None:  # every score is there: the decisions are derived already
            self.set_threshold(found.log_m, found.scope, number, author, "agrees best with the overrides")

    def ratios(self, round_number: int | None = None) -> pa.Table:
        """One row a scored candidate: log_ratio, critical_log_m, scale (nats), decision, override (−1, 0, 1), …"""
        return self.store.ratios(round_number or self.current_round)

    def prompts_in_round(self, round_number: int | None = None) -> list[dict[str, Any]]:
        return self.store.prompts_in_round(round_number or self.current_round)

    def candidates(self, prompt_id: int, round_number: int | None = None) -> list[CandidateRecord]:
        """All candidates of a prompt in a round, by k."""
        return self.store.candidates_of_prompt(round_number or self.current_round, prompt_id)

    @spoken
    def override(self, candidate_id: str, action: Action, reviewer: str = NOBODY, uid: str | None = None) -> bool:
        """Say accept, reject or auto of a candidate; False when this `uid` has been said before. Raises StoreError for
        an unknown candidate."""
        return self.store.add_override(uid or uuid.uuid4().hex, candidate_id, action, reviewer)

    @spoken
    def undo(self, round_number: int | None = None, reviewer: str = NOBODY) -> str | None:
        """Take back the reviewer's last override of a round; the candidate's id, or None."""
        return self.store.undo_override(uuid.uuid4().hex, round_number or self.current_round, reviewer)

    # -- models and results ------------------------------------------------------------------------------------------

    def models(self) -> list[ModelRecord]:
        return self.store.models()

    def curated_sets(self) -> list[CuratedRecord]:
        return self.store.curated_sets()

    def curated_samples(self, curated_id: str) -> pa.Table:
        return self.store.curated_samples(curated_id)

    def comparison(self, round_number: int | None = None) -> Comparison | None:
        """The held-out comparison of a round, or None before it is there."""
        number = round_number or self.current_round
        return comparisons.comparison(self.store, self._standing, number)

    def gains(self) -> dict[tuple[int, str], Interval]:
        """The gain over the base of every round's model and random control, as intervals that hold for all together; see
        `comparisons.gains_together`."""
        name = ("gains", self.settings.model_dump_json())
        tables = comparisons.COMPARED_TABLES
        return self.store.unchanged(name, tables, lambda: comparisons.all_gains(self.store, self._standing))

    def winners_curse(self) -> Curse | None:
        """What choosing the best of the rounds by the held-out prompts adds to its gain; see `comparisons.winners_curse`."""
        name = ("winner's curse", self.settings.model_dump_json())
        tables = comparisons.COMPARED_TABLES
        return self.store.unchanged(name, tables, lambda: comparisons.chosen_by(self.store, self._standing))

    @spoken
    def open_sealed(self, author: str = NOBODY, model_id: str | None = None) -> str:
        """Open the sealed prompts, once, for a tuned model (by default the one that would draw the next round): it, the base
        and its random control are compared on them; the job's id. Raises StageError."""
        return self._stages.open_sealed(author, model_id)

    def sealed_opening(self) -> SealedOpening | None:
        """By whom, when and for which model the sealed prompts were opened; None as long as they are sealed."""
        return self.store.sealed.opening()

    def sealed_job(self) -> JobRecord | None:
        """The newest job that draws for the sealed prompts, or None before they are opened."""
        return self._standing.sealed_job()

    def sealed_comparison(self) -> Comparison | None:
        """What the sealed prompts say, the figure to publish; None before they are opened and drawn for."""
        return comparisons.sealed_comparison(self.store, self._standing)

    def replicate_template(self) -> Template:
        """What replicates of this project's procedure are made from: see `rsf replicate`."""
        settings = self._standing.sound_settings()

        def read() -> Template:
            folders = {m.model_id: self.folder / m.folder for m in self.models() if m.round > 0}
            return replicates.template(settings, self.prompts(), folders, VERSION)

        name = ("replicate template", settings.model_dump_json())
        return self.store.unchanged(name, ("prompts", "prompt_events", "models"), read)

    def replicated(self) -> list[Procedure]:
        """What the replicates beside this project say of each procedure, the newest last. Raises ReplicateError."""
        return replicates.procedures(replicates.read(self.folder / replicates.FOLDER / replicates.RESULTS))

    def held_out_examples(self, comparison: Comparison, count: int = 8) -> list[dict[str, str]]:
        return comparisons.held_out_examples(self.store, self._standing, comparison, count)
