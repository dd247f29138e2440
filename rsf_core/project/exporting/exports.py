"""The exports of a project: previewed, written by a thread of the owner that reports progress, and listed afterwards.

    exports/NAME-DIGEST/   README.md, and train.jsonl, train.csv, train.parquet, or data/train-*.parquet

The digest is of everything in the folder, so the same set has the same name. An export is written to a temporary folder, which
is put in place whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from rsf_core.acceptance import bands
from rsf_core.domain.errors import ExportError, RsfError
from rsf_core.domain.files import read_json, writable, write_json
from rsf_core.domain.settings import Settings, Target
from rsf_core.domain.words import plural
from rsf_core.project.exporting import files, sources
from rsf_core.project.exporting.answered import answered_versions
from rsf_core.project.exporting.card import Facts, card
from rsf_core.project.exporting.finished import CARD, NOTE, FinishedExport, guide_file
from rsf_core.project.exporting.request import Pairing, Request, What
from rsf_core.project.exporting.rounds import Counted
from rsf_core.project.exporting.schemas import schema
from rsf_core.project.exporting.sources import AT_ONCE, AllRounds, Source
from rsf_core.review.agreement import Agreement
from rsf_core.review.onlooking import Find
from rsf_core.store.exported import TABLES
from rsf_core.store.review_records import GuideVersion
from rsf_core.store.store import Store

log = logging.getLogger(__name__)
SCRATCH = ".export-"
PREVIEW_ROWS = 5
KEPT_STATES = 32
CLOSE_SECONDS = 10.0
_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class Preview:
    """What an export would hold: the first rows, how many there are, and from which rounds or curated set."""

    rows: tuple[dict[str, Any], ...]
    counted: Counted
    rounds: tuple[int, ...]
    curated_id: str | None


@dataclass(frozen=True, slots=True)
class ExportState:
    """The state of an export: `export` once it is there, `problem` if it ended otherwise."""

    export_id: str
    done: int
    total: int
    message: str
    export: FinishedExport | None = None
    problem: str | None = None

    @property
    def running(self) -> bool:
        return self.export is None and self.problem is None


@dataclass(slots=True)
class _Running:
    state: ExportState
    cancelled: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None


class Exports:
    def __init__(
        self,
        folder: Path,
        store: Store,
        settings: Callable[[], Settings],
        target: Callable[[int], Target | None],
        agreement: Callable[[int], Agreement],
        onlooking: Find,
    ) -> None:
        self._folder, self._store = folder, store
        self._settings, self._target, self._agreement = settings, target, agreement
        self._onlooking = onlooking
        self._running: dict[str, _Running] = {}
        self._lock, self._turn = threading.Lock(), threading.Lock()
        for left in self._place.glob(f"{SCRATCH}*"):  # left by an owner that was killed
            shutil.rmtree(left, ignore_errors=True)

    # -- before --------------------------------------------------------------------------------------------------------

    def preview(self, request: Request, count: int = PREVIEW_ROWS, onlooker: str | None = None) -> Preview:
        """The first rows of an export, and how many it has. `onlooker` is the reviewer who asks, None for an owner: gold items
        look to a reviewer like any other candidates. Raises ExportError, or StageError if there is nothing to export yet."""

        def read() -> Preview:
            source = sources.find(self._store, request, self._target, lambda number: self._onlooking(number, onlooker))
            first = tuple(islice((row for part in source.rows(1) for row in part), count))
            return Preview(first, source.counted, source.rounds, source.curated_id)

        return self._store.unchanged(("export preview", request, count, onlooker), TABLES, read)

    # -- writing -------------------------------------------------------------------------------------------------------

    def start(self, request: Request, out: Path | None = None) -> str:
        """Start to write an export into the project's exports, or into the new folder `out`; returns its id for `state`.
        Exports are written one after the other. Raises ExportError."""
        _check_out(out)
        export_id = uuid.uuid4().hex[:12]
        running = _Running(ExportState(export_id, 0, 0, "waiting for its turn"))
        running.thread = threading.Thread(
            target=self._work, args=(running, request, out), name=f"export {export_id}", daemon=True
        )
        with self._lock:
            self._running[export_id] = running
            ended = [name for name, other in self._running.items() if not other.state.running]
            for name in ended[: max(0, len(self._running) - KEPT_STATES)]:
                del self._running[name]
        running.thread.start()
        return export_id

    def state(self, export_id: str) -> ExportState:
        """The state of an export. Raises ExportError if this process does not know it."""
        return self._begun(export_id).state

    def running(self) -> list[ExportState]:
        """The exports that are being written or wait."""
        with self._lock:
            return [one.state for one in self._running.values() if one.state.running]

    def cancel(self, export_id: str) -> None:
        """Ask an export to stop; what it has written is deleted. Raises ExportError if this process does not know it."""
        self._begun(export_id).cancelled.set()

    def write(
        self,
        request: Request,
        out: Path | None = None,
        on_rows: Callable[[int, int], None] = lambda done, total: None,
    ) -> FinishedExport:
        """Write an export at once. `on_rows` is called with the number of rows written and their total. Raises ExportError or
        StageError if there is nothing to export, OutOfSpaceError on a full disk; then nothing is left behind."""
        _check_out(out)
        source = sources.find(self._store, request, self._target)
        total = source.counted.rows
        if total == 0:
            raise ExportError(_nothing(request, source.counted))
        parent = self._place if out is None else out.parent
        with writable(parent):
            parent.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=parent))
            try:
                columns = schema(request.what, request.shaped, request.all_rounds)
                written = files.write(aside, request.format, columns, _reported(source.rows(AT_ONCE), total, on_rows))
                facts = self._facts(request, source, written)
                (aside / CARD).write_text(card(facts), "utf-8", "replace", "\n")
                for guide in self._guides(facts):
                    name = guide_file(guide.version)
                    (aside / name).write_text(guide.text, "utf-8", "replace", newline="")
                return self._put(aside, request, source, sum(count for _, count in written), out)
            finally:
                shutil.rmtree(aside, ignore_errors=True)

    # -- afterwards ----------------------------------------------------------------------------------------------------

    def finished(self) -> list[FinishedExport]:
        """The exports of the project, the newest first."""
        ordered = []
        for note in self._place.glob(f"*/{NOTE}"):
            about = read_json(note)
            if about is not None:
                ordered.append((int(about["order"]), FinishedExport.read(note.parent, about)))
        return [export for _, export in sorted(ordered, key=lambda one: -one[0])]

    def delete(self, name: str) -> None:
        """Delete an export. Raises ExportError if there is none of this name."""
        export = self._named(name)
        with writable(self._place):
            shutil.rmtree(export.folder)

    def close(self) -> None:
        """Stop the exports that are being written; nothing of them is left."""
        with self._lock:
            exports = list(self._running.values())
        for one in exports:
            one.cancelled.set()
        for one in exports:
            if one.thread is not None:
                one.thread.join(CLOSE_SECONDS)

    # ------------------------------------------------------------------------------------------------------------------

    def _begun(self, export_id: str) -> _Running:
        with self._lock:  # another thread may start an export, which forgets the oldest that have ended
            if export_id not in self._running:
                raise ExportError(f"no export {export_id!r} was begun since the project was opened: begin it again")
            return self._running[export_id]

    def _named(self, name: str) -> FinishedExport:
        export = next((export for export in self.finished() if export.name == name), None)
        if export is None:
            raise ExportError(f"there is no export {name!r} (any more): write it again")
        return export

    @property
    def _place(self) -> Path:
        return self._folder / "exports"

    def _facts(self, request: Request, source: Source | AllRounds, written: list[tuple[str, int]]) -> Facts:
        store, number = self._store, source.round_number
        model_id = next(one.model_id for one in store.rounds() if one.round == number)
        thresholds = store.thresholds(number)
        target = self._target(number)
        opinions = store.exported.opinions(number)
        reviewers = opinions.counts
        record = next((curated for curated in store.curated_sets() if curated.curated_id == source.curated_id), None)
        if record is not None:
            specs = {one["target_id"]: one["spec"] for one in store.targets()}
            spec = specs.get(record.target_id)
        else:
            spec = None if target is None else target.model_dump(mode="json")
        parts = tuple(self._facts(request, part, []) for part in source.parts)
        return Facts(
            project=self._folder.name,
            task=self._settings().task,
            request=request,
            schema=schema(request.what, request.shaped, request.all_rounds),
            files=written,
            round_number=number,
            model_id=model_id,
            model_name=next(
                (model.name for model in store.models() if model.model_id == model_id), self._settings().model
            ),
            laws=store.sampling_laws(number),
            target=spec,
            threshold=thresholds[0] if thresholds else None,
            counts=store.round_counts(number),
            rates=bands.rates(store.prompt_kinds(number)),
            curated=record,
            counted=source.counted,
            reviewers=reviewers,
            agreement=self._agreement(number) if reviewers else None,
            guide=next(iter(store.guides.all()), None),
            by_guide=opinions.by_guide,
            questions=answered_versions(store, number),
            parts=parts,
        )

    def _guides(self, facts: Facts) -> list[GuideVersion]:
        """The newest version of the guide, and those under which opinions in the export were given."""
        versions = {version for part in (*facts.parts, facts) for version in part.by_guide}
        return [one for at, one in enumerate(self._store.guides.all()) if at == 0 or one.version in versions]

    def _put(
        self, aside: Path, request: Request, source: Source | AllRounds, rows: int, out: Path | None
    ) -> FinishedExport:
        """Put a finished folder in its place; if the same export is already there, that one stays."""
        about = {
            "what": request.what,
            "format": request.format,
            "rows": rows,
            "order": 1 + max((_order(note) for note in self._place.glob(f"*/{NOTE}")), default=0),
        }
        if out is None:
            of = "rounds" if request.all_rounds else source.curated_id or f"r{source.round_number}"
            parts = [request.what, of, request.shaped, request.format]
            parts += [request.pairing] if request.what is What.PREFERENCE else []
            place = self._place / "-".join([*parts, _digest(aside)[:12]])
            if place.exists():
                return FinishedExport.read(place, about)
            write_json(aside / NOTE, about)
        else:
            place = out
        for path in [*aside.rglob("*"), aside]:
            if path.is_file():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        os.replace(aside, place)  # this also replaces an empty folder
        return FinishedExport.read(place, about)

    def _work(self, running: _Running, request: Request, out: Path | None) -> None:
        export_id = running.state.export_id

        def on_rows(done: int, total: int) -> None:
            if running.cancelled.is_set():
                raise _CancelledError("the export was cancelled; nothing of it is left")
            running.state = ExportState(export_id, done, total, f"{done:,} of {plural(total, 'row')} written")

        try:
            with self._turn:
                on_rows(0, 0)
                running.state = ExportState(export_id, 0, 0, "counting")
                export = self.write(request, out, on_rows)
            running.state = ExportState(export_id, export.rows, export.rows, "done", export=export)
        except RsfError as error:
            running.state = ExportState(export_id, running.state.done, running.state.total, "", problem=str(error))
        except Exception as error:
            log.exception("the export %s broke off", export_id)
            problem = f"the export failed: {type(error).__name__}: {error}"
            running.state = ExportState(export_id, running.state.done, running.state.total, "", problem=problem)


class _CancelledError(ExportError):
    pass


def _reported(
    parts: Iterator[list[dict[str, Any]]], total: int, on_rows: Callable[[int, int], None]
) -> Iterator[dict[str, Any]]:
    done = 0
    for part in parts:
        on_rows(done, total)
        yield from part
        done += len(part)
    on_rows(done, total)


def _nothing(request: Request, counted: Counted) -> str:
    if request.what is What.PREFERENCE and request.pairing is Pairing.COMPARED:
        ties = f" but {plural(counted.tied, 'pair')} without a majority" if counted.tied else ""
        return f"there is no pair: nobody has compared or ranked candidates of this round{ties}. Review has the mode Compare"
    if request.what is What.PREFERENCE and counted.accepted and counted.rejected:
        return (
            f"there is no pair: {plural(counted.accepted, 'completion')} accepted and {counted.rejected:,} rejected, but no "
            "prompt has both"
            + (" with the higher reward accepted" if request.pairing is Pairing.REWARD else "")
            + ". Review some, draw more, or choose another pairing"
        )
    return (
        f"there is nothing to export as {request.what}: of {plural(counted.candidates, 'candidate')} "
        f"{counted.accepted:,} accepted and {counted.rejected:,} rejected texts are left"
    )


def _check_out(out: Path | None) -> None:
    if out is None:
        return
    if not out.is_absolute():
        raise ExportError(
            f"{out} is not an absolute path, and the owner of the project may run elsewhere: give the whole path"
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ExportError(f"{out} already exists: an export is written to a new folder")


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
            with path.open("rb") as file:
                while part := file.read(_READ):
                    digest.update(part)
    return digest.hexdigest()


def _order(note: Path) -> int:
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return int(read_json(note)["order"])
    return 0
