"""Whatever several reviewers do, undo, redo, send again and lose in whatever order, also over restarts: the effective
decisions and texts equal those of a plain account that walks through all acts."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rsf_core.domain import Act, Action, ActKind
from rsf_core.domain.errors import RsfError
from rsf_core.store.store import Store
from tests.support.seeding import add_candidates, candidates, decide

REVIEWERS, NAMES = ("ann", "ben"), [f"1.{prompt}.{k}" for prompt in (1, 2) for k in range(2)]
TEXTS = {ActKind.NOTE: "note", ActKind.FLAG: "flagged", ActKind.TAGS: "tags", ActKind.EDIT: "edit"}


@dataclass
class Line:
    undo: list[Act] = field(default_factory=list)
    redo: list[Act] = field(default_factory=list)


@dataclass
class Account:
    """Every act, from which everything is computed from scratch each time."""

    spoken_acts: list[tuple[str, Act, Act | None]] = field(
        default_factory=list
    )  # reviewer, act, what it undoes or redoes

    def line(self, reviewer: str) -> Line:
        line = Line()
        for who, act, _ in self.spoken_acts:
            if who != reviewer:
                continue
            if act.kind is ActKind.UNDO:
                line.redo.append(line.undo.pop())
            elif act.kind is ActKind.REDO:
                line.undo.append(line.redo.pop())
            else:
                line.undo.append(act)
                line.redo.clear()
        return line

    def words(self) -> dict[tuple[str, str], tuple[str, bool]]:
        """Each reviewer's decision on each candidate: the newest act that this reviewer has not taken back."""
        standing_words = {}
        for reviewer in REVIEWERS:
            for act in self.line(reviewer).undo:
                if act.action is not None:
                    for name in act.candidate_ids:
                        standing_words[reviewer, name] = (str(act.action), act.kind is ActKind.ADJUDICATE)
        return {key: word for key, word in standing_words.items() if word[0] != Action.AUTO}

    def texts(self) -> dict[tuple[str, ActKind], str | None]:
        """The current value of each text: the newest that nobody has taken back; a redone act counts as new."""
        standing: dict[tuple[str, ActKind], dict[str, str | None]] = {}
        for _, act, target in self.spoken_acts:
            about = target or act
            if about.kind not in TEXTS:
                continue
            for name in about.candidate_ids:
                values = standing.setdefault((name, about.kind), {})
                values.pop(about.act, None)
                if act.kind is not ActKind.UNDO:
                    values[about.act] = about.value
        return {key: next(reversed(values.values()), None) for key, values in standing.items()}


class Acts(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.open()
        rows = candidates(prompts=2, per_prompt=2)
        add_candidates(self.store, rows)
        decide(self.store, rows, 0.0, log_m=-9.0)
        self.account, self.count = Account(), 0

    def open(self) -> None:
        self.store = Store(self.folder / "rsf.duckdb", self.folder / "backups")

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder)

    def named(self) -> str:
        self.count += 1
        return f"act {self.count}"

    @rule(
        reviewer=st.sampled_from(REVIEWERS),
        what=st.lists(
            st.tuples(
                st.sampled_from(
                    ["decide", "decide", "adjudicate", "note", "flag", "edit", "undo", "undo", "redo", "nobody"]
                ),
                st.lists(st.sampled_from(NAMES), min_size=1, max_size=3),
                st.sampled_from(Action),
                st.sampled_from(["one", "two", None]),
            ),
            min_size=1,
            max_size=4,
        ),
        lost=st.sampled_from([False, False, False, True]),
    )
    def say(self, reviewer: str, what: list[tuple[str, list[str], Action, str | None]], lost: bool) -> None:
        """Send a batch; with `lost` its transaction fails at the end, so that nothing of it may be left."""
        acts, expected, before = [], [], len(self.account.spoken_acts)
        for kind, names, action, value in what:
            name = self.named()
            if kind == "nobody":
                acts.append(Act(name, ActKind.DECIDE, ("1.9.9",), action))
                expected.append((acts[-1].candidate_ids, True))
                continue
            walks = kind in ("undo", "redo")
            decides = kind in ("decide", "adjudicate")
            act = Act(
                name,
                ActKind(kind),
                () if walks else tuple(dict.fromkeys(names)),
                action if decides else None,
                value if kind in ("note", "flag", "edit") else None,
            )
            acts.append(act)
            target = None
            if walks:
                line = self.account.line(reviewer)
                waiting = line.undo if kind == "undo" else line.redo
                if not waiting:
                    expected.append(((), True))
                    continue
                target = waiting[-1]
                expected.append((tuple(sorted(target.candidate_ids)), False))
            else:
                expected.append((act.candidate_ids, False))
            self.account.spoken_acts.append((reviewer, act, target))
        if lost:
            del self.account.spoken_acts[before:]
            try:
                with self.store.transaction("failing"):
                    self.store.acts.say(acts, 1, reviewer)
                    raise RsfError("lost")
            except RsfError:
                return
        outcomes = self.store.acts.say(acts, 1, reviewer)
        assert [(one.candidate_ids, one.refused is not None) for one in outcomes] == expected
        assert not any(one.known for one in outcomes)

    @rule(
        reviewer=st.sampled_from(REVIEWERS),
        names=st.sets(st.sampled_from(NAMES), min_size=1),
        action=st.sampled_from(Action),
    )
    def bulk(self, reviewer: str, names: set[str], action: Action) -> None:
        ordered = sorted(names)
        act = Act(self.named(), ActKind.BULK, tuple(ordered), action)
        places = [(int(name.split(".")[1]), int(name.split(".")[2])) for name in ordered]
        assert self.store.acts.bulk(act.act, places, action, 1, reviewer) == len(names)
        self.account.spoken_acts.append((reviewer, act, None))

    @rule(which=st.integers(0, 5))
    def send_again(self, which: int) -> None:
        if which < len(self.account.spoken_acts):
            reviewer, act, target = self.account.spoken_acts[-1 - which]
            if act.kind is ActKind.BULK:
                return
            (outcome,) = self.store.acts.say([act], 1, reviewer)
            assert outcome.known and outcome.refused is None
            assert outcome.candidate_ids == (tuple(sorted(target.candidate_ids)) if target else act.candidate_ids)

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.open()

    @invariant()
    def what_stands_is_what_the_account_says(self) -> None:
        if not hasattr(self, "store"):
            return
        for reviewer in REVIEWERS:
            line = self.account.line(reviewer)
            assert self.store.acts.standing(1, reviewer) == ([a.act for a in line.undo], [a.act for a in line.redo])
            assert self.store.acts.depths(1, reviewer) == (len(line.undo), len(line.redo))
        opinions = self.store.opinions(1).to_pylist()
        words = {(o["reviewer"], f"1.{o['prompt_id']}.{o['k']}"): (o["action"], o["final"]) for o in opinions}
        assert words == self.account.words()
        annotations = {f"1.{row['prompt_id']}.{row['k']}": row for row in self.store.annotations(1)}
        for (name, kind), value in self.account.texts().items():
            shown = annotations.get(name, {}).get(TEXTS[kind])
            assert shown == (value is not None if kind is ActKind.FLAG else value)


Acts.TestCase.settings = settings(max_examples=6, stateful_step_count=10, deadline=None)
test_what_holds_is_what_was_said_and_not_taken_back = Acts.TestCase
