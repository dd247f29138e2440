"""Hidden states of completions are those that the library gives for one row alone, whatever the family, batch and order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from rsf_core.domain.errors import ModelError
from rsf_core.models import forward
from rsf_core.models.context_window import decoder_prefix
from rsf_core.models.forward import hidden
from tests.support.architectures import gpt2, llama, t5
from tests.support.families import BART, seq2seq

PAD = 2
FAMILIES = {"llama": llama, "gpt2": gpt2, "t5": t5, "bart": lambda: seq2seq("bart", **BART)}
PAIRS = [
    ((5, 6, 8, 9), (4, 8, 9, 2)),
    ((6,), (9, 4)),
    ((5, 6, 8, 9), (11,)),
    ((5, 6, 8, 9), (4, 8)),
    ((7, 8), (3, 5, 7, 9, 11, 13, 2)),
]


def make_model(family: str) -> Any:
    torch.manual_seed(0)
    model = FAMILIES[family]().eval()
    if hasattr(model, "final_logits_bias"):
        model.final_logits_bias.normal_()
    return model


def alone(model: Any, prompt: tuple[int, ...], completion: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """The library's hidden states of one row: the mean over the completion's tokens, and the last."""
    with torch.no_grad():
        if model.config.is_encoder_decoder:
            ids = torch.tensor([[*decoder_prefix(model), *completion]])
            out = model(input_ids=torch.tensor([prompt]), decoder_input_ids=ids, output_hidden_states=True)
            states = out.decoder_hidden_states[-1][0]
            if model.config.model_type == "t5":  # scales the input of its head
                states = states * model.config.d_model**-0.5
        else:
            out = model(input_ids=torch.tensor([[*prompt, *completion]]), output_hidden_states=True)
            states = out.hidden_states[-1][0]
    own = states[-len(completion) :]
    return torch.cat([own.mean(0), own[-1]]).numpy()


@pytest.mark.parametrize("family", FAMILIES)
def test_they_are_those_of_the_library_for_one_row_and_the_model_stays_as_it_was(family: str) -> None:
    model = make_model(family)
    way = forward.of(model, PAD)
    head = model.get_output_embeddings()
    with torch.no_grad():
        before = way.completion_logits(PAIRS)[0]
        states = forward.hidden_states(model, way, PAIRS, PAD)
        after = way.completion_logits(PAIRS)[0]
    assert states.dtype == np.float32 and states.shape == (len(PAIRS), 64)
    for row, pair in zip(states, PAIRS, strict=True):
        np.testing.assert_allclose(row, alone(model, *pair), atol=1e-4)
    assert model.get_output_embeddings() is head
    torch.testing.assert_close(before, after)


@pytest.mark.parametrize("family", FAMILIES)
def test_they_do_not_depend_on_the_batch_or_its_order(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model(family)
    way = forward.of(model, PAD)
    together = forward.hidden_states(model, way, PAIRS, PAD)
    np.testing.assert_allclose(forward.hidden_states(model, way, PAIRS[::-1], PAD)[::-1], together, atol=1e-4)
    monkeypatch.setattr(hidden, "BATCH_ROWS", 1)
    np.testing.assert_allclose(forward.hidden_states(model, way, PAIRS, PAD), together, atol=1e-4)
    monkeypatch.setattr(hidden, "BATCH_ROWS", 64)
    monkeypatch.setattr(hidden, "BATCH_TOKENS", 14)
    np.testing.assert_allclose(forward.hidden_states(model, way, PAIRS, PAD), together, atol=1e-4)


def test_of_a_completion_without_tokens_both_are_the_state_that_the_prompt_ends_in() -> None:
    model = make_model("llama")
    (row,) = forward.hidden_states(model, forward.of(model, PAD), [((5, 6, 8), ())], PAD)
    np.testing.assert_allclose(row[:32], row[32:])
    np.testing.assert_allclose(row[:32], alone(model, (5, 6), (8,))[:32], atol=1e-4)


@pytest.mark.parametrize("family", ["llama", "bart"])
def test_what_is_longer_than_the_context_is_cut_off_and_computed(family: str) -> None:
    model = make_model(family)
    limit = model.config.max_position_embeddings = 64 if family == "bart" else 16
    long = tuple(3 + i % 40 for i in range(3 * limit))
    pairs = [((5, 6), long), (long, (4, 8)), (long, long), ((5, 6), long[: limit - 2])]
    states = forward.hidden_states(model, forward.of(model, PAD), pairs, PAD)
    assert np.isfinite(states).all() and states.shape == (4, 64)


def test_no_rows_and_states_that_are_no_numbers() -> None:
    model = make_model("llama")
    way = forward.of(model, PAD)
    assert len(forward.hidden_states(model, way, [], PAD)) == 0
    with torch.no_grad():
        model.model.norm.weight.fill_(float("inf"))
    with pytest.raises(ModelError, match="not all finite"):
        forward.hidden_states(model, way, PAIRS, PAD)


def test_batches_hold_each_row_once_and_no_more_tokens_than_allowed() -> None:
    generator = np.random.default_rng(0)
    pairs = [(tuple(range(a)), tuple(range(b))) for a, b in generator.integers(1, 300, (500, 2))]
    batches = list(hidden._batches(pairs))
    assert sorted(i for batch in batches for i in batch) == list(range(500))
    for batch in batches:
        widths = [max(len(pairs[i][side]) + 1 for i in batch) for side in (0, 1)]
        assert len(batch) <= hidden.BATCH_ROWS and (len(batch) == 1 or len(batch) * sum(widths) <= hidden.BATCH_TOKENS)
