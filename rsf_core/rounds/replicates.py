"""The gains of several runs of one procedure: a JSON line each in a results file, and estimates for the procedure.

A replicate is a whole project of its own: the same prompts, settings and base model under another seed. It decides by the rule
alone: people's decisions in the project, or an M chosen by hand, are not part of the procedure.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from rsf_core.acceptance import bands
from rsf_core.domain import JobState, Prompt
from rsf_core.domain.errors import ReplicateError
from rsf_core.domain.files import writable
from rsf_core.domain.settings import Settings
from rsf_core.domain.turns import Turns
from rsf_core.evaluation.forgetting import PER_TOKEN
from rsf_core.rounds.comparisons import Comparison
from rsf_core.sampling.intervals import Interval
from rsf_core.sampling.procedure import procedure_interval
from rsf_core.store.event_records import JobEvent
from rsf_core.store.store import Store

FOLDER, RESULTS = "replicates", "results.jsonl"
_NOT_OF_THE_PROCEDURE = ("task", "seed", "review", "autopilot", "score")
_SEEDED = ("generate", "train")


@dataclass(frozen=True, slots=True)
class Template:
    """What every replicate is made from: the settings of a project without its seeds, and its prompts in use as (text,
    system, reference, split, earlier turns). `seed` is the project's, from which the replicates' seeds are derived; `version`
    is the product's. `digest` identifies the procedure: everything its results depend on except the seed."""

    settings: dict[str, Any]
    prompts: tuple[tuple[str, str | None, str | None, str, Turns], ...]
    seed: int
    version: str
    digest: str


def template(settings: Settings, prompts: Sequence[Prompt], models: Mapping[str, Path], version: str) -> Template:
    """The template of a project. `models` are the folders of its tuned models: a target may refer to one by name."""
    procedure = settings.model_dump(mode="json", exclude_none=True)
    for section in _SEEDED:
        del procedure[section]["seed"]
    reference = procedure["target"]["reference"]
    if reference in models:
        procedure["target"]["reference"] = str(models[reference])
    rows = tuple((p.text, p.system, p.reference, str(p.split), p.earlier) for p in prompts)
    # prompts without earlier turns keep the digest that they had before there were turns
    questions = [row if row[4] else row[:4] for row in rows]
    decisive = {name: value for name, value in procedure.items() if name not in _NOT_OF_THE_PROCEDURE}
    digest = hashlib.sha256(json.dumps([version, decisive, questions], sort_keys=True).encode()).hexdigest()[:12]
    return Template(procedure, rows, settings.seed, version, digest)


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Estimate(_Line):
    """A value with its 95 % interval over prompts (None: no interval)."""

    value: float
    low: float | None
    high: float | None

    @classmethod
    def of(cls, interval: Interval, **more: Any) -> Self:
        low, high = (interval.low, interval.high) if interval.known else (None, None)
        return cls(value=interval.value, low=low, high=high, **more)


class Gain(Estimate):
    """A difference with its interval, and the difference of each prompt by number."""

    by_prompt: dict[int, float]

    @property
    def interval(self) -> Interval:
        low, high = (-math.inf if self.low is None else self.low, math.inf if self.high is None else self.high)
        return Interval(self.value, low, high, len(self.by_prompt))


class RoundResult(_Line):
    """The result of one round of a replicate. `gain` and `control` are over the base in `metric`, whose values' range is
    `width` wide (None: no bounds); `selection` is the tuned model over its random control. `base`, `tuned` and
    `random_control` hold the held-out means, `acceptance_rate` the share of the round's candidates that were accepted, `kl`
    the KL to the base (nats); `seconds` is how long its jobs ran. `forgotten` is KL(base‖tuned) in nats a token on held-out
    and on unrelated prompts (`evaluation.forgetting`), `forgotten_control` that of the random control; empty if they were not
    measured, as in lines of earlier versions."""

    round: int
    metric: str
    width: float | None
    gain: Gain
    control: Gain | None
    selection: Gain | None
    base: dict[str, float]
    tuned: dict[str, float]
    random_control: dict[str, float]
    acceptance_rate: float
    kl: float
    tokens_drawn: int
    tokens_trained: int
    seconds: float
    forgotten: dict[str, Estimate] = {}
    forgotten_control: dict[str, Estimate] = {}


class Replicate(RoundResult):
    """A replicate: the result of its last round, with the earlier ones; `procedure` is the digest of its template."""

    task: str
    model: str
    version: str
    procedure: str
    replicate: int
    rounds: int
    seed: int
    finished_at: datetime
    sealed: Gain | None = None
    earlier: tuple[RoundResult, ...] = ()

    @property
    def key(self) -> tuple[str, int, int]:
        """Identifies the run: a replicate with the same key is not run again."""
        return self.procedure, self.rounds, self.replicate


@dataclass(frozen=True, slots=True)
class Procedure:
    """Estimates from several replicates of one procedure. Each interval holds for another run on other prompts, and is unknown
    with one replicate. None if not every replicate has the value."""

    digest: str
    task: str
    rounds: int
    metric: str
    runs: int
    prompts: int
    gain: Interval
    control: Interval | None
    selection: Interval | None
    sealed: Interval | None


def round_result(store: Store, comparison: Comparison) -> RoundResult:
    """The figures of a compared round."""
    number, metric, together = comparison.round, comparison.headline, comparison.together
    jobs = store.jobs(round_number=number)
    trained = next(c for c in reversed(store.curated_sets()) if c.curated_id == _curated_id(store, comparison))
    control = selection = None
    if together.get("control"):  # empty if no completion of the control has a score
        control = Gain.of(comparison.control_over_base[metric], by_prompt=together["control"])
    common = sorted(together["tuned"].keys() & together.get("control", {}).keys())
    if common and metric in comparison.selection:
        over = {prompt: together["tuned"][prompt] - together["control"][prompt] for prompt in common}
        selection = Gain.of(comparison.selection[metric], by_prompt=over)
    return RoundResult(
        round=number,
        metric=metric,
        width=comparison.together_width,
        gain=Gain.of(comparison.gain_over_base[metric], by_prompt=together["tuned"]),
        control=control,
        selection=selection,
        base=_means(comparison.base),
        tuned=_means(comparison.after),
        random_control=_means(comparison.control),
        acceptance_rate=bands.rates(store.prompt_kinds(number)).effective,
        kl=comparison.after["KL to base"].value,
        tokens_drawn=int(np.sum(store.ratios(number)["token_count"].to_numpy())),
        tokens_trained=trained.summary["tokens"],
        seconds=round(sum(_ran(store.job_events(job.job_id)) for job in jobs), 1),
        forgotten=_a_token(comparison.forgotten),
        forgotten_control=_a_token(comparison.forgotten_control),
    )


def _a_token(forgotten: Mapping[str, Interval]) -> dict[str, Estimate]:
    return {prompts: Estimate.of(forgotten[name]) for prompts, name in PER_TOKEN.items() if name in forgotten}


def _curated_id(store: Store, comparison: Comparison) -> str | None:
    return next(model.curated_id for model in store.models() if model.model_id == comparison.after_id)


def _means(metrics: Mapping[str, Interval]) -> dict[str, float]:
    return {name: interval.value for name, interval in metrics.items()}


def _ran(events: Sequence[JobEvent]) -> float:
    """How many seconds a job ran, without the time between an interruption and its resumption."""
    total, since = 0.0, None
    for event in events:
        if since is not None:
            total += max(0.0, (event.created_at - since).total_seconds())
        since = event.created_at if event.state is JobState.RUNNING else None
    return total


# -- the results file ------------------------------------------------------------------------------------------------


def read(file: Path) -> list[Replicate]:
    """The replicates in a results file, oldest first; empty if there is no file. A last line that was cut off while it was
    written is left out: its replicate is complete and written again. Raises ReplicateError naming a line that is not valid."""
    try:
        lines = file.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    replicates = []
    for number, line in enumerate(lines, start=1):
        try:
            replicates.append(Replicate.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the line"
            raise ReplicateError(
                f"{file}, line {number} is not a replicate ({where}: {first['msg']}): remove that line; its replicate is then "
                "written again"
            ) from error
    return replicates


def append(file: Path, replicate: Replicate) -> None:
    """Append a line and flush it to the disk. Raises OutOfSpaceError, StoreError."""
    line = replicate.model_dump_json().encode() + b"\n"
    with writable(file.parent), file.open("a+b") as results:
        results.seek(0)
        whole = results.read().rfind(b"\n") + 1
        results.truncate(whole)
        results.write(line)
        results.flush()
        os.fsync(results.fileno())


# -- estimates for a procedure -----------------------------------------------------------------------------------------


def procedures(replicates: Iterable[Replicate]) -> list[Procedure]:
    """Each procedure with replicates, in the order of their newest replicates, the newest last."""
    groups: dict[tuple[str, int], dict[int, Replicate]] = {}
    for one in replicates:
        key = one.procedure, one.rounds
        groups[key] = groups.pop(key, {}) | {one.replicate: one}
    return [procedure(list(group.values())) for group in groups.values()]


def procedure(replicates: Sequence[Replicate]) -> Procedure:
    """The estimates from the replicates of one procedure. Raises ReplicateError if they are of several, or if there is
    none."""
    if len({replicate.key[:2] for replicate in replicates}) != 1:
        raise ReplicateError("replicates of one procedure speak together: choose those of one")
    first = replicates[0]
    width = (
        None
        if any(replicate.width is None for replicate in replicates)
        else max(replicate.width or 0.0 for replicate in replicates)
    )
    gain = _over([replicate.gain for replicate in replicates], width)
    if gain is None:
        raise ReplicateError("the replicates have no held-out prompt in common")
    return Procedure(
        digest=first.procedure,
        task=first.task,
        rounds=first.rounds,
        metric=first.metric,
        runs=len(replicates),
        prompts=len(_common([replicate.gain for replicate in replicates])),
        gain=gain,
        control=_over([replicate.control for replicate in replicates], width),
        # a difference of any two models has the width of the metric's range
        selection=_over([replicate.selection for replicate in replicates], width),
        sealed=_over([replicate.sealed for replicate in replicates], width),
    )


def _over(gains: Sequence[Gain | None], width: float | None) -> Interval | None:
    known = [gain for gain in gains if gain is not None]
    common = _common(known)
    if len(known) < len(gains) or not common:
        return None
    rows = [[gain.by_prompt[prompt] for prompt in common] for gain in known]
    return procedure_interval(rows, math.inf if width is None else width)


def _common(gains: Sequence[Gain]) -> list[int]:
    """The prompts that all gains have: some leave out prompts that are too long or whose reference cannot be read."""
    prompts = [gain.by_prompt.keys() for gain in gains]
    return sorted(set(prompts[0]).intersection(*prompts[1:])) if prompts else []
