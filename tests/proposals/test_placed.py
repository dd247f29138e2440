"""A local proposal draws and judges on the device of its placement; it makes no tensor on the default device."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from rsf_core import models
from rsf_core.domain import Prompt
from rsf_core.domain.errors import ModelError
from rsf_core.domain.settings import Sampling
from rsf_core.models import log_probs
from rsf_core.models.placement import Placement
from rsf_core.proposals.local import LocalProposal
from rsf_core.proposals.token_law import draw, width
from tests.support.placed import Placed

REQUESTS = [
    (Prompt(i, text), k, f"1.{i}.{k}") for i, text in enumerate(["Say a.", "Say something longer."]) for k in range(3)
]
LAWS = [Sampling(max_new_tokens=6), Sampling(max_new_tokens=6, temperature=0.8, top_k=30, top_p=0.9, model_masks=True)]


@pytest.fixture(scope="module")
def proposal(any_model: Path) -> LocalProposal:
    with Placed():  # covers its choice of how to compute the model, too
        return LocalProposal(any_model)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_drawing_and_judging_name_the_device_of_all_they_make(proposal: LocalProposal, law: Sampling) -> None:
    plain = {c.candidate_id: c for c in proposal.draw(REQUESTS, law, 4)}
    with Placed():
        drawn = {c.candidate_id: c for c in proposal.draw(REQUESTS, law, 4)}
        pairs = [(c.prompt_token_ids, c.token_ids) for c in drawn.values()]
        judged = proposal.log_prob(pairs, law.temperature, law.model_masks)
        kl = proposal.divergence(proposal, pairs, law.model_masks)
    assert drawn == plain
    assert judged.shape == kl.shape == (len(REQUESTS),) and np.allclose(kl, 0.0, atol=1e-9)


def test_a_model_in_bfloat16_judges_what_it_draws_near_to_what_it_drew_it_with(any_model: Path) -> None:
    proposal = LocalProposal(any_model, Placement("cpu", "bfloat16"))
    assert {parameter.dtype for parameter in proposal.model.parameters()} == {torch.bfloat16}
    drawn = list(proposal.draw(REQUESTS, LAWS[0], 4))
    judged = proposal.log_prob([(c.prompt_token_ids, c.token_ids) for c in drawn])
    assert judged == pytest.approx([c.log_q for c in drawn], abs=0.5)  # over up to 6 tokens
    exact = LocalProposal(any_model).log_prob([(c.prompt_token_ids, c.token_ids) for c in drawn])
    assert judged == pytest.approx(exact, abs=1.0) and not np.allclose(judged, exact, atol=1e-6)


def test_a_model_that_a_device_has_no_memory_for_is_refused_with_the_remedy(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch.nn.Module, "to", full)
    with pytest.raises(
        ModelError, match=r"does not fit into the memory of cuda:0: .*compute\.dtype to bfloat16, or compute\.dev"
    ):
        models.load(tiny_model, Placement("cuda:0"))


def test_a_device_without_float64_gives_its_logits_to_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """`meta` stands in for one: a tensor without values cannot be copied, so the error shows that a copy was attempted. No
    float64 is made before that, which such a device would refuse."""
    logits, targets = torch.zeros(2, 1, 300, device="meta"), torch.zeros(2, 1, dtype=torch.long, device="meta")
    noise = torch.ones(2, width(300), dtype=torch.float64)
    assert log_probs.token_log_probs(logits, targets).device.type == "meta"
    monkeypatch.setattr(log_probs, "WITHOUT_FLOAT64", ("meta",))
    for summed in (
        lambda: log_probs.token_log_probs(logits, targets),
        lambda: log_probs.token_kl(logits[:, 0], logits[:, 0]),
        lambda: draw(logits[:, 0], noise, Sampling()),
    ):
        with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
            summed()


def test_what_has_float64_stays_where_it_is() -> None:
    for device in ("cpu", "meta"):
        logits = torch.zeros(2, device=device)
        assert log_probs.summable(logits) is logits
