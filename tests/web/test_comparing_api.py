"""Choices between two candidates arrive through the routes as they were made: in order, once, under the token's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from rsf_core.project import Project
from tests.support.choosing import TEXTS, post, project_to_judge, routes, undo


@pytest.fixture
def project(tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    with project_to_judge(tmp_path / "p", small_task, monkeypatch) as project:
        yield project


@pytest.fixture
def client(project: Project) -> TestClient:
    return routes()


def choice(act: str, left: str, right: str, verdict: str | None = "left", **more: Any) -> dict[str, Any]:
    return {"act": f"act-of-{act}", "kind": "compare", "candidates": [left, right], "verdict": verdict} | more


def holds(project: Project) -> set[tuple[str, str, str, str]]:
    return {(r.left_id, r.right_id, str(r.verdict), r.reviewer) for r in project.store.comparisons.standing(1)}


def test_pairs_are_sent_with_their_texts_alone(client: TestClient) -> None:
    answer = post(client, "pairs")
    assert (len(answer["queue"]), answer["ended"], answer["compared"], answer["undo"]) == (6, True, 0, 0)
    for pair in answer["queue"]:
        assert pair.keys() == {"prompt", "left", "right"}
        assert pair["prompt"].keys() == {"prompt_id", "text", "system", "earlier"}
        for side in (pair["left"], pair["right"]):
            assert side.keys() == {"candidate_id", "completion"}
            assert side["completion"] in TEXTS


def test_choices_are_kept_once_in_order_however_often_they_are_sent(client: TestClient, project: Project) -> None:
    acts = [
        choice("a", "1.1.0", "1.1.1"),
        choice("b", "1.2.0", "1.2.1", "tie"),
        undo("c"),
        choice("d", "1.2.2", "1.2.0"),
    ]
    for _ in range(2):
        answer = post(client, "compare", acts=acts)
        assert [one["refused"] for one in answer["results"]] == [None] * 4
        assert answer["results"][2]["candidates"] == ["1.2.0", "1.2.1"]
        assert [one["left"]["candidate_id"] for one in answer["pairs"]] == ["1.2.0"]
        assert (answer["compared"], answer["undo"]) == (2, 2)
        assert holds(project) == {("1.1.0", "1.1.1", "left", "ann"), ("1.2.2", "1.2.0", "left", "ann")}
    assert post(client, "pairs")["compared"] == 2 and len(post(client, "pairs")["queue"]) == 4
    assert len(post(client, "pairs", again=True)["queue"]) == 2
    assert post(client, "pairs", name="ben")["compared"] == 0


def test_each_reviewer_takes_back_their_own(client: TestClient, project: Project) -> None:
    post(client, "compare", acts=[choice("a", "1.1.0", "1.1.1")])
    answer = post(
        client, "compare", name="ben", acts=[undo("b"), choice("c", "1.1.0", "1.1.1", "tie"), undo("d"), undo("e")]
    )
    assert [one["refused"] for one in answer["results"]] == [
        "there is nothing to undo: ben has compared no pair in round 1",
        None,
        None,
        "there is nothing to undo: ben has compared no pair in round 1",
    ]
    assert holds(project) == {("1.1.0", "1.1.1", "left", "ann")}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (choice("x", "1.1.0", "1.1.0"), "1.1.0 and 1.1.0 are not two candidates of one prompt"),
        (choice("x", "1.1.0", "1.2.0"), "1.1.0 and 1.2.0 are not two candidates of one prompt"),
        (choice("x", "1.1.0", "1.1.9"), "there is no candidate '1.1.9' in round 1"),
        (choice("x", "2.1.0", "2.1.1"), "there is no candidate '2.1.0' in round 1"),
        (choice("x", "1.1.0", ""), "there is no candidate '' in round 1"),
        (choice("x", "1.1.0", "1.1.1", candidates=["1.1.0"]), "a comparison is of two candidates, not of 1"),
        (choice("x", "1.1.0", "1.1.1", verdict=None), "a comparison needs a verdict: left, right, tie"),
        (choice("x", "1.1.0", "1.1.1", guide=1), "there is no version 1 of the guide: the newest is 0"),
    ],
)
def test_one_that_makes_no_sense_is_refused_alone(
    client: TestClient, project: Project, wrong: dict[str, Any], words: str
) -> None:
    acts = [choice("a", "1.1.0", "1.1.1"), wrong, wrong, choice("b", "1.2.0", "1.2.1")]
    answer = post(client, "compare", acts=acts)
    assert [one["refused"] for one in answer["results"]] == [None, words, words, None]
    assert len(holds(project)) == 2


@pytest.mark.parametrize(
    "act",
    [
        {"act": "short", "kind": "undo"},
        {"act": "long-enough", "kind": "redo"},
        choice("a", "1.1.0", "1.1.1", verdict="best"),
        choice("a", "1.1.0", "1.1.1", candidates=["1.1.0", "1.1.1", "1.1.2"]),
    ],
)
def test_what_is_no_choice_at_all_is_named(client: TestClient, act: dict[str, Any]) -> None:
    assert len(post(client, "compare", 400, acts=[act])["error"]) > 10


def test_a_choice_keeps_the_version_of_the_guide_it_was_made_by_though_it_arrives_later(
    client: TestClient, project: Project
) -> None:
    project.store.guides.add("be kind", "ann", "")
    acts = [choice("a", "1.1.0", "1.1.1", guide=0), choice("b", "1.1.0", "1.1.2")]
    post(client, "compare", acts=acts)
    assert {one.act: one.guide for one in project.store.comparisons.standing(1)} == {"act-of-a": 0, "act-of-b": 1}
