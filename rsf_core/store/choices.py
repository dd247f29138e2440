"""Comparisons and rankings of candidates of a prompt, as acts: appended, never changed, taken back by appending again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Generic, TypeVar

from rsf_core.domain import ActOutcome, Choice, ChoiceKind, parse_candidate_id
from rsf_core.domain.access import checks_name
from rsf_core.domain.errors import StageError
from rsf_core.store.database import Database, utc_now
from rsf_core.store.guides import Guides
from rsf_core.store.last_rounds import LastRounds
from rsf_core.store.word_log import Word, WordLog

KEPT = 3  # rounds
W = TypeVar("W", bound=Word)
L = TypeVar("L", bound=WordLog[Any, Any])


class Choices(ABC, Generic[W, L]):
    """One kind of choice. A subclass defines its table, how a row is made, and what is refused."""

    table: str
    kind: ChoiceKind
    known: str  # the query for the rows of acts
    done: str  # for messages: what a reviewer without a choice in a round has not done

    def __init__(self, database: Database, guides: Guides) -> None:
        self._db, self._guides = database, guides
        self._logs: LastRounds[L] = LastRounds(self.new_log, KEPT)

    @abstractmethod
    def new_log(self, round_number: int) -> L:
        """An empty log of a round of this kind."""

    @abstractmethod
    def ids(self, row: dict[str, Any]) -> tuple[str, ...]:
        """The candidates that a row of `known` is about."""

    @abstractmethod
    def ids_of(self, word: W) -> tuple[str, ...]:
        """The candidates that a word is about."""

    @abstractmethod
    def content(self, choice: Choice) -> dict[str, Any]:
        """The content of a choice, as columns."""

    @abstractmethod
    def content_of(self, word: W) -> dict[str, Any]:
        """The content of a word, as columns."""

    @abstractmethod
    def nonsense(self, choice: Choice) -> str | None:
        """Why a choice is not valid, whatever the round holds; or None."""

    def log(self, round_number: int) -> L:
        """The log of a round. Hold its lock and refresh it before reading it."""
        if self._db.in_transaction:  # what is written here may be rolled back
            return self.new_log(round_number)
        return self._logs.of(round_number)

    def standing(self, round_number: int) -> list[W]:
        """Every choice in effect in a round."""
        log = self.log(round_number)
        with log.lock:
            log.refresh()
            return list(log.standing())

    @checks_name
    def say_all(self, choices: Sequence[Choice], round_number: int, reviewer: str) -> list[ActOutcome]:
        """Save a reviewer's choices in a round, in order and in one transaction. A choice that was saved before changes
        nothing; a choice that is not valid is refused alone. The outcome of an undo names the candidates of the choice
        it took back."""
        log = self.log(round_number)
        with ExitStack() as held:
            try:
                with self._db.transaction(f"saving what {reviewer} said of candidates of a prompt"):
                    held.enter_context(log.lock)  # until the commit: nobody else reads what may be rolled back
                    log.refresh()
                    return self._perform(choices, log, round_number, reviewer)
            except BaseException:
                with log.lock:
                    log.forget()
                raise

    @checks_name
    def one(self, choice: Choice, round_number: int, reviewer: str) -> ActOutcome:
        """Save one choice. Raises StageError if it is refused."""
        (outcome,) = self.say_all([choice], round_number, reviewer)
        if outcome.refused is not None:
            raise StageError(outcome.refused)
        return outcome

    def _perform(self, choices: Sequence[Choice], log: L, round_number: int, reviewer: str) -> list[ActOutcome]:
        rows = self._db.look_up(self.known, [choice.act for choice in choices])
        before: dict[str, tuple[str, ...]] = {row["act"]: self.ids(row) for row in rows}
        outcomes: list[ActOutcome] = []
        for choice in choices:
            if choice.act in before:
                outcomes.append(ActOutcome(choice.act, before[choice.act], known=True))
                continue
            outcomes.append(self._save(choice, log, round_number, reviewer))
            if outcomes[-1].refused is None:
                before[choice.act] = outcomes[-1].candidate_ids
        return outcomes

    def _save(self, choice: Choice, log: L, round_number: int, reviewer: str) -> ActOutcome:
        newest = self._guides.version()
        refused = self._refusal(choice, round_number, newest)
        if refused is not None:
            return ActOutcome(choice.act, choice.candidate_ids, refused)
        ids, target = choice.candidate_ids, None
        if choice.kind is ChoiceKind.UNDO:
            last = log.last_of(reviewer)
            if last is None:
                return ActOutcome(
                    choice.act, (), f"there is nothing to undo: {reviewer} {self.done} in round {round_number}"
                )
            ids, target, content = self.ids_of(last), last.act, self.content_of(last)
        else:
            content = self.content(choice)
        row: dict[str, Any] = {"act": choice.act, "kind": str(choice.kind), "round": round_number, "reviewer": reviewer}
        row |= content | {"target": target, "created_at": utc_now()}
        self._db.insert(self.table, [row | {"guide": newest if choice.guide is None else choice.guide}])
        log.read_on()
        return ActOutcome(choice.act, ids)

    def _refusal(self, choice: Choice, round_number: int, guide: int) -> str | None:
        """Why the choice is refused, or None; `guide` is the newest version of the guide."""
        if choice.guide is not None and not 0 <= choice.guide <= guide:
            return f"there is no version {choice.guide} of the guide: the newest is {guide}"
        if choice.kind is ChoiceKind.UNDO:
            return None
        nonsense = self.nonsense(choice)
        if nonsense is not None:
            return nonsense
        places = [parse_candidate_id(name) for name in choice.candidate_ids]
        for name, parsed in zip(choice.candidate_ids, places, strict=True):
            if parsed is None or parsed[0] != round_number:
                return f"there is no candidate {name[:60]!r} in round {round_number}"
        prompts = {parsed[1] for parsed in places if parsed is not None}
        names = choice.candidate_ids
        if len(set(names)) != len(names) or len(prompts) != 1:
            count = {2: "two"}.get(len(names), str(len(names)))
            return f"{', '.join(names[:-1])} and {names[-1]} are not {count} candidates of one prompt"
        known = {row["candidate_id"] for row in self._db.look_up("candidates_of_few_prompts", list(prompts))}
        missing = [name for name in names if name not in known]
        return f"there is no candidate {missing[0]!r} in round {round_number}" if missing else None
