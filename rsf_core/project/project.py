"""Project: the public Python API. It opens the folder and owns the store and the job supervisor.

with Project.create("reviews", task="positive_reviews") as project:
    project.run(rounds=1)
    print(project.comparison(1).gain["reward"])
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rsf_core.domain import JobState, settings_file
from rsf_core.domain.closing import Step, in_turn
from rsf_core.domain.errors import NotAProjectError, StoreError
from rsf_core.domain.files import keep_private, writable
from rsf_core.domain.parts import of_part
from rsf_core.domain.settings import Settings
from rsf_core.jobs.supervisor import JobSupervisor
from rsf_core.project import summary as summaries
from rsf_core.project.acceptance_book import AcceptanceBook
from rsf_core.project.answer_book import AnswerBook
from rsf_core.project.candidate_book import CandidateBook
from rsf_core.project.candidate_imports import CandidateImports
from rsf_core.project.exporting.exports import Exports
from rsf_core.project.features import Features
from rsf_core.project.gold_book import GoldBook
from rsf_core.project.guide_book import GuideBook
from rsf_core.project.imports import Imports
from rsf_core.project.invites import Invites
from rsf_core.project.own_scorers import OwnScorers
from rsf_core.project.owner import OwnerLock, OwnerServer
from rsf_core.project.prompt_book import PromptBook
from rsf_core.project.question_book import QuestionBook
from rsf_core.project.result_book import ResultBook
from rsf_core.project.round_book import RoundBook
from rsf_core.project.scorer_book import ScorerBook
from rsf_core.project.settings_book import SettingsBook
from rsf_core.project.summary import Running, Summary
from rsf_core.project.target_book import MADE, TargetBook
from rsf_core.project.taste_book import TasteBook
from rsf_core.prompts import PromptRow, tasks
from rsf_core.prompts.tasks import Task
from rsf_core.review.comparing import Comparing
from rsf_core.review.progress import ReviewProgress
from rsf_core.review.queue import Reviews
from rsf_core.review.ranking import Ranking
from rsf_core.rounds.autopilot import Autopilot
from rsf_core.rounds.drive import Driver
from rsf_core.rounds.embedding import Embedding
from rsf_core.rounds.follow_ups import FollowUps
from rsf_core.rounds.lineage import Lineage
from rsf_core.rounds.prompt_lengths import PromptLengths
from rsf_core.rounds.start import Stages
from rsf_core.rounds.state import ProjectState
from rsf_core.sampling.streams import child_seed
from rsf_core.store.backup import DATABASE
from rsf_core.store.database import problem_of
from rsf_core.store.records import JobRecord
from rsf_core.store.store import Store
from rsf_core.store.tally import Votes

log = logging.getLogger(__name__)

CLOSE_SECONDS = 20.0


class Project:
    """A project that this process owns. Use `Project.create` or `Project.open`, and close it (or use `with`). The methods of
    a subject are in that subject's part, with one line here for each."""

    def __init__(self, folder: Path, lock: OwnerLock) -> None:
        self.folder = folder
        self._lock = lock
        self.store = Store(folder / DATABASE, folder / "exports")
        self._project_state = ProjectState(folder, self.store)
        self.supervisor = JobSupervisor(self.store, folder / "spool")
        self._stages = Stages(folder, self.store, self._project_state, self.supervisor)
        self._driver = Driver(self.store, self._project_state, self._stages)
        self.autopilot = Autopilot(self.store, self._project_state, self._stages, self._driver)
        self._follow_ups = FollowUps(self.store, self._project_state, self._stages, self.autopilot.steer)
        self.supervisor.listen(self._follow_ups.on_done, self._on_ended, self._mend_summary)
        self.lineage = Lineage(folder, self.store, self._project_state)
        self.prompt_lengths = PromptLengths(self.store, self._project_state.settings)
        self.prompt_book = PromptBook(self.store, self._project_state.settings, self.prompt_lengths.room)
        self.target_book = TargetBook(folder, self.store, self._project_state, self._stages, self._votes_for)
        self._rounds = RoundBook(
            self.store, self._project_state, self._stages, self._driver, self.supervisor, self._votes_for
        )
        self._candidates = CandidateBook(self.store, self._project_state, lambda n, who: self.review.onlooking(n, who))
        self._acceptance = AcceptanceBook(
            self.store, self._project_state, self._stages, self.target_book, self._votes_for
        )
        self._results = ResultBook(folder, self.store, self._project_state)
        self.own_scorers = OwnScorers(folder, self.store, self.target_book)
        self.scorer_book = ScorerBook(folder, self.store, self._project_state.settings, self._votes_for)
        embedding = Embedding(folder, self.store, self._project_state, self._stages, self.supervisor)
        self.features = Features(self.store, embedding)
        self.guide_book = GuideBook(self.store)
        self.question_book = QuestionBook(folder, self.store, self._project_state.settings)
        self._settings = SettingsBook(folder, self.store, self._project_state, self.target_book, self.question_book)
        self.answers = AnswerBook(folder, self.store, self.question_book, self._stages, self.target_book)
        self.gold = GoldBook(self.store)
        self.taste = TasteBook(
            self.store, self._project_state, self._stages, self.supervisor, self.target_book, self._votes_for
        )
        self.invites = Invites(self.store.links)
        self.imports = Imports(
            folder / "imports", self.store, self.prompt_book, self.prompt_lengths, self._project_state.settings
        )
        self.candidate_imports = CandidateImports(
            self.imports, self.store, self._project_state.settings, self.prompt_book.is_unsealed
        )
        self.review = Reviews(self.store, self._project_state.settings, self.target, self.features)
        self.progress = ReviewProgress(self.store, self.review)
        self.comparing = Comparing(self.store, self._project_state.settings, self.review)
        self.ranking = Ranking(self.store, self._project_state.settings, self.review, self.comparing.ended)
        self.exports = Exports(
            folder, self.store, self._project_state.settings, self.target, self.review.agreement, self.review.onlooking
        )
        self._server: OwnerServer | None = None
        self._started = self._closed = False
        self._summing = threading.Lock()

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
        """Create a project from a bundled task (or a task folder) and open it; without `begin` no round is opened yet, and
        nothing can be drawn. Raises NotAProjectError if the folder already holds something else."""
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
        """Create a project from settings as in project.toml, with a seed, and prompts that each have a split; see `create`."""
        folder = Path(folder).absolute()
        if not settings_file.is_new(folder):
            raise NotAProjectError(f"{folder} is not empty: choose a new folder for the project")
        for section in ("generate", "train"):  # written out, so that a person can read each and set it separately
            own = child_seed(settings["seed"], section)
            settings = settings | {section: {"seed": own, **settings.get(section, {})}}
        with writable(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = OwnerLock(folder, what)
        project: Project | None = None
        try:
            if not settings_file.is_new(folder):  # another process was faster
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
                project._keep_summary()  # a new project is in the list at once
        except BaseException:  # the folder stays marked as unfinished: the next attempt starts again
            project.close() if project is not None else lock.release()
            raise
        return project

    @classmethod
    def open(cls, folder: str | Path, what: str = "Python", begin: bool = True) -> Project:
        """Open an existing project; with `begin`, also its first round if it has none. Raises NotAProjectError, StoreError if
        its database is lost, or ProjectLockedError naming the process that holds it."""
        folder = Path(folder).absolute()
        settings_file.read_tolerantly(folder)
        problem = problem_of(folder / DATABASE)
        if problem is not None:
            raise StoreError(problem)
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
        """Release the project; further calls do nothing. Running jobs continue, and the next owner adopts them. Work of this
        process that is not over after `seconds` is logged and returned (None: all is over): it runs to its end, and until
        then, or the end of the process, the project stays locked. Nothing that was acknowledged can be lost."""
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
        self.supervisor.catch_up(self._follow_ups.go_on)
        self._started = True
        self.supervisor.start()

    def _on_ended(self, job: JobRecord) -> bool:
        all_started = self._follow_ups.on_ended(job)
        self._keep_summary()
        return all_started

    def _keep_summary(self) -> None:
        """Write the summary for the list of projects; nothing else waits for this, or fails with it."""
        if not self._started:
            return
        try:
            with self._summing:
                summaries.write(self.folder, self.summary())
        except Exception as error:  # also from a database that has stopped: closing, and what follows a job, continue
            log.warning("the list of projects says of %s what it said before: %s", self.folder, error)

    def _mend_summary(self) -> None:
        """Write the summary if it is missing or the last owner was killed, so that it had no time to."""
        if self._lock.was_left or summaries.read(self.folder) is None:
            self._keep_summary()

    def _keep_summary_at_the_end(self) -> None:
        """Write the summary, unless a write is going on: then the list keeps the old one, and closing only waits for the
        write."""
        if not self.store.doing:
            self._keep_summary()

    def _votes_for(self, round_number: int, onlooker: str | None) -> Votes:
        return self.review.onlooker_votes(round_number, onlooker)

    def summary(self, onlooker: str | None = None) -> Summary:
        """The summary of this project for a list of projects."""
        compared = (self.comparison(round_record.round) for round_record in reversed(self.rounds()))
        newest = next((comparison for comparison in compared if comparison is not None), None)
        number, prompts = self.current_round, sum(self.prompt_counts().values())
        return summaries.summarise(number, self.next_step(onlooker), self.counts(number, onlooker), prompts, newest)

    def running(self) -> Running | None:
        """The job that runs, or waits to, in a line; None if there is none."""
        active = self.jobs(active=True)
        if not active:
            return None
        job = max(active, key=lambda job: job.state is JobState.RUNNING)
        return summaries.running(job.job_id, self.status(job))

    # -- settings and prompts ------------------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        return self._project_state.settings()

    settings_problems = of_part("_settings", SettingsBook.problems)
    set = of_part("_settings", SettingsBook.set)
    unset = of_part("_settings", SettingsBook.unset)

    def backup(self, file: Path | None = None, models: bool = False) -> dict[str, Any]:
        """Back up everything that cannot be computed again to `file` (None: a new one among the exports), with `models` the
        models' files too; returns the file, the rows of its tables and its models. Raises BackupError. `rsf restore` reads
        it."""
        return self.store.backup(file, models)

    prompts = of_part("prompt_book", PromptBook.prompts)
    prompt_counts = of_part("prompt_book", PromptBook.counts)
    prompt_page = of_part("prompt_book", PromptBook.page)
    add_prompts = of_part("prompt_book", PromptBook.add)
    import_prompts = of_part("prompt_book", PromptBook.add_usable)
    edit_prompt = of_part("prompt_book", PromptBook.edit)
    seal_prompts = of_part("prompt_book", PromptBook.seal)
    retire_prompts = of_part("prompt_book", PromptBook.retire)
    restore_prompts = of_part("prompt_book", PromptBook.restore)

    def add_scorer(self, function: Callable[..., Any], name: str | None = None) -> str:
        """Save a function `(completion, prompt, reference) -> float | dict` as this project's own scorer, by its source, which
        must contain everything that it uses (imports inside it); returns its name with the version, for a target. Once a
        person has called `project.own_scorers.trust()` on this machine, jobs may call it. Raises ScorerError."""
        return str(self.own_scorers.add(function, name).ref)

    # -- the target, M and the rules -----------------------------------------------------------------------------------

    threshold = of_part("_acceptance", AcceptanceBook.threshold)
    set_threshold = of_part("_acceptance", AcceptanceBook.set_threshold)
    thresholds = of_part("_acceptance", AcceptanceBook.thresholds)
    undo_threshold = of_part("_acceptance", AcceptanceBook.undo_threshold)
    target = of_part("_acceptance", AcceptanceBook.target)
    landscape = of_part("_acceptance", AcceptanceBook.landscape)
    marks = of_part("_acceptance", AcceptanceBook.marks)
    ratios = of_part("_acceptance", AcceptanceBook.ratios)
    scorers = of_part("_acceptance", AcceptanceBook.scorers)
    scores = of_part("_acceptance", AcceptanceBook.scores)
    reward = of_part("_acceptance", AcceptanceBook.reward)
    compare_rules = of_part("_acceptance", AcceptanceBook.compare_rules)
    take_suggestion = of_part("_acceptance", AcceptanceBook.take_suggestion)

    # -- what a round has drawn ----------------------------------------------------------------------------------------

    import_candidates = of_part("candidate_imports", CandidateImports.run)
    candidates_elsewhere = of_part("_candidates", CandidateBook.candidates_elsewhere)
    elsewhere_counts = of_part("_candidates", CandidateBook.elsewhere_counts)
    latest_completions = of_part("_candidates", CandidateBook.latest_completions)
    prompt_texts = of_part("_candidates", CandidateBook.prompt_texts)
    counts = of_part("_candidates", CandidateBook.counts)
    prompts_in_round = of_part("_candidates", CandidateBook.prompts_in_round)
    candidates = of_part("_candidates", CandidateBook.candidates)
    override = of_part("_candidates", CandidateBook.override)
    undo = of_part("_candidates", CandidateBook.undo)
    without_score = of_part("_candidates", CandidateBook.without_score)
    bands = of_part("_candidates", CandidateBook.bands)
    rates = of_part("_candidates", CandidateBook.rates)
    none_of = of_part("_candidates", CandidateBook.none_of)
    starving_plan = of_part("_candidates", CandidateBook.starving_plan)
    generation_speed = of_part("_candidates", CandidateBook.generation_speed)

    # -- the rounds, their stages and jobs -----------------------------------------------------------------------------

    @property
    def current_round(self) -> int:
        return self._project_state.current_round().round

    rounds = of_part("_rounds", RoundBook.rounds)
    stages = of_part("_rounds", RoundBook.stages)
    next_step = of_part("_rounds", RoundBook.next_step)
    advance = of_part("_rounds", RoundBook.advance)
    start_stage = of_part("_rounds", RoundBook.start_stage)
    run = of_part("_rounds", RoundBook.run)
    wait = of_part("_rounds", RoundBook.wait)
    start_round = of_part("_rounds", RoundBook.start_round)
    draw_next_round = of_part("_rounds", RoundBook.draw_next_round)
    next_proposal = of_part("_rounds", RoundBook.next_proposal)
    chosen_proposal = of_part("_rounds", RoundBook.chosen_proposal)
    set_proposal = of_part("_rounds", RoundBook.set_proposal)
    generate = of_part("_rounds", RoundBook.generate)
    draw_for_starving = of_part("_rounds", RoundBook.draw_for_starving)
    draw_until = of_part("_rounds", RoundBook.draw_until)
    drawn_until = of_part("_rounds", RoundBook.drawn_until)
    score = of_part("_rounds", RoundBook.score)
    score_by = of_part("_rounds", RoundBook.score_by)
    choose_m = of_part("_rounds", RoundBook.choose_m)
    freeze = of_part("_rounds", RoundBook.freeze)
    finetune = of_part("_rounds", RoundBook.finetune)
    train = of_part("_rounds", RoundBook.train)
    train_control = of_part("_rounds", RoundBook.train_control)
    evaluate = of_part("_rounds", RoundBook.evaluate)
    open_sealed = of_part("_rounds", RoundBook.open_sealed)
    try_out = of_part("_rounds", RoundBook.try_out)
    jobs = of_part("_rounds", RoundBook.jobs)
    status = of_part("_rounds", RoundBook.status)
    metrics = of_part("_rounds", RoundBook.metrics)
    cancel = of_part("_rounds", RoundBook.cancel)
    resume = of_part("_rounds", RoundBook.resume)

    # -- models and results --------------------------------------------------------------------------------------------

    models = of_part("_results", ResultBook.models)
    curated_sets = of_part("_results", ResultBook.curated_sets)
    curated_samples = of_part("_results", ResultBook.curated_samples)
    tuned_model = of_part("_results", ResultBook.tuned_model)
    control_is_deleted = of_part("_results", ResultBook.control_is_deleted)
    control_leaves_a_choice = of_part("_results", ResultBook.control_leaves_a_choice)
    control_job = of_part("_results", ResultBook.control_job)
    comparison = of_part("_results", ResultBook.comparison)
    gains = of_part("_results", ResultBook.gains)
    winners_curse = of_part("_results", ResultBook.winners_curse)
    held_out_examples = of_part("_results", ResultBook.held_out_examples)
    sealed_opening = of_part("_results", ResultBook.sealed_opening)
    sealed_job = of_part("_results", ResultBook.sealed_job)
    sealed_comparison = of_part("_results", ResultBook.sealed_comparison)
    replicate_template = of_part("_results", ResultBook.replicate_template)
    replicated = of_part("_results", ResultBook.replicated)
