"""Valid specs of jobs: a test changes only the fields that it depends on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rsf_core.domain import JobKind
from rsf_core.domain.settings import Sampling, Target, Train
from rsf_core.domain.specs import (
    EmbedSpec,
    EvaluateSpec,
    FinetuneSpec,
    GaugePart,
    GenerateSpec,
    JobSpec,
    LearnSpec,
    Lineage,
    ModelRef,
    Parent,
    Reference,
    ScoreSpec,
    SealedSpec,
    TrainedLaw,
    TrialSpec,
)


def model(model_id: str = "base", name: str = "nobody/such-model", **changes: Any) -> ModelRef:
    return ModelRef(model_id=model_id, name=name, **changes)


def models(*model_ids: str) -> tuple[ModelRef, ...]:
    return tuple(map(model, model_ids))


def reference(scorer: str, **changes: Any) -> Reference:
    return Reference(**{"model": model("teacher"), "scorer": scorer} | changes)


def gauge(name: str, *model_ids: str, **changes: Any) -> GaugePart:
    own: dict[str, Any] = {"key": f"{name} key", "models": model_ids, "unit_size": 32, "sampling": Sampling()}
    return GaugePart(**{"name": name} | own | changes)


def generate(**changes: Any) -> GenerateSpec:
    own: dict[str, Any] = {"round": 1, "model": model(), "model_id": "base", "sampling": Sampling(), "candidates": 2}
    return GenerateSpec(**own | {"batch_size": 32, "unit_size": 16, "project_seed": 0} | changes)


def score(*scorers: str, **changes: Any) -> ScoreSpec:
    own: dict[str, Any] = {"round": 1, "scorers": scorers, "reference": None, "target": Target(), "retired": 0}
    return ScoreSpec(**own | {"timeout_seconds": 60.0, "unit_size": 256} | changes)


def finetune(model_id: str = "m1-1", **changes: Any) -> FinetuneSpec:
    lineage = Lineage(
        model_id=model_id,
        parent=Parent(model_id="base", name="nobody/such-model"),
        round=1,
        curated_id="c1-1",
        content_hash="hash",
        recipe=Train(),
        task="task",
    )
    own: dict[str, Any] = {"round": 1, "model": model(), "model_id": model_id, "recipe": Train(), "law": TrainedLaw()}
    return FinetuneSpec(**own | {"curated_id": "c1-1", "log_m": 0.0, "lineage": lineage} | changes)


def _comparison(changes: dict[str, Any]) -> dict[str, Any]:
    own: dict[str, Any] = {"round": 1, "evaluation_key": "key", "models": (), "base": model(), "reference": None}
    own |= {"scorers": (), "timeout_seconds": 60.0, "candidates": 1, "batch_size": 32, "sampling": Sampling()}
    own |= {"sampler": 2, "tempered": False, "unit_size": 64} | changes
    return {"judged": own["models"]} | own


def evaluate(**changes: Any) -> EvaluateSpec:
    return EvaluateSpec(**_comparison(changes))


def sealed(**changes: Any) -> SealedSpec:
    return SealedSpec(**_comparison({"target": Target(), "log_m": 0.0} | changes))


def trial(*model_ids: str, **changes: Any) -> TrialSpec:
    own: dict[str, Any] = {"round": 1, "models": models(*model_ids), "text": "Review tea.", "system": None}
    return TrialSpec(**own | {"candidates": 1, "batch_size": 32, "sampling": Sampling()} | changes)


def embed(**changes: Any) -> EmbedSpec:
    return EmbedSpec(**{"round": 1, "model": model(), "units": 1, "candidates": 1} | changes)


def learn(**changes: Any) -> LearnSpec:
    own: dict[str, Any] = {"round": 1, "model": model(), "others": (), "rate": 0.2, "taste": "0a1b2c3d"}
    return LearnSpec(**own | {"author": "ann"} | changes)


def of_kind(kind: JobKind, **changes: Any) -> JobSpec:
    """The spec of a job of this kind, from the function above with the kind's name."""
    maker: Callable[..., JobSpec] | None = globals().get(str(kind))
    assert maker is not None, (
        f"tests/support/specs.py has no function {kind}(), which makes a sound spec of a {kind} job"
    )
    return maker(**changes)
