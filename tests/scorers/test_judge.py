"""A judge behind a server that answers correctly, and in every wrong way."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rsf_core.domain import Finish, Prompt, sent_keys
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.sent_keys import SentKey
from rsf_core.scorers import asking, host, kept_answers, registry
from rsf_core.scorers.base import NoScore, Scored, Unavailable
from rsf_core.scorers.host import Host, Stopped
from rsf_core.scorers.judge_check import JudgeCheck
from rsf_core.scorers.kept_answers import Spent
from tests.support.judge_server import JudgeServer, Reply, error, says, serving
from tests.support.waiting import until

SECRET = "sk-test-0123456789"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("RSF_CONFIG", str(tmp_path / "config"))
    monkeypatch.setattr(asking, "BACKOFF_SECONDS", 0.001)
    registry._load.cache_clear()
    yield
    registry._load.cache_clear()


def batch(*completions: str, reference: str | None = None) -> list[Scored]:
    return [Scored(Prompt(1, "What?", reference), c, 3, Finish.EOS, f"1.1.{k}") for k, c in enumerate(completions)]


def score(name: str, *completions: str, folder: Path | None = None, **caller: Any) -> list[float | NoScore]:
    with host.hosted(Host(name, folder, **caller)):
        return registry.score(name, batch(*completions or ("Fine.",)))


def reason(name: str, *completions: str) -> str:
    (score_given,) = score(name, *completions)
    assert isinstance(score_given, NoScore)
    return score_given.reason


def rated(body: dict[str, Any]) -> Reply:
    """Scores a completion by the length of the text between its marks."""
    text = body["messages"][0]["content"].split("[completion ")[1].split("\n")[1]
    return says(json.dumps({"score": min(10, len(text))}))


# -- answers -----------------------------------------------------------------------------------------------------------


def test_each_completion_gets_the_score_that_was_given_for_it() -> None:
    with serving(rated) as server:
        assert score(server.name(), *("x" * n for n in (3, 9, 1, 7, 5, 2))) == [3, 9, 1, 7, 5, 2]
        assert len(server.seen) == 6 and server.paths == ["/v1/chat/completions"] * 6


def test_the_request_is_repeatable_and_names_model_scale_and_rubric() -> None:
    with serving(rated) as server:
        score(server.name("Is it rude?", lowest=0, highest=4, seed=5, max_tokens=99))
    (body,) = server.seen
    assert (body["model"], body["temperature"], body["seed"], body["max_tokens"]) == ("m", 0, 5, 99)
    assert "Is it rude?" in body["messages"][0]["content"] and "from 0 to 4" in body["messages"][0]["content"]
    assert body["response_format"]["json_schema"]["schema"]["properties"]["score"]["maximum"] == 4
    assert "Authorization" not in server.headers[0]


def test_a_server_without_schemas_is_asked_without_one() -> None:
    with serving(says("3")) as server:
        assert score(server.name(structured=False)) == [3.0]
    assert "response_format" not in server.seen[0]


def test_prompt_and_reference_are_shown_where_the_options_ask_for_it() -> None:
    with serving(says("3")) as server:
        registry.score(server.name(show_prompt=False, show_reference=True), batch("Fine.", reference="gold"))
    text = server.seen[0]["messages"][0]["content"]
    assert "gold" in text and "What?" not in text


@pytest.mark.parametrize("reference", [None, "", "  "])
def test_a_missing_reference_that_would_be_shown_is_found_beforehand(reference: str | None) -> None:
    name = 'llm_judge(endpoint="http://127.0.0.1:9/v1", model="m", rubric="r", show_reference=true)'
    assert [p.problem for p in registry.reference_problems([name], [Prompt(1, "What?", reference)])]
    assert not registry.reference_problems([name.replace(", show_reference=true", "")], [Prompt(1, "What?", reference)])


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (says("I like it, 8"), "not a score"), (says('{"score": 11}'), "not on the scale from 1 to 10"),
        (says('{"score": 7.5}'), "not a whole number"), (says(None), "not a score"),
        (says("7", finish="length"), "max_tokens"),
        (error(400, "too long for this model"), "too long for this model"), (error(413), "413"), (error(422), "422"),
    ],
)  # fmt: skip
def test_an_unusable_answer_leaves_only_this_candidate_without_a_score(reply: Reply, why: str) -> None:
    with serving(reply, says("3")) as server:
        name = server.name(at_once=1)
        first, second = score(name, "one", "two")
        assert isinstance(first, NoScore) and why in first.reason and second == 3.0
        assert len(server.seen) == 2, "what cannot be answered is not asked again"


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(b"<html>Welcome</html>"), "not a chat completion: <html>Welcome</html>"),
        (Reply(b'{"choices": []}'), "not a chat completion"),
        (Reply(b'{"choices": [{"message": "7"}]}'), "not a chat completion"),
        (Reply(says("7").body[:40]), "not a chat completion"),
        (Reply(b""), "not a chat completion"),
        (Reply(b"\xff\xfe\x00"), "not a chat completion"),
        (Reply(b"[" * 100_000), "not a chat completion"),
        (Reply(b'{"choices": 0' + b" " * (2 << 20)), "more than 1,048,576 bytes"),
        (Reply(says("7").body, headers={"Content_Encoding": "gzip"}), "compressed"),
    ],
)  # fmt: skip
def test_garbage_is_no_score_and_after_some_in_a_row_the_stage_stops(reply: Reply, why: str) -> None:
    with serving(reply, says("3")) as server:
        first, second = score(server.name(at_once=1), "one", "two")
        assert isinstance(first, NoScore) and why in first.reason and second == 3.0
    with serving(reply) as server, pytest.raises(Unavailable, match="then resume"):
        score(server.name(at_once=1), *map(str, range(20)))
    assert len(server.seen) == 5


# -- a server in trouble -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [error(429, Retry_After="0"), error(500), error(503), error(408), Reply(says("7").body, cut=True)],
)
def test_trouble_that_passes_is_tried_again(trouble: Reply) -> None:
    with serving(trouble, trouble, says("3")) as server:
        assert score(server.name()) == [3.0]
        assert len(server.seen) == 3


def test_trouble_that_does_not_pass_is_no_score_and_after_some_in_a_row_the_stage_stops() -> None:
    with serving(error(503, "overloaded")) as server:
        assert "503: overloaded (tried again and again)" in reason(server.name())
        assert len(server.seen) == asking.TRIES
        with pytest.raises(Unavailable, match="overloaded"):
            score(server.name(), *map(str, range(20)))


def test_an_endpoint_that_asks_to_wait_longer_than_there_is_time_is_not_asked_again() -> None:
    with serving(error(429, "slow down", Retry_After="3600")) as server:
        assert "429: slow down" in reason(server.name())
        assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("status", "why"),
    [(401, "does not accept the key"), (402, "payment"), (403, "allow"), (404, "model"), (405, "does not accept chat")],
)
def test_what_no_question_would_change_stops_the_stage_at_once(status: int, why: str) -> None:
    with serving(error(status, "who are you")) as server, pytest.raises(Unavailable, match=why) as raised:
        score(server.name(at_once=1), "one", "two", "three")
    assert len(server.seen) == 1 and server.endpoint in str(raised.value) and "who are you" in str(raised.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with serving(says("9")) as elsewhere:
        sends_on = error(status, Location=f"{elsewhere.endpoint}/chat/completions")
        with serving(sends_on) as server, pytest.raises(Unavailable, match=f"redirects to {elsewhere.endpoint}"):
            score(server.name())
    assert not elsewhere.seen and len(server.seen) == 1


def test_a_server_that_is_not_there_stops_the_stage_and_says_where_it_was_sought() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        name = f'llm_judge(endpoint="{endpoint}", model="m", rubric="r")'
        with pytest.raises(Unavailable, match=f"{endpoint}.*cannot be reached"):
            score(name)


def test_a_server_that_hangs_is_given_up_within_its_time() -> None:
    with serving(Reply(hang=True)) as server:
        assert "did not answer within 0.2 s" in reason(server.name(seconds=0.2))
        (score_given,) = score(server.name(), seconds=0.25)  # the caller allows less time than the option
        assert isinstance(score_given, NoScore) and "within 0.2 s" in score_given.reason


def test_one_that_hangs_takes_no_score_from_another() -> None:
    def hangs_on_two(body: dict[str, Any]) -> Reply:
        return Reply(hang=True) if "two" in body["messages"][0]["content"] else says("3")

    with serving(hangs_on_two) as server:
        first, second, third = score(server.name(seconds=2.0), "one", "two", "three")
        assert (first, third) == (3.0, 3.0) and isinstance(second, NoScore)


def test_a_cancelled_job_stops_while_the_server_hangs_and_keeps_its_answers(tmp_path: Path) -> None:
    def hangs_on_two(body: dict[str, Any]) -> Reply:
        return Reply(hang=True) if "two" in body["messages"][0]["content"] else says("3")

    with serving(hangs_on_two) as server:
        name = server.name(at_once=2, seconds=600.0)
        stopping = lambda: len(kept_answers.spent(tmp_path)) == 1  # noqa: E731
        began = time.monotonic()
        with pytest.raises(Stopped):
            score(name, "one", "two", folder=tmp_path, stopping=stopping)
        assert time.monotonic() - began < 60, "not the ten minutes that the question may take"
        until(lambda: server.now <= 1)
        assert score(name, "one", folder=tmp_path) == [3.0] and len(server.seen) == 2


def test_not_more_are_asked_at_once_than_is_allowed() -> None:
    gate = threading.Barrier(3, timeout=30)

    def together(body: dict[str, Any]) -> Reply:
        gate.wait()  # continues only when three have arrived
        return says("3")

    with serving(together) as server:
        assert score(server.name(at_once=3, seconds=30.0), *map(str, range(9))) == [3.0] * 9
        assert server.most == 3


# -- stored answers ----------------------------------------------------------------------------------------------------


def test_nothing_is_asked_twice_in_a_project_and_tokens_are_counted(tmp_path: Path) -> None:
    with serving(rated) as server:
        name = server.name()
        assert score(name, "one", "three", "one", folder=tmp_path) == [3, 5, 3]
        registry._load.cache_clear()  # as if in another process
        assert score(name, "three", "one", folder=tmp_path) == [5, 3]
        assert len(server.seen) == 2
        assert kept_answers.spent(tmp_path) == {name: Spent(2, 100, 10)}
        assert (tmp_path / kept_answers.NAME).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "change",
    [{"rubric": "Other?"}, {"model": "other"}, {"seed": 1}, {"highest": 20}, {"max_tokens": 5}, {"show_prompt": False}],
)
def test_another_question_is_asked_again(tmp_path: Path, change: dict[str, Any]) -> None:
    with serving(rated) as server:
        score(server.name(), folder=tmp_path)
        score(server.name(**change), folder=tmp_path)
        score(server.name(at_once=2, seconds=3.0), folder=tmp_path)  # the same question, sent in another way
        assert len(server.seen) == 2


def test_another_endpoint_prompt_or_reference_is_asked_again(tmp_path: Path) -> None:
    with serving(rated) as one, serving(rated) as other:
        for server in (one, other):
            score(server.name(), folder=tmp_path)
        with host.hosted(Host(folder=tmp_path)):
            for prompt in (
                Prompt(1, "What?", "a"),
                Prompt(1, "What?", "b"),
                Prompt(1, "Who?", "a"),
                Prompt(2, "Who?", "a"),
            ):
                registry.score(one.name(show_reference=True), [Scored(prompt, "Fine.", 1, Finish.EOS)])
        assert len(other.seen) == 1 and len(one.seen) == 1 + 3


def test_an_answer_that_is_no_score_is_not_asked_for_again_either(tmp_path: Path) -> None:
    with serving(says("no idea")) as server:
        name = server.name()
        for _ in range(2):
            (score_given,) = score(name, folder=tmp_path)
            assert isinstance(score_given, NoScore)
        assert len(server.seen) == 1


def test_trouble_is_not_kept(tmp_path: Path) -> None:
    with serving(error(400), says("3")) as server:
        name = server.name()
        assert isinstance(score(name, folder=tmp_path)[0], NoScore) and score(name, folder=tmp_path) == [3.0]


def test_without_a_project_nothing_is_kept() -> None:
    with serving(rated) as server:
        assert score(server.name()) == score(server.name()) == [5.0]
        assert len(server.seen) == 2


def test_a_file_of_answers_that_is_damaged_is_named(tmp_path: Path) -> None:
    (tmp_path / kept_answers.NAME).write_bytes(b"no database" * 1000)
    with serving(rated) as server:
        with pytest.raises(Unavailable, match=kept_answers.NAME):
            score(server.name(), folder=tmp_path)
        assert not server.seen
    with pytest.raises(Unavailable, match="delete it"):
        kept_answers.spent(tmp_path)


def test_what_sqlite_cannot_hold_is_kept_all_the_same(tmp_path: Path) -> None:
    with serving(says("\ud83d half")) as server:
        for _ in range(2):
            (score_given,) = score(server.name(), "half a pair \ud83d", folder=tmp_path)
            assert isinstance(score_given, NoScore)
        assert len(server.seen) == 1


# -- the key -----------------------------------------------------------------------------------------------------------


def test_the_key_comes_from_the_environment_and_is_repeated_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JUDGE_KEY", SECRET + "\n")
    with serving(says("3"), error(401, f"wrong key {SECRET}")) as server:
        name = server.name(key="JUDGE_KEY")
        sent_keys.allow(SentKey("JUDGE_KEY", f"{server.endpoint}/chat/completions"))
        assert score(name, "one", folder=tmp_path) == [3.0]
        assert server.headers[0]["Authorization"] == f"Bearer {SECRET}"
        with pytest.raises(Unavailable, match="JUDGE_KEY") as raised:
            score(name, "two", folder=tmp_path)
    out = capfd.readouterr()
    assert SECRET not in str(raised.value) + out.out + out.err
    assert SECRET.encode() not in (tmp_path / kept_answers.NAME).read_bytes()


def test_a_key_that_is_not_there_stops_the_stage_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    with serving(says("3")) as server:
        sent_keys.allow(SentKey("JUDGE_KEY", f"{server.endpoint}/chat/completions"))
        with pytest.raises(Unavailable, match="JUDGE_KEY is not set"):
            score(server.name(key="JUDGE_KEY"))
        monkeypatch.setenv("JUDGE_KEY", "schlüssel")
        with pytest.raises(Unavailable, match="JUDGE_KEY has characters"):
            score(server.name(key="JUDGE_KEY"))
    assert not server.seen


def test_no_key_leaves_that_nobody_has_allowed_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", SECRET)
    monkeypatch.setenv("OTHER_KEY", SECRET)
    with serving(says("3")) as elsewhere, serving(says("3")) as server:
        sent_keys.allow(SentKey("JUDGE_KEY", f"{elsewhere.endpoint}/chat/completions"))
        sent_keys.allow(SentKey("OTHER_KEY", f"{server.endpoint}/chat/completions"))
        with pytest.raises(Unavailable, match=r"JUDGE_KEY to .* may not be sent.*rsf allow-key") as raised:
            score(server.name(key="JUDGE_KEY"))
        assert not server.seen and SECRET not in str(raised.value)
        assert score(server.name()) == [3.0] and "Authorization" not in server.headers[0], "without a key it is asked"


def test_what_takes_longer_than_a_job_allows_names_the_setting_and_what_takes_longer_than_the_judge_does_the_option() -> (
    None
):
    with serving(Reply(hang=True)) as server:
        assert "raise the option seconds" in reason(server.name(seconds=0.2))
        (score_given,) = score(server.name(), seconds=0.25)
        assert isinstance(score_given, NoScore) and "raise the setting score.timeout_seconds" in score_given.reason


# -- options -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"endpoint": "ftp://h/v1"}, "http://"), ({"endpoint": "127.0.0.1:8080"}, "http://"), ({"endpoint": ""}, "http://"),
        ({"endpoint": "http://"}, "http://"), ({"endpoint": "http://h:99999/v1"}, "http://"),
        ({"endpoint": "http://h/v1\n"}, "http://"), ({"endpoint": "http://[::1/v1"}, "http://"),
        ({"endpoint": "http://h:0/"}, "http"), ({"endpoint": "file:///x"}, "http"),
        ({"endpoint": f"https://me:{SECRET}@h/v1"}, "no name"), ({"endpoint": f"https://h/v1?key={SECRET}"}, "no name"),
        ({"rubric": "  "}, "rubric"), ({"model": ""}, "model"), ({"key": SECRET}, "NAME of an environment"),
        ({"lowest": 5, "highest": 5}, "scale"), ({"lowest": 9, "highest": 2}, "scale"), ({"lowest": 0.5}, "whole"),
        ({"at_once": 0}, "at_once"), ({"at_once": 65}, "at_once"), ({"max_tokens": 0}, "max_tokens"), ({"seed": -1}, "seed"),
        ({"seconds": 0.0}, "seconds"), ({"max_tokens": 1.5}, "max_tokens"),
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused_before_anything_is_asked(options: dict[str, Any], why: str) -> None:
    name = JudgeServer([], port=1).name(**options)
    with pytest.raises(ScorerError, match=why) as raised:
        registry.reference_problems([name], [])
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/chat/completions"),
        ("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1/chat/completions"),
        ("https://h", "https://h/chat/completions"),
        ("https://h/a/chat/completions", "https://h/a/chat/completions"),
        ("http://[::1]:80/v1", "http://[::1]:80/v1/chat/completions"),
    ],
)
def test_the_endpoint_is_what_clients_of_the_protocol_are_given(endpoint: str, url: str) -> None:
    assert JudgeCheck(endpoint, "m", "r").url == url


def test_the_scale_is_known_without_asking() -> None:
    assert registry.bounds(JudgeServer([], port=1).name(lowest=-2, highest=2)) == (-2.0, 2.0)
