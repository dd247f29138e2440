"""Which prompts of a project its model takes: checked on import, reported by jobs that left some out, looked up by pages.

Counts of tokens are stored, so that another generate.max_new_tokens does not require counting again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rsf_core import models
from rsf_core.domain import Split
from rsf_core.domain.errors import JobError, ModelError
from rsf_core.domain.results import LeftOutLengths
from rsf_core.domain.settings import Settings
from rsf_core.jobs import length_check
from rsf_core.models.lengths import Length
from rsf_core.rounds.state import BASE_ID
from rsf_core.store.records import NO_ROOM, Fit, ModelRecord, Room, Window
from rsf_core.store.store import Store

COUNTED = ("prompts", "prompt_events", "prompt_lengths")
NAMED = 5  # rows of a file, in a preview
NO_FOLDER = "the model is fetched or converted by the first job, which says which prompts do not fit"


@dataclass(frozen=True, slots=True)
class LengthsState:
    """The check of the rows of a placing: `message` while it runs; `problem` if it cannot be made, and `again` if it can be
    tried again; else how many rows the model takes beside generate.max_new_tokens and how many not, the first of these named
    by their lines. `shown` are the first rows as the model gets them, as soon as they are known."""

    message: str = ""
    problem: str | None = None
    fits: int = 0
    too_long: int = 0
    refused: int = 0
    named: tuple[str, ...] = ()
    again: bool = False
    shown: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        return self.problem is None and bool(self.message)


class PromptLengths:
    def __init__(self, store: Store, settings: Callable[[], Settings]) -> None:
        self._store, self._settings = store, settings

    def folder(self) -> Path | None:
        """The base model's folder, None if it is not on this machine."""
        base = self._base()
        if base is not None and models.is_ready(base.folder):
            return Path(base.folder)
        return models.local_folder(self._name())

    def room(self) -> Room:
        """The room for prompts beside generate.max_new_tokens, NO_ROOM before prompts were counted for the model."""
        base, name = self._base(), self._name()
        for window in self._store.prompt_book.windows():
            if window.name == name and (base is None or window.model == base.identity):
                most = length_check.room(window).most(self._settings().generate.max_new_tokens)
                return Room(window.model, most)
        return NO_ROOM

    def counts(self) -> dict[Fit, int]:
        """How many prompts in use fit, and how many do not."""
        room = self.room()
        return self._store.unchanged(("fits", room), COUNTED, lambda: self._store.prompt_book.fits(room))

    # -- a file ----------------------------------------------------------------------------------------------------------

    def check(self, placing: Path) -> LengthsState:
        """The state of the check of a placing's rows, which is started if it was not."""
        model = self.folder()
        if model is None:
            return LengthsState(problem=NO_FOLDER)
        if not (placing / "rows.parquet").exists():
            return LengthsState(problem="the file is not read yet")
        folder = length_check.folder_for(placing, model)
        length_check.start(folder, placing / "rows.parquet", model, self._name())
        try:
            window = length_check.outcome(folder)
            if window is not None:
                return replace(self._counted(folder, placing, window), shown=length_check.first_rows(folder))
            message = length_check.progress(folder)
            # it may have ended just now
            return LengthsState(message=message) if length_check.outcome(folder) is None else self.check(placing)
        except ModelError as error:
            return LengthsState(problem=str(error).rstrip("."), again=True)

    def _counted(self, folder: Path, placing: Path, window: Window) -> LengthsState:
        lengths = pq.read_table(folder / "lengths.parquet")
        room, new = length_check.room(window), self._settings().generate.max_new_tokens
        most = room.most(new)
        tokens = lengths["tokens"].to_pylist()
        refused = [place for place, count in enumerate(tokens) if count is None]
        too_long = [
            place for place, count in enumerate(tokens) if count is not None and not (most is None or count <= most)
        ]
        bad = sorted((*refused, *too_long))
        rows = pq.read_table(placing / "rows.parquet", columns=["line", "split"]) if bad else None
        named: list[str] = []
        for place in bad:
            assert rows is not None
            if rows["split"][place].as_py() == Split.SEALED:  # nobody may see it
                continue
            length = Length(tokens[place], lengths["refused"][place].as_py())
            named.append(length.problem(f"line {rows['line'][place].as_py()}", room, new) or "")
            if len(named) == NAMED:
                break
        return LengthsState("", None, len(tokens) - len(bad), len(too_long), len(refused), tuple(named))

    def cancel(self, placing: Path) -> None:
        for folder in placing.glob("lengths-*"):
            length_check.cancel(folder)

    def forget(self, placing: Path) -> None:
        """Have the rows of a placing checked again."""
        self.cancel(placing)
        for folder in placing.glob("lengths-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, placing: Path, prompt_ids: Sequence[int]) -> None:
        """Save the lengths of the rows of a placing, which are now these prompts; nothing if the check did not end."""
        model = self.folder()
        folder = None if model is None else length_check.folder_for(placing, model)
        try:
            window = None if folder is None else length_check.outcome(folder)
        except ModelError:  # they stay unchecked, as the preview reported
            return
        if folder is not None and window is not None:
            self._store.prompt_book.say_lengths(window, prompt_ids, pq.read_table(folder / "lengths.parquet"))

    # -- a job -----------------------------------------------------------------------------------------------------------

    def keep_of_job(self, lengths: LeftOutLengths) -> None:
        """Save the lengths of prompts that a job left out. A tuned model takes what its base takes. Raises JobError if they
        cannot be."""
        base = self._base()
        if base is None:
            return
        try:
            ids = pa.array([row[0] for row in lengths.prompts], pa.int32()).to_pylist()
            rows = [Length(*row[1:]) for row in lengths.prompts]
            if any((row.tokens is None) == (row.refused is None) or (row.tokens or 0) < 0 for row in rows):
                raise ValueError("neither a length nor a refusal")
            table = pa.table(
                {
                    "tokens": pa.array([row.tokens for row in rows], pa.int32()),
                    "refused": pa.array([row.refused for row in rows], pa.large_string()),
                }
            )
        except (ValueError, pa.ArrowException) as error:
            raise JobError(f"its result.json is damaged: lengths is {str(lengths)[:80]!r}") from error
        window = Window(base.identity, base.name, lengths.most, lengths.prefix)
        self._store.prompt_book.say_lengths(window, ids, table)

    def _base(self) -> ModelRecord | None:
        return next((model for model in self._store.models() if model.model_id == BASE_ID), None)

    def _name(self) -> str:
        base = self._base()
        return self._settings().model if base is None else base.name
