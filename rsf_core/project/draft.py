"""The draft of a new project: what a person has chosen so far, in a hidden folder of the workspace.

    WORKSPACE/.drafts/ID/project/   a whole project that has no round yet: prompts, settings, uploaded files
    WORKSPACE/.drafts/ID/draft.json the task it began with, and the name it will have
    WORKSPACE/.drafts/ID/task/      the task, if the person brought one
    WORKSPACE/.drafts/ID/model/     the results of trying its models
    WORKSPACE/.drafts/ID/trial/     four of the prompts, drawn and scored

So a draft can do everything that a project's own pages do with prompts and settings, a reload or a restart loses nothing, and
finishing is one rename: the project is there whole or not at all.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Self

from rsf_core.acceptance.goals import Good
from rsf_core.domain import Prompt, Split, settings_file
from rsf_core.domain.errors import NotAProjectError, ProjectLockedError, RsfError, WorkspaceError
from rsf_core.domain.files import keep_private, read_json, writable, write_json
from rsf_core.domain.settings import Target
from rsf_core.jobs import model_check
from rsf_core.jobs.model_check import CheckState
from rsf_core.project import task_files
from rsf_core.project.draft_steps import Facts, ModelFacts, blocking
from rsf_core.project.project import Project
from rsf_core.project.target_book import MADE
from rsf_core.project.trial import Trial
from rsf_core.project.workspace import new_folder
from rsf_core.prompts import tasks
from rsf_core.rounds import versions

FOLDER = ".drafts"
KEPT = 8
_ID = re.compile(r"[0-9a-f]{12}")
_WHAT = "the app (a new project that is being made)"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a draft has besides its settings and prompts: the task it began with (`bundled`: a bundled one, by its name), and
    the name that the project will have. `begun` is a digest of the task's prompts and settings, to detect later changes. A
    higher `order` is a later draft."""

    task: str
    title: str
    bundled: bool
    begun: str
    name: str = ""
    order: int = 0


class Draft:
    """One draft that this process has open. Use `begin` or `open`, and close it."""

    def __init__(self, folder: Path, project: Project, chosen: Chosen) -> None:
        self.folder, self.project, self._chosen = folder, project, chosen
        self.trial = Trial(folder / "trial", lambda: self.project)

    # -- opening and closing -----------------------------------------------------------------------------------------

    @classmethod
    def begin(
        cls,
        workspace: Path,
        task: str,
        brought: Path | None = None,
        called: str | None = None,
        model: str | None = None,
    ) -> Self:
        """A new draft from a bundled task or the blank one, or from the folder or archive `brought` (uploaded as `called`),
        with a model (None: the task's). Raises SettingsError if there is no such task or it cannot be read; then nothing is
        left of the draft."""
        with writable(workspace):
            (workspace / FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
        keep_private(workspace / FOLDER)
        forget_old(workspace, KEPT - 1)
        folder = workspace / FOLDER / secrets.token_hex(6)
        folder.mkdir(mode=0o700)
        try:
            order = max((_order(other) for other in _folders(workspace)), default=0) + 1
            project, chosen = _create(folder, task, brought, called, model)
            draft = cls(folder, project, chosen)
            draft._choose(replace(chosen, order=order))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return draft

    @classmethod
    def open(cls, workspace: Path, draft_id: str) -> Self:
        """An earlier draft. Raises NotAProjectError if it does not exist (any more), ProjectLockedError if another process has
        it open."""
        folder = workspace / FOLDER / draft_id
        chosen = read_json(folder / "draft.json") if _ID.fullmatch(draft_id) else None
        if chosen is None:
            raise NotAProjectError("this new project is not there any more: it was created or discarded. Begin another")
        return cls(folder, Project.open(folder / "project", _WHAT, begin=False), Chosen(**chosen))

    def close(self) -> None:
        self.trial.close()
        self.project.close()

    def discard(self) -> None:
        """Remove the whole draft."""
        self._stop()
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- the steps -----------------------------------------------------------------------------------------------------

    @property
    def draft_id(self) -> str:
        return self.folder.name

    @property
    def chosen(self) -> Chosen:
        return self._chosen

    def is_changed(self) -> bool:
        """Whether prompts or settings, except the model, differ from the task's: choosing another task would lose them."""
        return self._chosen.begun != _digest(self.project)

    def choose_task(self, task: str, brought: Path | None = None, called: str | None = None) -> None:
        """Start again with another task: its prompts and settings replace the current ones; model and name stay.
        Raises SettingsError; then everything stays."""
        model = self.project.settings.model
        fresh = self.folder / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        project, chosen = _create(fresh, task, brought, called, model)
        project.close()
        self._stop()
        self.trial.discard()
        self.project.close()
        for part in ("project", "task"):
            shutil.rmtree(self.folder / part, ignore_errors=True)
            if (fresh / part).exists():
                os.replace(fresh / part, self.folder / part)
        shutil.rmtree(fresh, ignore_errors=True)
        self.project = Project.open(self.folder / "project", _WHAT, begin=False)
        self._choose(replace(chosen, name=self._chosen.name, order=self._chosen.order))

    @property
    def target(self) -> Target:
        """The target as the settings have it: without the versions of scorers that are the current ones."""
        return versions.plain(self.project.folder, self.project.settings.target)

    def set_good(self, good: Good) -> None:
        """Set a target with its part of `[accept]`. What its scorers still lack, such as options, is reported by `facts`.
        Raises SettingsError."""
        accept = self.project.settings.accept.model_copy(update={"scope": good.scope, "rate": good.rate})
        settings_file.replace(self.project.folder, {"target": good.target, "accept": accept})
        self.project.target_book.note(reason=MADE)

    def try_model(self) -> None:
        """Load the model of the settings once, in a process; see `model`. An attempt that failed or was cancelled is
        repeated."""
        folder = self._model_folder()
        if model_check.state(folder).problem is not None:
            shutil.rmtree(folder, ignore_errors=True)
        settings = self.project.settings
        prompts = [(prompt.text, prompt.system, prompt.earlier) for prompt in self._some(model_check.MOST_PROMPTS)]
        model_check.start(folder, settings.model, settings.compute, prompts)

    def try_model_again(self) -> None:
        """Load the model again, whatever the earlier result."""
        shutil.rmtree(self._model_folder(), ignore_errors=True)
        self.try_model()

    def model(self) -> CheckState:
        """The state of trying the model of the settings."""
        return model_check.state(self._model_folder())

    def cancel_model(self) -> None:
        model_check.cancel(self._model_folder())

    def facts(self) -> Facts:
        """What the checks of the steps read."""
        settings, tried = self.project.settings, self.model()
        model = ModelFacts(settings.model, tried.report is not None, tried.running, tried.problem)
        try:
            unreadable = self.project.prompt_book.unusable()
        except RsfError:  # a scorer does not exist: reported where the target is checked
            unreadable = []
        problems = [str(problem) for problem in self.project.settings_problems()]
        return Facts(self.project.prompt_counts(), unreadable, model, settings.target, problems)

    def finish(self, name: str) -> Path:
        """Make the draft a project called `name` in the workspace; returns its folder. The draft is gone then. Raises
        NotAProjectError if the name cannot be used or a step blocks, ProjectLockedError if the draft does not close in
        time."""
        workspace = self.folder.parents[1]
        problem = name_problem(workspace, name) or next(iter(blocking(self.facts()).values()), None)
        if problem is not None:
            raise NotAProjectError(problem)
        folder = new_folder(workspace, name)
        self._stop()
        self.trial.discard()
        left = self.project.close()
        if left is not None:
            raise ProjectLockedError(f"the new project is not closed yet: {left} still goes on. Try again in a moment")
        shutil.rmtree(self.folder / "project" / "imports", ignore_errors=True)
        try:
            with writable(workspace):
                os.rename(self.folder / "project", folder)
        except BaseException:
            self.project = Project.open(self.folder / "project", _WHAT, begin=False)
            raise
        shutil.rmtree(self.folder, ignore_errors=True)
        return folder

    def keep_name(self, name: str) -> None:
        """Remember what was typed as the name, whatever it is."""
        if name != self._chosen.name:
            self._choose(replace(self._chosen, name=name))

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _choose(self, chosen: Chosen) -> None:
        write_json(self.folder / "draft.json", asdict(chosen))
        self._chosen = chosen

    def _some(self, count: int) -> Sequence[Prompt]:
        return self.project.prompts(Split.TRAIN)[:count]

    def _model_folder(self) -> Path:
        settings = self.project.settings
        return model_check.folder_for(self.folder / "model", settings.model, settings.compute)

    def _stop(self) -> None:
        """End what still runs for the draft."""
        for request in (self.folder / "model").glob("*/request.json"):
            model_check.cancel(request.parent)
        for upload in (self.folder / "project" / "imports").glob("*"):
            self.project.imports.forget(upload.name)


def _create(
    folder: Path, task: str, brought: Path | None, called: str | None, model: str | None = None
) -> tuple[Project, Chosen]:
    """The project of a draft in `folder`, and what was chosen."""
    bundled = brought is None
    source = task if brought is None else str(task_files.take(brought, folder / "task", called))
    loaded = tasks.load(source)
    project = Project.create(folder / "project", loaded, model, _WHAT, begin=False)
    return project, Chosen(loaded.name, loaded.title, bundled, _digest(project))


def _digest(project: Project) -> str:
    settings = project.settings.model_dump_json(exclude={"model"})
    return blake2b(f"{project.prompt_book.version()}{settings}".encode(), digest_size=8).hexdigest()


def name_problem(workspace: Path, name: str) -> str | None:
    """Why no new project can have this name, which is that of its folder; None if it can."""
    if not name.strip():
        return "The project needs a name."
    try:
        new_folder(workspace, name)
    except WorkspaceError as error:
        return str(error)
    return None


def drafts(workspace: Path) -> list[tuple[str, Chosen]]:
    """All drafts, the newest first."""
    named = [(folder.name, Chosen(**read_json(folder / "draft.json"))) for folder in _folders(workspace)]
    return sorted(named, key=lambda draft: -draft[1].order)


def forget_old(workspace: Path, kept: int) -> None:
    """Remove all but the newest `kept` drafts, and those that were never completed; open drafts stay."""
    known = {draft_id for draft_id, _ in drafts(workspace)[:kept]}
    for folder in (workspace / FOLDER).iterdir():
        if _ID.fullmatch(folder.name) and folder.name not in known:
            _remove_closed(folder)


def _remove_closed(folder: Path) -> None:
    try:
        project = Project.open(folder / "project", _WHAT, begin=False)
    except ProjectLockedError:
        return
    except RsfError:  # it was never completed, or is damaged
        shutil.rmtree(folder, ignore_errors=True)
        return
    Draft(folder, project, Chosen("", "", True, "")).discard()


def _folders(workspace: Path) -> list[Path]:
    notes = (workspace / FOLDER).glob("*/draft.json")
    folders = [path.parent for path in notes if _ID.fullmatch(path.parent.name)]
    return [folder for folder in folders if (folder / "project" / settings_file.NAME).is_file()]


def _order(folder: Path) -> int:
    return int(read_json(folder / "draft.json")["order"])
