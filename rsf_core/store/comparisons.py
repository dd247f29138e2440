"""What people said of two candidates of a prompt, as acts: appended, never changed, taken back by appending again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from rsf_core.domain import Choice, ChoiceKind, Verdict, parse_candidate_id
from rsf_core.domain.access import named
from rsf_core.domain.errors import StageError
from rsf_core.store.acts import Said
from rsf_core.store.comparison_log import ComparisonLog, Pair
from rsf_core.store.database import Database, utc_now
from rsf_core.store.guides import Guides
from rsf_core.store.last_rounds import LastRounds
from rsf_core.store.records import ComparisonRecord

KEPT = 3  # rounds


class Comparisons:
    def __init__(self, database: Database, guides: Guides) -> None:
        self._db, self._guides = database, guides
        self._logs = LastRounds(partial(ComparisonLog, database), KEPT)

    def log(self, round_number: int) -> ComparisonLog:
        """The log of a round; hold its lock, and refresh it, while asking it."""
        if self._db.in_transaction:  # what is written here may never come to hold
            return ComparisonLog(self._db, round_number)
        return self._logs.of(round_number)

    def standing(self, round_number: int) -> list[ComparisonRecord]:
        """All that holds in a round."""
        log = self.log(round_number)
        with log.lock:
            log.refresh()
            return list(log.standing())

    @named
    def say_all(self, choices: Sequence[Choice], round_number: int, reviewer: str) -> list[Said]:
        """Keep what a reviewer says in a round, in order and all of it together. What was said before changes nothing; what
        makes no sense is refused, by itself. An undo comes back with the pair that it took back."""
        log = self.log(round_number)
        with ExitStack() as held:
            try:
                with self._db.transaction(f"saving what {reviewer} said of two candidates"):
                    held.enter_context(log.lock)  # until it is committed: nobody else reads what may never come to hold
                    log.refresh()
                    return self._perform(choices, log, round_number, reviewer)
            except BaseException:
                with log.lock:
                    log.forget()
                raise

    def _perform(self, choices: Sequence[Choice], log: ComparisonLog, round_number: int, reviewer: str) -> list[Said]:
        rows = self._db.look_up("comparisons_known", [choice.act for choice in choices])
        before: dict[str, tuple[str, ...]] = {row["act"]: (row["left_id"], row["right_id"]) for row in rows}
        said: list[Said] = []
        for choice in choices:
            if choice.act in before:
                said.append(Said(choice.act, before[choice.act], known=True))
                continue
            said.append(self._said(choice, log, round_number, reviewer))
            if said[-1].refused is None:
                before[choice.act] = said[-1].candidate_ids
        return said

    @named
    def say(self, act: str, round_number: int, left_id: str, right_id: str, verdict: Verdict, reviewer: str) -> bool:
        """Say which of two candidates is better; False where this act was said before, so that nothing changes. Raises
        StageError for two that cannot be compared."""
        return not self._one(
            Choice(act, ChoiceKind.COMPARE, (left_id, right_id), verdict), round_number, reviewer
        ).known

    @named
    def undo(self, act: str, round_number: int, reviewer: str) -> Pair | None:
        """Take back the reviewer's last comparison of the round; the pair, None where this act was said before. Raises
        StageError where there is nothing to take back."""
        said = self._one(Choice(act, ChoiceKind.UNDO), round_number, reviewer)
        return None if said.known else (said.candidate_ids[0], said.candidate_ids[1])

    def _one(self, choice: Choice, round_number: int, reviewer: str) -> Said:
        (said,) = self.say_all([choice], round_number, reviewer)
        if said.refused is not None:
            raise StageError(said.refused)
        return said

    def _said(self, choice: Choice, log: ComparisonLog, round_number: int, reviewer: str) -> Said:
        newest = self._guides.version()
        refused = self._refusal(choice, round_number, newest)
        if refused is not None:
            return Said(choice.act, choice.candidate_ids, refused)
        pair, verdict, target = choice.candidate_ids, choice.verdict, None
        if choice.kind is ChoiceKind.UNDO:
            last = log.last_of(reviewer)
            if last is None:
                why = f"there is nothing to undo: {reviewer} has compared no pair in round {round_number}"
                return Said(choice.act, (), why)
            pair, verdict, target = (last.left_id, last.right_id), last.verdict, last.act
        row: dict[str, Any] = {"act": choice.act, "kind": str(choice.kind), "round": round_number, "reviewer": reviewer}
        row |= {"left_id": pair[0], "right_id": pair[1], "verdict": str(verdict), "target": target}
        row |= {"guide": newest if choice.guide is None else choice.guide, "created_at": utc_now()}
        self._db.insert("comparisons", [row])
        log.read_on()
        return Said(choice.act, pair)

    def _refusal(self, choice: Choice, round_number: int, guide: int) -> str | None:
        """Why it cannot be said, or None; `guide` is the newest version of the guide."""
        if choice.guide is not None and not 0 <= choice.guide <= guide:
            return f"there is no version {choice.guide} of the guide: the newest is {guide}"
        if choice.kind is ChoiceKind.UNDO:
            return None
        if len(choice.candidate_ids) != 2:
            return f"a comparison is of two candidates, not of {len(choice.candidate_ids)}"
        if choice.verdict is None:
            return f"a comparison needs a verdict: {', '.join(Verdict)}"
        places = [parse_candidate_id(name) for name in choice.candidate_ids]
        for name, found in zip(choice.candidate_ids, places, strict=True):
            if found is None or found[0] != round_number:
                return f"there is no candidate {name[:60]!r} in round {round_number}"
        prompts = {found[1] for found in places if found is not None}
        if len(set(choice.candidate_ids)) != 2 or len(prompts) != 1:
            return f"{' and '.join(choice.candidate_ids)} are not two candidates of one prompt"
        known = {row["candidate_id"] for row in self._db.look_up("candidates_of_few_prompts", list(prompts))}
        missing = [name for name in choice.candidate_ids if name not in known]
        return f"there is no candidate {missing[0]!r} in round {round_number}" if missing else None
