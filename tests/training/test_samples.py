"""Training uses exactly what was drawn, and no prompt is both trained on and held out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rsf_core import models
from rsf_core.domain import Prompt
from rsf_core.domain.errors import StageError
from rsf_core.domain.settings import Train
from rsf_core.models import forward
from rsf_core.models.prompting import Prompting
from rsf_core.training.samples import TrainingSample, check_tokenizer, split, tokenised

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


@pytest.fixture
def an_edit(any_model: Path):
    """Makes an edited sample of the given number of words, tokenised for the model."""
    model, tokenizer = models.load(any_model)
    passes, ends = forward.of(model, pad=0), models.eos_ids(model, tokenizer)

    def made(words: int) -> TrainingSample:
        sample = TrainingSample((5, 6), (7, 8), text=" ".join(["good"] * words), edited=True, log_q=-3.0)
        return tokenised(sample, tokenizer, passes, ends, Prompting(model, tokenizer, 0))

    return made, tokenizer, ends


def test_an_edited_completion_has_the_tokens_of_its_text_an_end_and_no_log_q(an_edit) -> None:
    made, tokenizer, ends = an_edit
    sample = made(3)
    assert tokenizer.decode(sample.token_ids, skip_special_tokens=True).strip() == "good good good"
    assert sample.token_ids[-1] == ends[0] and sample.log_q is None


def test_an_edited_completion_that_the_context_cannot_hold_is_named(an_edit) -> None:
    made, _, _ = an_edit
    with pytest.raises(StageError, match=r"begins 'good good .* more than the model's context: shorten it on Review"):
        made(5000)


def test_one_made_elsewhere_has_the_tokens_of_its_prompt_as_it_would_be_drawn_for(any_model: Path) -> None:
    model, tokenizer = models.load(any_model)
    passes, ends, prompting = forward.of(model, pad=0), models.eos_ids(model, tokenizer), Prompting(model, tokenizer, 0)
    prompt = Prompt(0, "What is it?", system="Be brief.", earlier=("It is good.", "Fine."))
    sample = TrainingSample((), (), text="good bad", elsewhere=prompt)
    sequence = tokenised(sample, tokenizer, passes, ends, prompting)
    assert sequence.prompt_token_ids == prompting.token_ids(prompt) and len(sequence.prompt_token_ids) > 3
    assert sequence.token_ids[-1] == ends[0] and sequence.log_q is None
    assert tokenizer.decode(sequence.token_ids, skip_special_tokens=True).strip() == "good bad"
    check_tokenizer([sequence], tokenizer, model.get_input_embeddings().num_embeddings)
    long = replace(sample, text=" ".join(["good"] * 5000))
    with pytest.raises(StageError, match=r"^the completion that begins 'good good"):
        tokenised(long, tokenizer, passes, ends, prompting)


def test_an_edit_ends_as_the_template_s_turns_do_then_as_the_tokenizer_and_none_is_no_error(tiny_model: Path) -> None:
    model, tokenizer = models.load(tiny_model)
    turn_end = tokenizer.eos_token_id
    model.generation_config.eos_token_id = [turn_end + 1, turn_end]
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(turn_end + 2)
    assert models.eos_ids(model, tokenizer) == (turn_end, turn_end + 2, turn_end + 1)
    tokenizer.chat_template = None
    assert models.eos_ids(model, tokenizer) == (turn_end + 2, turn_end + 1, turn_end)
    tokenizer.eos_token = model.generation_config.eos_token_id = None
    assert models.eos_ids(model, tokenizer) == ()
