"""Reviewers' acts on candidates: appended, never changed; undone and redone by appending again."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from rsf_core.domain import Act, Action, ActKind, ActOutcome, parse_candidate_id
from rsf_core.domain.access import checks_name
from rsf_core.domain.errors import QuestionError
from rsf_core.domain.questions import QuestionKind, checked
from rsf_core.store.act_batch import ActBatch
from rsf_core.store.database import AT_ONCE, Database, utc_now
from rsf_core.store.guides import Guides
from rsf_core.store.last_rounds import LastRounds
from rsf_core.store.questions import Questions
from rsf_core.store.recent_candidates import RecentCandidates
from rsf_core.store.round_log import RoundLog

WALKS = (ActKind.UNDO, ActKind.REDO)
TOUCHED = 1_000  # the most candidates of an undone act that its outcome names
TOGETHER = 1_000  # the most acts of several reviewers in one transaction
GATHER_SECONDS = 0.03  # that an act waits for those of others when many are active; a commit alone takes half of it
KEPT_LOGS = 3  # rounds
BUSY_SECONDS = 0.1  # since another reviewer's act: within it, many are active


@dataclass(slots=True, eq=False)
class _Request:
    """Acts of one reviewer that wait to be saved."""

    acts: Sequence[Act]
    round: int
    reviewer: str
    outcomes: list[ActOutcome] | None = None
    error: Exception | None = None
    done: threading.Event = field(default_factory=threading.Event)  # set when the request is answered

    @property
    def answered(self) -> bool:
        return self.outcomes is not None or self.error is not None


class Acts:
    def __init__(self, database: Database, guides: Guides, questions: Questions) -> None:
        self._db, self._guides, self._questions = database, guides, questions
        self.recent = RecentCandidates()
        self.logs = LastRounds(partial(RoundLog, database), KEPT_LOGS)
        self._waiting: deque[_Request] = deque()
        self._last = ("", -math.inf)  # who acted last, and when by the monotonic clock
        self._guard = threading.Lock()

    @checks_name
    def say(self, acts: Sequence[Act], round_number: int, reviewer: str) -> list[ActOutcome]:
        """Append the acts of one reviewer, in order, in one transaction. An act that was saved before changes nothing, so
        it can be sent again; an act that is not valid is refused alone, with the reason. Undo and redo walk this
        reviewer's acts of the round. Requests that wait for another transaction to end share the next one, because
        the commit takes most of the time. So when many reviewers are active, each request waits a moment for others."""
        request = _Request(acts, round_number, reviewer)
        if self._db.in_transaction:
            self._commit([request])
        else:
            if not (self._queue(request) and request.done.wait(GATHER_SECONDS)):
                with self._db.writing():
                    while not request.answered:
                        self._answer()
        if request.error is not None:
            raise request.error
        return request.outcomes or []

    @checks_name
    def bulk(
        self, act: str, places: Sequence[tuple[int, int]], action: Action, round_number: int, reviewer: str
    ) -> int:
        """Save `action` for every candidate at `places` (prompt_id, k) as one act. Returns how many there are, 0 if the act
        was saved before."""
        with self._db.transaction(f"saving what {reviewer} said of {len(places):,} candidates"):
            if self._db.look_up("acts_known", [act]):
                return 0
            row = {"act": act, "kind": str(ActKind.BULK), "round": round_number, "reviewer": reviewer, "target": None}
            self._db.insert("acts", [row | {"created_at": utc_now()}])
            self._db.run(
                "bulk_override",
                {
                    "act": act,
                    "prompt_ids": [prompt for prompt, _ in places],
                    "ks": [k for _, k in places],
                    "action": str(action),
                    "reviewer": reviewer,
                    "round": round_number,
                    "guide": self._guides.version(),
                    "now": utc_now(),
                },
            )
            return len(places)

    def standing(self, round_number: int, reviewer: str) -> tuple[list[str], list[str]]:
        """The reviewer's acts of a round that can be undone and those that can be redone, the next one last."""
        log = self.logs.of(round_number)
        with log.lock:
            log.refresh()
            undo, redo = log.line(reviewer)
        names = {row["seq"]: row["act"] for row in self._db.look_up("acts_by_seq", [*undo, *redo])}
        return [names[seq] for seq in undo], [names[seq] for seq in redo]

    def depths(self, round_number: int, reviewer: str) -> tuple[int, int]:
        """How many acts of the reviewer in the round can be undone, and redone."""
        log = self.logs.of(round_number)
        with log.lock:
            log.refresh()
            return log.depths(reviewer)

    def _queue(self, request: _Request) -> bool:
        """Queue a request. Returns whether another reviewer has acted just before."""
        now = time.monotonic()
        with self._guard:
            self._waiting.append(request)
            (before, when), self._last = self._last, (request.reviewer, now)
        return before != request.reviewer and now - when < BUSY_SECONDS

    def _answer(self) -> None:
        """Save the waiting requests, as many as fit into one transaction. Call it inside `writing`."""
        with self._guard:
            together = [self._waiting.popleft()]
            count = len(together[0].acts)
            while self._waiting and (count := count + len(self._waiting[0].acts)) <= TOGETHER:
                together.append(self._waiting.popleft())
        try:
            self._try(together)
            if len(together) > 1 and together[0].error is not None:  # one of them fails all
                for request in together:
                    request.error = None
                    self._try([request])
        finally:  # when interrupted, the unanswered requests wait again
            for request in together:
                if request.answered:
                    request.done.set()
            with self._guard:
                self._waiting.extendleft(request for request in reversed(together) if not request.answered)

    def _try(self, requests: Sequence[_Request]) -> None:
        try:
            self._commit(requests)
        except Exception as error:  # each is raised in the thread that waits for it
            for request in requests:
                request.error = error

    def _commit(self, requests: Sequence[_Request]) -> None:
        """Save all requests in one transaction."""
        who = requests[0].reviewer if len(requests) == 1 else f"{len(requests)} reviewers"
        nested = self._db.in_transaction
        with ExitStack() as held:
            batch = ActBatch(self._db, self.logs, held)
            try:
                with self._db.transaction(f"saving what {who} said"):
                    outcomes = self._perform(requests, batch)
                    batch.flush()
            except BaseException:
                batch.forget()
                raise
            if nested:  # the outer transaction may still be rolled back
                batch.forget()
            else:
                batch.committed()
        for request, results in zip(requests, outcomes, strict=True):
            request.outcomes = results

    def _perform(self, requests: Sequence[_Request], batch: ActBatch) -> list[list[ActOutcome]]:
        acts = [act for request in requests for act in request.acts]
        names = dict.fromkeys(act.act for act in acts)
        before = {row["act"]: row for row in self._db.look_up("acts_known", list(names))}
        known = set(before)
        rounds, guide, lengths = self._rounds(acts), self._guides.version(), self._lengths(acts)
        outcomes = []
        for request in requests:
            results = []
            for act in request.acts:
                kept, unanswered = self._answered(act, lengths)
                refused = _refusal(act, rounds, request.round, guide) or unanswered
                if act.act in known:
                    touched = (
                        self._touched_by(act, before.get(act.act), batch) if act.kind in WALKS else act.candidate_ids
                    )
                    results.append(ActOutcome(act.act, touched, known=True))
                elif refused is not None:
                    results.append(ActOutcome(act.act, act.candidate_ids, refused))
                elif act.kind in WALKS:
                    results.append(self._walk(act, request.round, request.reviewer, batch))
                else:
                    batch.add(kept, request.round, request.reviewer, guide if act.guide is None else act.guide)
                    results.append(ActOutcome(act.act, act.candidate_ids))
                known.add(act.act)
            outcomes.append(results)
        return outcomes

    def _walk(self, act: Act, round_number: int, reviewer: str, batch: ActBatch) -> ActOutcome:
        """Undo or redo an act: append what held before it, or what it recorded."""
        log = batch.log(round_number)
        target = log.walk(act.kind, reviewer)
        if target is None:
            return ActOutcome(act.act, (), f"there is nothing to {act.kind} in this round")
        undoing = act.kind is ActKind.UNDO
        touched = tuple(log.touched(target)[:TOUCHED])
        texts = log.texts_before(target) if undoing else log.texts_of(target)
        values = {
            row["seq"]: row["value"] for row in self._db.look_up("annotation_values", [s for *_, s in texts if s])
        }
        name = str(self._db.look_up("acts_by_seq", [target])[0]["act"])
        batch.walk(
            act,
            log,
            reviewer,
            name,
            log.before(target) if undoing else log.words_of(target),
            [(where, kind, values.get(seq)) for where, kind, seq in texts],
            log.answers_before(target) if undoing else log.answers_of(target),
        )
        return ActOutcome(act.act, touched)

    def _touched_by(self, act: Act, row: dict[str, Any] | None, batch: ActBatch) -> tuple[str, ...]:
        """The candidates touched by an undo or a redo that was saved before."""
        if row is None:  # earlier in the same transaction
            batch.flush()
            row = next(iter(self._db.look_up("acts_known", [act.act])), None)
        if row is None or row["target"] is None:  # refused before, or the name of another act
            return ()
        (target,) = self._db.look_up("acts_known", [row["target"]])
        return tuple(batch.log(row["round"]).touched(target["seq"])[:TOUCHED])

    def _answered(self, act: Act, lengths: Mapping[str, int]) -> tuple[Act, str | None]:
        """The act with its answer as it is stored, and why it is refused, or None. An act of another kind is unchanged."""
        if act.kind is not ActKind.ANSWER:
            return act, None
        if act.asked is None:
            return act, "an answer names its question, and the version of it"
        question = self._questions.versions().get((act.asked.question, act.asked.version))
        if question is None:
            return act, f"there is no question {act.asked.question[:60]!r} with a version {act.asked.version}"
        if act.value is None:
            return act, None
        try:
            least = min((lengths.get(name, 0) for name in act.candidate_ids), default=0)
            return replace(act, value=checked(question, act.value, least)), None
        except QuestionError as error:
            return act, str(error)

    def _lengths(self, acts: Sequence[Act]) -> dict[str, int]:
        """The lengths (code points) of the completions in which the acts mark spans."""
        known = self._questions.versions() if any(act.asked for act in acts) else {}
        marked = {
            name
            for act in acts
            if act.asked and (question := known.get((act.asked.question, act.asked.version)))
            if question.kind is QuestionKind.SPANS
            for name in act.candidate_ids
        }
        return self._questions.lengths(sorted(marked)) if marked else {}

    def _rounds(self, acts: Sequence[Act]) -> dict[str, int]:
        """The round of each candidate that the acts name and that exists."""
        named = {name for act in acts for name in act.candidate_ids}
        rounds = self.recent.of(named)
        names = named - rounds.keys()
        prompts = list({parts[1] for parts in map(parse_candidate_id, names) if parts is not None})
        if len(prompts) <= AT_ONCE:
            rows = self._db.look_up("candidates_of_few_prompts", prompts)
        else:
            rows = self._db.rows("candidates_known", {"candidate_ids": list(names), "prompt_ids": prompts})
        return rounds | {row["candidate_id"]: row["round"] for row in rows if row["candidate_id"] in names}


def _refusal(act: Act, rounds: dict[str, int], round_number: int, guide: int) -> str | None:
    """Why the act is refused, or None; `guide` is the newest version of the guide."""
    for name in act.candidate_ids:
        if name not in rounds:
            return f"there is no candidate {name[:60]!r}; a candidate is named round.prompt.k, e.g. 1.17.3"
        if rounds[name] != round_number:
            return f"candidate {name} is of round {rounds[name]}, and this was said in round {round_number}"
    decides = act.kind in (ActKind.DECIDE, ActKind.ADJUDICATE)
    if decides and act.action is None:
        return f"{act.kind} needs an action: {', '.join(Action)}"
    if act.kind not in WALKS and not act.candidate_ids:
        return f"{act.kind} names no candidate"
    if act.guide is not None and not 0 <= act.guide <= guide:
        return f"there is no version {act.guide} of the guide: the newest is {guide}"
    if act.kind is ActKind.EDIT and act.value is not None and not act.value.strip():
        return "an edited completion cannot be empty: reject the candidate instead"
    return None
