"""A model is computed in a way that was checked to be exact for it, or refused by name; the check leaves the model as it
was."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import PreTrainedModel

from rsf_core.domain.errors import ModelError
from rsf_core.models import forward
from rsf_core.models.forward import choice
from rsf_core.models.forward.recomputed import Apart, RecomputedCausal, RecomputedEncoderDecoder
from tests.support.families import (
    LLAMA,
    PAD,
    bert,
    causal,
    fsmt,
    jamba,
    lfm2,
    llama,
    mistral_with_a_window,
    prophetnet,
    recurrent_gemma,
    switch,
    t5,
)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (llama, forward.Causal),
        (mistral_with_a_window, forward.Causal),
        (t5, forward.EncoderDecoder),
        (fsmt, forward.EncoderDecoder),
        (lfm2, Apart),
        (jamba, Apart),
        (recurrent_gemma, RecomputedCausal),
        (switch, RecomputedEncoderDecoder),
    ],
    ids=lambda value: value.__name__,
)
def test_the_fastest_exact_way_is_taken(make: Any, kind: type) -> None:
    torch.manual_seed(0)
    assert type(forward.of(make(), PAD)) is kind


@pytest.mark.parametrize("make", [bert, prophetnet])
def test_a_model_that_is_not_causal_is_refused_by_name(make: Any) -> None:
    torch.manual_seed(0)
    model = make()
    with pytest.raises(
        ModelError, match=rf"{type(model).__name__} cannot be used: .* is not the one it is judged with"
    ):
        forward.of(model, PAD)


def test_a_model_that_does_not_compute_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = llama()

    def fails(*args: Any, **kwargs: Any) -> Any:
        raise KeyError("pixel_values")

    monkeypatch.setattr(model, "forward", fails)
    with pytest.raises(ModelError, match=r"does not compute plain text .*pixel_values"):
        forward.of(model, PAD)


def test_a_fault_in_any_one_way_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check compares each: judging in a batch, after a shared prompt, drawing the first token, drawing with a cache."""
    torch.manual_seed(0)
    model = llama()
    for name in ("in_one_sequence", "after_shared_prompts", "begin", "after"):
        with monkeypatch.context() as patch:
            sound = getattr(forward.Causal, name)

            def off(self: Any, *given: Any, sound: Any = sound) -> Any:
                chosen = sound(self, *given)
                if type(self) is not forward.Causal or not self._padded:
                    return chosen
                if isinstance(chosen, tuple):
                    return (chosen[0] * 1.01, *chosen[1:])
                return chosen * 1.01

            patch.setattr(forward.Causal, name, off)
            assert type(forward.of(model, PAD)) is not forward.Causal, name


def test_asking_leaves_the_model_as_it_was() -> None:
    model = llama().train()
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    state = torch.random.get_rng_state()
    forward.of(model, PAD)
    assert model.training and all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(parameter, before[name]) for name, parameter in model.named_parameters())


@pytest.mark.parametrize(
    ("kind", "name", "kept"),
    [
        ("llama", "sliding_window", None),
        ("llama", "attention_chunk_size", None),
        ("stablelm", "sliding_window", None),
        ("mistral", "sliding_window", 16),
        ("starcoder2", "sliding_window", 16),
        ("llama4_text", "attention_chunk_size", 16),
    ],
)
def test_a_cache_keeps_what_the_model_attends_to_whatever_windows_its_config_names(
    kind: str, name: str, kept: int | None
) -> None:
    """The windows are longer than what the check computes; a config.json may name the window of another model."""
    torch.manual_seed(0)
    model = causal(kind, **LLAMA, **{name: 16}).eval()
    way = forward.of(model, PAD)
    assert getattr(model.config, name) == kept
    prompt, completion = tuple(range(3, 15)), tuple(range(15, 39))
    with torch.no_grad():
        judged = choice._log_probs(*way.completion_logits([(prompt, completion)]))[0]
        alone = torch.log_softmax(model(torch.tensor([[*prompt, *completion]]), use_cache=False).logits[0].double(), -1)
        drawn = choice._drawn(way, [(prompt, completion)])[0]
    right = alone[len(prompt) - 1 : -1].gather(1, torch.tensor(completion)[:, None])[:, 0]
    torch.testing.assert_close(torch.stack([judged, drawn]), torch.stack([right, right]), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("vocab_size", "positions"), [(2, 64), (3, 64), (50, 8), (50, 5)])
def test_a_small_vocabulary_or_context_is_enough_to_ask(vocab_size: int, positions: int) -> None:
    config = llama().config
    config.vocab_size, config.max_position_embeddings, config.pad_token_id = vocab_size, positions, None
    model = type(llama())(config)
    assert type(forward.of(model, 0)) is forward.Causal
    for prompt, completion in choice._probes(model, 0, forward.Causal(model, 0).fits):
        assert len(prompt) + len(completion) <= positions and max((*prompt, *completion)) < vocab_size


def test_the_tolerance_follows_the_spread_of_the_logits() -> None:
    """A bidirectional model is not taken for causal because its small weights make it depend little on the context."""
    torch.manual_seed(0)
    model: PreTrainedModel = bert()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter *= 0.3
    with pytest.raises(ModelError):
        forward.of(model, PAD)
