"""Every way to compute a model gives the same as the model alone, unpadded and without a cache."""

from __future__ import annotations

import pytest
import torch
from transformers import PreTrainedModel

from rsf_core.models import forward
from rsf_core.models.log_probs import token_log_probs
from tests.support.families import EOS, FAMILIES, PAD, llama

# prompts and completions of unequal lengths; the first prompt occurs twice
PAIRS = [((5, 6, 7, 8, EOS), (11, 12, 13, EOS)), ((9, 10, EOS), (14, 15)), ((5, 6, 7, 8, EOS), (16,))]


@pytest.fixture(params=FAMILIES, ids=lambda make: make.__name__)
def model(request: pytest.FixtureRequest) -> PreTrainedModel:
    torch.manual_seed(0)
    return request.param().eval()


def alone(model: PreTrainedModel, prompt: tuple[int, ...], completion: tuple[int, ...]) -> torch.Tensor:
    """log p of each completion token, (C,)."""
    with torch.no_grad():
        if model.config.is_encoder_decoder:
            prefix = forward.EncoderDecoder(model, PAD).prefix
            decoder = torch.tensor([[*prefix, *completion[:-1]]])
            logits = model(input_ids=torch.tensor([prompt]), decoder_input_ids=decoder, use_cache=False).logits[0]
            logits = logits[len(prefix) - 1 :]
        else:
            logits = model(torch.tensor([[*prompt, *completion]]), use_cache=False).logits[0, len(prompt) - 1 : -1]
    return torch.log_softmax(logits.double(), -1)[torch.arange(len(completion)), torch.tensor(completion)]


def test_teacher_forcing_gives_what_the_model_gives_alone(model):
    with torch.no_grad():
        logits, targets, mask = forward.of(model, PAD).completion_logits(PAIRS)
        log_probs = token_log_probs(logits, targets)
    for row, real, (prompt, completion) in zip(log_probs, mask, PAIRS, strict=True):
        torch.testing.assert_close(row[real], alone(model, prompt, completion), atol=1e-5, rtol=0)


def test_drawing_step_by_step_gives_what_the_model_gives_alone(model):
    """Finished rows are dropped between steps."""
    rows = [0, 1, 2]
    by_row: dict[int, list[float]] = {row: [] for row in rows}
    with torch.no_grad():
        logits, decoding = forward.of(model, PAD).begin([prompt for prompt, _ in PAIRS])
        for step in range(4):
            tokens = torch.tensor([PAIRS[row][1][step] for row in rows])
            chosen = torch.log_softmax(logits.double(), -1).gather(1, tokens[:, None])[:, 0]
            for row, value in zip(rows, chosen.tolist(), strict=True):
                by_row[row].append(value)
            keep = [i for i, row in enumerate(rows) if len(PAIRS[row][1]) > step + 1]
            if not keep:
                break
            decoding.keep(torch.tensor(keep))
            rows = [rows[i] for i in keep]
            logits = decoding.step(tokens[keep])
    for row, (prompt, completion) in enumerate(PAIRS):
        torch.testing.assert_close(
            torch.tensor(by_row[row]).double(), alone(model, prompt, completion), atol=1e-5, rtol=0
        )


def test_prompts_computed_once_or_in_one_sequence_are_the_same():
    torch.manual_seed(0)
    causal = forward.Causal(llama().eval(), PAD)
    with torch.no_grad():
        ways = (causal.after_shared_prompts, causal.in_one_sequence)
        (a, _, mask), (b, _, other) = (way(PAIRS) for way in ways)
    for i in range(len(PAIRS)):
        torch.testing.assert_close(a[i][mask[i]], b[i][other[i]], atol=1e-5, rtol=0)


def test_the_gradient_goes_through_what_is_shared(model):
    logits, targets, mask = forward.of(model, PAD).completion_logits(PAIRS)
    (token_log_probs(logits, targets) * mask).sum().backward()
    shared = model.get_input_embeddings().weight.grad[list(PAIRS[0][0][:-1])].abs().sum(1)
    model.zero_grad()
    for prompt, completion in PAIRS:
        logits, targets, mask = forward.of(model, PAD).completion_logits([(prompt, completion)])
        (token_log_probs(logits, targets) * mask).sum().backward()
    apart = model.get_input_embeddings().weight.grad[list(PAIRS[0][0][:-1])].abs().sum(1)
    torch.testing.assert_close(shared, apart, atol=1e-4, rtol=1e-4)
    assert (shared > 0).all()
