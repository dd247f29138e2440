"""Rankings arrive through the routes as they were made: in order, once, under the token's name."""

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


def ranking(act: str, names: str, places: list[int], **more: Any) -> dict[str, Any]:
    return {"act": f"act-of-{act}", "kind": "rank", "candidates": names.split(), "places": places} | more


def holds(project: Project) -> set[tuple[str, tuple[str, ...], tuple[int, ...]]]:
    return {(one.reviewer, one.candidates, one.places) for one in project.store.rankings.standing(1)}


def test_candidates_are_sent_with_their_texts_alone(client: TestClient) -> None:
    answer = post(client, "sets")
    assert (len(answer["queue"]), answer["ended"], answer["ranked"], answer["undo"]) == (2, True, 0, 0)
    for one in answer["queue"]:
        assert one.keys() == {"prompt", "candidates"} and len(one["candidates"]) == 3
        assert one["prompt"].keys() == {"prompt_id", "text", "system", "earlier"}
        for candidate in one["candidates"]:
            assert candidate.keys() == {"candidate_id", "completion"} and candidate["completion"] in TEXTS


def test_choices_are_kept_once_in_order_however_often_they_are_sent(client: TestClient, project: Project) -> None:
    acts = [
        ranking("a", "1.1.0 1.1.1 1.1.2", [2, 1, 2]),
        ranking("b", "1.2.0 1.2.1", [1, 2]),
        undo("c"),
        ranking("d", "1.2.2 1.2.0", [1, 1]),
    ]
    for _ in range(2):
        answer = post(client, "rank", acts=acts)
        assert [one["refused"] for one in answer["results"]] == [None] * 4
        assert answer["results"][2]["candidates"] == ["1.2.0", "1.2.1"]
        (back,) = answer["sets"]
        assert {one["candidate_id"] for one in back["candidates"]} == {"1.2.0", "1.2.1"}
        assert (answer["ranked"], answer["undo"]) == (2, 2)
        assert holds(project) == {
            ("ann", ("1.1.0", "1.1.1", "1.1.2"), (2, 1, 2)),
            ("ann", ("1.2.2", "1.2.0"), (1, 1)),
        }
    assert post(client, "sets")["queue"] == [] and len(post(client, "sets", again=True)["queue"]) == 2
    assert post(client, "sets", name="ben")["ranked"] == 0


def test_each_reviewer_takes_back_their_own_and_comparisons_stay(client: TestClient, project: Project) -> None:
    post(client, "rank", acts=[ranking("a", "1.1.0 1.1.1", [1, 2])])
    answer = post(client, "rank", name="ben", acts=[undo("b")])
    assert answer["results"][0]["refused"] == "there is nothing to undo: ben has ranked no prompt in round 1"
    answer = post(client, "compare", acts=[undo("c")])
    assert answer["results"][0]["refused"] == "there is nothing to undo: ann has compared no pair in round 1"
    assert len(holds(project)) == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (ranking("x", "1.1.0 1.1.0", [1, 2]), "1.1.0 and 1.1.0 are not two candidates of one prompt"),
        (ranking("x", "1.1.0 1.2.0", [1, 2]), "1.1.0 and 1.2.0 are not two candidates of one prompt"),
        (ranking("x", "1.1.0 1.1.9", [1, 2]), "there is no candidate '1.1.9' in round 1"),
        (ranking("x", "1.1.0", [1]), "a ranking is of 2 to 8 candidates, not of 1"),
        (ranking("x", "1.1.0 1.1.1", [1]), "a ranking gives each of its candidates a place: 2 candidates have 1"),
        (ranking("x", "1.1.0 1.1.1", [1, 3]), "places are 1, 2, … without a gap, not 1, 3"),
        (ranking("x", "1.1.0 1.1.1", [1, 2], guide=1), "there is no version 1 of the guide: the newest is 0"),
    ],
)
def test_one_that_makes_no_sense_is_refused_alone(
    client: TestClient, project: Project, wrong: dict[str, Any], words: str
) -> None:
    acts = [ranking("a", "1.1.0 1.1.1", [1, 2]), wrong, wrong, ranking("b", "1.2.0 1.2.1", [1, 2])]
    answer = post(client, "rank", acts=acts)
    assert [one["refused"] for one in answer["results"]] == [None, words, words, None]
    assert len(holds(project)) == 2


@pytest.mark.parametrize("act", [{"act": "short", "kind": "undo"}, {"act": "long-enough", "kind": "compare"}])
def test_what_is_no_ranking_at_all_is_named(client: TestClient, act: dict[str, Any]) -> None:
    assert len(post(client, "rank", 400, acts=[act])["error"]) > 10


def test_a_ranking_keeps_the_version_of_the_guide_it_was_made_by_though_it_arrives_later(
    client: TestClient, project: Project
) -> None:
    project.store.guides.add("be kind", "ann", "")
    acts = [ranking("a", "1.1.0 1.1.1", [1, 2], guide=0), ranking("b", "1.2.0 1.2.1", [1, 2])]
    post(client, "rank", acts=acts)
    assert {one.act: one.guide for one in project.store.rankings.standing(1)} == {"act-of-a": 0, "act-of-b": 1}
