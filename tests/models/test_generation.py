"""What a model's folder requests for drawing tokens: each entry is named with its value, and is part of the law or reported
as not part of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rsf_core.domain import Mask
from rsf_core.domain.errors import ModelError
from rsf_core.models import generation
from rsf_core.models.generation import Part, Vocabulary, masks, requests, require_end, ruled_out

CAUSAL = Vocabulary(size=50, ends=(2, 3), pad=1, decoder_tokens=None)
DECODER = Vocabulary(size=50, ends=(2,), pad=1, decoder_tokens=2)


def folder(tmp_path: Path, newer: dict[str, Any] | None, **older: Any) -> Path:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "any", **older}))
    if newer is not None:
        (tmp_path / "generation_config.json").write_text(json.dumps(newer))
    return tmp_path


def parts(config: dict[str, Any], model_masks: bool = False) -> dict[str, Part]:
    return {str(one): one.part for one in requests(config, model_masks)}


def test_the_newer_file_goes_before_the_older_and_null_leaves_it_open(tmp_path: Path) -> None:
    law = generation.read(folder(tmp_path, {"top_p": 0.9, "min_length": None}, top_p=0.5, min_length=3))
    assert law == {"top_p": 0.9, "min_length": 3}


def test_an_older_folder_keeps_it_in_config_json_alone(tmp_path: Path) -> None:
    assert generation.read(folder(tmp_path, None, bad_words_ids=[[1]], unrelated=7)) == {"bad_words_ids": [[1]]}


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    folder(tmp_path, {})
    (tmp_path / "generation_config.json").write_text(text)
    with pytest.raises(ModelError, match=r"generation_config\.json"):
        generation.read(tmp_path)


def test_each_thing_that_is_not_applied_is_named_with_its_value() -> None:
    config = {
        "repetition_penalty": 1.1,
        "no_repeat_ngram_size": 3,
        "temperature": 0.6,
        "top_k": 50,
        "top_p": 0.9,
        "forced_eos_token_id": 2,
        "forced_decoder_ids": [[1, 7]],
        "min_length": 4,
        "forced_bos_token_id": 9,
        "sequence_bias": [[[5, 6], -1.0]],
    }
    law_parts = parts(config)
    assert set(law_parts.values()) == {Part.NOT_APPLIED}
    assert {"repetition_penalty 1.1", "top_k 50", "forced_decoder_ids [[1, 7]]", "min_length 4"} < law_parts.keys()
    assert len(law_parts) == len(config)
    words = generation.in_words(requests(config))
    assert words.startswith("not applied: ") and "temperature 0.6 (set generate.temperature for it)" in words


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"repetition_penalty": 1.0, "top_k": 0, "top_p": 1, "temperature": 1.0, "num_beams": 1},
        {"suppress_tokens": [], "begin_suppress_tokens": [], "bad_words_ids": [], "min_length": 0, "min_new_tokens": 0},
    ],
)
def test_what_changes_nothing_is_not_listed(config: dict[str, Any]) -> None:
    assert requests(config) == [] and masks(config, CAUSAL, True) == ()
    assert generation.in_words([]) == "its folder asks for nothing beyond the plain softmax"


def test_the_masked_padding_and_the_forced_begin_make_a_model_what_it_is() -> None:
    config = {
        "is_encoder_decoder": True,
        "pad_token_id": 1,
        "eos_token_id": 2,
        "decoder_start_token_id": 1,
        "forced_bos_token_id": 9,
        "bad_words_ids": [[1], [7], [7, 8]],
    }
    assert parts(config) == {
        "decoder_start_token_id 1": Part.LAW,
        "forced_bos_token_id 9": Part.LAW,
        "bad_words_ids [[1]]": Part.LAW,
        "bad_words_ids [[7]]": Part.OFF,
        "bad_words_ids [[7, 8]]": Part.NOT_APPLIED,
    }
    assert parts(config, True)["bad_words_ids [[7]]"] is Part.LAW
    assert masks(config, DECODER, False) == (Mask((1,)),)
    assert masks(config, DECODER, True) == (Mask((1, 7)),)


def test_a_long_list_is_cut_short() -> None:
    (one,) = requests({"suppress_tokens": list(range(100, 130))})
    assert one.value == "[100, 101, 102, 103, 104, 105, 106, 107, … 22 more]"


def test_masks_by_position_are_off_until_they_are_switched_on() -> None:
    config = {"suppress_tokens": [5, 4, 5], "begin_suppress_tokens": [6, 2], "min_new_tokens": 3}
    assert masks(config, CAUSAL, False) == ()
    law = masks(config, CAUSAL, True)
    assert law == (Mask((4, 5)), Mask((2, 6), before=1), Mask((2, 3), before=3))
    assert ruled_out(law, (7, 6, 8, 2)) is None
    assert [ruled_out(law, one) for one in [(6, 7), (7, 2), (7, 8, 9, 4), ()]] == [6, 2, 4, None]


def test_a_shortest_length_counts_as_in_transformers() -> None:
    """All tokens given to a decoder count in min_length; those after its start token also count as new tokens. A causal
    model's prompt counts in min_length, which is then not applied."""
    assert masks({"min_length": 6}, DECODER, True) == (Mask((2,), before=4),)
    assert masks({"min_new_tokens": 6}, DECODER, True) == (Mask((2,), before=5),)
    assert masks({"min_length": 2}, DECODER, True) == ()
    assert masks({"min_length": 6}, CAUSAL, True) == ()


def test_a_completion_that_could_not_end_within_its_tokens_is_refused() -> None:
    law = masks({"min_new_tokens": 6}, CAUSAL, True)
    require_end(law, CAUSAL.ends, 7)
    with pytest.raises(ModelError, match=r"first 6 tokens .* generate\.max_new_tokens is 6"):
        require_end(law, CAUSAL.ends, 6)


def test_a_bad_word_that_is_the_end_is_left_out_as_in_transformers() -> None:
    assert masks({"bad_words_ids": [[2], [3]], "pad_token_id": 2}, CAUSAL, True) == ()


@pytest.mark.parametrize(
    ("field", "value", "model_masks"),
    [
        ("bad_words_ids", [[50]], False),
        ("bad_words_ids", [[1, -1]], False),
        ("bad_words_ids", [[]], False),
        ("bad_words_ids", [1], False),
        ("bad_words_ids", "pad", False),
        ("suppress_tokens", [50], True),
        ("suppress_tokens", [-1], True),
        ("suppress_tokens", [True], True),
        ("suppress_tokens", 5, True),
        ("begin_suppress_tokens", ["5"], True),
        ("begin_suppress_tokens", [10**9], True),
        ("min_new_tokens", -1, True),
        ("min_new_tokens", "3", True),
        ("suppress_tokens", [2, 3], True),
    ],
)
def test_a_field_that_is_not_what_it_should_be_is_named(field: str, value: Any, model_masks: bool) -> None:
    with pytest.raises(ModelError, match=rf"{field} of generation_config\.json"):
        masks({field: value}, CAUSAL, model_masks)


def test_one_end_of_several_may_be_suppressed() -> None:
    assert masks({"suppress_tokens": [2]}, CAUSAL, True) == (Mask((2,)),)


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ({"begin_suppress_tokens": list(range(50))}, "first"),
        ({"suppress_tokens": [t for t in range(50) if t not in (2, 3)], "min_new_tokens": 1}, "first"),
        (
            {"begin_suppress_tokens": [], "suppress_tokens": [t for t in range(50) if t != 2], "min_new_tokens": 2},
            "first",
        ),
    ],
)
def test_masks_that_leave_nothing_to_draw_are_refused(config: dict[str, Any], what: str) -> None:
    with pytest.raises(ModelError, match=f"rules out every token that could come {what}"):
        masks(config, CAUSAL, True)
