"""What jobs rely on in a model whose weights are here, besides drawing and judging: its identity, its hidden states, and how
far its law is from another model's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsf_core.domain import Candidate, Prompt
from rsf_core.domain.settings import Sampling
from rsf_core.proposals import making
from rsf_core.proposals.base import LoadedModel

PROMPTS = [Prompt(1, "Say a."), Prompt(2, "Say grün.")]
Pairs = list[tuple[tuple[int, ...], tuple[int, ...]]]


@pytest.fixture(scope="module")
def model(any_model: Path) -> LoadedModel:
    return making.loaded(any_model)


@pytest.fixture(scope="module")
def pairs(model: LoadedModel) -> Pairs:
    requests = [(prompt, k, f"1.{prompt.prompt_id}.{k}") for prompt in PROMPTS for k in range(3)]
    drawn: list[Candidate] = list(model.draw(requests, Sampling(max_new_tokens=6), 8))
    return [(candidate.prompt_token_ids, candidate.token_ids) for candidate in drawn]


def test_it_says_what_it_is(model: LoadedModel, any_model: Path) -> None:
    facts = model.facts()
    assert facts.parameters > 0 and facts.family in (any_model / "config.json").read_text()


def test_hidden_states_of_a_completion_are_alike_alone_and_with_others(model: LoadedModel, pairs: Pairs) -> None:
    together = model.hidden_states(pairs[::-1])[::-1]
    assert together.dtype == np.float32 and together.shape[0] == len(pairs) and np.isfinite(together).all()
    alone = np.concatenate([model.hidden_states([pair]) for pair in pairs])
    np.testing.assert_allclose(together, alone, atol=1e-4)
    assert not np.allclose(together[0], together[-1], atol=1e-3), "other texts have other features"


def test_its_law_lies_nowhere_from_itself(model: LoadedModel, pairs: Pairs) -> None:
    itself = model.divergence(model, pairs)
    assert itself.dtype == np.float64 and itself.shape == (len(pairs),)
    np.testing.assert_allclose(itself, 0.0, atol=1e-6)


def test_a_job_asks_for_a_model_and_names_no_implementation() -> None:
    work = Path(making.__file__).parents[1] / "jobs" / "work"
    naming = [path.name for path in work.glob("*.py") if "proposals.local" in path.read_text(encoding="utf-8")]
    assert not naming, f"ask rsf_core.proposals.making: {naming}"
