"""The prompts of a project: adding those that can be added, editing, retiring, restoring and sealing them.

What was drawn, decided and curated never changes: an edited prompt is a new prompt, which replaces the earlier one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Unpack

from rsf_core.domain import JobKind, JobState, Prompt, Split
from rsf_core.domain.access import LOCAL, Actor, requires_actor
from rsf_core.domain.errors import PromptError
from rsf_core.domain.settings import Settings
from rsf_core.prompts import Problem, PromptRow, comparing, identity
from rsf_core.scorers import registry
from rsf_core.scorers.registry import ReferenceProblem
from rsf_core.store.records import PromptFilters, PromptPage, PromptRecord, Room
from rsf_core.store.store import Store

OPENED = "the sealed prompts were opened, so none can be added, changed or removed any more"
CHANGED_MEANWHILE = "the project's prompts have changed while they were compared: try again"
_KEPT = 4  # placings, each as large as its file


@dataclass(frozen=True, slots=True)
class Placement:
    """The rows that can be added, each with its split, and the problems of the others."""

    rows: tuple[tuple[PromptRow, Split], ...]
    problems: tuple[Problem, ...]

    def count(self, split: Split) -> int:
        return sum(side is split for _, side in self.rows)


def place_usable(
    rows: Sequence[PromptRow],
    place: Callable[[Sequence[PromptRow]], tuple[list[tuple[PromptRow, Split]], list[Problem]]],
    scorers: Sequence[str],
    unsealed: bool = False,
) -> Placement:
    """Place the rows whose reference each of `scorers` can read; the others are left out, with what to do about them.
    `unsealed`: the sealed prompts were opened, and none is added to them."""
    wrong = unreadable(rows, scorers)
    left_out = {id(row) for row, _ in wrong}
    placed, problems = place([row for row in rows if id(row) not in left_out])
    late = [row for row, split in placed if unsealed and split is Split.SEALED]
    problems += [late_for_sealed(row.line) for row in late]
    kept = ((row, split) for row, split in placed if not (unsealed and split is Split.SEALED))
    return Placement(tuple(kept), (*(problem for _, problem in wrong), *problems))


def unreadable(rows: Sequence[PromptRow], scorers: Sequence[str]) -> list[tuple[PromptRow, Problem]]:
    """The rows whose reference is missing or unreadable for one of `scorers`, each with what to do."""
    problems = []
    for wrong in registry.reference_problems(
        scorers, [Prompt(i, row.text, row.reference) for i, row in enumerate(rows)]
    ):
        row = rows[wrong.prompt_id]
        problems.append((row, wrong_reference(row.line, wrong.scorer, wrong.problem)))
    return problems


def wrong_reference(line: int | None, scorer: str, problem: str) -> Problem:
    """The problem that a scorer of the target has with the reference of a row."""
    message = (
        f"the scorer {scorer!r} of the target {problem}; correct the reference, choose another column for it, "
        "or change the target; left out"
    )
    return Problem(line, "reference", message)


def late_for_sealed(line: int | None) -> Problem:
    """The problem of a row that asks to be sealed after the sealed prompts were opened."""
    return Problem(line, "split", f"{OPENED}; left out")


class PromptBook:
    def __init__(self, store: Store, settings: Callable[[], Settings], room: Callable[[], Room]) -> None:
        self._store, self._settings, self._room = store, settings, room
        self._placements: OrderedDict[bytes, Placement] = OrderedDict()
        self._guard = threading.Lock()
        self._unusable = lru_cache(maxsize=2)(self._find_unusable)

    # -- looking -------------------------------------------------------------------------------------------------------

    def prompts(self, split: Split | None = None, *, retired: bool = False) -> list[Prompt]:
        """The prompts in use; with `retired` also those no longer in use."""
        return self._store.prompts(split, retired=retired)

    def counts(self) -> dict[Split, int]:
        """How many prompts are in use, by split."""
        return self._store.prompt_counts()

    def page(
        self,
        limit: int,
        offset: int = 0,
        **filters: Unpack[PromptFilters],
    ) -> PromptPage:
        """A page of the list of prompts, by number."""
        return self._store.prompt_book.page(limit, offset, self._room(), **filters)

    def is_unsealed(self) -> bool:
        """Whether the sealed prompts were opened."""
        return self._store.sealed.opening() is not None

    def version(self) -> tuple[int, int]:
        """Changes whenever the prompts change."""
        return self._store.prompt_book.version()

    def with_reference(self) -> int:
        """How many prompts in use have a reference."""
        return self._store.prompt_book.with_reference()

    def prompt(self, prompt_id: int) -> PromptRecord:
        """A prompt with its whole text, in use or not. Raises PromptError if it does not exist or is sealed."""
        prompt = self._of([prompt_id])[0]
        if prompt.split is Split.SEALED and not self.is_unsealed():
            raise PromptError(f"prompt {prompt_id} is sealed: nobody sees it before the sealed prompts are opened")
        return prompt

    def unusable(self) -> list[ReferenceProblem]:
        """The prompts in use whose reference a scorer of the target cannot read; cached for the same prompts and scorers."""
        return self._unusable(self.version(), tuple(self._settings().target.scorers))

    def _find_unusable(self, version: tuple[int, int], scorers: tuple[str, ...]) -> list[ReferenceProblem]:
        check = registry.ReferenceCheck(scorers)
        if not check.needed:
            return []
        problems = ((number, check.problem(reference)) for number, reference in self._store.prompt_book.references())
        return [ReferenceProblem(number, *wrong) for number, wrong in problems if wrong is not None]

    # -- adding --------------------------------------------------------------------------------------------------------

    def key(self, rows: Sequence[PromptRow], held_out_share: float) -> bytes:
        """The key of a placing: a hash of the rows, the existing prompts, the share and the target's scorers."""
        digest = blake2b(digest_size=16)
        settings = self._settings()
        digest.update(repr((self._store.prompt_book.version(), held_out_share, settings.seed)).encode())
        digest.update(repr((settings.target.scorers, self.is_unsealed())).encode())
        for row in rows:
            digest.update(repr(row).encode())
        return digest.digest()

    def earlier_placement(self, key: bytes) -> Placement | None:
        """An earlier placing with this key, or None."""
        with self._guard:
            return self._placements.get(key)

    def placed(self, rows: Sequence[PromptRow], held_out_share: float) -> Placement:
        """The split of each row, and the problems of those that cannot be added: duplicates, a reference that a scorer of the
        target cannot read, a requested split that would put near-duplicates on both sides. Cached for the same rows and
        prompts."""
        key = self.key(rows, held_out_share)
        placed = self.earlier_placement(key)
        if placed is None:
            placed = self._place(rows, held_out_share)
            with self._guard:
                self._placements[key] = placed
                while len(self._placements) > _KEPT:
                    self._placements.popitem(last=False)
        return placed

    def _place(self, rows: Sequence[PromptRow], held_out_share: float) -> Placement:
        settings = self._settings()
        known = self._store.prompt_book.entries()
        return place_usable(
            rows,
            lambda usable: comparing.place(known, usable, held_out_share, settings.seed),
            settings.target.scorers,
            self.is_unsealed(),
        )

    def check(
        self, rows: Sequence[PromptRow], held_out_share: float
    ) -> tuple[list[tuple[PromptRow, Split]], list[Problem]]:
        """The rows that can be added, each with its split (by hash, near-duplicates together), and the problems of the others
        by line: duplicates, a reference that a scorer of the target cannot read, or a requested split that would put
        near-duplicates on both sides."""
        placed = self.placed(rows, held_out_share)
        return list(placed.rows), list(placed.problems)

    def add(self, rows: Sequence[PromptRow], source: str, split: Split = Split.TRAIN) -> int:
        """Add prompts as they are; a row without a split goes to `split`. Use `check` before. Raises PromptError for a sealed
        row if the sealed prompts were opened."""
        if self.is_unsealed() and any((row.split or split) is Split.SEALED for row in rows):
            raise PromptError(OPENED)
        return self._store.add_prompts(
            ((r.text, r.system, r.reference, r.split or split, r.earlier) for r in rows), source
        )

    def add_usable(self, rows: Sequence[PromptRow], source: str, held_out_share: float = 0.25) -> list[Problem]:
        """Add the rows that can be added, and return the problems of the others."""
        version = self.version()
        placed = self.placed(rows, held_out_share)
        with self._store.transaction("adding prompts"):
            if self.version() != version:  # comparing with many prompts takes seconds
                raise PromptError(CHANGED_MEANWHILE)
            self.add([row for row, _ in placed.rows], source)
        return list(placed.problems)

    # -- keeping -------------------------------------------------------------------------------------------------------

    @requires_actor
    def retire(self, prompt_ids: Sequence[int], author: Actor = LOCAL) -> None:
        """Take prompts out of use: they are no longer drawn, evaluated or waited for. Raises PromptError if one already is."""
        with self._store.transaction("retiring prompts"):
            for prompt in self._of(prompt_ids):
                self._refuse_unsealed(prompt)
                if prompt.retired is not None:
                    raise PromptError(f"prompt {prompt.prompt_id} is retired already")
            self._store.prompt_book.say(list(dict.fromkeys(prompt_ids)), "retire", author.name)

    @requires_actor
    def restore(self, prompt_ids: Sequence[int], author: Actor = LOCAL) -> None:
        """Put retired prompts back. Raises PromptError if one is in use, was replaced by one in use, was sealed under another
        number, or would then be there twice."""
        version, names = self.version(), {_identity(prompt) for prompt in self._of(prompt_ids)}
        # before anything is locked: many prompts take seconds
        taken = comparing.in_use(self._store.prompt_book.entries(), names)
        with self._store.transaction("putting prompts back"):
            if self.version() != version:
                raise PromptError(CHANGED_MEANWHILE)
            for prompt in self._of(prompt_ids):
                self._refuse_unsealed(prompt)
                if prompt.retired is None:
                    raise PromptError(f"prompt {prompt.prompt_id} is in use already")
                self._refuse_replaced(prompt)
                same = taken.setdefault(_identity(prompt), prompt.prompt_id)
                if same != prompt.prompt_id:
                    raise PromptError(f"prompt {prompt.prompt_id} is the same as prompt {same}, which is in use")
            self._store.prompt_book.say(list(dict.fromkeys(prompt_ids)), "restore", author.name)

    @requires_actor
    def edit(self, prompt_id: int, row: PromptRow, author: Actor = LOCAL) -> int:
        """Replace a prompt by `row`, in the same split; returns its new number. Candidates drawn for the earlier text keep
        that prompt. Raises PromptError if the prompt is sealed or retired, nothing changes, or the new one exists already,
        nearly repeats one in another split, or has a reference that the target cannot use."""
        version = self.version()
        old = self._of([prompt_id])[0]
        if old.split is Split.SEALED:
            raise PromptError(f"prompt {prompt_id} is sealed: it stays as it was sealed")
        if old.retired is not None:
            raise PromptError(f"prompt {prompt_id} is retired: restore it before you edit it")
        new = replace(row, text=row.text.strip(), reference=(row.reference or "").strip() or None, split=old.split)
        new = replace(new, system=(row.system or "").strip() or None, line=None)
        if not new.text:
            raise PromptError("the prompt is empty: write what the model should be asked")
        if (new.text, new.reference, new.system, new.earlier) == (old.text, old.reference, old.system, old.earlier):
            raise PromptError(f"prompt {prompt_id} is unchanged")
        for _, problem in unreadable([new], self._settings().target.scorers):
            raise PromptError(f"{problem.message.removesuffix('; left out')}")
        after, before = ((one.text, one.system, one.earlier) for one in (new, old))
        same_text = identity(*after) == identity(*before)
        # before anything is locked: with many prompts it takes seconds
        like = comparing.likeness(self._store.prompt_book.entries(), prompt_id, new, same_text)
        if like.same_as is not None:
            raise PromptError(f"this is the same as prompt {like.same_as}: retire one of them instead")
        if like.across is not None:
            raise PromptError(f"prompt {prompt_id} is {new.split}, and this is {like.across}")
        with self._store.transaction(f"editing prompt {prompt_id}"):
            if self.version() != version:
                raise PromptError(CHANGED_MEANWHILE)
            (number,) = self._store.prompt_book.add(
                [(new.text, new.system, new.reference, old.split, new.earlier)],
                f"edit of prompt {prompt_id} by {author.name}",
            )
            if after == before:
                self._store.prompt_book.copy_lengths({prompt_id: number})
            self._store.prompt_book.say([prompt_id], "replace", author.name, number)
            return number

    @requires_actor
    def seal(self, prompt_ids: Sequence[int], author: Actor = LOCAL) -> list[int]:
        """Seal held-out prompts for which nothing was drawn yet; returns their new numbers. Raises PromptError if one is not
        held out and in use, was compared on, or nearly repeats one that is not sealed, or if the sealed prompts were
        opened."""
        chosen, version = list(dict.fromkeys(prompt_ids)), self.version()
        self._sealable(chosen)
        # before anything is locked: many prompts take a minute
        alike = comparing.nearly_the_same(self._store.prompt_book.entries(), chosen)
        with self._store.transaction("sealing prompts"):
            if self.version() != version:
                raise PromptError(CHANGED_MEANWHILE)
            moved = self._sealable(chosen)
            if alike is not None:
                what = f"prompt {alike[0]} is nearly the same as prompt {alike[1]}"
                if self._of([alike[1]])[0].retired is None:
                    raise PromptError(f"{what}: seal both, or retire one of them")
                raise PromptError(f"{what}, which was in use before: add another prompt, and seal that")
            rows = [(p.text, p.system, p.reference, Split.SEALED, p.earlier) for p in moved]
            numbers = self._store.prompt_book.add(rows, f"sealed by {author.name}")
            self._store.prompt_book.copy_lengths(dict(zip(chosen, numbers, strict=True)))
            for prompt, number in zip(moved, numbers, strict=True):
                self._store.prompt_book.say([prompt.prompt_id], "replace", author.name, number)
            return numbers

    def _sealable(self, chosen: Sequence[int]) -> list[PromptRecord]:
        """The prompts with these numbers. Raises PromptError if one cannot be sealed for a reason other than
        near-duplicates."""
        if self.is_unsealed():
            raise PromptError(OPENED)
        moved = self._of(chosen)
        for prompt in moved:
            if prompt.split is not Split.HELD_OUT or prompt.retired is not None:
                raise PromptError(f"prompt {prompt.prompt_id} is not held out and in use: only such can be sealed")
        newest = {job.round: job for job in self._store.jobs() if job.kind is JobKind.EVALUATE}
        if any(job.state is not JobState.DONE for job in newest.values()):  # it has the prompts, and may go on
            raise PromptError("models are being compared on the held-out prompts: seal some when that is done")
        seen = self._store.sealed.compared_on(chosen)
        if seen:
            raise PromptError(
                f"models were compared on {_numbers(seen)} already: seal such as nothing was drawn for, or add new ones"
            )
        return moved

    def _refuse_unsealed(self, prompt: PromptRecord) -> None:
        if prompt.split is Split.SEALED and self.is_unsealed():
            raise PromptError(f"prompt {prompt.prompt_id}: {OPENED}")

    def _refuse_replaced(self, prompt: PromptRecord) -> None:
        """Raises PromptError if another prompt replaced this one and is in use, or is sealed: a sealed text is never shown or
        drawn for, even while it is retired."""
        if prompt.replaced_by is None:
            return
        newer = self._of([prompt.replaced_by])[0]
        if newer.split is Split.SEALED:
            raise PromptError(
                f"prompt {prompt.prompt_id} was sealed and is prompt {newer.prompt_id} now: put that back"
            )
        if newer.retired is None:
            raise PromptError(
                f"prompt {prompt.prompt_id} was edited and is prompt {newer.prompt_id} now: edit that, or retire it first"
            )

    def _of(self, prompt_ids: Sequence[int]) -> list[PromptRecord]:
        by_id = {prompt.prompt_id: prompt for prompt in self._store.prompt_book.by_id(prompt_ids)}
        for prompt_id in prompt_ids:
            if prompt_id not in by_id:
                raise PromptError(f"there is no prompt {prompt_id}")
        return [by_id[prompt_id] for prompt_id in prompt_ids]


def _identity(prompt: PromptRecord) -> str:
    return identity(prompt.text, prompt.system, prompt.earlier)


def _numbers(prompt_ids: Sequence[int]) -> str:
    more = f" and {len(prompt_ids) - 5:,} more" if len(prompt_ids) > 5 else ""
    return f"prompt{'s' if len(prompt_ids) > 1 else ''} " + ", ".join(map(str, prompt_ids[:5])) + more
