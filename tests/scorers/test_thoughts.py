"""The answer of a completion without its thoughts; which scorers judge the answer alone, and which the whole completion."""

from __future__ import annotations

import re
import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.domain import Finish, Prompt
from rsf_core.scorers import registry
from rsf_core.scorers.base import NoScore, Scored
from rsf_core.scorers.thoughts import answer_of
from tests.support import reference
from tests.support.documents import ROOT


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        ("<think>a</think>b", "b"),
        (" \n<THINK>a</Think>\n b ", "\n b "),
        ("<thinking>a</thinking>b", "b"),
        ("<reasoning>a</reasoning>b", "b"),
        ("a\n</think>\n\nb", "\n\nb"),  # the prompt opened the thought
        ("<think>a</think><think>b</think>c", "c"),
        ("<think>a</think>b\n <think>c</think>\nd", "\nd"),
        ("Well.\n<think>a</think>\nb", "\nb"),
        ("<think>I use <think> tags</think>b", "b"),
        ("<think>a<think>b</think>c</think>d", "d"),
        ("<think>so it is 'b'</think>b", "b"),
        ("<think></think>", ""),
        ("<think>a", ""),
        ("b\n<think>a", "b\n"),
        ("b <think>a", "b "),
        ("Well. <think>a</think> b", " b"),
        ("<think>a</think>b <think>c", "b <think>c"),
        # text without a thought
        ("", ""),
        ("b", "b"),
        ("I think <thinks> so", "I think <thinks> so"),
        ("s.split('</think>')[1]", "s.split('</think>')[1]"),
        ('re.sub(r"<think>.*?</think>", "", s)', 're.sub(r"<think>.*?</think>", "", s)'),
        ("Put it in `<think>` and `</think>`.", "Put it in `<think>` and `</think>`."),
        ('<think>a</think>{"x": "<think>b</think>"}', '{"x": "<think>b</think>"}'),
    ],
)
def test_the_answer_is_what_follows_the_last_thought(completion: str, answer: str) -> None:
    assert answer_of(completion) == answer


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "a", "\n", "'", " ", "<reasoning>", "</thinking>"]), max_size=12),
    st.text().filter(lambda text: "<" not in text),
)
def test_an_answer_is_a_part_of_the_completion_and_all_that_follows_a_thought(pieces: list[str], text: str) -> None:
    completion = "".join(pieces)
    assert answer_of(completion) in completion
    assert answer_of(f"<think>{text}</think>{text}") == answer_of(text) == text


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("a</think>{}", "{}"),
        ("<think>a</think>b{}", "b{}"),
        ("`<think>`{}", "`<think>`{}"),
        ("`<think>{}", "`<think>{}"),
    ],
)
def test_a_completion_of_tags_takes_time_in_proportion_to_its_length(text: str, answer: str) -> None:
    def seconds(count: int) -> float:
        many = "`<think> " * count
        before = time.process_time()
        assert answer_of(text.format(many)) == answer.format(many)
        return time.process_time() - before

    pairs = [(seconds(2_000), seconds(64_000)) for _ in range(3)]
    assert min(long for _, long in pairs) < 100 * min(short for short, _ in pairs), "32 times as long"


# the reference, and an answer that is right under it
ANSWERS = {
    "chrf": ("Le chat dort.", "Le chat dort."),
    "exact_match": ("Paris", "Paris"),
    "json": (None, '{"a": 1}'),
    "json_match": ('{"a": 1}', '```json\n{"a": 1}\n```'),
    'json_schema(schema={type="object"})': (None, '{"a": "</think>"}'),
    "label_format": (None, "The sentence is positive, as it praises."),
    "label_match": ("positive", "The sentence is positive, as it praises."),
    "math_match": ("1/2", r"\boxed{\frac{1}{2}}"),
    "numeric_match": ("12", "12"),
    "one_sentence": (None, "It rains today."),
    "similarity": ("It rains today.", "It rains today."),
    "unit_tests(seconds=1.0)": ("assert f() == 1", "```python\ndef f():\n    return 1\n```"),
    'contains(text="cat", answer_alone=true)': (None, "a cat"),
    'excludes(text="dog", answer_alone=true)': (None, "a cat"),
    'regex(pattern="a [c]at", whole=true, answer_alone=true)': (None, "a cat"),
}
THOUGHT = "<think>No dog: 99? {} ```python\nx = 1\n``` The sentence is negative, so.\nParis or not.</think>"


def scored(name: str, completion: str, given: str | None = "12") -> float | NoScore:
    return registry.score(name, [Scored(Prompt(1, "?", given), completion, 9, Finish.EOS)])[0]


@pytest.mark.parametrize("name", ANSWERS)
def test_what_holds_a_completion_against_a_reference_or_a_form_judges_its_answer(name: str) -> None:
    given_reference, answer = ANSWERS[name]
    right = scored(name, answer, given_reference)
    assert right == pytest.approx(1.0)
    for completion in (THOUGHT + answer, f"{THOUGHT}\n\n{answer}\n", THOUGHT.removeprefix("<think>") + "\n" + answer):
        assert scored(name, completion, given_reference) == right
    empty = scored(name, "", given_reference)
    assert scored(name, THOUGHT.removesuffix("</think>"), given_reference) == empty, "it does not end"
    assert scored(name, f"<think>{answer}</think>", given_reference) == empty


@pytest.mark.parametrize(
    "name",
    [
        *("compression", "length", "profanity", "readability", "repetition", "sentiment", "words", "ended"),
        *('contains(text="dog")', 'excludes(text="dog")', 'regex(pattern="^<think>.*</think>")'),
    ],
)
def test_what_measures_text_takes_all_of_it(name: str) -> None:
    with_thought = "<think>damn dog, awful awful awful dogs</think>A fine cat."
    same = {"length", "ended"}  # they depend on tokens and on how the completion ended, not on the text
    differs = scored(name, with_thought) != scored(name, "A fine cat.")
    assert differs is (name not in same)


def test_the_reference_itself_is_right_even_if_it_contains_thoughts() -> None:
    assert scored("exact_match", "Remove </think> now", "Remove </think> now") == 1.0
    assert scored("exact_match", "now", "Remove </think> now") == 0.0
    assert scored("json", '"a </think> b"') == 1.0


def test_the_reference_names_those_that_judge_the_answer_and_each_of_them_is_of_another_version() -> None:
    judging = {name.partition("(")[0] for name in ANSWERS} - {"contains", "excludes", "regex"}
    sentence = re.search(r"judge only the answer: (.*?);", reference.SCORERS, re.DOTALL)
    assert sentence is not None and set(re.findall(r"`(\w+)`", sentence[1])) == judging
    built_in = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][registry.GROUP]
    assert {name for name in built_in if registry.card(name).version != "1"} == judging
