"""Candidates made elsewhere on their way into the project: a kept file read in a process of its own, looked at, added.

    imports/<upload>/<reading>/  request.json, existing.parquet, known.parquet; progress.json, then rows.parquet,
                                 prompts.parquet and summary.json

They are completions of train prompts. Those of prompts that the project has not come with their prompts, which are compared
with all others as any import does it. No q of this project made them, so they are kept apart: see store/made_elsewhere.py.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b, md5
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rsf_core.domain import ELSEWHERE_K, K_BITS, Split, candidate_id
from rsf_core.domain.access import LOCAL, Actor, spoken
from rsf_core.domain.errors import PromptError, PromptFileError, RsfError
from rsf_core.domain.files import read_json, writable, write_json, write_whole
from rsf_core.domain.settings import Settings
from rsf_core.jobs import process
from rsf_core.project import imports
from rsf_core.project.imports import Imports
from rsf_core.project.problem_list import NAME as PROBLEMS
from rsf_core.project.problem_list import write_problems
from rsf_core.project.prompt_book import place_usable
from rsf_core.prompts import Problem, PromptRow, comparing, completions, identity
from rsf_core.prompts.completions import CompletionColumns, CompletionRow
from rsf_core.prompts.files import FOUND, PACKED, Reading
from rsf_core.prompts.reading import WrongRow
from rsf_core.store.database import utc_now
from rsf_core.store.store import Store

WAIT_SECONDS = 3600.0  # for a file that is read for a caller who waits
_POLL_SECONDS = 0.1
_SHOWN = 2_000  # characters of a text in the preview
_NEW = "prompts.parquet"
_PROMPTS = pa.schema(
    [(name, pa.large_string()) for name in ("text", "reference", "system")] + [("earlier", pa.list_(pa.large_string()))]
)
_ROWS = pa.schema(
    [
        ("prompt", pa.int64()),
        ("completion", pa.large_string()),
        ("source", pa.string()),
        ("token_count", pa.int32()),
        ("stated_log_q", pa.float64()),
    ]
)
"""`prompt` is the number of one of the project, or −1 − i of row i of prompts.parquet."""


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
    """What reading a file has found: `candidates` that can be added, of `known_prompts` of the project and `new_prompts`;
    `there` are in the round already. `with_log_q` of them state their log-probability, `with_tokens` how many tokens."""

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
    """Where reading a file stands: `preview` once it is done, `problem` where it ended otherwise, else `message`."""

    message: str = ""
    preview: CandidatePreview | None = None
    problem: str | None = None

    @property
    def running(self) -> bool:
        return self.preview is None and self.problem is None


@dataclass(frozen=True, slots=True)
class AddedCandidates:
    """What an import has added to a round, and what is wrong with the other rows (the first of them)."""

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

    def columns(self, upload: str, reading: Reading = FOUND) -> CompletionColumns | None:
        """What the columns of a kept file most likely hold. Raises PromptFileError where it can't be read."""
        return completions.recognise_columns(self._uploads.format(upload, reading))

    def start(self, upload: str, columns: CompletionColumns, source: str, reading: Reading = FOUND) -> str:
        """Read the completions of a kept file, made by `source` where their rows say nothing else; the name of the reading.
        Raises PromptFileError where that is no name."""
        try:
            name = completions.one_source(source)
        except WrongRow as wrong:
            raise PromptFileError(f"the source {wrong.message}") from wrong
        settings, number = self._settings(), self._store.rounds()[-1].round
        version = self._store.prompt_book.version()
        asked = {
            "columns": asdict(columns),
            "source": name,
            "reading": asdict(reading),
            "seed": settings.seed,
            "scorers": list(settings.target.scorers),
            "unsealed": self._unsealed(),
            "rows": _ROWS.names,
        }
        state = (
            version,
            number,
            self._store.elsewhere.counts(number).candidates,
            self._store.round_counts(number).candidates,
        )
        digest = blake2b(json.dumps([asked, state], sort_keys=True).encode(), digest_size=8).hexdigest()
        file = self._uploads.file(upload)
        folder = file.parent / digest
        if (folder / "request.json").exists():
            return digest
        self._uploads.forget_placings(upload)
        with writable(folder.parent):
            folder.mkdir()
        pq.write_table(self._store.prompt_book.entries(), folder / "existing.parquet")
        pq.write_table(self._store.elsewhere.known(number), folder / "known.parquet")
        request = {**asked, "file": file.name, "version": version, "round": number, "memory": imports.MEMORY_BYTES}
        write_json(folder / "request.json", request)
        small = file.stat().st_size <= imports.SMALL_FILE and file.suffix not in PACKED
        if small and sum(self._store.prompt_counts().values()) <= imports.SMALL_PROJECT:
            work(folder)
        else:
            process.leave(process.start(folder, __name__, imports.LEAN))
        return digest

    def start_found(self, upload: str, source: str) -> str:
        """The same with the columns as they are recognised. Raises PromptFileError where none can hold completions."""
        columns = self.columns(upload)
        found = self._uploads.format(upload)
        if columns is None and found.text is None:
            raise PromptFileError(f"{self._uploads.name(upload)} {found.problem}")
        if columns is None:
            raise PromptFileError(
                f"{self._uploads.name(upload)} has no column of completions beside that of the prompt: call it completion, or "
                "name the columns"
            )
        return self.start(upload, columns, source)

    def state(self, upload: str, reading: str) -> CandidateImportState:
        folder = self._uploads.file(upload).parent / reading
        found = read_json(folder / "summary.json")
        if found is not None and "problem" in found:
            return CandidateImportState(problem=found["problem"])
        if found is not None:
            rows = tuple(Shown(**row) for row in found.pop("rows"))
            problems = tuple(Problem(**problem) for problem in found.pop("problems"))
            notes = tuple(found.pop("notes"))
            return CandidateImportState(preview=CandidatePreview(**found, rows=rows, problems=problems, notes=notes))
        if not process.is_alive(folder):
            if (folder / "summary.json").exists():
                return self.state(upload, reading)  # it has ended just now
            return CandidateImportState(problem="reading the file was broken off: read it again, or split it")
        progress = read_json(folder / "progress.json")
        return CandidateImportState(message="starting" if progress is None else str(progress["message"]))

    def problems(self, upload: str, reading: str) -> bytes:
        """All that is wrong with the rows of a file that was read, as CSV; empty where nothing is."""
        return self._uploads.problems(upload, reading)

    def cancel(self, upload: str, reading: str) -> None:
        self._uploads.cancel(upload, reading)

    def restart(self, upload: str, reading: str) -> None:
        """Forget a reading that was broken off, so that it is begun anew."""
        self._uploads.restart(upload, reading)

    @spoken
    def add(self, upload: str, reading: str, author: Actor = LOCAL) -> AddedCandidates:
        """Add what was read to the newest round, all of it or nothing, each completion of a prompt once however often it is
        added. Raises PromptError where prompts were added or retired since, or another round was opened."""
        folder = self._uploads.file(upload).parent / reading
        request, preview = read_json(folder / "request.json"), self.state(upload, reading).preview
        if request is None or preview is None:
            raise PromptError("the file is not read yet, or is not kept any more: read it again")
        with self._store.transaction("adding candidates made elsewhere"):
            number = self._store.rounds()[-1].round
            if tuple(request["version"]) != self._store.prompt_book.version() or request["round"] != number:
                raise PromptError("the project's prompts or its round have changed since the file was read: try again")
            rows, there = _not_there(pq.read_table(folder / "rows.parquet"), self._store.elsewhere.known(number))
            made = self._with_prompts(folder, self._uploads.name(upload) or "a file") if rows.num_rows else []
            if rows.num_rows:
                self._store.elsewhere.add(self._numbered(rows, made, number, author))
        self._uploads.forget(upload)
        return AddedCandidates(rows.num_rows, len(made), preview.there + there, preview.left_out, preview.problems)

    @spoken
    def run(
        self, file: str | Path, source: str, columns: CompletionColumns | None = None, author: Actor = LOCAL
    ) -> AddedCandidates:
        """Add completions that were made elsewhere (by `source`, where their rows say nothing else) to the newest round, from
        a file with a prompt and a completion, or a list of them, a row. People decide them; the rule does not, for there is no
        q of this project, and no rate, M or distance counts them. The same file again adds nothing. Raises PromptFileError or
        PromptError; then nothing changes."""
        file = Path(file)
        upload = self._uploads.keep_file(file)
        reading = self.start(upload, columns, source) if columns is not None else self.start_found(upload, source)
        give_up = time.monotonic() + WAIT_SECONDS
        while (state := self.state(upload, reading)).running:
            if time.monotonic() > give_up:
                self.cancel(upload, reading)
                raise PromptFileError(f"{file.name} was read for {WAIT_SECONDS:g} s in vain: split it")
            time.sleep(_POLL_SECONDS)
        if state.problem is not None:
            raise PromptFileError(state.problem)
        return self.add(upload, reading, author)

    def _with_prompts(self, folder: Path, name: str) -> list[int]:
        """Add the prompts that the project has not; their numbers."""
        new = pq.read_table(folder / _NEW).to_pylist()
        return self._store.prompt_book.add(
            ((row["text"], row["system"], row["reference"], Split.TRAIN, tuple(row["earlier"] or ())) for row in new),
            name,
        )

    def _numbered(self, rows: pa.Table, made: Sequence[int], number: int, author: Actor) -> pa.Table:
        """The rows as the store keeps them, each with its prompt, its k and its name."""
        next_k = self._store.elsewhere.next_k(number)
        prompts = [one if one >= 0 else made[-1 - one] for one in rows["prompt"].to_pylist()]
        ks = []
        for prompt_id in prompts:
            k = next_k.get(prompt_id, ELSEWHERE_K)
            if k >= 1 << K_BITS:
                raise PromptError(
                    f"prompt {prompt_id} has {k - ELSEWHERE_K:,} candidates made elsewhere: it takes no more"
                )
            next_k[prompt_id] = k + 1
            ks.append(k)
        count, now = rows.num_rows, utc_now()
        return pa.table(
            {
                "candidate_id": [candidate_id(number, *where) for where in zip(prompts, ks, strict=True)],
                "round": pa.repeat(pa.scalar(number, pa.int32()), count),
                "prompt_id": pa.array(prompts, pa.int32()),
                "k": pa.array(ks, pa.int32()),
                **{name: rows[name] for name in ("completion", "source", "token_count", "stated_log_q")},
                "author": pa.repeat(pa.scalar(author.name), count),
                "created_at": pa.repeat(pa.scalar(now, pa.timestamp("us")), count),
            }
        )


def _not_there(rows: pa.Table, known: pa.Table) -> tuple[pa.Table, int]:
    """The rows that the round has not, and how many it has: it may have got some since they were read."""
    taken = _digests(known)
    keep = [
        (prompt, _digest(text)) not in taken
        for prompt, text in zip(rows["prompt"].to_pylist(), rows["completion"].to_pylist(), strict=True)
    ]
    return rows.filter(pa.array(keep, pa.bool_())), keep.count(False)


def _digest(completion: str) -> str:
    """As the query completions_known makes it. It names a text and guards nothing."""
    return md5(completion.encode(), usedforsecurity=False).hexdigest()


def _digests(known: pa.Table) -> set[tuple[int, str]]:
    return set(zip(known["prompt_id"].to_pylist(), known["digest"].to_pylist(), strict=True))


def work(folder: Path) -> None:
    """Do what request.json in the folder of a reading asks for. An error for the person is written down as its outcome."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    try:
        summary = _read(folder, request)
    except MemoryError:  # pyarrow's too
        summary = {"problem": f"the file {imports.TOO_LARGE}"}
    except RsfError as error:
        summary = {"problem": str(error).replace(request["file"], "the file")}
    write_json(folder / "summary.json", summary)


def _read(folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    parsed = completions.parse(
        folder.parent / request["file"],
        CompletionColumns(**request["columns"]),
        reading=Reading(**request["reading"]),
        on_row=imports.telling(folder, "{:,} rows read"),
    )
    imports.say(folder, f"comparing the prompts of {len(parsed.rows):,} completions")
    existing = pq.read_table(folder / "existing.parquet")
    found = _Placed(existing, parsed.rows, request)
    known = _digests(pq.read_table(folder / "known.parquet"))
    kept, problems, there = found.kept(known)
    new = found.new_prompts([place for _, place in kept])
    places = [place if place >= 0 else -1 - new[place] for _, place in kept]
    table = {
        "prompt": places,
        "completion": [row.completion for row, _ in kept],
        "source": [row.source or request["source"] for row, _ in kept],
        "token_count": [row.token_count for row, _ in kept],
        "stated_log_q": [row.log_q for row, _ in kept],
    }
    write_whole(folder / "rows.parquet", lambda path: pq.write_table(pa.table(table, schema=_ROWS), path))
    prompts = [found.prompts[-1 - place] for place in new]
    columns = {name: [getattr(prompt, name) for prompt in prompts] for name in _PROMPTS.names}
    write_whole(folder / _NEW, lambda path: pq.write_table(pa.table(columns, schema=_PROMPTS), path))
    problems = sorted((*parsed.problems, *problems), key=lambda problem: (problem.kept, problem.line or 0))
    in_part = sum(problem.kept for problem in problems)
    if problems:
        write_problems(folder / PROBLEMS, problems)
    return {
        "candidates": len(kept),
        "known_prompts": len({place for place in places if place >= 0}),
        "new_prompts": len(prompts),
        "there": there,
        "with_log_q": sum(row.log_q is not None for row, _ in kept),
        "with_tokens": sum(row.token_count is not None for row, _ in kept),
        "left_out": len(problems) - in_part,
        "in_part": in_part,
        "rows": [_shown(row, request["source"]) for row, _ in kept[: imports.SHOWN_ROWS]],
        "problems": [asdict(problem) for problem in problems[: imports.SHOWN_PROBLEMS]],
        "notes": list(parsed.notes),
    }


class _Placed:
    """The prompt of each completion: one of the project, by its number, or a new one, −1 − i of `prompts`; else what is wrong
    with it."""

    def __init__(self, existing: pa.Table, rows: Sequence[CompletionRow], request: dict[str, Any]) -> None:
        self._rows = rows
        columns = ("prompt_id", "text", "split", "system", "earlier", "former")
        self._known: dict[str, tuple[int, str, bool]] = {}
        for number, text, split, system, earlier, former in zip(
            *(existing[c].to_pylist() for c in columns), strict=True
        ):
            name = identity(text, system, tuple(earlier or ()))
            if not former or name not in self._known:
                self._known[name] = number, split, former
        self._names = [identity(row.prompt.text, row.prompt.system, row.prompt.earlier) for row in rows]
        self.prompts: list[PromptRow] = []
        self._new: dict[str, int] = {}
        for name, row in zip(self._names, rows, strict=True):
            if name not in self._known and name not in self._new:
                self._new[name] = len(self.prompts)
                p = row.prompt
                self.prompts.append(PromptRow(p.text, p.reference, p.system, Split.TRAIN, row.line, p.earlier))
        placed = place_usable(
            self.prompts,
            lambda usable: comparing.place_here(existing, usable, 0.0, request["seed"]),
            request["scorers"],
            request["unsealed"],
        )
        fit = {identity(row.text, row.system, row.earlier) for row, _ in placed.rows}
        wrong = {problem.line: problem for problem in placed.problems}
        self._unfit = {
            name: wrong[self.prompts[at].line].message
            if self.prompts[at].line in wrong
            else "cannot be added; left out"
            for name, at in self._new.items()
            if name not in fit
        }

    def kept(self, known: set[tuple[int, str]]) -> tuple[list[tuple[CompletionRow, int]], list[Problem], int]:
        """The completions that can be added with their prompts, what is wrong with others, and how many are there already."""
        keys = [self._known[name][0] if name in self._known else -1 - self._new[name] for name in self._names]
        twice = completions.duplicates(self._rows, keys)
        kept: list[tuple[CompletionRow, int]] = []
        problems: list[Problem] = []
        there = 0
        for at, (row, name, key) in enumerate(zip(self._rows, self._names, keys, strict=True)):
            why = self._refused(name)
            if why is None and at in twice:
                why = f"is the same completion of its prompt as one of line {self._rows[twice[at]].line}; left out"
            if why is not None:
                problems.append(Problem(row.line, None, why))
            elif (key, _digest(row.completion)) in known:
                there += 1
            else:
                kept.append((row, key))
        return kept, problems, there

    def new_prompts(self, places: Sequence[int]) -> dict[int, int]:
        """The new prompts that have a completion to be added, by place, each with its number among them."""
        return {place: at for at, place in enumerate(dict.fromkeys(place for place in places if place < 0))}

    def _refused(self, name: str) -> str | None:
        if name in self._unfit:
            return f"its prompt {self._unfit[name]}"
        number, split, former = self._known.get(name, (0, Split.TRAIN, False))
        if former:
            return f"its prompt {number} is retired: put it back on the Prompts page first; left out"
        if split != Split.TRAIN:
            held = "sealed" if split == Split.SEALED else f"prompt {number}, which is held out"
            return f"its prompt is {held}: what models are compared on is not trained on; left out"
        return None


def _shown(row: CompletionRow, source: str) -> dict[str, Any]:
    prompt, text = row.prompt.whole[:_SHOWN], row.completion[:_SHOWN]
    return asdict(Shown(prompt, text, row.source or source, row.token_count, row.log_q))


def main() -> None:
    """`FOLDER`: do what a reading asks for."""
    folder = Path(sys.argv[1])
    imports.limit_memory(int(json.loads((folder / "request.json").read_text(encoding="utf-8"))["memory"]))
    work(folder)


if __name__ == "__main__":
    main()
