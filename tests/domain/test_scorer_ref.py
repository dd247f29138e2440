"""A scorer with its options has exactly one canonical text, from which it can be read back in full."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.domain.errors import ScorerError, SettingsError
from rsf_core.domain.scorer_ref import LONGEST, ScorerRef, canonical, label, readable
from rsf_core.domain.settings import Settings
from rsf_core.domain.settings_reading import parse

NUMBERS = st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.booleans() | NUMBERS | st.text(max_size=9)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
OPTIONS = st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True), VALUES, max_size=4)


@given(options=OPTIONS)
def test_what_is_written_is_read_again(options: dict[str, Any]) -> None:
    text = str(ScorerRef("contains", options))
    ref = ScorerRef.parse(text)
    assert (ref.name, ref.options) == ("contains", options)
    assert str(ref) == canonical(text) == text


@pytest.mark.parametrize(
    "name", ["length", "my.scorer", "log_prob:round-1", "a scorer", "größe", "(", ")", "f(", " x "]
)
def test_a_name_alone_is_that_name(name: str) -> None:
    assert canonical(name) == name and ScorerRef.parse(name) == ScorerRef(name)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("length()", "length"),
        ("regex( pattern = '\\d+' , whole=true )", 'regex(pattern="\\\\d+", whole=true)'),
        ('contains(text="(a)")', 'contains(text="(a)")'),
        ('contains(text="a", ignore_case=true)', 'contains(ignore_case=true, text="a")'),
        ('json_schema(schema={type="object", required=["a"]})', 'json_schema(schema={required=["a"], type="object"})'),
    ],
)
def test_the_same_written_otherwise_is_the_same(text: str, same: str) -> None:
    assert canonical(text) == same == canonical(same)


@pytest.mark.parametrize(
    "text",
    ["contains(cat)", "contains(text=cat)", "contains(text='a'", "contains(text='a', text='b')", "f(x=True)",
     "f(x=nan)", "f(x=inf)", "f(x=2020-01-01)", "f('a b'=1)", "f(x=1,\ny=2)", "f(x=" + "[" * 900 + "]" * 900 + ")"],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_words(text: str) -> None:
    if text.endswith("'a'"):  # not a call but a name
        assert canonical(text) == text
        return
    with pytest.raises(ScorerError, match="options"):
        canonical(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (r'regex(pattern="\d+")', True),
        (r"regex(\d+)", True),
        ("contains(text=cat)", False),
        (r"contains('a\'b'=1)", True),
    ],
)
def test_a_pattern_in_double_quotes_gets_a_hint(text: str, hint: bool) -> None:
    with pytest.raises(ScorerError) as refused:
        canonical(text)
    assert text in str(refused.value), "as it was written"
    assert (r"in double quotes a \ is written twice, in single quotes once" in str(refused.value)) is hint
    assert canonical(r"regex(pattern='\d+')") == r'regex(pattern="\\d+")'


def target(**sections: Any) -> dict[str, Any]:
    return {"task": "t", "target": sections}


def test_settings_hold_the_one_way_to_write_it() -> None:
    parsed_target: Settings = parse(
        target(
            rewards={"contains( text='cat' )": 1.0},
            constraints=[{"scorer": "regex(whole=true, pattern='a')", "at_least": 1}],
        ),
        "project.toml",
    )
    assert parsed_target.target.scorers == ('contains(text="cat")', 'regex(pattern="a", whole=true)')


@pytest.mark.parametrize(
    ("sections", "field", "problem"),
    [
        ({"constraints": [{"scorer": "regex(pattern=)", "at_least": 1}]}, "constraints", "options in"),
        ({"rewards": {"contains(cat)": 1.0}}, "rewards", "options in"),
        ({"rewards": {"f(a=1, b=2)": 1.0, "f(b=2, a=1)": 2.0}}, "rewards", "the same scorer with the same options"),
        ({"rewards": {"f(a='" + "x" * LONGEST + "')": 1.0}}, "rewards", "2000"),
    ],
)
def test_settings_name_the_field_of_options_that_cannot_be_read(
    sections: dict[str, Any], field: str, problem: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(target(**sections), "project.toml")
    assert field in str(refused.value) and problem in str(refused.value).replace("2,000", "2000")


def test_a_scorer_whose_options_would_take_a_page_is_cut_short_in_messages() -> None:
    assert label("length") == "length" and label("x" * 100) == "x" * 100
    cut = label(f'llm_judge(rubric="{"long " * 300}")')
    assert len(cut) <= 101 and cut.startswith('llm_judge(rubric="long ') and cut.endswith("…)")


@pytest.mark.parametrize(
    ("scorer", "words"),
    [
        ('taste(version="3fa9c1d0")', "learned from decisions, version 3fa9c1d0"),
        ('answer(question="clear", version="3fa9c1d0")', "answers to clear, version 3fa9c1d0"),
        ("taste", "taste"),
        ("taste()", "taste()"),
        ('taste(other="x")', 'taste(other="x")'),
        ("answer(", "answer("),
        ('tasteful(version="3fa9c1d0")', 'tasteful(version="3fa9c1d0")'),
        ('contains(text="taste(version")', 'contains(text="taste(version")'),
    ],
)
def test_scorers_made_from_decisions_and_answers_read_as_words(scorer: str, words: str) -> None:
    assert readable(scorer) == words == label(scorer)
