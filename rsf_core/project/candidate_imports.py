"""Importing candidates made elsewhere: an uploaded file is read in a process of its own, previewed, and added.

    imports/<upload>/<reading>/  request.json, existing.parquet, known.parquet; progress.json, then rows.parquet,
                                 prompts.parquet and summary.json (candidate_reading.py)

They are completions of train prompts. If the project lacks a prompt, it is added too, compared with all others as in any
import. No q of this project drew these candidates, so they are stored separately: see store/made_elsewhere.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rsf_core.domain import ELSEWHERE_K, K_BITS, candidate_id
from rsf_core.domain.access import LOCAL, Actor, requires_actor
from rsf_core.domain.arrays import Ints
from rsf_core.domain.errors import PromptError, PromptFileError
from rsf_core.domain.files import read_json
from rsf_core.domain.settings import Settings
from rsf_core.jobs import process
from rsf_core.project import candidate_reading
from rsf_core.project.candidate_reading import NEW, ROWS, Texts, first_of
from rsf_core.project.imports import Imports
from rsf_core.prompts import Problem, completions
from rsf_core.prompts.chosen_columns import completion_columns
from rsf_core.prompts.completions import CompletionColumns
from rsf_core.prompts.files import AS_RECOGNISED, Reading
from rsf_core.prompts.reading import WrongRow
from rsf_core.store.database import utc_now
from rsf_core.store.store import Store

WAIT_SECONDS = 3600.0  # how long `run` waits for a file to be read
_POLL_SECONDS = 0.1
_ADDED_AT_ONCE = 20_000  # rows
_NOT_KEPT = "the file has not been read, or is no longer stored: read it again"


@dataclass(frozen=True, slots=True)
class Shown:
    """A completion as the preview shows it."""

    prompt: str
    completion: str
    source: str
    token_count: int | None
    log_q: float | None


@dataclass(frozen=True, slots=True)
class CandidatePreview:
    """The result of reading a file: `candidates` can be added, of `known_prompts` of the project and `new_prompts`; `there`
    are in the round already. `with_log_q` of the candidates state their log-probability, `with_tokens` their number of
    tokens."""

    candidates: int
    known_prompts: int
    new_prompts: int
    there: int
    with_log_q: int
    with_tokens: int
    left_out: int
    in_part: int
    rows: tuple[Shown, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CandidateImportState:
    """The state of reading a file: `preview` once it is done, `problem` if it ended otherwise, else `message`."""

    message: str = ""
    preview: CandidatePreview | None = None
    problem: str | None = None

    @property
    def running(self) -> bool:
        return self.preview is None and self.problem is None


@dataclass(frozen=True, slots=True)
class AddedCandidates:
    """What an import has added to a round, and the first problems of the other rows."""

    candidates: int
    new_prompts: int
    there: int
    left_out: int
    problems: tuple[Problem, ...] = ()


class CandidateImports:
    def __init__(
        self, uploads: Imports, store: Store, settings: Callable[[], Settings], unsealed: Callable[[], bool]
    ) -> None:
        self._uploads, self._store, self._settings, self._unsealed = uploads, store, settings, unsealed

    def columns(self, upload: str, reading: Reading = AS_RECOGNISED) -> CompletionColumns | None:
        """What the columns of an uploaded file most likely hold. Raises PromptFileError if it cannot be read."""
        return completions.recognise_columns(self._uploads.format(upload, reading))

    def start(
        self,
        upload: str,
        columns: CompletionColumns,
        source: str,
        reading: Reading = AS_RECOGNISED,
        again: bool = False,
    ) -> str:
        """Start to read the completions of an uploaded file; returns the name of the reading. `source` made those whose rows
        name no other. With `again`, a reading that was cancelled or interrupted starts again. Raises PromptFileError if
        `source` is not a valid name."""
        try:
            name = completions.one_source(source)
        except WrongRow as wrong:
            raise PromptFileError(f"the source {wrong.message}") from wrong
        settings, number = self._settings(), self._store.rounds()[-1].round
        request = {
            "columns": asdict(columns),
            "source": name,
            "reading": asdict(reading),
            "seed": settings.seed,
            "scorers": list(settings.target.scorers),
            "unsealed": self._unsealed(),
            "rows": candidate_reading.SCHEMA.names,
            "version": self._store.prompt_book.version(),
            "round": number,
            "candidates": [
                self._store.elsewhere.counts(number).candidates,
                self._store.round_counts(number).candidates,
            ],
        }

        def write(folder: Path) -> None:
            pq.write_table(self._store.prompt_book.entries(), folder / candidate_reading.EXISTING)
            pq.write_table(self._store.elsewhere.completions(number), folder / candidate_reading.KNOWN)

        work, module = candidate_reading.work, candidate_reading.__name__
        return self._uploads.begin(upload, request, write, work, module, again)

    def start_recognised(
        self, upload: str, source: str, again: bool = False, named: Mapping[str, str] = MappingProxyType({})
    ) -> str:
        """Like `start`, with the columns as they are recognised, except those that are `named` by what they hold. Raises
        PromptFileError if no column can hold completions, or there is no such column."""
        file_format = self._uploads.format(upload)
        columns = completion_columns(file_format, self.columns(upload), named)
        if columns is None and file_format.text is None:
            raise PromptFileError(f"{self._uploads.name(upload)} {file_format.problem}")
        if columns is None:
            raise PromptFileError(
                f"{self._uploads.name(upload)} has no column of completions beside that of the prompt: call it completion, or "
                "say which it is"
            )
        return self.start(upload, columns, source, again=again)

    def state(self, upload: str, reading: str) -> CandidateImportState:
        folder = self._uploads.file(upload).parent / reading
        summary = read_json(folder / "summary.json")
        if summary is not None and "problem" in summary:
            return CandidateImportState(problem=summary["problem"])
        if summary is not None:
            rows = tuple(Shown(**row) for row in summary.pop("rows"))
            problems = tuple(Problem(**problem) for problem in summary.pop("problems"))
            notes = tuple(summary.pop("notes"))
            return CandidateImportState(preview=CandidatePreview(**summary, rows=rows, problems=problems, notes=notes))
        if not process.is_alive(folder):
            if (folder / "summary.json").exists():
                return self.state(upload, reading)  # it has ended just now
            return CandidateImportState(problem="reading the file was interrupted: read it again, or split it")
        progress = read_json(folder / "progress.json")
        return CandidateImportState(message="starting" if progress is None else str(progress["message"]))

    def problems(self, upload: str, reading: str) -> bytes:
        """Every problem with the rows of a file that was read, as CSV; empty if there are none."""
        return self._uploads.problems(upload, reading)

    def cancel(self, upload: str, reading: str) -> None:
        self._uploads.cancel(upload, reading)

    def restart(self, upload: str, reading: str) -> None:
        """Forget an interrupted reading, so that it starts again."""
        self._uploads.restart(upload, reading)

    @requires_actor
    def add(self, upload: str, reading: str, author: Actor = LOCAL) -> AddedCandidates:
        """Add what was read to the newest round, all of it or nothing. Each completion of a prompt is added once, however
        often this is called. Raises PromptError if prompts were added or retired since, or another round was opened."""
        folder = self._uploads.file(upload).parent / reading
        request, preview = read_json(folder / "request.json"), self.state(upload, reading).preview
        if request is None or preview is None:
            raise PromptError(_NOT_KEPT)
        try:
            with self._store.transaction("adding candidates made elsewhere"):
                candidates, prompts, there = self._add(folder, request, self._uploads.name(upload) or "a file", author)
        except FileNotFoundError as error:  # another call added it while this one waited for the transaction
            raise PromptError(_NOT_KEPT) from error
        self._uploads.forget(upload)
        return AddedCandidates(candidates, prompts, preview.there + there, preview.left_out, preview.problems)

    def _add(self, folder: Path, request: dict[str, Any], name: str, author: Actor) -> tuple[int, int, int]:
        """The number of candidates and of prompts added, and of rows that were added to the round since they were read."""
        number = self._store.rounds()[-1].round
        if tuple(request["version"]) != self._store.prompt_book.version() or request["round"] != number:
            raise PromptError("the project's prompts or its round have changed since the file was read: try again")
        new, there = self._not_there(folder, number)
        made = self._with_prompts(folder, name) if len(new) else range(0)
        ks = self._ks(folder, new, made, number)
        with pq.ParquetFile(folder / ROWS, memory_map=False, pre_buffer=False) as rows:
            at = 0
            for batch in rows.iter_batches(_ADDED_AT_ONCE):
                low, high = np.searchsorted(new, [at, at + len(batch)])
                part = pa.table(batch).take(pa.array(new[low:high] - at))
                if len(part):
                    self._store.elsewhere.add(_numbered(part, made, ks[low:high], number, author))
                at += len(batch)
        return len(new), len(made), there

    @requires_actor
    def run(
        self, file: str | Path, source: str, columns: CompletionColumns | None = None, author: Actor = LOCAL
    ) -> AddedCandidates:
        """Add completions that were made elsewhere (by `source`, unless their rows name another) to the newest round. Each row
        of the file has a prompt and a completion, or a list of completions. People decide them; the rule does not, because no
        q of this project drew them, and they count in no rate, M or distance. The same file again adds nothing. Raises
        PromptFileError or PromptError; then nothing changes."""
        file = Path(file)
        upload = self._uploads.keep_file(file)
        if columns is not None:
            reading = self.start(upload, columns, source, again=True)
        else:
            reading = self.start_recognised(upload, source, again=True)
        give_up = time.monotonic() + WAIT_SECONDS
        while (state := self.state(upload, reading)).running:
            if time.monotonic() > give_up:
                self.cancel(upload, reading)
                raise PromptFileError(f"{file.name} was not read within {WAIT_SECONDS:g} s: split it")
            time.sleep(_POLL_SECONDS)
        if state.problem is not None:
            raise PromptFileError(state.problem)
        return self.add(upload, reading, author)

    def _not_there(self, folder: Path, number: int) -> tuple[Ints, int]:
        """Which of the rows that were read are not in the round, and how many are: some may have been added since."""
        rows = pq.read_table(folder / ROWS, columns=["prompt", "upper", "lower"])
        _, there = first_of(Texts.of(rows, "prompt"), Texts.of(self._store.elsewhere.completions(number), "prompt_id"))
        return np.flatnonzero(~there), int(there.sum())

    def _with_prompts(self, folder: Path, name: str) -> range:
        """Add the prompts that the project lacks; their numbers."""
        if not (folder / NEW).exists():
            return range(0)
        with pq.ParquetFile(folder / NEW, memory_map=False, pre_buffer=False) as rows:
            return self._store.prompt_book.add_rows(rows.iter_batches(_ADDED_AT_ONCE), name)

    def _ks(self, folder: Path, new: Ints, made: range, number: int) -> Ints:
        """The k of each of the `new` rows: after those that its prompt already has, in their order. Raises PromptError if a
        prompt can take no more."""
        prompts = _prompt_ids(pq.read_table(folder / ROWS, columns=["prompt"])["prompt"].to_numpy()[new], made)
        taken = self._store.elsewhere.next_k(number)
        holders, next_k = (np.append(taken[name].to_numpy().astype(np.int64), 0) for name in ("prompt_id", "k"))
        at = np.searchsorted(holders[:-1], prompts)
        first = np.where(holders[at] == prompts, next_k[at], ELSEWHERE_K)
        order = np.argsort(prompts, kind="stable")
        ks = np.empty(len(prompts), np.int64)
        ks[order] = np.arange(len(prompts)) - np.searchsorted(prompts[order], prompts[order])
        ks += first
        full = np.flatnonzero(ks >= 1 << K_BITS)
        if len(full):
            most = (1 << K_BITS) - ELSEWHERE_K
            raise PromptError(
                f"prompt {prompts[full[0]]} has {most:,} candidates made elsewhere, the most for one prompt"
            )
        return ks


def _prompt_ids(prompts: Ints, made: range) -> Ints:
    """The numbers of prompts in the project; −1 − i stands for the i-th of those that were `made`."""
    return np.where(prompts >= 0, prompts, made.start - 1 - prompts)


def _numbered(rows: pa.Table, made: range, ks: Ints, number: int, author: Actor) -> pa.Table:
    """Rows as the store has them, each with its prompt, its k and its name."""
    prompts = _prompt_ids(rows["prompt"].to_numpy(), made)
    names = (candidate_id(number, *where) for where in zip(prompts.tolist(), ks.tolist(), strict=True))
    count = len(rows)
    return pa.table(
        {
            "candidate_id": pa.array(names, pa.string()),
            "round": pa.repeat(pa.scalar(number, pa.int32()), count),
            "prompt_id": pa.array(prompts, pa.int32()),
            "k": pa.array(ks, pa.int32()),
            **{name: rows[name] for name in ("completion", "source", "token_count", "stated_log_q")},
            "author": pa.repeat(pa.scalar(author.name), count),
            "created_at": pa.repeat(pa.scalar(utc_now(), pa.timestamp("us")), count),
        }
    )
