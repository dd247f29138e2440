"""What is trained on is what was drawn, and no prompt both trains and judges."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rsf_core import models
from rsf_core.errors import StageError
from rsf_core.settings import Train
from rsf_core.training.samples import TrainingSample, check_tokenizer, split

SAMPLES = [TrainingSample((0, 5, 6, 7 + i % 4), (20 + i, 30, 40 + i, 1), log_q=-20.0) for i in range(16)]


def test_no_prompt_is_on_both_sides_of_the_split():
    train, held_out = split(SAMPLES, Train(held_out_share=0.4))
    assert train and held_out and len(train) + len(held_out) == 16
    assert not {s.prompt_token_ids for s in train} & {s.prompt_token_ids for s in held_out}
    assert split(SAMPLES[:1], Train(held_out_share=0.5)) == (SAMPLES[:1], [])


def test_tokens_that_read_otherwise_than_when_they_were_drawn_are_of_another_tokenizer(tiny_model: Path) -> None:
    model, tokenizer = models.load(tiny_model)
    size = model.get_input_embeddings().num_embeddings
    drawn = [replace(s, text=tokenizer.decode(s.token_ids, skip_special_tokens=True)) for s in SAMPLES]
    check_tokenizer(drawn, tokenizer, size)
    foreign = [*drawn[:3], replace(drawn[3], text="other words")]
    with pytest.raises(StageError, match=r"sample 3 .* was drawn as 'other words' and reads .* another tokenizer"):
        check_tokenizer(foreign, tokenizer, size)
    edited = [*drawn[:3], replace(drawn[3], text="other words", edited=True)]
    check_tokenizer(edited, tokenizer, size)
