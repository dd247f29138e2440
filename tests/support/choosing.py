"""What the tests of the routes of Compare share: candidates, and acts as a browser sends them."""

from __future__ import annotations

import json
from typing import Any

from starlette.testclient import TestClient

from rsf_core.web import api
from tests.support.card_headers import HEADERS

TEXTS = ["red fox", "blue whale", "old oak", "new moon", "warm sun", "cold rain"]


def post(client: TestClient, what: str, status: int = 200, name: str = "ann", **body: Any) -> dict[str, Any]:
    content = json.dumps({"token": api.token(name), "round": 1} | body)
    answer = client.post(f"/api/review/{what}", content=content, headers=HEADERS)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def undo(act: str) -> dict[str, Any]:
    return {"act": f"act-of-{act}", "kind": "undo"}
