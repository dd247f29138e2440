"""The rows of the acts of one transaction, and how the logs in memory learn of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from rsf_core.domain import Act, ActKind, parse_candidate_id, place
from rsf_core.store.database import FEW, Database, utc_now
from rsf_core.store.last_rounds import LastRounds
from rsf_core.store.round_log import ACTIONS, TABLES, VOTES, Answered, RoundLog, Words

ANNOTATIONS = (ActKind.NOTE, ActKind.FLAG, ActKind.TAGS, ActKind.EDIT)


class ActBatch:
    """Rows to be appended together, in the order of their acts."""

    def __init__(self, database: Database, logs: LastRounds[RoundLog], held: ExitStack) -> None:
        self._db, self._logs, self._held = database, logs, held
        self._rows: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
        self._locked: dict[int, RoundLog] = {}
        self._before = database.version(*TABLES)
        # by round: the rows written, as the query said_since reads them
        self._new: dict[int, list[dict[str, Any]]] = {}
        self._many = False  # more rows than are worth passing to the logs

    def add(self, act: Act, round_number: int, reviewer: str, guide: int) -> None:
        common = {"act": act.act, "round": round_number, "reviewer": reviewer, "created_at": utc_now()}
        self._rows["acts"].append(common | {"kind": str(act.kind), "target": None})
        names = dict.fromkeys(act.candidate_ids)  # a candidate that is named twice counts once
        for name in names:
            about = common | {"candidate_id": name}
            if act.kind in ANNOTATIONS:
                self._rows["annotations"].append(about | {"kind": str(act.kind), "value": act.value})
            elif act.asked is not None and act.kind is ActKind.ANSWER:
                version = {"question": act.asked.question, "version": act.asked.version}
                self._rows["answers"].append(about | version | {"value": act.value})
            else:
                uid = act.act if len(names) == 1 else f"{act.act} {name}"
                final = act.kind is ActKind.ADJUDICATE
                more = {"uid": uid, "action": str(act.action), "final": final, "undoes": None, "guide": guide}
                self._rows["overrides"].append(about | more | _shown(act, name))

    def log(self, round_number: int) -> RoundLog:
        """The log of a round with every act so far. It stays locked until all this is committed."""
        self.flush()
        if round_number not in self._locked:
            log = self._locked[round_number] = self._logs.of(round_number)
            self._held.enter_context(log.lock)
        log = self._locked[round_number]
        if not self._pass_rows(log):
            log.read_on()
        return log

    def walk(
        self,
        act: Act,
        log: RoundLog,
        reviewer: str,
        target: str,
        words: Words,
        texts: Sequence[tuple[int, str, str | None]],
        answers: Sequence[Answered],
    ) -> None:
        """Add an undo or a redo of `target`: `words` are the decisions that it brings back, `texts` the annotations,
        `answers` the answers to questions."""
        common = {"act": act.act, "round": log.round, "reviewer": reviewer, "created_at": utc_now()}
        self._rows["acts"].append(common | {"kind": str(act.kind), "target": target})
        for where, kind, value in texts:
            self._rows["annotations"].append(common | {"candidate_id": log.name(where), "kind": kind, "value": value})
        for where, question, version, value in answers:
            about = common | {"candidate_id": log.name(where), "question": question, "version": version, "value": value}
            self._rows["answers"].append(about)
        undoes = target if act.kind is ActKind.UNDO else None
        for where, vote, settled, guide in zip(*(column.tolist() for column in words), strict=True):
            name = log.name(where)
            about = common | {"candidate_id": name, "uid": f"{act.act} {name}", "action": str(ACTIONS[vote])}
            more = {"final": settled, "undoes": undoes, "guide": guide}
            self._rows["overrides"].append(about | more | _shown(act, name))

    def flush(self) -> None:
        parts = {table: list(rows) for table, rows in self._rows.items()}
        self._many = self._many or max(map(len, parts.values())) > FEW
        for part, (table, rows) in enumerate(parts.items()):
            self._rows[table].clear()
            seqs = self._db.insert(table, rows, returning="seq")
            for seq, row in zip(seqs, rows, strict=False):  # many rows return no seqs
                new = row | {"part": part, "seq": seq}
                if "candidate_id" in row:
                    new["place"] = place(*(parse_candidate_id(row["candidate_id"]) or (0, 0, 0))[1:])
                if "action" in row:
                    new["vote"] = VOTES[row["action"]]
                self._new.setdefault(row["round"], []).append(new)

    def committed(self) -> None:
        """Pass the new rows to the logs in memory, so that they need not read them."""
        after = self._db.version(*TABLES)
        for number in self._new.keys() | self._locked.keys():
            log = self._logs.known(number)
            if log is not None:
                with log.lock:
                    if self._pass_rows(log):
                        log.mark_committed(self._before, after)

    def _pass_rows(self, log: RoundLog) -> bool:
        """Pass the new rows of its round to a log. Returns whether the log now has all of them."""
        rows = sorted(self._new.pop(log.round, []), key=lambda row: (row["part"], row["seq"]))
        return not self._many and log.take(rows, self._before)

    def forget(self) -> None:
        """Clear the locked logs: what was written is rolled back, or may be."""
        for log in self._locked.values():
            log.forget()


def _shown(act: Act, name: str) -> dict[str, Any]:
    """The columns for how the candidate was shown, None if the act does not record it."""
    display = act.shown if act.shown is not None and act.shown.candidate_id == name else None
    return {"shown_in": display.order if display else None, "as_audit": display.audit if display else None}
