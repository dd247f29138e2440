"""Texts are rendered once, in a process that is ended if a text takes too long."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from rsf_core.domain.helper_process import HelperEndedError, HelperProcess
from rsf_core.web.markup import rendered as module
from rsf_core.web.markup.rendered import AT_ONCE, Rendered


class Helper(HelperProcess):
    """Answers without a process, and records its requests."""

    def __init__(self) -> None:
        super().__init__(list, 1.0)
        self.asked: list[str] = []
        self.gate = threading.Event()
        self.gate.set()

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request["text"])
        assert self.gate.wait(30)
        if request["text"] == "bomb":
            raise HelperEndedError(-9)
        return {"tree": json.dumps([request["text"]])}


def test_a_text_is_rendered_once() -> None:
    helper = Helper()
    rendered = Rendered(helper)
    first = rendered.of(["a", "b", "a"])
    assert first == [{"tree": '["a"]'}, {"tree": '["b"]'}, {"tree": '["a"]'}] == rendered.of(["a", "b", "a"])
    assert helper.asked == ["a", "b"]


def test_what_ended_the_process_is_reported_and_not_tried_again() -> None:
    helper = Helper()
    rendered = Rendered(helper)
    for _ in range(2):
        (bomb, fine) = rendered.of(["bomb", "a"])
        assert "too long or too much memory" in str(bomb["why"]) and fine == {"tree": '["a"]'}
    assert helper.asked == ["bomb", "a"]


def test_the_oldest_are_forgotten_where_there_is_no_room() -> None:
    helper = Helper()
    rendered = Rendered(helper, kept=500)
    for text in "abcdef":
        rendered.of([text])
    rendered.of(["f"])
    assert helper.asked == list("abcdef")
    rendered.of(["a"])
    assert helper.asked == [*"abcdef", "a"]


def test_requests_beyond_a_few_have_to_ask_again_instead_of_waiting() -> None:
    helper = Helper()
    rendered = Rendered(helper)
    rendered.of(["known"])
    helper.gate.clear()
    threads = [threading.Thread(target=rendered.of, args=([f"slow {i}"],)) for i in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    try:
        while rendered._waiting.acquire(blocking=False):  # until every place is taken
            rendered._waiting.release()
        assert rendered.of(["another", "known"]) == [{"later": True}, {"tree": '["known"]'}]
    finally:
        helper.gate.set()
        for thread in threads:
            thread.join(30)
    assert rendered.of(["another"]) == [{"tree": '["another"]'}]


def test_a_request_ends_though_its_texts_are_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.0)
    assert Rendered(Helper()).of(["a"]) == [{"later": True}]


@pytest.fixture(scope="module")
def worker() -> Iterator[Rendered]:
    made = Rendered(module.helper(0.3, 120.0))
    yield made
    made.stop()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("$a " * 13_000, "too long"),  # each dollar sign starts a search for another one
        ("![" * 19_000, "too long"),
        ("x" * 10_000_000, "longer than 40,000 characters"),
        ("$" + r"\sqrt{" * 250 + "x" + "}" * 250 + "$", "deep"),
    ],
)
def test_a_text_made_to_take_for_ever_is_given_up(worker: Rendered, text: str, why: str) -> None:
    (answer,) = worker.of([text])
    assert why in str(answer["why"])


@pytest.mark.parametrize(
    "text", [">" * 39_000, "\ud800 **a**", "**a**", "[" * 1_000, "`" * 39_000, "```c\n" + "/*" * 5_000]
)
def test_other_texts_are_rendered_after_it(worker: Rendered, text: str) -> None:
    (answer,) = worker.of([text])
    json.loads(str(answer["tree"]))


def test_a_process_that_is_gone_is_started_again() -> None:
    helper = module.helper(wall_seconds=120.0)
    made = Rendered(helper)
    try:
        assert "strong" in str(made.of(["**a**"]))
        assert helper._process is not None
        helper._process.kill()
        helper._process.wait(30)
        assert "strong" in str(made.of(["**b**"]))
    finally:
        made.stop()
