"""The review routes answer our own pages alone, name what is wrong, and lose nothing."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.testclient import TestClient

from rsf_core.domain import access
from rsf_core.domain.errors import AccessError
from rsf_core.project import Project
from rsf_core.web import api, session
from rsf_core.web.packed import Part, part
from tests.support.card_headers import HEADERS
from tests.support.seeding import add_candidates, add_prompts, add_scores, candidates, decide


@pytest.fixture
def project(tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    with Project.create(tmp_path / "p", str(small_task), seed=1) as made:
        rows = candidates(2, 3, completions=["short", "x" * 10_000, *["other"] * 4])
        add_prompts(made.store)
        add_candidates(made.store, rows)
        add_scores(made.store, rows, {"sentiment": 0.5})
        decide(made.store, rows, 0.0, -9.0)
        monkeypatch.setattr(session, "_project", made)
        yield made


@pytest.fixture
def client(project: Project) -> TestClient:
    return TestClient(Starlette(routes=list(api.routes())))


def post(client: TestClient, what: str, body: dict[str, Any], **headers: str) -> Any:
    full = {"token": api.token("ann"), "round": 1} | body
    return client.post(f"/api/review/{what}", content=json.dumps(full), headers=HEADERS | headers)


def test_acts_are_stored_once_under_the_name_in_the_token(client: TestClient, project: Project) -> None:
    acts = [{"act": "first-act", "kind": "decide", "candidates": ["1.1.0"], "action": "reject"}]
    for _ in range(2):
        answer = post(client, "say", {"acts": acts})
        assert answer.status_code == 200 and answer.json()["results"][0]["refused"] is None
    (override,) = project.store.overrides()
    assert (override.candidate_id, override.action, override.reviewer) == ("1.1.0", "reject", "ann")
    assert answer.json()["undo"] == 1


@pytest.mark.parametrize(
    ("path", "body", "action"),
    [
        ("queue", {}, "routes.queue"),
        ("say", {"acts": []}, "routes.say"),
        ("text", {"candidate": "1.1.0"}, "routes.text"),
        ("rendered", {"texts": []}, "routes.render"),
        ("pairs", {}, "routes.pairs"),
        ("compare", {"acts": []}, "routes.compare"),
        ("sets", {}, "routes.sets"),
        ("rank", {"acts": []}, "routes.rank"),
        ("summary", {}, "routes.summary"),
    ],
)
def test_a_route_is_checked_by_its_own_name_before_it_does_anything(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, Any], action: str
) -> None:
    asked: list[tuple[str, str]] = []

    def check(actor: access.Actor, action: str) -> None:
        asked.append((actor.name, action))
        raise AccessError("not you")

    assert post(client, path, body).status_code == 200
    monkeypatch.setattr(access, "check", check)
    answer = post(client, path, body)
    assert answer.status_code == 403 and answer.json() == {"error": "not you"}
    assert asked == [("ann", action)]


def test_an_undo_comes_back_with_what_it_touched(client: TestClient) -> None:
    acts = [
        {"act": "first-act", "kind": "decide", "candidates": ["1.1.0"], "action": "reject"},
        {"act": "second-act", "kind": "undo"},
        {"act": "third-act", "kind": "undo"},
    ]
    answer = post(client, "say", {"acts": acts}).json()
    assert answer["results"][1]["candidates"] == ["1.1.0"] and "nothing to undo" in answer["results"][2]["refused"]
    (prompt,) = answer["prompts"]
    assert prompt["candidates"][0]["opinions"] == []


def test_the_queue_clips_long_text_and_the_whole_is_asked_for(client: TestClient) -> None:
    answer = post(client, "queue", {"order": "prompt", "limit": 2}).json()
    assert answer["queue"] == ["1.1.0", "1.1.1"] and answer["counts"]["pending"] == 6
    long = answer["prompts"][0]["candidates"][1]
    assert len(long["completion"]) == api.CLIPPED and long["clipped"] == 10_000 - api.CLIPPED
    assert post(client, "text", {"candidate": "1.1.1"}).json()["completion"] == "x" * 10_000
    assert post(client, "text", {"candidate": "1.7.1"}).status_code == 409


def test_texts_come_back_as_trees_in_their_order(client: TestClient) -> None:
    answer = post(client, "rendered", {"texts": ["**a**", "plain", "x" * 50_000, "**a**"]}).json()["texts"]
    assert [json.loads(one["tree"]) if "tree" in one else one["why"] for one in answer] == [
        [["p", {}, ["strong", {}, "a"]]],
        None,
        "it is longer than 40,000 characters",
        [["p", {}, ["strong", {}, "a"]]],
    ]
    assert post(client, "rendered", {"texts": ["a"] * 51}).status_code == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"host": "evil.example", "origin": "http://evil.example"}, 403),
        ({"content-type": "text/plain"}, 403),
    ],
)
def test_a_request_from_elsewhere_is_refused(client: TestClient, project: Project, headers, status) -> None:
    acts = [{"act": "first-act", "kind": "decide", "candidates": ["1.1.0"], "action": "reject"}]
    assert post(client, "say", {"acts": acts}, **headers).status_code == status
    assert project.store.overrides() == []


@pytest.mark.parametrize(
    ("what", "body", "status", "words"),
    [
        ("say", {"token": "forged", "acts": []}, 401, "reload it"),
        ("say", {"acts": [{"act": "a", "kind": "decide"}]}, 400, "acts.0.act"),
        ("say", {"acts": [{"act": "12345678", "kind": "shout"}]}, 400, "acts.0.kind"),
        ("queue", {"filter": {"tokens": "many"}}, 409, "filter tokens"),
        ("queue", {"view": "nothing"}, 400, "view"),
        ("queue", {"round": 0}, 400, "round"),
        ("queue", {"filter": {"regex": "("}}, 409, "searching for"),
    ],
)
def test_what_is_wrong_is_named(client: TestClient, what, body, status, words) -> None:
    answer = post(client, what, body)
    assert answer.status_code == status and words in answer.json()["error"]


def test_a_body_beyond_all_measure_is_refused(client: TestClient) -> None:
    acts = [{"act": "12345678", "kind": "note", "candidates": ["1.1.0"], "value": "x" * api.LONGEST_BODY}]
    assert post(client, "say", {"acts": acts}).status_code == 413


@pytest.mark.parametrize("accepted", ["gzip, deflate, br, zstd", "gzip", "br", "identity", ""])
def test_a_queue_is_the_same_packed_and_plain_and_is_packed_once(project: Project, accepted: str) -> None:
    app = Starlette(
        routes=list(api.routes()), middleware=[Middleware(GZipMiddleware, minimum_size=1)]
    )  # like Streamlit's
    client = TestClient(app)
    with client.stream(
        "POST",
        "/api/review/queue",
        content=json.dumps({"token": api.token("ann"), "round": 1}),
        headers=HEADERS | {"accept-encoding": accepted},
    ) as answer:
        raw = b"".join(answer.iter_raw())
    packed = "gzip" in accepted
    assert answer.headers.get("content-encoding") == ("gzip" if packed else None)
    assert "accept-encoding" in answer.headers["vary"].lower() and answer.headers["content-length"] == str(len(raw))
    content = json.loads(gzip.decompress(raw) if packed else raw)
    assert content == json.loads(post(client, "queue", {}).content)
    assert next(iter(content)) == "queue" and [len(prompt["candidates"]) for prompt in content["prompts"]] == [3, 3]


def test_a_view_without_candidates_is_a_queue_without_prompts(client: TestClient) -> None:
    answer = post(client, "queue", {"view": "flagged"}).json()
    assert answer["queue"] == [] and answer["prompts"] == []


def prompts_of(client: TestClient) -> dict[int, Any]:
    return {prompt["prompt_id"]: prompt for prompt in post(client, "queue", {}).json()["prompts"]}


def test_decisions_are_in_the_next_queue_though_most_of_it_was_packed_before(client: TestClient) -> None:
    before = prompts_of(client)
    say = {"acts": [{"act": "first-act", "kind": "note", "candidates": ["1.1.1"], "value": "why?"}]}
    assert post(client, "say", say).status_code == 200
    after = prompts_of(client)
    assert after[2] == before[2] and after[1]["candidates"][1] == before[1]["candidates"][1] | {"note": "why?"}


def test_what_many_ask_for_at_once_is_written_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []

    def slow(text: str) -> Part:
        if '"prompt_id"' in text:
            written.append(text)
            time.sleep(0.05)
        return part(text)

    monkeypatch.setattr(api, "part", slow)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(client, "queue", {}).json(), range(8)))
    assert len(written) == 2 and all(answer == answers[0] for answer in answers)


def test_of_tokens_the_forged_are_checked_each_time_and_the_last_that_were_good_are_kept(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    api._signed.cache_clear()
    good = api.token("ann")
    for token in (good, f"W{good}", "", "forged", good):
        assert post(client, "queue", {"token": token}).status_code == (200 if token == good else 401)
    assert api._signed.cache_info().currsize == 1 and api._signed.cache_info().maxsize == api.KEPT_TOKENS


def test_a_lone_surrogate_in_a_note_does_not_break_the_answer(client: TestClient) -> None:
    acts = [{"act": "12345678", "kind": "note", "candidates": ["1.1.0"], "value": "caf\u00e9 \U0001f600"}]
    assert post(client, "say", {"acts": acts}).status_code == 200
    answer = post(client, "queue", {"order": "prompt"}).json()
    assert answer["prompts"][0]["candidates"][0]["note"] == "café 😀"


@pytest.mark.parametrize("hours", [1, -1, 24 * 365, -24 * 365])
def test_a_reviewer_continues_though_the_clock_of_the_machine_is_set(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    token, true = api.token("ann"), time.time
    monkeypatch.setattr(time, "time", lambda: true() + 3600 * hours)
    for given in (token, api.token("ann")):
        assert post(client, "say", {"token": given, "acts": [{"act": "an undo!", "kind": "undo"}]}).status_code == 200


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize(("seconds", "status"), [(api.TOKEN_SECONDS - 60, 200), (api.TOKEN_SECONDS + 60, 401)])
def test_a_token_is_good_for_a_day_of_this_server(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, seconds: int, status: int, kept: bool
) -> None:
    token, now = api.token("ann"), time.monotonic()
    if kept:
        assert post(client, "queue", {"token": token}).status_code == 200
    monkeypatch.setattr(api, "time", SimpleNamespace(monotonic=lambda: now + seconds))
    body = {"token": token, "acts": [{"act": "an undo!", "kind": "undo"}]}
    assert post(client, "say", body).status_code == status


def test_the_queue_marks_the_random_audit_and_a_decision_keeps_how_the_candidate_was_shown(
    client: TestClient, project: Project
) -> None:
    project.set("review.audit_share", "0.5")
    parts = [post(client, "queue", {"order": "prompt", "limit": 2}).json()]
    while parts[-1]["queue"]:
        cursor = {"after": parts[-1]["last"], "after_audit": parts[-1]["last_audit"]}
        parts.append(post(client, "queue", {"order": "prompt", "limit": 2} | cursor).json())
    audit = [name for part in parts for name in part["audit"]]
    assert {name for part in parts for name in part["queue"]} == {f"1.{p}.{k}" for p in (1, 2) for k in range(3)}
    assert audit and len(audit) == len(set(audit))
    act = {"act": "shown-act", "kind": "decide", "candidates": [audit[0]], "action": "accept"}
    shown = {"candidate": audit[0], "order": "prompt", "audit": True}
    assert post(client, "say", {"acts": [act | {"shown": shown}]}).json()["results"][0]["refused"] is None
    (row,) = project.store.shown(1).to_pylist()
    assert (row["shown_in"], row["as_audit"]) == ("prompt", True)
    broken = post(client, "say", {"acts": [act | {"act": "broken-act", "shown": shown | {"order": "any"}}]})
    assert broken.status_code == 400 and "order" in broken.json()["error"]
