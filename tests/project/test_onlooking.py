"""A reviewer who asks for any figure of a round is told of a gold item as of any candidate; its owner is told what holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rsf_core.domain import Act, Action, ActKind, Scope
from rsf_core.domain.access import Actor, Role, person
from rsf_core.domain.errors import RsfError
from rsf_core.project import Project
from rsf_core.project.commands import execute, plain
from rsf_core.project.exporting.request import Format, Request, What
from rsf_core.project.guarded import guarded
from rsf_core.review.filters import CandidateFilter
from tests.support.seeding import add_candidates, add_scores, candidates, decide

BEN = Actor("ben", Role.REVIEWER, "7")
OWNER = person("ann")
GOLD = "1.2.1"


@pytest.fixture
def project(tmp_path: Path, small_task: Path) -> Iterator[Project]:
    rng = np.random.default_rng(3)
    with Project.create(tmp_path / "p", str(small_task), seed=1) as made:
        rows = candidates(4, 6)
        add_candidates(made.store, rows)
        add_scores(made.store, rows, {"sentiment": rng.uniform(-1, 1, rows.num_rows)})
        decide(made.store, rows, rng.normal(0, 2, rows.num_rows), 0.3)
        made.store.guides.add("be kind", "ann", "")
        say(made, "eve", {f"1.{p}.{k}": (p + k) % 2 == 0 for p in (1, 3, 4) for k in range(4)})
        yield made


def say(project: Project, who: str, said: dict[str, bool]) -> None:
    acts = [
        Act(f"{who} {name} {accepts}", ActKind.DECIDE, (name,), Action.ACCEPT if accepts else Action.REJECT)
        for name, accepts in said.items()
    ]
    assert not [one.refused for one in project.review.say(1, person(who), acts) if one.refused]


def read(project: Project, actor: Actor) -> dict[str, Any]:
    """All that somebody may ask of a round that what people decide moves."""
    as_them, found = guarded(project, lambda: actor), dict[str, Any]()
    found["counts"] = as_them.counts(1)
    found["status"] = execute(project, "status", {}, actor)["counts"]
    found["candidates"] = [as_them.candidates(prompt, 1) for prompt in (1, 2, 3)]
    found["prompts"] = as_them.prompts_in_round(1)
    found["bands"], found["rates"], found["none"] = as_them.bands(1), as_them.rates(1), as_them.none_of(4, 1)
    found["plan"] = as_them.starving_plan()
    found["agreement"] = as_them.review.agreement(1)
    found["index"] = as_them.review.index(1).votes.tolist()
    with suppress(RsfError):
        found["suggestion"] = as_them.review.suggest(1)
    found["ratios"] = as_them.ratios(1).select(["override", "accepted"]).to_pydict()
    landscape = as_them.landscape(Scope.GLOBAL, 1)
    assert landscape is not None
    found["landscape"] = landscape.at(0.3)
    found["marks"] = as_them.marks(Scope.GLOBAL, 1)
    found["rules"] = as_them.compare_rules(0.3, Scope.GLOBAL, 1)
    for what in (What.LABELS, What.PREFERENCE, What.ALL):
        found[f"export {what}"] = as_them.exports.preview(Request(what, Format.JSONL), 100)
    found["review counts"] = as_them.review.counts(1, BEN, CandidateFilter())
    return {name: plain(value) if name != "agreement" else repr(value) for name, value in found.items()}


@pytest.mark.parametrize("said", [None, True, False])
@pytest.mark.parametrize("right", [Action.ACCEPT, Action.REJECT])
def test_what_a_reviewer_can_ask_is_the_same_whether_or_not_an_item_is_gold(
    project: Project, right: Action, said: bool | None
) -> None:
    if said is not None:
        say(project, "ben", {GOLD: said})
    ordinary, held = read(project, BEN), read(project, OWNER)
    project.gold.mark(GOLD, right, OWNER)
    as_gold = read(project, BEN)
    assert {name for name in ordinary if ordinary[name] != as_gold[name]} == set()
    assert project.counts(1).overridden == held["counts"]["overridden"] + (said is None)
    told = read(project, OWNER)
    assert told["counts"] == plain(project.counts(1)), "its owner is told what holds"
    accepted = {row["candidate_id"]: row["accepted"] for row in told["candidates"][1]}
    assert accepted[GOLD] is (right is Action.ACCEPT)


def test_the_figures_move_by_a_reviewers_word_on_a_gold_item_as_on_any(project: Project) -> None:
    project.gold.mark(GOLD, Action.REJECT, OWNER)
    before = read(project, BEN)
    say(project, "ben", {GOLD: True})
    assert read(project, BEN)["counts"]["overridden"] == before["counts"]["overridden"] + 1
    say(project, "ben", {"1.2.2": True})
    assert read(project, BEN)["counts"]["overridden"] == before["counts"]["overridden"] + 2
    assert project.counts(1).overridden == before["counts"]["overridden"] + 2, "the mark and the word on the other"


@pytest.mark.parametrize("right", [Action.ACCEPT, Action.REJECT])
def test_the_owners_landscape_and_marks_follow_the_marks_of_gold(project: Project, right: Action) -> None:
    def seen() -> tuple[int, Any]:
        landscape, threshold = project.landscape(Scope.GLOBAL, 1), project.threshold(1)
        assert landscape is not None and threshold is not None
        return landscape.at(threshold.log_m).accepted, project.marks(Scope.GLOBAL, 1)

    before, marks = seen()
    rule = next(c.accepted for c in project.candidates(2, 1) if c.candidate_id == GOLD)
    project.gold.mark(GOLD, right, OWNER)
    assert seen()[0] == project.counts(1).accepted == before + (right is Action.ACCEPT) - rule
    project.gold.unmark(GOLD, OWNER)
    assert seen() == (before, marks) and before == project.counts(1).accepted


def test_nobody_names_another_onlooker_than_they_are(project: Project) -> None:
    say(project, "ben", {GOLD: True})
    project.gold.mark(GOLD, Action.REJECT, OWNER)
    as_ben, told = guarded(project, lambda: BEN), guarded(project, lambda: BEN).counts(1)
    assert as_ben.counts(1, onlooker=None) == as_ben.counts(1, onlooker="ann") == told != project.counts(1)
