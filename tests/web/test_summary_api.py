"""The end of a queue in a hand-made example: two reviewers, one rule, every figure counted by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from rsf_core.domain import Act, Action, ActKind
from rsf_core.domain.access import Actor, Role, person
from rsf_core.project import Project
from rsf_core.project.guarded import guarded
from rsf_core.review.agreement import WithOthers
from rsf_core.review.progress import SittingSummary
from rsf_core.web import api, session
from rsf_core.web.summary_api import SummaryBody, rows, summary
from tests.support.card_headers import HEADERS
from tests.support.seeding import add_candidates, add_prompts, add_scores, candidates, decide
from tests.support.wall_clock import set_wall_clock


class Clock:
    at = datetime(2026, 5, 4, 12, 0, 0)

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def project(tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Two prompts with three candidates each; the rule accepts those of the first prompt."""
    with Project.create(tmp_path / "p", str(small_task), seed=1) as made:
        drawn = candidates(2, 3)
        add_prompts(made.store)
        add_candidates(made.store, drawn)
        add_scores(made.store, drawn, {"sentiment": 0.5})
        decide(made.store, drawn, [5.0] * 3 + [-50.0] * 3, 0.0)
        monkeypatch.setattr(session, "_project", made)
        clock = Clock()
        set_wall_clock(monkeypatch, clock.now)
        for who, name, action in (
            ("ben", "1.1.0", Action.REJECT),
            ("ben", "1.1.1", Action.REJECT),
            ("ann", "1.1.0", Action.ACCEPT),
            ("ann", "1.1.1", Action.REJECT),
            ("ann", "1.2.0", Action.ACCEPT),
            ("ann", "1.2.1", Action.REJECT),
        ):
            clock.at += timedelta(seconds=30)
            made.store.acts.say([Act(f"{who} {name}", ActKind.DECIDE, (name,), action)], 1, who)
        yield made


def asked(**body: Any) -> dict[str, Any]:
    client = TestClient(Starlette(routes=list(api.routes())))
    content = json.dumps({"token": api.token("ann"), "round": 1} | body)
    answer = client.post("/api/review/summary", content=content, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    summary_body: dict[str, Any] = answer.json()
    return summary_body


@pytest.mark.usefixtures("project")
def test_every_figure_is_that_of_the_example() -> None:
    assert asked()["rows"] == [
        ["Decided in this session", "4", "2 accepted, 2 rejected"],
        ["In the whole round", "4", "candidates whose decision by you is in effect"],
        ["Time", "1 min 30 s", "120 an hour, without pauses of more than 5 minutes"],
        ["Like the rule", "50% of 4", "you rejected 1 that it accepts, and accepted 1 that it rejects"],
        ["Like other reviewers", "50% of 2", "2 opinions of 1 other reviewer on candidates that you decided too"],
    ]


def test_what_is_left_is_offered_and_what_is_an_owners_to_owners_alone(project: Project) -> None:
    def words(role: Role = Role.REVIEWER, **body: Any) -> list[str]:
        ann = Actor("ann", role)
        answer = summary(SummaryBody(token="", round=1, **body), guarded(project, lambda: ann), ann)
        return [one["words"] for one in answer["next"]]

    settle, at_random = "Settle 1 candidate", "Decide some at random"  # ann and ben differ on 1.1.0
    here = ["Read the 2 open candidates again", settle, at_random]
    assert words() == here
    assert words(Role.OWNER)[:3] == here and len(words(Role.OWNER)) > 3
    one = ["Read the 1 open candidate again", settle, at_random, "Go on with 1 other candidate"]
    assert words(filter={"prompt": "1"}) == one
    assert words(view="accepted") == [settle, at_random, "Go on with 2 other candidates"]
    (first, *_) = asked()["next"]
    assert first["stays"] is True and first["page"] == "review"
    project.override("1.1.2", Action.ACCEPT, person("ann"))
    project.override("1.2.2", Action.REJECT, person("ann"))
    assert words() == [settle] and words(view="disagreement") == []


def test_a_reviewer_without_acts_gets_no_figures() -> None:
    assert rows(None, 0, WithOthers(0, 0, 0)) == []


def test_a_figure_that_says_nothing_is_left_out() -> None:
    sitting = SittingSummary(datetime(2026, 5, 4), 0, 0, 2, 0, 0, 0, 0, 0.0, None)
    assert rows(sitting, 0, WithOthers(0, 0, 0)) == [
        ["Decided in this session", "0", "0 accepted, 0 rejected"],
        ["In the whole round", "0", "candidates whose decision by you is in effect"],
        ["Taken back", "2", "with Undo"],
    ]
