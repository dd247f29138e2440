"""What jobs rely on in every sampler: each request gets one draw, which depends on its seed and name alone, with its exact
log q."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsf_core.domain import Candidate, Finish, Prompt
from rsf_core.domain.errors import ModelError
from rsf_core.domain.settings import Sampling
from rsf_core.proposals import making
from rsf_core.proposals.base import Sampler

PROMPTS = [Prompt(1, "Say a."), Prompt(2, "Say grün and 漢字.", system="Be brief.")]
REQUESTS = [(prompt, k, f"1.{prompt.prompt_id}.{k}") for prompt in PROMPTS for k in range(3)]
SAMPLING = Sampling(max_new_tokens=6, temperature=0.9, top_k=40, seed=4)


@pytest.fixture(scope="module")
def sampler(any_model: Path) -> Sampler:
    return making.sampler(any_model)


def drawn(sampler: Sampler, batch_size: int = 8, sampling: Sampling = SAMPLING) -> dict[str, Candidate]:
    return {candidate.candidate_id: candidate for candidate in sampler.draw(REQUESTS, sampling, batch_size)}


def test_every_request_is_answered_once(sampler: Sampler) -> None:
    answered = list(sampler.draw(REQUESTS, SAMPLING, 4))
    assert sorted(c.candidate_id for c in answered) == sorted(name for _, _, name in REQUESTS)
    for candidate in answered:
        assert candidate.candidate_id == f"1.{candidate.prompt_id}.{candidate.k}"
        assert 1 <= len(candidate.token_ids) <= SAMPLING.max_new_tokens and candidate.prompt_token_ids
        assert (candidate.finish is Finish.LENGTH) <= (len(candidate.token_ids) == SAMPLING.max_new_tokens)
        assert np.isfinite([candidate.log_q, candidate.log_model]).all() and candidate.log_q <= 0


def test_a_draw_depends_on_its_seed_and_name_alone(sampler: Sampler) -> None:
    first = {name: candidate.token_ids for name, candidate in drawn(sampler).items()}
    assert {name: candidate.token_ids for name, candidate in drawn(sampler, 1).items()} == first
    other = drawn(sampler, sampling=SAMPLING.model_copy(update={"seed": 5}))
    assert any(other[name].token_ids != tokens for name, tokens in first.items())


def test_where_nothing_is_cut_off_q_is_the_model(sampler: Sampler) -> None:
    for candidate in drawn(sampler, sampling=Sampling(max_new_tokens=4)).values():
        assert candidate.log_q == pytest.approx(candidate.log_model, abs=1e-6)


def test_it_stops_between_two_steps(sampler: Sampler) -> None:
    assert list(sampler.draw(REQUESTS, SAMPLING, 8, lambda: True)) == []


def test_what_does_not_fit_is_named_and_the_rest_is_drawn_from(sampler: Sampler) -> None:
    long = Prompt(9, "word " * 2000)
    fitting, left_out = sampler.fitting([*PROMPTS, long], SAMPLING.max_new_tokens)
    assert fitting == PROMPTS and list(left_out.problems) == [9] and "prompt 9" in left_out.named()
    assert sampler.unfit([long, *PROMPTS], SAMPLING.max_new_tokens) == left_out
    with pytest.raises(ModelError, match="no prompt can be drawn from"):
        sampler.fitting([long], SAMPLING.max_new_tokens)
