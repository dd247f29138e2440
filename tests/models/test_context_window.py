"""The context window of a model: prompt and completion share it in a causal model and have one each in an
encoder-decoder."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from rsf_core import models
from rsf_core.models import forward
from rsf_core.models.context_window import ContextWindow, context_of, window_of
from rsf_core.models.log_probs import token_log_probs
from tests.support.families import LLAMA, causal


@pytest.mark.parametrize("prefix", [None, 1, 2])
@pytest.mark.parametrize("completion", [1, 4, 7, 8, 9, 20])
@pytest.mark.parametrize("prompt", [1, 3, 4, 5, 8, 9])
def test_a_prompt_fits_up_to_the_last_token(prefix: int | None, completion: int, prompt: int) -> None:
    together = prompt + completion if prefix is None else max(prompt, prefix + completion - 1)
    assert ContextWindow(8, prefix).fits(prompt, completion) == (together <= 8)


@pytest.mark.parametrize("prefix", [None, 1])
def test_without_a_limit_everything_fits(prefix: int | None) -> None:
    assert ContextWindow(None, prefix).most(10**6) is None and ContextWindow(None, prefix).fits(10**6, 10**6)


def test_it_is_the_limit_that_drawing_uses_and_is_known_without_weights(any_model: Path) -> None:
    model, _ = models.load(any_model)
    outlined, _ = models.outline(any_model)
    window = window_of(model)
    assert window_of(outlined) == window and window.limit == 1024
    way = forward.of(model, 0)
    sizes = (1, 24, 1000, 1023, 1024, 1025)
    assert [way.fits(p, c) for p in sizes for c in sizes] == [window.fits(p, c) for p in sizes for c in sizes]


LONGROPE = {"rope_type": "longrope", "original_max_position_embeddings": 16}


@pytest.mark.parametrize(
    ("config", "limit"),
    [
        ({}, None),
        ({"max_position_embeddings": None}, None),
        ({"max_position_embeddings": -1}, None),
        ({"max_position_embeddings": 64}, 64),
        ({"max_position_embeddings": 64, "rope_parameters": None}, 64),
        ({"max_position_embeddings": 64, "rope_parameters": {"rope_type": "default"}}, 64),
        ({"max_position_embeddings": 64, "rope_parameters": LONGROPE | {"rope_type": "yarn"}}, 64),
        ({"max_position_embeddings": 64, "rope_parameters": LONGROPE}, 16),
        ({"max_position_embeddings": 8, "rope_parameters": LONGROPE}, 8),
        ({"rope_parameters": LONGROPE}, 16),
        (
            {"max_position_embeddings": 64, "rope_parameters": {"full": LONGROPE, "sliding": {"rope_type": "default"}}},
            16,
        ),
        (
            {
                "max_position_embeddings": 64,
                "original_max_position_embeddings": 24,
                "rope_parameters": {"rope_type": "longrope"},
            },
            24,
        ),
        ({"max_position_embeddings": 64, "original_max_position_embeddings": 24}, 64),
    ],
)
def test_the_context_is_what_is_computed_in_one_way(config: dict[str, Any], limit: int | None) -> None:
    assert context_of(SimpleNamespace(**config)) == limit


def test_within_the_context_of_longrope_a_completion_is_judged_as_it_was_drawn_and_beyond_it_none_is_drawn() -> None:
    torch.manual_seed(0)
    factors = {"short_factor": [1.0] * 4, "long_factor": [1.0, 2.0, 4.0, 8.0]}
    model = causal(
        "phi3", **LLAMA, rope_parameters=LONGROPE | factors | {"rope_theta": 10_000.0}, max_position_embeddings=64,
        original_max_position_embeddings=16,
    ).eval()  # fmt: skip
    way = forward.of(model, 1)

    def differs(prompt: int, completion: int) -> float:
        """The largest difference, in nats, between a token's log-probabilities in step-by-step drawing and in judging."""
        ids, drawn = [tuple(range(3, 3 + prompt)), (4, 5)], tuple(range(20, 20 + completion))
        with torch.no_grad():
            logits, targets, mask = way.completion_logits([(ids[0], drawn), (ids[1], drawn[:2])])
            judged = token_log_probs(logits, targets)[0][mask[0]].double()
            logits, decoding = way.begin([ids[0]])
            steps = []
            for token in drawn:
                steps.append(torch.log_softmax(logits.double(), -1)[0, token])
                logits = decoding.step(torch.tensor([token]))
        return float((torch.stack(steps) - judged).abs().max())

    assert way.fits(10, 6) and differs(10, 6) < 1e-5
    assert not way.fits(10, 7) and differs(10, 9) > 1e-3
