"""A language model as judge: one behind an OpenAI-compatible endpoint rates a completion by a rubric."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rsf_core.domain import sent_keys
from rsf_core.domain.errors import ScorerError
from rsf_core.scorers import asking, host, judge_words, kept_answers
from rsf_core.scorers.asking import Endpoint, Failure
from rsf_core.scorers.base import NoScore, Scored, Unavailable, unreadable
from rsf_core.scorers.judge_check import JudgeCheck
from rsf_core.scorers.kept_answers import Answer

IN_A_ROW = 5  # failed questions in a row after which the endpoint counts as unavailable
SHARE = 0.8  # share of the time limit of a scorer's call that one question may take


class LlmJudge(JudgeCheck):
    """`endpoint` is an address such as http://127.0.0.1:8080/v1, `model` a name that it knows. The temperature is 0, and a
    project asks a question only once. `whole`: only whole numbers of the scale. `show_prompt`, `show_reference`: what the
    judge sees besides the completion. `key`: the name of an environment variable with the endpoint's key. `max_tokens`: the
    limit of an answer. `seconds`: the time limit of an answer, further tries included. `at_once`: questions at a time.
    `structured`: the endpoint is asked to allow only answers of the right form."""

    name = "llm_judge"
    description = (
        "Rating of the completion by a language model behind an OpenAI-compatible endpoint, by a rubric and on a "
        "scale. The texts are sent to that address"
    )
    bounds = (-math.inf, math.inf)
    check = "rsf_core.scorers.judge_check:JudgeCheck"
    reference = True
    opinion = True
    sends = True
    _in_a_row = 0

    @property
    def most_at_once(self) -> int:
        return self._at_once

    def score(self, batch: Sequence[Scored]) -> list[float | NoScore]:
        """One score for each of `batch`, in order. Raises Unavailable if the endpoint answers no questions, Stopped if the job
        is to stop."""
        scores = dict(self.answers(batch))
        return [scores[number] for number in range(len(batch))]

    def answers(self, batch: Sequence[Scored]) -> Iterator[tuple[int, float | NoScore]]:
        """The index of each of `batch` with its score, in the order of arrival. Raises as `score` does; earlier answers are
        kept."""
        caller = host.current()
        numbers: dict[bytes, list[int]] = {}
        questions: dict[bytes, dict[str, Any]] = {}
        for number, scored in enumerate(batch):
            question = self._body(scored)
            name = self._name(question)
            questions[name] = question
            numbers.setdefault(name, []).append(number)
        with kept_answers.open_answers(caller.folder) as kept:
            for name in numbers:
                if (known := kept.get(name)) is not None:
                    del questions[name]
                    score = self._read(known)
                    yield from ((number, score) for number in numbers[name])
            for name, answer in self._ask(questions, caller):
                if isinstance(answer, Answer):
                    kept.add(caller.scorer or self.name, name, answer)
                    score = self._read(answer)
                else:
                    score = NoScore(answer.reason)
                yield from ((number, score) for number in numbers[name])

    def question(self, scored: Scored) -> str:
        """The exact text of the question about a candidate. Raises ScorerError if a reference is needed and missing."""
        prompt, reference = scored.prompt, scored.prompt.reference
        if (problem := self.reference_problem(reference)) is not None:
            raise unreadable(self.name, prompt, problem)
        shown, right = prompt if self._show_prompt else None, reference if self._show_reference else None
        return judge_words.question(self._rubric, self.bounds, self._whole, shown, scored.completion, right)

    def _body(self, scored: Scored) -> dict[str, Any]:
        """The body of the request."""
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": "user", "content": self.question(scored)}],
            "temperature": 0,
            "seed": self._seed,
            "max_tokens": self._max_tokens,
            "stream": False,
        }
        if self._structured:
            body["response_format"] = judge_words.answer_schema(self.bounds, self._whole)
        return body

    def _name(self, question: Mapping[str, Any]) -> bytes:
        """The key under which the answer is kept: a hash of everything it depends on, including the address."""
        return hashlib.sha256(json.dumps([self.url, question], sort_keys=True).encode()).digest()

    def _ask(
        self, lacking: Mapping[bytes, Mapping[str, Any]], caller: host.Host
    ) -> Iterator[tuple[bytes, Answer | Failure]]:
        if not lacking:
            return
        endpoint = Endpoint(self.url, self._secret(caller))
        names, seconds = list(lacking), min(self._seconds, SHARE * caller.seconds)
        longer = "the option seconds" if seconds == self._seconds else "the setting score.timeout_seconds"
        answers = asking.ask(endpoint, list(lacking.values()), self._at_once, seconds, caller.stopping, longer)
        for number, answer in answers:
            if isinstance(answer, Failure):
                self._in_a_row += answer.passing
                if answer.final or self._in_a_row >= IN_A_ROW:
                    self._in_a_row = 0
                    raise Unavailable(self._unavailable(answer, caller))
            else:
                self._in_a_row = 0
            yield names[number], answer

    def _read(self, answer: Answer) -> float | NoScore:
        if answer.finish == "length":
            return NoScore(f"the judge’s answer was cut off after {self._max_tokens:,} tokens: raise max_tokens")
        return judge_words.score_of(answer.content, self.bounds, self._whole)

    def _secret(self, caller: host.Host) -> str:
        """The key from the environment; "" if none is named. Raises Unavailable if it is not set, or if nobody on this machine
        has allowed it to be sent there; the message does not repeat the key."""
        if (sent := self.sent_key) is None:
            return ""
        try:
            sent_keys.check(sent)
        except ScorerError as error:
            raise Unavailable(f"the scorer {self.name!r}: {error}") from error
        secret = os.environ.get(self._key, "").strip()
        if not secret:
            raise Unavailable(
                f"the scorer {self.name!r} needs a key for {self.url}, and the environment variable {self._key} is not set "
                f"where the app was started: close it, set {self._key}, start it again, and "
                f"{'try again' if caller.trial else 'resume'}"
            )
        if not (secret.isascii() and secret.isprintable()):
            raise Unavailable(f"the environment variable {self._key} has characters that no key of an endpoint has")
        return secret

    def _unavailable(self, failure: Failure, caller: host.Host) -> str:
        hint = f"the environment variable {self._key}" if self._key else "its key, if it wants one (the option key)"
        return (
            f"the scorer {self.name!r} gets no answers from {self.url}: {failure.reason}. Check the endpoint, its "
            f"address, the model {self._model!r} and {hint}, then {caller.going_on}"
        )
