"""The prompts on which forgetting is measured: the held-out prompts, and a small fixed set unrelated to the task.

The base completes each prompt once, at temperature 1, and the completions are kept under the gauge's key; every other model
only judges them. KL(base‖model) measures how far a model has moved: see rsf_core.evaluation.forgetting.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rsf_core import prompts
from rsf_core.domain import SAMPLER_VERSION, JobKind, JobState, Prompt, bundled
from rsf_core.domain.errors import PromptFileError, SettingsError
from rsf_core.domain.settings import Sampling, Settings
from rsf_core.domain.specs import EvaluateSpec, GaugePart
from rsf_core.sampling.streams import child_seed
from rsf_core.store.jobs import JOB_TABLES
from rsf_core.store.records import JobRecord
from rsf_core.store.store import Store

HELD_OUT, UNRELATED = "held-out", "unrelated"
NAMES = (HELD_OUT, UNRELATED)
UNRELATED_TOKENS = 48  # fixed, so that the figure does not depend on the task's length
MOST = 512  # unrelated prompts: each is judged for every model


@dataclass(frozen=True, slots=True)
class Gauge:
    """Prompts, and the law by which the base completes them. `other_law` is the precision, see Compute."""

    name: str
    prompts: tuple[Prompt, ...]
    sampling: Sampling
    other_law: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A name for what makes the figures of two models comparable: prompts and law."""
        texts, law = [[p.system, *p.earlier, p.text] for p in self.prompts], self.sampling.model_dump()
        parts = [self.name, texts, law, SAMPLER_VERSION, *self.other_law]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def of_project(folder: Path, settings: Settings, held_out: Sequence[Prompt]) -> list[Gauge]:
    """The gauges of a project; empty if evaluate.forgetting is off. Raises SettingsError if the file of evaluate.unrelated
    cannot be used."""
    if not settings.evaluate.forgetting:
        return []
    seed, masks = child_seed(settings.seed, "forgetting"), settings.generate.model_masks
    unrelated = unrelated_prompts(folder, settings)
    lengths = (settings.generate.max_new_tokens, UNRELATED_TOKENS)
    gauged = zip(NAMES, (tuple(held_out), unrelated), lengths, strict=True)
    laws = [(n, p, Sampling(max_new_tokens=length, seed=seed, model_masks=masks)) for n, p, length in gauged if p]
    return [Gauge(*law, settings.compute.other_law) for law in laws]


def unrelated_prompts(folder: Path, settings: Settings) -> tuple[Prompt, ...]:
    """The prompts in the file of evaluate.unrelated, or the bundled ones. Raises SettingsError if the file cannot be used."""
    own = settings.evaluate.unrelated
    return _read(folder / own) if own else _bundled()


def measured(store: Store, key: str) -> dict[str, str]:
    """The models judged under a gauge's key, each with the newest finished job that judged it."""
    return {model: job.job_id for job, gauge in _done(store) if gauge.key == key for model in gauge.models}


def newest_key(store: Store, name: str, model_ids: Iterable[str]) -> str | None:
    """The key of the newest measurement of any of these models; None if none was measured. A change of settings does not
    undo it."""
    needed, key = set(model_ids), None
    for _, gauge in _done(store):
        if gauge.name == name and needed.intersection(gauge.models):
            key = gauge.key
    return key


def _done(store: Store) -> list[tuple[JobRecord, GaugePart]]:
    """The gauges that finished jobs have measured, oldest first; jobs of earlier versions measured none."""

    def read() -> list[tuple[JobRecord, GaugePart]]:
        ended = [job for job in store.jobs() if job.kind is JobKind.EVALUATE and job.state is JobState.DONE]
        return [(job, gauge) for job in ended for gauge in job.spec_of(EvaluateSpec).gauges]

    return store.unchanged("what was measured of forgetting", JOB_TABLES, read)


@cache
def _bundled() -> tuple[Prompt, ...]:
    return _read(bundled.path("data", "unrelated.jsonl"))


def _read(path: Path) -> tuple[Prompt, ...]:
    try:
        recognised = prompts.recognise(path)
        parsed = prompts.parse(path, recognised.text or "text", None, recognised.system)
    except (PromptFileError, OSError) as error:
        raise SettingsError(f"evaluate.unrelated: {error}") from error
    wrong = next((problem for problem in parsed.problems if not problem.kept), None)
    if wrong is not None:
        raise SettingsError(f"evaluate.unrelated: {path}, {wrong}")
    if not 1 <= len(parsed.rows) <= MOST:
        raise SettingsError(
            f"evaluate.unrelated: {path} has {len(parsed.rows):,} prompts; give 1 to {MOST}, for each is judged in every round"
        )
    return tuple(
        Prompt(number, row.text, system=row.system, earlier=row.earlier) for number, row in enumerate(parsed.rows, 1)
    )
