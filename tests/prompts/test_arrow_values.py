from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import parse
from rsf_core.prompts.arrow_values import values
from rsf_core.prompts.completions import CompletionColumns, CompletionRow
from rsf_core.prompts.completions import parse as parse_completions
from rsf_core.prompts.records import Number, Unreadable

TINY = pa.float32()
WHEN = pa.timestamp("ms")
BEYOND = 10**17  # ms: in the year 3,170,000
HELD = "is a time that no calendar reaches: leave it empty, or correct it"


@pytest.mark.parametrize(
    ("given", "kind", "expected"),
    [
        ([0.1, None, 1e20], TINY, ["0.1", None, "1e+20"]),
        ([[0.1, None], None, []], pa.list_(TINY), [["0.1", None], None, []]),
        ([[0.1]], pa.large_list(TINY), [["0.1"]]),
        ([[0.1, 0.2], None], pa.list_(TINY, 2), [["0.1", "0.2"], None]),
        ([[0.1], None, [0.2, 0.3]], pa.list_view(TINY), [["0.1"], None, ["0.2", "0.3"]]),
        ([{"a": 0.1}, None, {"a": None}], pa.struct([("a", TINY)]), [{"a": "0.1"}, None, {"a": None}]),
        ([[{"a": [0.1]}]], pa.list_(pa.struct([("a", pa.list_(TINY))])), [[{"a": ["0.1"]}]]),
        ([[("x", 0.1)], None, []], pa.map_(pa.string(), TINY), [{"x": "0.1"}, None, {}]),
        ([[(7, [("y", None)])]], pa.map_(pa.int8(), pa.map_(pa.string(), TINY)), [{"7": {"y": None}}]),
        ([[("x", 1), ("x", 2)]], pa.map_(pa.string(), pa.int8()), [{"x": "2"}]),
        ([0.1, None], pa.float16(), ["0.1", None]),
        ([{}, None], pa.struct([]), [{}, None]),
        ([True, None], pa.bool_(), [True, None]),
        ([0.1, float("nan"), float("inf")], pa.float64(), ["0.1", "NaN", "NaN"]),
        ([[date(2024, 1, 2)]], pa.list_(pa.date32()), [["2024-01-02"]]),
        ([[datetime(2024, 1, 2)]], pa.list_(WHEN), [["2024-01-02"]]),
        ([{"at": datetime(2024, 1, 2, 3)}], pa.struct([("at", WHEN)]), [{"at": "2024-01-02 03:00:00"}]),
        ([[("at", datetime(2024, 1, 2, 3, 0, 0, 5000))]], pa.map_(pa.string(), WHEN), [{"at": "2024-01-02 03:00:00.005"}]),
        ([[3_600_000]], pa.list_(pa.time32("ms")), [["01:00:00"]]),
        ([[timedelta(seconds=4)]], pa.list_(pa.duration("s")), [["4"]]),
        ([[0]], pa.list_(pa.timestamp("ms", "UTC")), [["1970-01-01 00:00:00Z"]]),
    ],
)  # fmt: skip
def test_values_are_as_json_spells_them_however_deep_they_stand(
    given: list[Any], kind: pa.DataType, expected: Any
) -> None:
    column = pa.array(given, kind)
    assert values(column) == expected
    assert values(pa.concat_arrays([column, column]).slice(1)) == [*expected, *expected][1:]


def test_a_word_of_a_dictionary_is_itself() -> None:
    assert values(pa.array(["a", None, "a"]).dictionary_encode()) == ["a", None, "a"]
    assert values(pa.array([["a"], None], pa.list_(pa.dictionary(pa.int8(), pa.string())))) == [["a"], None]


def test_numbers_are_no_text_at_any_depth() -> None:
    for kind in (TINY, pa.float16(), pa.int64(), pa.decimal128(4, 1)):
        (value,) = values(pa.array([[{"a": 1}]], pa.list_(pa.struct([("a", kind)]))))
        assert isinstance(value[0]["a"], Number), kind


@pytest.mark.parametrize(
    "kind", [WHEN, pa.timestamp("us"), pa.timestamp("ms", "Europe/Paris"), pa.date64(), pa.date32()]
)
def test_a_time_beyond_the_calendar_is_no_data_at_any_depth(kind: pa.DataType) -> None:
    far = pa.array([2**31 - 1 if kind == pa.date32() else 2**62], pa.int32() if kind.bit_width == 32 else pa.int64())
    (time,) = values(far.cast(kind))
    assert time == Unreadable(HELD)
    assert values(pa.ListArray.from_arrays([0, 1], far.cast(kind))) == [[Unreadable(HELD)]]


def test_words_that_look_like_it_are_words() -> None:
    assert values(pa.array(["<value out of range: 7>"])) == ["<value out of range: 7>"]


def written(folder: Path, columns: dict[str, pa.Array]) -> Path:
    pq.write_table(pa.table(columns), folder / "p.parquet")
    return folder / "p.parquet"


@pytest.mark.parametrize("place", ["text", "reference", "system", "split", "input"])
def test_a_row_whose_value_is_a_time_beyond_the_calendar_is_named(tmp_path: Path, place: str) -> None:
    texts = {name: pa.array(["a", "b"]) for name in ("instruction", "reference", "system")}
    texts |= {"split": pa.array(["train", "test"]), "input": pa.array(["", ""])}
    column = "instruction" if place == "text" else place
    texts[column] = pa.array([BEYOND, None], WHEN)
    parsed = parse(written(tmp_path, texts), "instruction", "reference", "system", "split")
    assert str(parsed.problems[0]) == f"line 1, {column}: {HELD}"
    assert [row.text for row in parsed.rows] == ([] if place == "text" else ["b"])


def test_a_bad_value_in_an_unused_column_does_not_matter(tmp_path: Path) -> None:
    path = written(tmp_path, {"text": pa.array(["a"]), "made": pa.array([BEYOND], WHEN)})
    parsed = parse(path, "text")
    assert [row.text for row in parsed.rows] == ["a"] and not parsed.problems


@pytest.mark.parametrize("place", ["completion", "log_q", "tokens", "source"])
def test_completions_name_it_too(tmp_path: Path, place: str) -> None:
    texts = {"prompt": pa.array(["a"]), "completion": pa.array(["b"]), place: pa.array([BEYOND], WHEN)}
    columns = CompletionColumns("prompt", "completion", log_q="log_q", token_count="tokens", source="source")
    problems, _ = parse_completions(written(tmp_path, texts), columns, lambda rows: None)
    assert [str(problem) for problem in problems] == [f"line 1, {place}: {HELD}"]


def test_turns_given_as_maps_are_a_conversation(tmp_path: Path) -> None:
    turns = [[("role", "user"), ("content", "Why?")], [("role", "assistant"), ("content", "So.")]]
    column = pa.array([turns], pa.list_(pa.map_(pa.string(), pa.string())))
    (row,) = parse(written(tmp_path, {"messages": column}), "messages", "messages").rows
    assert (row.text, row.reference) == ("Why?", "So.")


def test_log_probabilities_of_32_bits_are_summed_as_they_are_spelled(tmp_path: Path) -> None:
    columns = {"prompt": pa.array(["a"]), "completion": pa.array(["b"]), "q": pa.array([[-0.1, -0.2]], pa.list_(TINY))}
    usual = CompletionColumns("prompt", "completion", log_q="q")
    kept: list[CompletionRow] = []
    parse_completions(written(tmp_path, columns), usual, kept.extend)
    (row,) = kept
    assert row.log_q == pytest.approx(-0.3, abs=1e-15) and row.token_count == 2


def test_two_fields_of_one_name_are_refused_with_where(tmp_path: Path) -> None:
    both = pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    path = written(tmp_path, {"text": pa.array(["x"]), "about": pa.ListArray.from_arrays([0, 1], both)})
    with pytest.raises(PromptFileError, match="column 'about', has two fields of the name 'a': rename or remove one"):
        parse(path, "text")
