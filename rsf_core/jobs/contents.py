"""What the segments of a job must hold, by its spec and inputs: segments are checked by their rows, not by their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from rsf_core.domain import candidate_id
from rsf_core.domain.errors import JobError
from rsf_core.domain.specs import Comparing, GaugePart, GenerateSpec, ScoreSpec, TrialSpec
from rsf_core.jobs import units
from rsf_core.jobs.schemas import COMPARED, DRAWN, GAUGED, SCORED, TRIED, Place

Inputs = Callable[[str], pa.Table]
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """`units` segments, which go to `place`. The segment of unit i holds `keys(i)` in the columns `key`, each once, and one
    value in each column of `same`. `keys` returns them by prompt, because a unit may leave prompts out. `scorers` are the
    names in each map of scores."""

    place: Place
    units: int
    key: tuple[str, ...]
    keys: Callable[[int], Mapping[int, list[Key]]]
    same: Mapping[str, Any]
    scorers: Sequence[str] = field(default=())

    def check(self, unit: int, rows: pa.Table, left_out: Sequence[int] = ()) -> None:
        """Raises JobError if `rows` are not those of the unit. `left_out` are the prompts that the segment names as left out:
        it has no rows for them."""
        by_prompt = self.keys(unit)
        strangers = [prompt for prompt in left_out if prompt not in by_prompt]
        if strangers:
            raise JobError(f"it leaves out prompt {strangers[0]}, which is not in its unit {unit}")
        expected = Counter(key for prompt, keys in by_prompt.items() if prompt not in left_out for key in keys)
        there = Counter(zip(*(rows[name].to_pylist() for name in self.key), strict=True))
        if there != expected:
            raise JobError(f"its rows are not those of unit {unit}: {_difference(expected, there)}")
        for name, value in self.same.items():
            others = [other for other in rows[name].unique().to_pylist() if other != value]
            if others:
                raise JobError(f"{name} is {others[0]!r} in it, and {value!r} in this job")
        if self.scorers:
            scorers = sorted(self.scorers)
            for scores in rows["scores"].to_pylist():
                names = sorted(name for name, _ in scores)
                if names != scorers:
                    raise JobError(f"it has scores of {', '.join(names) or 'nobody'}, not of {', '.join(scorers)}")


@dataclass(frozen=True, slots=True)
class AllContents:
    """The contents of a job in the order of its units: of one kind, or of several kinds one after the other."""

    parts: tuple[Contents, ...]

    @property
    def units(self) -> int:
        return sum(part.units for part in self.parts)

    def of(self, unit: int) -> tuple[Contents, int]:
        """The Contents that a unit of the job belongs to, and its number among their units."""
        for part in self.parts:
            if unit < part.units:
                return part, unit
            unit -= part.units
        raise IndexError(f"the job has {self.units} units")

    def check(self, unit: int, rows: pa.Table, left_out: Sequence[int] = ()) -> None:
        """See Contents.check."""
        part, own = self.of(unit)
        part.check(own, rows, left_out)


def of_generate(job_id: str, spec: GenerateSpec, inputs: Inputs) -> AllContents:
    prompts, count = inputs("prompts"), spec.candidates
    ids, first_k = prompts["prompt_id"].to_pylist(), units.first_k(spec, prompts)
    cut = units.chunks(ids, spec.unit_size)

    def keys(unit: int) -> dict[int, list[Key]]:
        return {
            prompt: [
                (candidate_id(spec.round, prompt, k), prompt, k)
                for k in range(first_k[prompt], first_k[prompt] + count)
            ]
            for prompt in cut[unit]
        }

    same = {"round": spec.round, "model_id": spec.model_id, "job_id": job_id}
    return AllContents((Contents(DRAWN, len(cut), ("candidate_id", "prompt_id", "k"), keys, same),))


def of_score(job_id: str, spec: ScoreSpec, inputs: Inputs) -> AllContents:
    rows = inputs("candidates")
    scorers = [*spec.scorers, *([] if spec.reference is None else [spec.reference.scorer])]
    # what each candidate lacks; a job of an earlier version scores all with all
    lacking = rows["missing"].to_pylist() if "missing" in rows.schema.names else [scorers] * rows.num_rows
    pending = list(zip(rows["candidate_id"].to_pylist(), rows["prompt_id"].to_pylist(), lacking, strict=True))
    cut = units.chunks(pending, spec.unit_size)

    def keys(unit: int) -> dict[int, list[Key]]:
        by_prompt: dict[int, list[Key]] = {}
        for name, prompt, missing in cut[unit]:
            by_prompt.setdefault(prompt, []).extend((name, scorer) for scorer in missing)
        return by_prompt

    same = {"round": spec.round, "job_id": job_id}
    return AllContents((Contents(SCORED, len(cut), ("candidate_id", "scorer"), keys, same),))


def of_comparison(job_id: str, spec: Comparing, inputs: Inputs) -> AllContents:
    """The held-out completions, then each gauge."""
    ids, count = inputs("prompts")["prompt_id"].to_pylist(), spec.candidates
    models = [model.model_id for model in spec.models]
    cut = units.chunks(ids, spec.unit_size)

    def keys(unit: int) -> dict[int, list[Key]]:
        model, number = divmod(unit, len(cut))
        return {prompt: [(models[model], prompt, k) for k in range(count)] for prompt in cut[number]}

    same = {"evaluation_key": spec.evaluation_key, "job_id": job_id}
    key = ("model_id", "prompt_id", "k")
    completions = Contents(COMPARED, len(models) * len(cut), key, keys, same, spec.scorers)
    return AllContents((completions, *(_gauge(job_id, gauge, inputs) for gauge in spec.gauges)))


def _gauge(job_id: str, spec: GaugePart, inputs: Inputs) -> Contents:
    """The contents of one gauge of an evaluation."""
    ids, models = inputs(f"gauge_{spec.name}")["prompt_id"].to_pylist(), spec.models
    cut = units.chunks(ids, spec.unit_size)

    def keys(unit: int) -> dict[int, list[Key]]:
        model, number = divmod(unit, len(cut))
        return {prompt: [(models[model], prompt)] for prompt in cut[number]}

    same = {"gauge_key": spec.key, "job_id": job_id}
    return Contents(GAUGED, len(models) * len(cut), ("model_id", "prompt_id"), keys, same)


def of_trial(job_id: str, spec: TrialSpec, inputs: Inputs) -> AllContents:
    models, count = [model.model_id for model in spec.models], spec.candidates

    def keys(unit: int) -> dict[int, list[Key]]:
        return {0: [(models[unit], k) for k in range(count)]}

    return AllContents((Contents(TRIED, len(models), ("model_id", "k"), keys, {"job_id": job_id}),))


def _difference(expected: Counter[Key], there: Counter[Key]) -> str:
    """In a few words: which rows are missing, and which are too many or do not belong."""
    lacks, more = expected - there, there - expected
    differences = []
    for what, rows in (("lacks", lacks), ("has too much", more)):
        if rows:
            differences.append(
                f"it {what}: {rows.total():,} of {expected.total():,}, e.g. {' '.join(map(str, next(iter(rows))))}"
            )
    return "; ".join(differences)
