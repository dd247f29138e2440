"""The sampler and the likelihood of a model, and both in one: the jobs ask here, and name no implementation."""

from __future__ import annotations

from pathlib import Path

from rsf_core.models.placement import CPU, Placement
from rsf_core.proposals.base import Likelihood, LoadedModel, Sampler
from rsf_core.proposals.local import LocalProposal


def sampler(folder: Path, placement: Placement = CPU) -> Sampler:
    """Of the model in `folder`. Raises ModelError where it cannot be loaded."""
    return LocalProposal(folder, placement)


def likelihood(folder: Path, placement: Placement = CPU) -> Likelihood:
    """Of the model in `folder`. Raises ModelError where it cannot be loaded."""
    return LocalProposal(folder, placement)


def loaded(folder: Path, placement: Placement = CPU) -> LoadedModel:
    """The model in `folder`, for what needs its weights. Raises ModelError where it cannot be loaded."""
    return LocalProposal(folder, placement)
