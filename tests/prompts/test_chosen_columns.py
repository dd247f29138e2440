"""Which column holds what if a person names some of them, and which columns nothing reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from rsf_core.domain.errors import PromptFileError
from rsf_core.prompts import Format, recognise
from rsf_core.prompts.chosen_columns import completion_columns, prompt_columns, unread
from rsf_core.prompts.completions import CompletionColumns, recognise_columns
from rsf_core.prompts.parsing import Columns


def formatted(tmp_path: Path, text: str) -> Format:
    file = tmp_path / "rows.csv"
    file.write_text(text)
    return recognise(file)


@pytest.fixture
def qa(tmp_path: Path) -> Format:
    return formatted(tmp_path, "question,answer,iso\nWhen was it?,In June,1980-06-04\nAnd it?,In July,1963-07-22\n")


@pytest.mark.parametrize(
    ("named", "columns"),
    [
        ({}, Columns("question", "answer")),
        ({"reference": "iso"}, Columns("question", "iso")),
        ({"prompt": "iso"}, Columns("iso", "answer")),
        ({"prompt": "answer"}, Columns("answer")),  # so it cannot also be the reference
        ({"prompt": "answer", "reference": "question", "system": "iso"}, Columns("answer", "question", "iso")),
    ],
)
def test_what_is_named_goes_before_what_is_recognised(qa: Format, named: Mapping[str, str], columns: Columns) -> None:
    assert prompt_columns(qa, named) == columns


def test_columns_that_nothing_is_taken_from_are_unread(qa: Format, tmp_path: Path) -> None:
    assert unread(qa, Columns("question", "answer")) == ["iso"]
    assert unread(qa, Columns("iso", "iso", "question", "answer")) == []
    alpaca = formatted(tmp_path, "instruction,input,output,id\nAdd them,1 and 2,3,a\nAdd these,4 and 5,9,b\n")
    assert unread(alpaca, Columns("instruction", "output")) == ["id"]  # the input is part of the prompt


def test_a_file_in_which_none_is_recognised_takes_a_named_one(tmp_path: Path) -> None:
    numbers = formatted(tmp_path, "a,b\n1,2\n3,4\n")
    assert numbers.text is None and prompt_columns(numbers, {}) is None
    assert prompt_columns(numbers, {"prompt": "b"}) == Columns("b")


def test_completions_take_a_named_column(qa: Format) -> None:
    assert completion_columns(qa, recognise_columns(qa), {"completion": "iso"}) == CompletionColumns("question", "iso")
    with pytest.raises(PromptFileError, match="no column holds 'split' here: name those of prompt, completion, system"):
        completion_columns(qa, CompletionColumns("question", "answer"), {"split": "iso"})
    with pytest.raises(PromptFileError, match="there is no column 'ISO'; the columns are question, "):
        prompt_columns(qa, {"reference": "ISO"})
