"""What jobs rely on in every built-in scorer: one answer per candidate, in order, within its bounds, and the same each time,
whatever else is scored with it."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsf_core.domain import Finish, Prompt
from rsf_core.scorers import registry
from rsf_core.scorers.base import NoScore, Scored
from rsf_core.scorers.host import Host, hosted
from rsf_core.scorers.preparing import Workplace
from tests.support.documents import ROOT
from tests.support.judge_server import Reply, says, serving

# Scorers that call an endpoint, load weights or run code: each is set up for one test (SET_UP).
SLOW = {"llm_judge", "reward_model", "teacher_loglik", "unit_tests"}
# Scorers of a project's own answers and decisions are tested with such a project (tests/project, tests/jobs/test_learn.py).
ELSEWHERE = {"answer", "taste"}
# Scorers that need options, or have another mode, with those options; the others are tested as they are.
GIVEN = {
    "contains": ['contains(text="good", ignore_case=true)'],
    "exact_match": ["exact_match", "exact_match(words_alone=true)"],
    "excludes": ['excludes(text="good")'],
    "json_schema": ['json_schema(schema={type="integer"})'],
    "language": ['language(code="en")'],
    "regex": ["regex(pattern='[0-9]+')"],
}
REFERENCES = {"label_match": "neutral", "chrf": "Le chat dort."}  # the others get 12
BUILT_IN = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"][
    registry.GROUP
]
NAMES = [name for built_in in sorted(BUILT_IN.keys() - ELSEWHERE - SLOW) for name in GIVEN.get(built_in, [built_in])]

WORDS = ["great", "awful", "not", "very", "damn", "good", "!", "😀", "12", "-3.5", "1,000", "é", "好", ".", "\n"]
TEXTS = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(WORDS)).map(" ".join))


def scored(name: str, completion: str, finish: Finish = Finish.EOS, tokens: int = 3) -> Scored:
    reference = REFERENCES.get(registry.plain_name(name), "12")
    return Scored(Prompt(5, "What?", reference), completion, tokens, finish, earlier=("good", "Something else."))


def answers(name: str, batch: Sequence[Scored]) -> list[float | str]:
    """The score of each candidate, or the reason why it has none."""
    return [one.reason if isinstance(one, NoScore) else one for one in registry.score(name, batch)]


def test_those_that_are_tested_elsewhere_are_built_in() -> None:
    assert BUILT_IN.keys() >= ELSEWHERE | SLOW | GIVEN.keys() | REFERENCES.keys()


@settings(deadline=None)
@given(text=TEXTS, finish=st.sampled_from(list(Finish)), tokens=st.integers(1, 10_000))
def test_every_score_is_finite_within_the_stated_bounds_and_the_same_again(
    text: str, finish: Finish, tokens: int
) -> None:
    for name in NAMES:  # one text for all scorers: generating a text takes far longer than scoring it
        low, high = registry.bounds(name)
        one = scored(name, text, finish, tokens)
        (answer,) = answers(name, [one])
        assert isinstance(answer, str) or (math.isfinite(answer) and low <= answer <= high), name
        assert answers(name, [scored(name, "Something else."), one])[1] == answer, name


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_scored_one_by_one_and_in_order(name: str) -> None:
    batch = [scored(name, text) for text in ("good good good", "3", "", "A bad place.")]
    assert answers(name, batch) == [answers(name, [one])[0] for one in batch]
    assert answers(name, []) == []


@contextmanager
def judge(folder: Path) -> Iterator[str]:
    def by_length(body: dict[str, Any]) -> Reply:
        return says(json.dumps({"score": len(str(body)) % 11}))

    with serving(by_length) as server:
        name = server.name()
        with hosted(Host(name, folder)):
            yield name


@contextmanager
def teacher(folder: Path) -> Iterator[str]:
    from tests.support.tiny_models import build  # imports torch

    yield f"teacher_loglik(model={json.dumps(str(build(folder / 'model')))})"


@contextmanager
def reward_model(folder: Path) -> Iterator[str]:
    from tests.support import reward_models  # imports torch

    model = reward_models.llama_without_padding(folder / "model")
    yield f"reward_model(model={json.dumps(str(model))})"


@contextmanager
def unit_tests(folder: Path) -> Iterator[str]:
    yield "unit_tests"


SET_UP: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "llm_judge": judge,
    "reward_model": reward_model,
    "teacher_loglik": teacher,
    "unit_tests": unit_tests,
}


def test_every_slow_scorer_is_set_up() -> None:
    assert SET_UP.keys() == SLOW


@pytest.mark.parametrize("name", sorted(SLOW))
def test_a_slow_scorer_answers_for_each_candidate_alone_within_its_bounds(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RSF_CONFIG", str(tmp_path / "config"))
    prompt = Prompt(5, "Double it.", "assert double(2) == 4")
    texts = ("def double(x):\n    return 2 * x", "good good good", "3", "A bad place.")
    batch = [Scored(prompt, text, 3, Finish.EOS, f"1.5.{k}") for k, text in enumerate(texts)]
    with SET_UP[name](tmp_path) as ref:
        registry.prepare([ref], Workplace())
        low, high = registry.bounds(ref)
        together = [score for score in registry.score(ref, batch) if not isinstance(score, NoScore)]
        assert len(together) == len(batch) and all(math.isfinite(score) and low <= score <= high for score in together)
        assert len(set(together)) > 1, "the same for all of them"
        alone = [registry.score(ref, [one])[0] for one in reversed(batch)]
        assert together == pytest.approx(alone[::-1], abs=1e-4)
        assert registry.score(ref, []) == []
