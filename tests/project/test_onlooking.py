"""In every figure that a reviewer gets, a gold item looks like any candidate; the owner gets the effective decisions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rsf_core.acceptance.preview import Draft
from rsf_core.domain import ELSEWHERE_K, Act, Action, ActKind, Scope, candidate_id
from rsf_core.domain.access import Actor, Role, person
from rsf_core.domain.errors import RsfError
from rsf_core.domain.settings import Accept, Target
from rsf_core.project import Project
from rsf_core.project.commands import execute, plain
from rsf_core.project.exporting.request import Format, Request, What
from rsf_core.project.guarded import guarded
from rsf_core.review.filters import CandidateFilter
from rsf_core.review.index import ReviewIndex
from rsf_core.review.live_round import LiveRound
from rsf_core.store.database import utc_now
from tests.support.seeding import add_candidates, add_scores, candidates, decide

BEN = Actor("ben", Role.REVIEWER, "7")
OWNER = person("ann")
GOLD, ELSEWHERE = "1.2.1", f"1.2.{ELSEWHERE_K}"


@pytest.fixture
def project(tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    rng = np.random.default_rng(3)
    with Project.create(tmp_path / "p", str(small_task), seed=1) as made:
        rows = candidates(4, 6)
        add_candidates(made.store, rows)
        add_scores(made.store, rows, {"sentiment": rng.uniform(-1, 1, rows.num_rows)})
        decide(made.store, rows, rng.normal(0, 2, rows.num_rows), 0.3)
        made.store.guides.add("be kind", "ann", "")
        others = [made_elsewhere(made, prompt) for prompt in (1, 2, 3)]
        say(made, "eve", {f"1.{p}.{k}": (p + k) % 2 == 0 for p in (1, 3, 4) for k in range(4)} | {others[0]: True})
        monkeypatch.setattr(made.taste, "version", lambda name: SimpleNamespace(scorer="sentiment"))
        yield made


def made_elsewhere(project: Project, prompt: int) -> str:
    """Add a completion that no job has drawn to a prompt; its name."""
    name = candidate_id(1, prompt, ELSEWHERE_K)
    row = {"candidate_id": name, "round": 1, "prompt_id": prompt, "k": ELSEWHERE_K, "completion": "by hand"}
    row |= {"source": "a file", "token_count": 2, "stated_log_q": None, "author": "ann", "created_at": utc_now()}
    with project.store.transaction("adding"):
        project.store.elsewhere.add(pa.Table.from_pylist([row]))
    return name


def say(project: Project, who: str, votes: dict[str, bool]) -> None:
    acts = [
        Act(f"{who} {name} {accepts}", ActKind.DECIDE, (name,), Action.ACCEPT if accepts else Action.REJECT)
        for name, accepts in votes.items()
    ]
    assert not [one.refused for one in project.review.say(1, person(who), acts) if one.refused]


def read(project: Project, actor: Actor) -> dict[str, Any]:
    """Every figure of a round that depends on people's decisions, as this actor gets it."""
    as_them, by_question = guarded(project, lambda: actor), dict[str, Any]()
    by_question["counts"] = as_them.counts(1)
    by_question["status"] = execute(project, "status", {}, actor)
    by_question["stages"], by_question["next"], by_question["summary"] = (
        as_them.stages(1),
        as_them.next_step(),
        as_them.summary(),
    )
    by_question["elsewhere"], by_question["fate"] = as_them.elsewhere_counts(1), as_them.target_book.fate()
    draft = Draft(Target(rewards={"sentiment": 2.0}, beta=0.5), Accept())
    preview = as_them.target_book.preview(draft, 1)
    assert preview is not None and not preview.missing
    by_question["preview"] = preview.gained.tolist(), preview.lost.tolist(), preview.stored.accepted.tolist()
    by_question["examples"] = as_them.target_book.examples(draft, 1, preview.gained | preview.lost, most=30)
    by_question["disagreements"] = as_them.taste.disagreements("learned", most=30)
    by_question["judging"] = as_them.scorer_book.judging("sentiment")
    by_question["to learn from"] = as_them.taste.decisions()
    by_question["candidates"] = [as_them.candidates(prompt, 1) for prompt in (1, 2, 3)]
    by_question["prompts"] = as_them.prompts_in_round(1)
    by_question["bands"], by_question["rates"], by_question["none"] = (
        as_them.bands(1),
        as_them.rates(1),
        as_them.none_of(4, 1),
    )
    by_question["plan"] = as_them.starving_plan()
    by_question["agreement"] = as_them.review.agreement(1)
    by_question["index"] = as_them.review.index(1).votes.tolist()
    with suppress(RsfError):
        by_question["suggestion"] = as_them.review.suggest(1)
    by_question["ratios"] = as_them.ratios(1).select(["override", "accepted"]).to_pydict()
    landscape = as_them.landscape(Scope.GLOBAL, 1)
    assert landscape is not None
    by_question["landscape"] = landscape.at(0.3)
    by_question["marks"] = as_them.marks(Scope.GLOBAL, 1)
    by_question["rules"] = as_them.compare_rules(0.3, Scope.GLOBAL, 1)
    for what in (What.LABELS, What.PREFERENCE, What.ALL):
        by_question[f"export {what}"] = as_them.exports.preview(Request(what, Format.JSONL), 100)
    by_question["review counts"] = as_them.review.counts(1, BEN, CandidateFilter())
    return {name: plain(value) if name != "agreement" else repr(value) for name, value in by_question.items()}


@pytest.mark.parametrize("vote", [None, True, False])
@pytest.mark.parametrize("right", [Action.ACCEPT, Action.REJECT])
def test_what_a_reviewer_can_ask_is_the_same_whether_or_not_an_item_is_gold(
    project: Project, right: Action, vote: bool | None
) -> None:
    if vote is not None:
        say(project, "ben", {GOLD: vote, ELSEWHERE: vote})
    ordinary, held = read(project, BEN), read(project, OWNER)
    project.gold.mark(GOLD, right, OWNER)
    project.gold.mark(ELSEWHERE, right, OWNER)
    as_gold = read(project, BEN)
    assert {name for name in ordinary if ordinary[name] != as_gold[name]} == set()
    assert project.counts(1).overridden == held["counts"]["overridden"] + (vote is None)
    by_owner = read(project, OWNER)
    assert by_owner["counts"] == plain(project.counts(1)), "the owner gets the effective decisions"
    if vote is None:
        assert {"stages", "status", "elsewhere", "fate"} <= {name for name in held if held[name] != by_owner[name]}
    assert by_owner["elsewhere"] == {"candidates": 3, "prompts": 3} | (
        {"accepted": 2, "rejected": 0} if right is Action.ACCEPT else {"accepted": 1, "rejected": 1}
    )
    assert by_owner["fate"]["overridden"] == project.counts(1).overridden
    assert f"{project.counts(1).accepted:,} accepted, {project.counts(1).overridden:,} decided by a person" in {
        stage["detail"] for stage in by_owner["stages"]
    }
    accepted = {row["candidate_id"]: row["accepted"] for row in by_owner["candidates"][1]}
    assert accepted[GOLD] is (right is Action.ACCEPT)


def test_the_figures_move_by_a_reviewers_word_on_a_gold_item_as_on_any(project: Project) -> None:
    project.gold.mark(GOLD, Action.REJECT, OWNER)
    before, before_it = read(project, BEN), read(project, OWNER)
    say(project, "ben", {GOLD: True})
    assert read(project, BEN)["counts"]["overridden"] == before["counts"]["overridden"] + 1
    for name in ("judging", "to learn from"):
        assert read(project, OWNER)[name] == before_it[name], "the owner's figures do not move"
        moved = {"judging": "decisions", "to learn from": "accepted"}[name]
        assert read(project, BEN)[name][moved] == before[name][moved] + 1, name
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


def test_an_onlooker_sees_the_candidates_of_one_moment(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other candidates may arrive between two reads, so that the same row would be another candidate."""
    project.gold.mark(GOLD, Action.REJECT, OWNER)
    look, looks = LiveRound.index, list[ReviewIndex]()

    def counted(live: LiveRound) -> ReviewIndex:
        looks.append(look(live))
        return looks[-1]

    monkeypatch.setattr(LiveRound, "index", counted)
    onlooking = project.review.onlooking(1, "ben")
    assert onlooking is not None and len(looks) == 1
    assert onlooking.seen.whole is looks[0] and onlooking.seen.index.table is looks[0].table
    assert not any(item.held for item in onlooking.gold_items())


def test_nobody_names_another_onlooker_than_they_are(project: Project) -> None:
    say(project, "ben", {GOLD: True})
    project.gold.mark(GOLD, Action.REJECT, OWNER)
    as_ben, counts = guarded(project, lambda: BEN), guarded(project, lambda: BEN).counts(1)
    assert as_ben.counts(1, onlooker=None) == as_ben.counts(1, onlooker="ann") == counts != project.counts(1)
