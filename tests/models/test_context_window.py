"""The room of a model: shared by prompt and completion in a causal model, each their own in an encoder-decoder."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsf_core import models
from rsf_core.models import forward
from rsf_core.models.context_window import ContextWindow, window_of


@pytest.mark.parametrize("prefix", [None, 1, 2])
@pytest.mark.parametrize("completion", [1, 4, 7, 8, 9, 20])
@pytest.mark.parametrize("prompt", [1, 3, 4, 5, 8, 9])
def test_a_prompt_fits_up_to_the_last_token(prefix: int | None, completion: int, prompt: int) -> None:
    together = prompt + completion if prefix is None else max(prompt, prefix + completion - 1)
    assert ContextWindow(8, prefix).fits(prompt, completion) == (together <= 8)


@pytest.mark.parametrize("prefix", [None, 1])
def test_without_a_limit_everything_fits(prefix: int | None) -> None:
    assert ContextWindow(None, prefix).most(10**6) is None and ContextWindow(None, prefix).fits(10**6, 10**6)


def test_it_is_what_drawing_asks_and_told_without_weights(any_model: Path) -> None:
    model, _ = models.load(any_model)
    outlined, _ = models.outline(any_model)
    window = window_of(model)
    assert window_of(outlined) == window and window.limit == 1024
    way = forward.of(model, 0)
    sizes = (1, 24, 1000, 1023, 1024, 1025)
    assert [way.fits(p, c) for p in sizes for c in sizes] == [window.fits(p, c) for p in sizes for c in sizes]
