"""Creates the sampler, the likelihood, or both in one, of a model: jobs call these functions and name no implementation."""

from __future__ import annotations

from pathlib import Path

from rsf_core.models.placement import CPU, Placement
from rsf_core.proposals.base import Likelihood, LoadedModel, Sampler
from rsf_core.proposals.local import LocalProposal


def sampler(folder: Path, placement: Placement = CPU) -> Sampler:
    """The sampler of the model in `folder`. Raises ModelError if it cannot be loaded."""
    return LocalProposal(folder, placement)


def likelihood(folder: Path, placement: Placement = CPU) -> Likelihood:
    """The likelihood of the model in `folder`. Raises ModelError if it cannot be loaded."""
    return LocalProposal(folder, placement)


def loaded(folder: Path, placement: Placement = CPU) -> LoadedModel:
    """The model in `folder`, for jobs that need its weights. Raises ModelError if it cannot be loaded."""
    return LocalProposal(folder, placement)
