"""What people say of candidates, as acts: appended, never changed; undone and redone by appending again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rsf_core.domain import Act, Action, ActKind, parse_candidate_id
from rsf_core.store.database import Database, utc_now

ANNOTATIONS = (ActKind.NOTE, ActKind.FLAG, ActKind.TAGS, ActKind.EDIT)


@dataclass(frozen=True, slots=True)
class Said:
    """What became of an act: the candidates it touched (at most 1,000 of a bulk act), or why it was refused. `known`
    says that it had been said before, so that nothing changed."""

    act: str
    candidate_ids: tuple[str, ...]
    refused: str | None = None
    known: bool = False


class Acts:
    def __init__(self, database: Database) -> None:
        self._db = database

    def say(self, acts: Sequence[Act], round_number: int, reviewer: str) -> list[Said]:
        """Append the acts of one reviewer, in order, all in one transaction. An act said before changes nothing, so it
        can be sent again; one that cannot be is refused alone, with the reason. Undo and redo walk this reviewer's acts
        of the round."""
        with self._db.transaction(f"saving what {reviewer} said"):
            known = {row["act"] for row in self._db.rows("acts_known", {"acts": [act.act for act in acts]})}
            rounds = self._rounds(acts)
            batch = _Batch(self._db, round_number, reviewer)
            results = []
            for act in acts:
                if act.act in known:
                    batch.flush()
                    walked = act.kind in (ActKind.UNDO, ActKind.REDO)
                    touched = self._touched(act.act) if walked else act.candidate_ids
                    results.append(Said(act.act, touched, known=True))
                    continue
                known.add(act.act)
                refused = _refusal(act, rounds, round_number)
                if refused is not None:
                    results.append(Said(act.act, act.candidate_ids, refused))
                elif act.kind in (ActKind.UNDO, ActKind.REDO):
                    batch.flush()
                    results.append(self._walk(act, round_number, reviewer))
                else:
                    batch.add(act)
                    results.append(Said(act.act, act.candidate_ids))
            batch.flush()
            return results

    def bulk(
        self, act: str, places: Sequence[tuple[int, int]], action: Action, round_number: int, reviewer: str
    ) -> int:
        """Say `action` of every candidate at `places` (prompt_id, k) as one act; how many there were."""
        with self._db.transaction(f"saving what {reviewer} said of {len(places):,} candidates"):
            if self._db.rows("acts_known", {"acts": [act]}):
                return 0
            self._add(act, ActKind.BULK, round_number, reviewer, None)
            self._db.run(
                "bulk_override",
                {
                    "act": act,
                    "prompt_ids": [prompt for prompt, _ in places],
                    "ks": [k for _, k in places],
                    "action": str(action),
                    "reviewer": reviewer,
                    "round": round_number,
                    "now": utc_now(),
                },
            )
            return len(places)

    def standing(self, round_number: int, reviewer: str) -> tuple[list[str], list[str]]:
        """The reviewer's acts of a round that can be undone and those that can be redone, the next one last."""
        undo: list[str] = []
        redo: list[str] = []
        for row in self._db.rows("acts_of", {"reviewer": reviewer, "round": round_number}):
            if row["kind"] == ActKind.UNDO:
                undo.remove(row["target"])
                redo.append(row["target"])
            elif row["kind"] == ActKind.REDO:
                redo.remove(row["target"])
                undo.append(row["target"])
            else:
                undo.append(row["act"])
                redo.clear()
        return undo, redo

    def _walk(self, act: Act, round_number: int, reviewer: str) -> Said:
        undo, redo = self.standing(round_number, reviewer)
        waiting = undo if act.kind is ActKind.UNDO else redo
        if not waiting:
            return Said(act.act, (), f"there is nothing to {act.kind} in this round")
        target = waiting[-1]
        self._add(act.act, act.kind, round_number, reviewer, target)
        params = {"act": act.act, "target": target, "now": utc_now()}
        if act.kind is ActKind.UNDO:
            self._db.run("undo_overrides", params | {"reviewer": reviewer})
        else:
            self._db.run("redo_overrides", params)
        self._db.run(f"{act.kind}_annotations", params)
        return Said(act.act, self._touched(target))

    def _touched(self, act: str) -> tuple[str, ...]:
        return tuple(row["candidate_id"] for row in self._db.rows("touched", {"act": act}))

    def _rounds(self, acts: Sequence[Act]) -> dict[str, int]:
        """The round of each candidate that the acts name, as far as there is such a candidate."""
        names = {name for act in acts for name in act.candidate_ids}
        prompts = [found[1] for found in map(parse_candidate_id, names) if found is not None]
        params = {"candidate_ids": list(names), "prompt_ids": prompts}
        return {row["candidate_id"]: row["round"] for row in self._db.rows("candidates_known", params)}

    def _add(self, act: str, kind: ActKind, round_number: int, reviewer: str, target: str | None) -> None:
        row = {"act": act, "kind": str(kind), "round": round_number, "reviewer": reviewer, "target": target}
        self._db.insert("acts", [row | {"created_at": utc_now()}])


class _Batch:
    """Rows that wait to be appended together, in the order they were said."""

    def __init__(self, database: Database, round_number: int, reviewer: str) -> None:
        self._db = database
        self._common = {"round": round_number, "reviewer": reviewer}
        self._rows: dict[str, list[dict[str, Any]]] = {"acts": [], "overrides": [], "annotations": []}

    def add(self, act: Act) -> None:
        common = self._common | {"act": act.act, "created_at": utc_now()}
        self._rows["acts"].append(common | {"kind": str(act.kind)})
        for name in act.candidate_ids:
            about = common | {"candidate_id": name}
            if act.kind in ANNOTATIONS:
                self._rows["annotations"].append(about | {"kind": str(act.kind), "value": act.value})
            else:
                uid = act.act if len(act.candidate_ids) == 1 else f"{act.act} {name}"
                final = act.kind is ActKind.ADJUDICATE
                self._rows["overrides"].append(about | {"uid": uid, "action": str(act.action), "final": final})

    def flush(self) -> None:
        for table, rows in self._rows.items():
            self._db.insert(table, rows)
            rows.clear()


def _refusal(act: Act, rounds: dict[str, int], round_number: int) -> str | None:
    """Why the act cannot be said, or None."""
    for name in act.candidate_ids:
        if name not in rounds:
            return f"there is no candidate {name[:60]!r}; a candidate is named round.prompt.k, e.g. 1.17.3"
        if rounds[name] != round_number:
            return f"candidate {name} is of round {rounds[name]}, and this was said in round {round_number}"
    decides = act.kind in (ActKind.DECIDE, ActKind.ADJUDICATE)
    if decides and act.action is None:
        return f"{act.kind} needs an action: {', '.join(Action)}"
    if act.kind not in (ActKind.UNDO, ActKind.REDO) and not act.candidate_ids:
        return f"{act.kind} names no candidate"
    if act.kind is ActKind.EDIT and act.value is not None and not act.value.strip():
        return "an edited completion cannot be empty: reject the candidate instead"
    return None
