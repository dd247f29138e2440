"""Every way through a model gives what the model gives alone, unpadded and without a cache."""

from __future__ import annotations

import pytest
import torch
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    M2M100Config,
    M2M100ForConditionalGeneration,
    MarianConfig,
    MarianMTModel,
    MBartConfig,
    MBartForConditionalGeneration,
    PreTrainedModel,
    T5Config,
    T5ForConditionalGeneration,
)

from rsf_core import forward
from rsf_core.log_probs import token_log_probs

PAD, EOS = 1, 2
BART = {
    "vocab_size": 50,
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 64,
    "pad_token_id": PAD,
    "eos_token_id": EOS,
    "bos_token_id": 0,
    "init_std": 0.3,
}
# prompts and completions of unequal lengths; the first prompt comes twice
PAIRS = [((5, 6, 7, 8, EOS), (11, 12, 13, EOS)), ((9, 10, EOS), (14, 15)), ((5, 6, 7, 8, EOS), (16,))]


def llama() -> PreTrainedModel:
    config = LlamaConfig(
        vocab_size=50, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4
    )
    return LlamaForCausalLM(config)


def t5() -> PreTrainedModel:
    config = T5Config(vocab_size=50, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, decoder_start_token_id=PAD)
    return T5ForConditionalGeneration(config)


def marian() -> PreTrainedModel:
    return MarianMTModel(MarianConfig(**BART, decoder_start_token_id=PAD))


def mbart() -> PreTrainedModel:
    return MBartForConditionalGeneration(MBartConfig(**BART, decoder_start_token_id=EOS))


def nllb() -> PreTrainedModel:
    model = M2M100ForConditionalGeneration(M2M100Config(**BART, decoder_start_token_id=EOS))
    model.generation_config.forced_bos_token_id = 7  # the target language
    return model


@pytest.fixture(params=[llama, t5, marian, mbart, nllb], ids=lambda make: make.__name__)
def model(request: pytest.FixtureRequest) -> PreTrainedModel:
    torch.manual_seed(0)
    return request.param().eval()


def alone(model: PreTrainedModel, prompt: tuple[int, ...], completion: tuple[int, ...]) -> torch.Tensor:
    """log p of each completion token, (C,)."""
    with torch.no_grad():
        if model.config.is_encoder_decoder:
            prefix = forward.EncoderDecoder(model, PAD).prefix
            decoder = torch.tensor([[*prefix, *completion[:-1]]])
            logits = model(input_ids=torch.tensor([prompt]), decoder_input_ids=decoder).logits[0, len(prefix) - 1 :]
        else:
            logits = model(torch.tensor([[*prompt, *completion]])).logits[0, len(prompt) - 1 : -1]
    return torch.log_softmax(logits.double(), -1)[torch.arange(len(completion)), torch.tensor(completion)]


def test_teacher_forcing_gives_what_the_model_gives_alone(model):
    with torch.no_grad():
        logits, targets, mask = forward.of(model, PAD).completion_logits(PAIRS)
        found = token_log_probs(logits, targets)
    for row, real, (prompt, completion) in zip(found, mask, PAIRS, strict=True):
        torch.testing.assert_close(row[real], alone(model, prompt, completion), atol=1e-5, rtol=0)


def test_drawing_step_by_step_gives_what_the_model_gives_alone(model):
    """Finished rows are dropped on the way."""
    rows = [0, 1, 2]
    found: dict[int, list[float]] = {row: [] for row in rows}
    with torch.no_grad():
        logits, decoding = forward.of(model, PAD).begin([prompt for prompt, _ in PAIRS])
        for step in range(4):
            tokens = torch.tensor([PAIRS[row][1][step] for row in rows])
            chosen = torch.log_softmax(logits.double(), -1).gather(1, tokens[:, None])[:, 0]
            for row, value in zip(rows, chosen.tolist(), strict=True):
                found[row].append(value)
            keep = [i for i, row in enumerate(rows) if len(PAIRS[row][1]) > step + 1]
            if not keep:
                break
            decoding.keep(torch.tensor(keep))
            rows = [rows[i] for i in keep]
            logits = decoding.step(tokens[keep])
    for row, (prompt, completion) in enumerate(PAIRS):
        torch.testing.assert_close(
            torch.tensor(found[row]).double(), alone(model, prompt, completion), atol=1e-5, rtol=0
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
