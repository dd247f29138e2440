"""A project that is not one yet: what a person has chosen so far, kept in a hidden folder of the workspace.

    WORKSPACE/.drafts/ID/project/   a whole project that has no round yet: prompts, settings, uploaded files
    WORKSPACE/.drafts/ID/draft.json which task it began with, and the name it shall have
    WORKSPACE/.drafts/ID/task/      the task that was brought
    WORKSPACE/.drafts/ID/model/     what trying its models has found
    WORKSPACE/.drafts/ID/trial/     four of the prompts, drawn and scored

So everything that a project's own pages do with prompts and settings can be done here, a reload or a restart loses nothing,
and finishing is one rename: the project is there whole or not at all.
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
    """What a draft is beside its settings and prompts: the task it began with (`bundled`: by its name), and the name that the
    project shall have. `begun` tells what the task brought from what was changed since; `order`: the higher, the later."""

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
        """A new draft of a bundled task or the blank one, else of the folder or archive `brought` (uploaded as `called`), with
        a model (None: the task's). Raises SettingsError where there is no such task, or it cannot be read; then nothing is
        left of it."""
        with writable(workspace):
            (workspace / FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
        keep_private(workspace / FOLDER)
        forget_old(workspace, KEPT - 1)
        folder = workspace / FOLDER / secrets.token_hex(6)
        folder.mkdir(mode=0o700)
        try:
            order = max((_order(other) for other in _folders(workspace)), default=0) + 1
            project, chosen = _made(folder, task, brought, called, model)
            draft = cls(folder, project, chosen)
            draft._choose(replace(chosen, order=order))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return draft

    @classmethod
    def open(cls, workspace: Path, draft_id: str) -> Self:
        """A draft that was begun before. Raises NotAProjectError where there is none (any more), ProjectLockedError where
        another process has it open."""
        folder = workspace / FOLDER / draft_id
        chosen = read_json(folder / "draft.json") if _ID.fullmatch(draft_id) else None
        if chosen is None:
            raise NotAProjectError("this new project is not there any more: it was created or discarded. Begin another")
        return cls(folder, Project.open(folder / "project", _WHAT, begin=False), Chosen(**chosen))

    def close(self) -> None:
        self.trial.close()
        self.project.close()

    def discard(self) -> None:
        """Remove all of it."""
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
        """Whether prompts or settings, beside the model, are others than the task's: what choosing another task would lose."""
        return self._chosen.begun != _begun(self.project)

    def choose_task(self, task: str, brought: Path | None = None, called: str | None = None) -> None:
        """Start again with another task: its prompts and settings replace the current ones; model and name stay.
        Raises SettingsError; then everything stays."""
        model = self.project.settings.model
        fresh = self.folder / "fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        project, chosen = _made(fresh, task, brought, called, model)
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
        """The target as the settings say it: without the versions of scorers that are those of now."""
        return versions.plain(self.project.folder, self.project.settings.target)

    def set_good(self, good: Good) -> None:
        """Take a target with its part of `[accept]`; what its scorers lack yet, their options say, is told by `facts`. Raises
        SettingsError."""
        accept = self.project.settings.accept.model_copy(update={"scope": good.scope, "rate": good.rate})
        settings_file.replace(self.project.folder, {"target": good.target, "accept": accept})
        self.project.target_book.note(reason=MADE)

    def try_model(self) -> None:
        """Load the model of the settings once, in a process; see `model`. One that failed or was cancelled is tried again."""
        folder = self._model_folder()
        if model_check.state(folder).problem is not None:
            shutil.rmtree(folder, ignore_errors=True)
        settings = self.project.settings
        prompts = [(prompt.text, prompt.system, prompt.earlier) for prompt in self._some(model_check.MOST_PROMPTS)]
        model_check.start(folder, settings.model, settings.compute, prompts)

    def try_model_again(self) -> None:
        """Load it again, whatever was found before."""
        shutil.rmtree(self._model_folder(), ignore_errors=True)
        self.try_model()

    def model(self) -> CheckState:
        """What trying the model of the settings has found."""
        return model_check.state(self._model_folder())

    def cancel_model(self) -> None:
        model_check.cancel(self._model_folder())

    def facts(self) -> Facts:
        """What the checks of the steps read."""
        settings, tried = self.project.settings, self.model()
        model = ModelFacts(settings.model, tried.report is not None, tried.running, tried.problem)
        try:
            unreadable = self.project.prompt_book.unusable()
        except RsfError:  # a scorer that is not there: said where the target is checked
            unreadable = []
        problems = [str(problem) for problem in self.project.settings_problems()]
        return Facts(self.project.prompt_counts(), unreadable, model, settings.target, problems)

    def finish(self, name: str) -> Path:
        """Make it a project called `name` in the workspace; its folder. The draft is gone then. Raises NotAProjectError where
        the name cannot be had, StageError's kin where a step keeps it from being made; then everything stays."""
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
        """End what still runs for it."""
        for request in (self.folder / "model").glob("*/request.json"):
            model_check.cancel(request.parent)
        for upload in (self.folder / "project" / "imports").glob("*"):
            self.project.imports.forget(upload.name)


def _made(
    folder: Path, task: str, brought: Path | None, called: str | None, model: str | None = None
) -> tuple[Project, Chosen]:
    """The project of a draft in `folder`, and what was chosen."""
    bundled = brought is None
    source = task if brought is None else str(task_files.take(brought, folder / "task", called))
    loaded = tasks.load(source)
    project = Project.create(folder / "project", loaded, model, _WHAT, begin=False)
    return project, Chosen(loaded.name, loaded.title, bundled, _begun(project))


def _begun(project: Project) -> str:
    settings = project.settings.model_dump_json(exclude={"model"})
    return blake2b(f"{project.prompt_book.version()}{settings}".encode(), digest_size=8).hexdigest()


def name_problem(workspace: Path, name: str) -> str | None:
    """Why no new project can be called so; None where it can. The name is that of its folder."""
    if not name.strip():
        return "The project needs a name."
    try:
        new_folder(workspace, name)
    except WorkspaceError as error:
        return str(error)
    return None


def drafts(workspace: Path) -> list[tuple[str, Chosen]]:
    """The drafts there are, the newest first."""
    named = [(folder.name, Chosen(**read_json(folder / "draft.json"))) for folder in _folders(workspace)]
    return sorted(named, key=lambda draft: -draft[1].order)


def forget_old(workspace: Path, kept: int) -> None:
    """Remove all but the newest drafts, and what was broken off while it was being made; those that are open stay."""
    known = {draft_id for draft_id, _ in drafts(workspace)[:kept]}
    for folder in (workspace / FOLDER).iterdir():
        if _ID.fullmatch(folder.name) and folder.name not in known:
            _remove_closed(folder)


def _remove_closed(folder: Path) -> None:
    try:
        project = Project.open(folder / "project", _WHAT, begin=False)
    except ProjectLockedError:
        return
    except RsfError:  # it never became whole, or is damaged
        shutil.rmtree(folder, ignore_errors=True)
        return
    Draft(folder, project, Chosen("", "", True, "")).discard()


def _folders(workspace: Path) -> list[Path]:
    notes = (workspace / FOLDER).glob("*/draft.json")
    folders = [path.parent for path in notes if _ID.fullmatch(path.parent.name)]
    return [folder for folder in folders if (folder / "project" / settings_file.NAME).is_file()]


def _order(folder: Path) -> int:
    return int(read_json(folder / "draft.json")["order"])
