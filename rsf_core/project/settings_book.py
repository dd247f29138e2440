"""Changing the settings of a project. A change of the target, of the rule of M or of a question is stored as a version."""

from __future__ import annotations

from pathlib import Path

from rsf_core.domain import settings_file
from rsf_core.domain.access import LOCAL, Actor, requires_actor
from rsf_core.domain.errors import SettingsError
from rsf_core.domain.settings import Settings
from rsf_core.domain.settings_reading import Problem
from rsf_core.evaluation import gauges
from rsf_core.project import model_names
from rsf_core.project.question_book import QuestionBook
from rsf_core.project.target_book import TargetBook
from rsf_core.rounds.state import ProjectState
from rsf_core.store.store import Store


class SettingsBook:
    def __init__(
        self,
        folder: Path,
        store: Store,
        project_state: ProjectState,
        target_book: TargetBook,
        question_book: QuestionBook,
    ) -> None:
        self._folder, self._store, self._project_state = folder, store, project_state
        self._target_book, self._question_book = target_book, question_book

    def problems(self) -> list[Problem]:
        """The values in project.toml that are not allowed: their defaults are used in their place, and no stage starts before
        they are set or unset."""
        return self._project_state.settings_problems()

    @requires_actor
    def set(self, key: str, text: str, author: Actor = LOCAL) -> Settings:
        """Change one setting, e.g. `set("generate.candidates", "16")`. Raises SettingsError, and TargetError or ScorerError
        for an impossible target (`target_check`); then nothing changes. A model or a file that is named is looked for at once,
        as far as this machine can tell (`model_names`), since it may be needed only at the end of a round. The base model
        cannot change once it has drawn a candidate, since log-probabilities of two models are not comparable. A change of the
        target or of the rule of M is stored as a version: see `target_book`."""
        if key == "model" and (self._store.models() or self._store.round_counts(1).candidates):
            raise SettingsError(
                f"this project's base model is {self._project_state.settings().model} and has drawn candidates already: "
                "start a new project for another model"
            )
        self._target_book.note()
        text = model_names.kept(key, text)

        def check(new: Settings) -> None:
            self._target_book.check(new.target)
            if key == "model":
                model_names.check_model(key, new.model)
            if key == "evaluate.unrelated":
                gauges.unrelated_prompts(self._folder, new)

        changed = settings_file.change(self._folder, key, text, check)
        self._target_book.note(author, f"{key} was set")
        self._question_book.note(author)
        return changed

    @requires_actor
    def unset(self, key: str, author: Actor = LOCAL) -> Settings:
        """Reset one setting to its default. Raises SettingsError."""
        self._target_book.note()
        changed = settings_file.unset(self._folder, key)
        self._target_book.note(author, f"{key} was unset")
        self._question_book.note(author)
        return changed
