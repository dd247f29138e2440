"""Gold items in the app: marked only by owners, hidden from reviewers who are asked, and reported to the owner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from rsf_core.cli.gold import gold_items
from rsf_core.domain import Act, Action, ActKind
from rsf_core.domain.access import Actor, Role, person
from rsf_core.domain.errors import StageError
from rsf_core.project import Project
from rsf_core.web import api, cursors, session
from rsf_core.web.gate import ACTOR
from tests.support.card_headers import HEADERS
from tests.support.pages import page_of, words_of
from tests.support.seeding import candidates, decided_project

BEN = Actor("ben", Role.REVIEWER, "7")


@pytest.fixture
def project(tmp_path: Path, small_task: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    rows = candidates(4, 6)
    with decided_project(tmp_path / "p", small_task, rows) as made:
        monkeypatch.setattr(session, "_project", made)
        monkeypatch.setenv("RSF_REVIEWER", "ann")
        yield made


def client(actor: Actor | None = None) -> TestClient:
    inner = Starlette(routes=list(api.routes()))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await inner(scope | {ACTOR: actor}, receive, send)

    return TestClient(app)


def post(to: TestClient, what: str, body: dict[str, Any], token: str) -> Any:
    return to.post(f"/api/review/{what}", content=json.dumps({"token": token, "round": 1} | body), headers=HEADERS)


def test_an_owner_marks_through_the_card_and_a_reviewer_is_refused(project: Project) -> None:
    body = {"candidate": "1.1.0", "action": "reject"}
    refused = post(client(BEN), "gold", body, api.token("ben", "7"))
    assert refused.status_code == 403 and project.store.gold.of_round(1) == {}
    owner = client()
    made = post(owner, "gold", body, api.token("ann"))
    assert made.status_code == 200, made.text
    assert made.json()["gold"] == {"1.1.0": "reject"}
    (shown,) = [c for p in made.json()["prompts"] for c in p["candidates"] if c["candidate_id"] == "1.1.0"]
    assert shown["opinions"] == [{"reviewer": "ann", "action": "reject", "final": True}]
    assert post(client(BEN), "gold", body | {"action": None}, api.token("ben", "7")).status_code == 403
    assert post(owner, "gold", body | {"action": "auto"}, api.token("ann")).status_code == 400
    assert post(owner, "gold", body | {"candidate": "1.9.9"}, api.token("ann")).status_code == 409
    assert post(owner, "gold", body | {"action": None}, api.token("ann")).json()["gold"] == {}


def test_what_a_reviewer_is_sent_has_nothing_that_tells_a_gold_item(project: Project) -> None:
    for name in ("1.1.0", "1.2.3", "1.4.5"):
        project.gold.mark(name, Action.REJECT, person("ann"))
    project.set("review.gold_share", "0.2")
    to, token = client(BEN), api.token("ben", "7")
    body: dict[str, Any] = {"order": "prompt", "limit": 4}
    queued: list[str] = []
    while True:
        part = post(to, "queue", body, token).json()
        assert "gold" not in json.dumps(part) and "ann" not in json.dumps(part["prompts"])
        assert len(part["last_audit"]) == 64
        if not part["queue"]:
            break
        assert all(not c["opinions"] and c["accepted"] for p in part["prompts"] for c in p["candidates"])
        queued += part["queue"]
        body |= {"after": part["last"], "after_audit": part["last_audit"]}
    assert set(queued) == {f"1.{p}.{k}" for p in range(1, 5) for k in range(6)}
    act = {"act": "an-act-of-ben", "kind": "decide", "candidates": ["1.1.0"], "action": "reject"}
    assert post(to, "say", {"acts": [act, {"act": "undo-of-ben", "kind": "undo"}]}, token).status_code == 200
    undone = post(to, "say", {"acts": [{"act": "redo-of-ben", "kind": "redo"}]}, token).json()
    (seen,) = [c for p in undone["prompts"] for c in p["candidates"] if c["candidate_id"] == "1.1.0"]
    assert seen["opinions"] == [{"reviewer": "ben", "action": "reject", "final": False}]


def test_a_cursor_comes_back_and_tells_nothing() -> None:
    cursor_texts = [cursors.sealed(3, audit, gold) for audit in (None, "3.1.0", "3.9.7") for gold in (None, "3.5.2")]
    assert len({len(text) for text in cursor_texts}) == 1 and len(set(cursor_texts)) == len(cursor_texts)
    assert cursors.unsealed(3, cursor_texts[3]) == ("3.1.0", "3.5.2") and cursors.unsealed(3, cursor_texts[0]) == (
        None,
        None,
    )
    assert cursors.sealed(3, "3.1.0", None) == cursor_texts[2]
    for other in (
        None,
        "",
        "zz",
        "3.1.0",
        cursor_texts[3][:-2],
        cursor_texts[3][:-1] + ("0" if cursor_texts[3][-1] != "0" else "1"),
    ):
        assert cursors.unsealed(3, other) == (None, None)
    assert cursors.unsealed(4, cursor_texts[3]) == (None, None)


def test_the_owner_reads_how_each_reviewer_does_and_what_it_means(project: Project) -> None:
    project.gold.mark("1.1.0", Action.REJECT, person("ann"))
    app = page_of("review", show="Agreement")
    assert "**1 gold item** in this round, 0 to accept and 1 to reject." in words_of(app)
    assert "Nobody has answered a gold item yet." in words_of(app)
    project.review.say(1, person("ben"), [Act("an act of ben", ActKind.DECIDE, ("1.1.0",), Action.ACCEPT)])
    project.guide_book.save("be kind", author=person("ann"))
    app = page_of("review", show="Agreement")
    table = next(frame.value for frame in app.dataframe if "let through" in frame.value.columns)
    assert table.iloc[0].to_dict() == {
        "reviewer": "ben",
        "guide": "all",
        "answered": 1,
        "right": 0,
        "accuracy": "0 %  [0, 97.5]",
        "turned away": "0 of 0",
        "let through": "1 of 1",
        "by another guide": 0,
    }
    assert "wide limits" in words_of(app) and "were decided by an older guide than version 1" in words_of(app)


def test_a_reviewer_reads_nothing_of_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.gold.mark("1.1.0", Action.REJECT, person("ann"))
    monkeypatch.setattr(session, "actor", lambda: BEN)
    app = page_of("review", show="Agreement")
    assert "gold" not in words_of(app).lower()


def test_the_command_marks_reports_and_takes_away(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project.folder
    project.close()
    gold_items(folder)
    assert "has no gold item" in capsys.readouterr().out
    gold_items(folder, "1.1.0", "accept", as_json=True)
    answer = json.loads(capsys.readouterr().out)
    assert [(one["candidate_id"], one["action"], one["author"]) for one in answer["items"]] == [
        ("1.1.0", "accept", "ann")
    ]
    assert (answer["share"], answer["reviewers"]) == (0.05, [])
    with Project.open(folder) as opened_again:
        opened_again.review.say(1, person("ben"), [Act("an act of ben", ActKind.DECIDE, ("1.1.0",), Action.ACCEPT)])
    gold_items(folder)
    text = capsys.readouterr().out
    assert "1 gold item" in text and "ben" in text and "100%" in text
    gold_items(folder, "1.1.0", remove=True, as_json=True)
    assert json.loads(capsys.readouterr().out)["items"] == []
    for arguments in (
        {"candidate": "1.1.0"},
        {"remove": True},
        {"candidate": "1.1.0", "decision": "accept", "remove": True},
    ):
        with pytest.raises(StageError, match=r"give (a CANDIDATE|accept or reject)"):
            gold_items(folder, **arguments)
