"""Shared by the tests of Compare's routes: candidates, and acts as a browser sends them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from rsf_core.project import Project
from rsf_core.web import api, session
from tests.support.card_headers import HEADERS
from tests.support.seeding import add_candidates, add_prompts, candidates

TEXTS = ["red fox", "blue whale", "old oak", "new moon", "warm sun", "cold rain"]


@contextmanager
def project_to_judge(folder: Path, task: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The project that the routes serve: two prompts with three candidates each."""
    with Project.create(folder, str(task), seed=1) as project:
        add_prompts(project.store)
        add_candidates(project.store, candidates(2, 3, completions=TEXTS))
        monkeypatch.setattr(session, "_project", project)
        yield project


def routes() -> TestClient:
    return TestClient(Starlette(routes=list(api.routes())))


def post(client: TestClient, what: str, status: int = 200, name: str = "ann", **body: Any) -> dict[str, Any]:
    content = json.dumps({"token": api.token(name), "round": 1} | body)
    answer = client.post(f"/api/review/{what}", content=content, headers=HEADERS)
    assert answer.status_code == status, answer.text
    answer_body: dict[str, Any] = answer.json()
    return answer_body


def undo(act: str) -> dict[str, Any]:
    return {"act": f"act-of-{act}", "kind": "undo"}
