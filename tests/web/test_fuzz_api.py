"""Whatever is posted to the review routes gets an answer with a message: 200 or 4xx, never a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from rsf_core.domain import ActKind, ChoiceKind
from rsf_core.web import api, session
from tests.support.card_headers import HEADERS
from tests.support.seeding import candidates, decided_project

ROUTES = ("queue", "say", "text", "rendered", "pairs", "compare", "sets", "rank", "summary")
NUMBERS = [
    "0",
    "1",
    "-1",
    "²",
    "١",
    "9" * 20,
    "9" * 400,
    "1e400",
    "NaN",
    "inf",
    "0x1",
    " 1",
    "1 ",
    "01",
    "1.5",
    "",
    "+1",
    "1_0",
]
NAMES = st.one_of(
    st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=5).map(".".join),
    st.sampled_from(
        ["1.1.0", "1.².0", "1.1." + "9" * 20, "1.-1.0", "1.1.1048576", "\x00", "1.1.0\x00", "." * 50, "x" * 20_000]
    ),
    st.text(max_size=30),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = """prompt decision overridden by flagged tag p_accept log_ratio tokens text regex score.sentiment score. score.none
scores nothing"""
KINDS = [*ActKind, *ChoiceKind, "x"]
FILTERS = st.dictionaries(
    st.sampled_from(FIELDS.split()),
    st.one_of(
        st.sampled_from(
            [*NUMBERS, "yes", "no", "1..2", "2..1", "..", "nan..nan", "inf..-inf", "(", "\\", "a{9999999}", "\x00", "%"]
        ),
        st.text(max_size=20),
    ),
    max_size=4,
)
ACTS = st.lists(
    st.fixed_dictionaries(
        {"act": st.text(max_size=90), "kind": st.sampled_from(KINDS)},
        optional={
            "candidates": st.lists(NAMES, max_size=4),
            "action": st.sampled_from(["accept", "reject", "auto", "", None, 1]),
            "value": st.none() | st.text(max_size=40),
            "places": st.lists(st.integers(-1, 3), max_size=4),
        },
    ),
    max_size=4,
)  # fmt: skip
ROUNDS = st.sampled_from([1, 1, 1, 2, 0, -1, 10**8, 10**9, 2**31, 2**63, 10**30, 1.5, "1", None])


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, small_task: Path) -> Iterator[TestClient]:
    with decided_project(tmp_path_factory.mktemp("fuzzed") / "p", small_task, candidates(2, 3)) as made:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(session, "_project", made)
            yield TestClient(Starlette(routes=list(api.routes())), raise_server_exceptions=False)


def answered(client: TestClient, route: str, content: bytes) -> None:
    answer = client.post(f"/api/review/{route}", content=content, headers=HEADERS)
    assert answer.status_code in (200, 400, 401, 403, 409, 413), (answer.status_code, content[:300])
    assert isinstance(answer.json(), dict)  # a refusal is an object too
    if answer.status_code != 200:
        assert len(answer.json()["error"]) > 5


def body(**more: Any) -> bytes:
    return json.dumps({"token": api.token("ann"), "round": 1} | more).encode()


many = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@many
@given(ROUNDS, FILTERS, NAMES, NAMES)
def test_any_queue_is_answered(client, round_number, expected, after, at):
    answered(client, "queue", body(round=round_number, filter=expected, after=after))
    answered(client, "queue", body(round=round_number, at=at))


@many
@given(ROUNDS, ACTS)
def test_any_acts_are_answered(client, round_number, acts):
    answered(client, "say", body(round=round_number, acts=acts))


@many
@given(ROUNDS, NAMES)
def test_any_text_that_is_asked_for_is_answered(client, round_number, candidate):
    answered(client, "text", body(round=round_number, candidate=candidate))


@many
@given(st.sampled_from(ROUTES), JSON)
def test_any_json_is_answered(client, route, content):
    answered(client, route, json.dumps(content).encode())
    answered(client, route, body(**content) if isinstance(content, dict) else json.dumps([content]).encode())


@many
@given(st.sampled_from(ROUTES), st.binary(max_size=200))
def test_any_bytes_are_answered(client, route, content):
    answered(client, route, content)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b'{"a":' * 50_000, b'{"round": ' + b"9" * 100_000 + b"}", b'"\\ud800"', b"\xff\xfe", b"null", b""],
)
def test_deep_long_and_broken_json_is_answered(client, route, content):
    answered(client, route, content)


@pytest.mark.parametrize("name", ["1.².0", "1.1." + "9" * 20, "9" * 20, "1.-1.0", "1.1.1048576", "١.1.0"])
def test_a_text_that_names_no_candidate_is_refused_by_every_route(client, name):
    answer = client.post("/api/review/text", content=body(candidate=name), headers=HEADERS)
    assert answer.status_code == 409 and "there is no candidate" in answer.json()["error"]
    act = {"act": f"act about {len(name)}", "kind": "decide", "candidates": [name], "action": "accept"}
    answer = client.post("/api/review/say", content=body(acts=[act]), headers=HEADERS)
    assert "there is no candidate" in answer.json()["results"][0]["refused"]
    for place in ("after", "at"):
        assert client.post("/api/review/queue", content=body(**{place: name}), headers=HEADERS).status_code == 200
