"""A project's own judge: a file of options, written and read back, and refused if its options are invalid."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.domain.errors import ScorerError
from rsf_core.domain.sent_keys import SentKey
from rsf_core.scorers import own, own_judge, registry
from rsf_core.scorers.rubrics import HIGHEST, LOWEST, RUBRICS

OPTIONS = {"endpoint": "http://127.0.0.1:9/v1", "model": "m", "rubric": "Is it kind?\n\n5: yes\n1: no", "highest": 5}


@given(st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"])).filter(str.strip))
def test_any_rubric_is_read_back_as_it_was_written(rubric: str) -> None:
    options, _ = own_judge.read(own_judge.written(OPTIONS | {"rubric": rubric}))
    assert options == OPTIONS | {"rubric": rubric.replace("\r\n", "\n")}


@pytest.mark.parametrize(
    "rubric",
    ['"', '""', '"""', '""""', '"""""""', 'a"""', '\\"""\\', "\\u0041", "a\r\nb\rc", "\x00\x7f", "'''", "\n\nx\n"],
)
def test_quotes_and_controls_of_a_rubric_stay(rubric: str) -> None:
    for text in (f"x{rubric}", f"{rubric}x", f"x{rubric}x"):
        options, _ = own_judge.read(own_judge.written(OPTIONS | {"rubric": text}))
        assert options["rubric"] == text.replace("\r\n", "\n")


def test_a_person_can_read_the_file_and_defaults_are_left_out() -> None:
    source = own_judge.written(OPTIONS | {"seconds": 30.0, "key": "MY_KEY"})
    assert 'rubric = """\nIs it kind?\n\n5: yes\n1: no"""' in source and "seconds" not in source and "MY_KEY" in source
    assert tomllib.loads(source) == OPTIONS | {"key": "MY_KEY"}


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("", "it names no endpoint and no model and no rubric"), ('rubric = "x"', "it names no endpoint and no model"),
        ("endpoint =", "not TOML"), ("seed = " + "9" * 5000, "not TOML"),
        ('endpoint="http://h"\nmodel="m"\nrubric="x"\nlowest=1' + "0" * 400, "too large"),
        ('endpoint="http://h"\nmodel="m"\nrubric="x"\nrubrik="y"', "it has no option 'rubrik'; did you mean 'rubric'"),
        ('endpoint="http://h"\nmodel="m"\nrubric="x"\nseconds="9"', "the option 'seconds' of it must be a number"),
        ('endpoint="http://h"\nmodel="m"\nrubric=3', "must be|rubric"), ('endpoint="h"\nmodel="m"\nrubric="x"', "http://"),
        ('endpoint="http://h"\nmodel="m"\nrubric="x"\nhighest=2026-01-01', "must be a number"),
        ('endpoint="http://h"\nmodel="m"\nrubric="x"\nhighest=1', "scale"),
        ('endpoint="http://h"\nmodel="m"\nrubric="' + "x" * 20_001 + '"', "20,001 characters"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_judge_says_what_to_mend(source: str, why: str) -> None:
    with pytest.raises(ScorerError, match=why):
        own_judge.read(source)
    assert own.read("kind", source, own.JUDGE).problem.startswith("the scorer 'kind': ")


@pytest.mark.parametrize("key", ["sk-abc", "hf_abcDEF123", "gsk_small", "Bearer X", "1KEY", "K" * 300])
def test_a_key_in_the_place_of_a_variables_name_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ScorerError, match="NAME of an environment variable") as raised:
        own_judge.check(OPTIONS | {"key": key})
    assert key not in str(raised.value)


def test_a_variable_in_small_letters_is_one_wherever_it_is_read() -> None:
    for name in ("judge_key", "openai_api_key", "hf_token"):
        assert own_judge.check(OPTIONS | {"key": name}).sent_key == SentKey(
            name, "http://127.0.0.1:9/v1/chat/completions"
        )
    assert own_judge.check(OPTIONS).sent_key is None


def test_a_judge_is_known_by_its_content_and_needs_no_consent(tmp_path: Path) -> None:
    judge_file = own.save(tmp_path, "kind", own_judge.written(OPTIONS | {"show_reference": True}), own.JUDGE)
    name = str(judge_file.ref)
    own.ready(tmp_path, [name])  # would raise if the file were code
    card = registry.card(name)
    assert card.opinion and card.sends and card.reference and card.own and "Is it kind?" in card.description
    assert registry.bounds(name) == (1, 5)
    assert registry.reference_problem(name, None) and not registry.reference_problem(name, "yes")
    assert registry.get(name).name == name and registry.get(name) is registry.get(name)
    with pytest.raises(ScorerError, match="one score"):
        registry.get(name.replace("@", ".key@"))
    (tmp_path / "scorers" / "kind.toml").unlink()
    own._files.clear()
    own.remember(tmp_path)
    assert registry.get(name).bounds == (1, 5), "the version that was used is kept"


def test_two_files_of_one_name_are_refused_with_a_message(tmp_path: Path) -> None:
    own.save(tmp_path, "kind", own_judge.written(OPTIONS), own.JUDGE)
    with pytest.raises(ScorerError, match=r"kind\.toml of this project already"):
        own.save(tmp_path, "kind", "def score(c): return 1")
    (tmp_path / "scorers" / "kind.py").write_text("def score(c): return 1")
    (file,) = own.files(tmp_path)
    assert "both kind.py and kind.toml" in file.problem


def test_every_rubric_to_begin_with_makes_a_judge() -> None:
    for rubric in RUBRICS:
        changed = {
            "rubric": rubric.text,
            "lowest": LOWEST,
            "highest": HIGHEST,
            "show_reference": rubric.shows_reference,
        }
        own_judge.check(OPTIONS | changed)
        assert f"\n{HIGHEST}: " in rubric.text and f"\n{LOWEST}: " in rubric.text
