"""Scorers by name: built-in and third-party scorers are found in the same way."""

from __future__ import annotations

import math
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path

import pytest

from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.scorers import registry, returned
from rsf_core.scorers.base import NoScore, Scored

BATCH = [Scored(Prompt(7, "Say hello."), "hello there", 2, Finish.EOS), Scored(Prompt(8, "Bye?"), "bye", 1, Finish.EOS)]
MODULE = """
import math

from rsf_core.scorers.base import NoScore

class Vowels:
    name = "vowels"
    description = "Number of vowels"
    bounds = (0.0, math.inf)

    def score(self, batch):
        return [sum(letter in "aeiou" for letter in scored.completion) for scored in batch]

class Returns(Vowels):
    def __init__(self):
        self.values = {values}

    def score(self, batch):
        return self.values

class Raises(Vowels):
    def score(self, batch):
        return 1 / 0

class Picky(Vowels):
    def score(self, batch):
        for scored in batch:
            if scored.completion == "bye":
                raise NoScore("no such word")
            yield 1.0

class Generates(Vowels):
    def score(self, batch):
        return (1 for _ in batch)

class Endless(Vowels):
    def score(self, batch):
        while True:
            yield 1.0

class Bounded(Vowels):
    bounds = {bounds}

    def score(self, batch):
        return {values}

class Nothing(Vowels):
    def score(self, batch):
        pass

class Anonymous:
    name = "anonymous"

    def score(self, batch):
        return [1.0 for _ in batch]

class Broken:
    def __init__(self):
        raise RuntimeError("no licence key")
"""

WITH_OPTIONS = {
    "contains": 'contains(text="cat")',
    "excludes": 'excludes(text="cat")',
    "regex": 'regex(pattern="c.t")',
    "json_schema": "json_schema(schema={})",
    "language": 'language(code="en")',
    "llm_judge": 'llm_judge(endpoint="http://127.0.0.1:9", model="m", rubric="r")',
    "reward_model": 'reward_model(model="acme/judge")',
    "teacher_loglik": 'teacher_loglik(model="acme/judge")',
}  # of scorers that need options

Install = Callable[..., None]


def forget() -> None:
    for cached in (registry._load, registry._card, registry._light):
        cached.cache_clear()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a distribution with scorers on the import path, as `pip install` would."""

    def installed(values: str = "[]", bounds: str = "(0, 1)", **points: str) -> None:
        info = tmp_path / "acme_scorers-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-scorers\nVersion: 1.0\n")
        lines = "".join(f"{name} = {value}\n" for name, value in points.items())
        (info / "entry_points.txt").write_text(f"[rsf_studio.scorers]\n{lines}")
        (tmp_path / "acme_scorers.py").write_text(MODULE.replace("{values}", values).replace("{bounds}", bounds))
        monkeypatch.syspath_prepend(str(tmp_path))

    forget()
    yield installed
    forget()
    sys.modules.pop("acme_scorers", None)


def test_every_built_in_is_there_and_says_what_it_measures() -> None:
    scorers = registry.available()
    assert set(scorers) >= {"sentiment", "length", "words", "repetition", "numeric_match", "ended", "one_sentence"}
    assert set(scorers) >= {"label_format", "label_match", "chrf"}
    for name, description in scorers.items():
        if name in ("taste", "answer"):
            continue  # learned or entered by people: only a project has one
        scorer = registry.get(WITH_OPTIONS.get(name, name))
        assert scorer.name == name and len(description) > 20
        low, high = scorer.bounds
        assert low < high and returned.bounds_problem(scorer.bounds) is None


def test_what_is_installed_or_removed_meanwhile_is_known_at_once_and_else_nothing_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    reads: list[str] = []
    changed = registry._changed  # other folders may really change meanwhile
    monkeypatch.setattr(registry, "_changed", lambda place: changed(place) if place == str(tmp_path) else 0)

    def read(group: str) -> EntryPoints:
        reads.append(group)
        return entry_points(group=group)

    monkeypatch.setattr(registry, "entry_points", read)
    before = registry.names()
    info = tmp_path / "acme_scorers-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-scorers\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[rsf_studio.scorers]\nshout = acme_scorers:Acme\n")
    os.utime(tmp_path, (1, 1))  # a changed time, however coarse the disk's clock is
    assert registry.names() - before == {"shout"}
    count = len(reads)
    assert registry.names() - before == {"shout"} and len(reads) == count
    shutil.rmtree(info)
    os.utime(tmp_path, (2, 2))
    assert registry.names() == before


def test_an_unknown_name_suggests_and_names_the_choices() -> None:
    with pytest.raises(
        ScorerError,
        match=r"there is no scorer 'sentimant'; did you mean 'sentiment'\? There are: answer, chrf, compression, contains,",
    ):
        registry.get("sentimant")
    with pytest.raises(ScorerError, match=r"no scorer 'zzz'\. There are: answer, chrf, compression, contains, .*words"):
        registry.get("zzz")


def test_a_third_partys_scorer_is_used_like_a_built_in(install: Install) -> None:
    install(vowels="acme_scorers:Vowels")
    assert registry.available()["vowels"] == "Number of vowels"
    scores = registry.score("vowels", BATCH)
    assert scores == [4.0, 1.0] and all(type(value) is float for value in scores)
    with pytest.raises(ScorerError, match="did you mean 'vowels'"):
        registry.get("vowel")


@pytest.mark.parametrize("values", ["[1.0]", "[1.0, 2.0, 3.0]", "[]"])
def test_a_wrong_number_of_scores_is_refused(install: Install, values: str) -> None:
    install(values, returns="acme_scorers:Returns")
    with pytest.raises(ScorerError, match=r"'returns' returned \d scores for 2 completions"):
        registry.score("returns", BATCH)


@pytest.mark.parametrize("value", ["math.nan", "math.inf", "-math.inf"])
def test_a_score_that_is_not_finite_is_no_score_and_costs_the_others_nothing(install: Install, value: str) -> None:
    install(f"[1.0, {value}]", returns="acme_scorers:Returns")
    first, second = registry.score("returns", BATCH)
    shown = value.removeprefix("math.").replace("-math.", "-")
    assert first == 1.0 and reason(second) == f"it returned {shown}: a score must be a finite number"


@pytest.mark.parametrize(
    "value",
    ["'good'", "'0.5'", "b'1'", "10**400", "1j", "[1.0]", "__import__('numpy').array([1.0])", "object()"],
)
def test_a_score_that_is_not_a_number_is_no_score(install: Install, value: str) -> None:
    install(f"[1.0, {value}]", returns="acme_scorers:Returns")
    first, second = registry.score("returns", BATCH)
    assert first == 1.0 and reason(second).endswith(": a score must be a finite number")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("None", "it gave none"),
        ("NoScore('no number in it')", "no number in it"),
        ("NoScore('two\\n lines \\ud800\\0')", "two lines ?\ufffd"),
        ("NoScore('x' * 1000)", "x" * 299 + "…"),
    ],
)
def test_a_scorer_may_say_that_it_has_no_score_and_why(install: Install, value: str, why: str) -> None:
    install(f"[{value}, 1.0]", returns="acme_scorers:Returns")
    first, second = registry.score("returns", BATCH)
    assert reason(first) == why and second == 1.0


def reason(score: float | NoScore) -> str:
    assert isinstance(score, NoScore), score
    return score.reason


@pytest.mark.parametrize("value", ["{7: 0.1, 8: 0.2}", "{0.1, 0.2}", "'01'", "b'01'", "0.5"])
def test_what_is_no_list_of_scores_is_refused(install: Install, value: str) -> None:
    install(value, returns="acme_scorers:Returns")
    with pytest.raises(ScorerError, match=r"'returns' returned .*: it must be a list of numbers, one a completion"):
        registry.score("returns", BATCH)


@pytest.mark.parametrize(
    ("bounds", "value"),
    [
        ("(0, 1)", "1.0000000000000002"),
        ("(0, 1)", "1.5"),
        ("(0, 1)", "2"),
        ("(0, 1)", "-5e-324"),
        ("(-1.0, 1.0)", "-1.1"),
        ("(0.0, math.inf)", "-0.1"),
        ("(-math.inf, 0.0)", "1e-300"),
        ("[0, 1]", "__import__('numpy').float32(1.01)"),
        ("(0, 0)", "1"),
    ],
)
def test_a_score_outside_its_bounds_is_no_score_and_the_reason_names_the_value(
    install: Install, bounds: str, value: str
) -> None:
    install(f"[0, {value}]", bounds, bounded="acme_scorers:Bounded")
    low, high = map(float, eval(bounds, {"math": math}))
    first, second = registry.score("bounded", BATCH)
    assert first == 0.0 and reason(second).endswith(f", outside its bounds [{low:g}, {high:g}]")
    assert float(reason(second).removeprefix("it returned ").split(", outside")[0]) == float(eval(value))


@pytest.mark.parametrize(
    ("bounds", "values"),
    [
        ("(0, 1)", [0.0, 1.0]),
        ("(0, 1)", [-0.0, 5e-324]),
        ("(-1.0, 1.0)", [-1.0, 1.0]),
        ("(0.0, math.inf)", [0.0, 1e308]),
        ("(-math.inf, math.inf)", [-1e308, 1e308]),
        ("(1, 1)", [1.0, 1.0]),
    ],
)
def test_the_ends_of_the_bounds_are_within_them(install: Install, bounds: str, values: list[float]) -> None:
    install(repr(values), bounds, bounded="acme_scorers:Bounded")
    assert registry.score("bounded", BATCH) == values


@pytest.mark.parametrize("values", ["[True, False]", "__import__('numpy').array([1, 0])", "(1, 0)", "range(1, -1, -1)"])
def test_whatever_numbers_come_in_they_are_floats(install: Install, values: str) -> None:
    install(values, bounded="acme_scorers:Bounded")
    scores = registry.score("bounded", BATCH)
    assert scores == [1.0, 0.0] and all(type(score) is float for score in scores)


@pytest.mark.parametrize(
    "bounds",
    ["None", "1.0", "(0,)", "(0, 1, 2)", "('0', '1')", "(None, 1)", "(math.nan, 1)", "{0: 1}", "'01'", "(1, 0)",
     "(math.inf, math.inf)", "(-math.inf, -math.inf)"],
)  # fmt: skip
def test_invalid_bounds_are_reported_when_the_scorer_is_loaded(install: Install, bounds: str) -> None:
    install("[0, 0]", bounds, bounded="acme_scorers:Bounded")
    with pytest.raises(ScorerError, match=r"'bounded' \(acme_scorers:Bounded\) is not a scorer: its bounds "):
        registry.get("bounded")


def test_a_scorer_that_cannot_be_loaded_is_named(install: Install) -> None:
    install(broken="acme_scorers:Broken", gone="acme_scorers:Gone", nowhere="acme_nowhere:Scorer")
    with pytest.raises(ScorerError, match=r"'broken' \(acme_scorers:Broken\) cannot be loaded: no licence key"):
        registry.get("broken")
    for name in ("gone", "nowhere"):
        with pytest.raises(ScorerError, match=f"'{name}' .* cannot be loaded"):
            registry.get(name)


def test_one_broken_scorer_does_not_hide_the_others(install: Install) -> None:
    install(broken="acme_scorers:Broken", vowels="acme_scorers:Vowels")
    scorers = registry.available()
    assert scorers["vowels"] == "Number of vowels" and "sentiment" in scorers
    assert "no licence key" in scorers["broken"]


def test_a_scorer_that_raises_has_no_score_for_what_it_fails_on_alone(install: Install) -> None:
    install(raises="acme_scorers:Raises", picky="acme_scorers:Picky")
    assert [reason(score) for score in registry.score("raises", BATCH)] == ["ZeroDivisionError: division by zero"] * 2
    first, second = registry.score("picky", BATCH)
    assert first == 1.0 and reason(second) == "no such word"


def test_scores_may_be_generated_but_not_be_missing(install: Install) -> None:
    install(generates="acme_scorers:Generates", nothing="acme_scorers:Nothing", endless="acme_scorers:Endless")
    with pytest.raises(ScorerError, match="'endless' returned more than 2 scores for 2 completions"):
        registry.score("endless", BATCH)
    assert registry.score("generates", BATCH) == [1.0, 1.0]
    with pytest.raises(ScorerError, match="'nothing' returned None: it must be a list of numbers, one a completion"):
        registry.score("nothing", BATCH)


def test_a_scorer_without_its_parts_says_which_and_does_not_hide_the_others(install: Install) -> None:
    install(anonymous="acme_scorers:Anonymous")
    with pytest.raises(ScorerError, match=r"'anonymous' \(acme_scorers:Anonymous\) .* it has no description, bounds"):
        registry.get("anonymous")
    assert "sentiment" in registry.available() and "no description" in registry.available()["anonymous"]


def test_a_plugin_with_the_name_of_a_built_in_is_refused_and_both_packages_are_named(install: Install) -> None:
    install(sentiment="acme_scorers:Vowels", vowels="acme_scorers:Vowels")
    clash = r"'sentiment' is installed by .*acme-scorers \(acme_scorers:Vowels\)"
    with pytest.raises(ScorerError, match=clash) as caught:
        registry.score("sentiment", BATCH)
    assert "rsf-studio (rsf_core.scorers.sentiment:Sentiment)" in str(caught.value)
    assert "is installed by" in registry.available()["sentiment"]
    assert registry.available()["vowels"] == "Number of vowels"  # the clash hides nothing else
