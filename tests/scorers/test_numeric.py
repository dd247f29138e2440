"""numeric_match reads numbers as people and models write them, and reports a reference without a number."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.scorers.answers import reference_number, stated_number
from rsf_core.scorers.base import Scored
from rsf_core.scorers.number import Number, evaluate
from rsf_core.scorers.numeric import NumericMatch
from tests.support.growth import is_linear
from tests.support.number_references import NO_REFERENCES, REFERENCES
from tests.support.right_numbers import RIGHT
from tests.support.wrong_numbers import WRONG

PIECES = [
    *"1,.-−$%/^*(){}=x½²１٣好_'\n\u0301 ",
    *(
        "23",
        "**",
        "e5",
        "\\frac",
        "\\boxed{",
        "\\sqrt",
        "\\text{",
        "#### ",
        "or ",
        "answer is ",
        "Answer: ",
        "Question: ",
    ),
    *("<think>", "</think>"),
]
texts = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=60).map("".join))


def score(completion: str, reference: str | None) -> float:
    return NumericMatch().score([Scored(Prompt(5, "What?", reference), completion, 3, Finish.EOS)])[0]


@pytest.mark.parametrize(
    ("completion", "reference"),
    [
        ("It is 1 234 567", "1234567"),
        ("It is 12 345 678,5", "12345678.5"),
        ("The sides are 100 200 300", "300"),  # a list
        ("Options: 120 130 140", "140"),
        ("It is 120 130 140,5", "120130140.5"),
    ],
)
def test_groups_of_thousands_are_distinguished_from_lists_of_numbers(completion: str, reference: str) -> None:
    assert score(completion, reference) == 1.0


@pytest.mark.parametrize(("completion", "reference"), RIGHT)
def test_the_right_number_matches(completion: str, reference: str) -> None:
    assert score(completion, reference) == 1.0


@pytest.mark.parametrize(("completion", "reference"), WRONG)
def test_another_number_or_none_does_not_match(completion: str, reference: str) -> None:
    assert score(completion, reference) == 0.0


@pytest.mark.parametrize(("reference", "number"), REFERENCES)
def test_a_reference_is_read_as_the_number_it_is(reference: str, number: str) -> None:
    assert reference_number(reference) == reference_number(number) is not None


@pytest.mark.parametrize("reference", [None, *NO_REFERENCES])
def test_a_reference_that_is_no_number_names_the_prompt(reference: str | None) -> None:
    for completion in ("42", "no idea"):
        with pytest.raises(ScorerError, match=r"'numeric_match' needs a number as the reference, .* \(prompt 5\)"):
            score(completion, reference)


@given(text=texts)
def test_no_text_makes_it_raise_and_the_same_text_has_the_same_number(text: str) -> None:
    assert stated_number(text) == stated_number(text)
    reference_number(text)


@given(whole=st.integers(-(10**30), 10**30), cents=st.integers(0, 99))
def test_what_is_written_with_commas_is_the_number_without_them(whole: int, cents: int) -> None:
    for number in (f"{whole:,}", f"{whole:,}.{cents:02}", f"{whole:_}"):
        assert stated_number(f"It is {number}.") == reference_number(number.replace(",", "").replace("_", ""))


@given(above=st.integers(-999, 999), below=st.integers(1, 999), times=st.integers(1, 9))
def test_a_fraction_is_its_value_however_it_is_written(above: int, below: int, times: int) -> None:
    value = evaluate(f"{above}/{below}")
    assert stated_number(f"\\boxed{{\\frac{{{above * times}}}{{{below * times}}}}}") == value
    assert isinstance(value, Number) and value.numerator * below == above * value.denominator


@pytest.mark.parametrize(
    "unit",
    ["1", "11,", "1.", "(", "((1,", "{", "\\boxed{", "\\frac{", "\\frac12 ", "#### ", "answer: ", "\n", "- ", "1/", "1^",
     "9**", "1 1/2 ", "(1 , ", "\u0301\u0316", "½", "1\u00a0234", "123 ", "\\sqrt{", "1 = ", "<think>", "１", "1e", "x^{"],
)  # fmt: skip
def test_a_long_text_costs_no_more_than_its_length(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        start = time.process_time()
        stated_number(text)
        reference_number(text)
        return time.process_time() - start

    assert is_linear(seconds, 5_000, least=0.02)


@pytest.mark.parametrize(
    "text",
    ["9**9**9**9", "(9^9)^9^9", "2^100000", "1e9999999999", "9^-99999999", "*".join(["7" * 9_999] * 3), "1e900000+1"],
)
def test_what_would_grow_beyond_every_bound_is_no_number(text: str) -> None:
    assert evaluate(text) is None


def test_brackets_beyond_every_bound_are_no_number() -> None:
    assert evaluate("(" * 20 + "5" + ")" * 20) == evaluate("5")
    assert evaluate("(" * 50_000 + "5" + ")" * 50_000) is None
    assert evaluate("-" * 50_000 + "5") is None
