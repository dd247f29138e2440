"""The part of an evaluation that measures forgetting: the base completes a gauge's prompts, every other model judges the
completions.

If an earlier job drew the base's completions, they are an input of the job (`gauge_NAME_drawn`); else they are drawn first,
and read back from this job's own segments. A prompt that the base does not take is left out for all models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from rsf_core.domain import Candidate, Prompt
from rsf_core.domain.specs import Comparing, GaugePart
from rsf_core.jobs.schemas import GAUGE_SAMPLES
from rsf_core.jobs.spool import segment_name
from rsf_core.jobs.units import chunks, read_prompts
from rsf_core.jobs.work.drawing import UnitsInTurn
from rsf_core.jobs.worker import JobContext
from rsf_core.proposals.base import LoadedModel


@dataclass(frozen=True, slots=True)
class Gauging:
    """One gauge of the job's spec. `units` are the prompts of a unit; `first` is the number of the first model's first
    unit."""

    context: JobContext[Comparing]
    spec: GaugePart
    first: int
    units: Sequence[Sequence[Prompt]]

    @property
    def count(self) -> int:
        """How many units it has."""
        return len(self.spec.models) * len(self.units)

    @property
    def total(self) -> int:
        """How many completions it draws or judges."""
        return len(self.spec.models) * sum(map(len, self.units))

    @property
    def done(self) -> int:
        finished = self.context.finished_units
        return sum(len(self.units[n % len(self.units)]) for n in range(self.count) if self.first + n in finished)

    def left(self, model_id: str) -> dict[int, Sequence[Prompt]]:
        """The unfinished units of a model, by their numbers."""
        if model_id not in self.spec.models:
            return {}
        start = self.first + self.spec.models.index(model_id) * len(self.units)
        every = {start + n: unit for n, unit in enumerate(self.units)}
        return {number: unit for number, unit in every.items() if number not in self.context.finished_units}

    def measure(self, model_id: str, base: LoadedModel, model: LoadedModel, done: int) -> int:
        """Do what is left of a model; `done` completions were done before. Returns how many are done after."""
        left = self.left(model_id)
        if left:
            what = f"measuring what {model_id} has forgotten on {self.spec.name} prompts"
            self.context.progress(message=what if model is not base else f"drawing {self.spec.name} completions")
            done = self._draw(base, left, done) if model is base else self._judge(model_id, base, model, left, done)
        return done

    def _draw(self, base: LoadedModel, left: Mapping[int, Sequence[Prompt]], done: int) -> int:
        sampling, key = self.spec.sampling, self.spec.key
        left_out = base.unfit([prompt for unit in left.values() for prompt in unit], sampling.max_new_tokens)

        def table(drawn: list[Candidate]) -> pa.Table:
            return self._table("base", [(c.prompt_id, c.prompt_token_ids, c.token_ids, 0.0) for c in drawn])

        drawn = UnitsInTurn(self.context, left, left_out, 1, GAUGE_SAMPLES, table)
        requests = [(prompt, 0, f"forgetting.{key}.{prompt.prompt_id}") for prompt in drawn.prompts]
        done += sum(map(len, left.values())) - len(requests)
        for candidate in base.draw(requests, sampling, self.context.spec.batch_size, self.context.cancelled):
            done += 1
            self.context.progress(done)
            drawn.add(candidate)
        self.context.check_cancelled()
        return done

    def _judge(
        self, model_id: str, base: LoadedModel, model: LoadedModel, left: Mapping[int, Sequence[Prompt]], done: int
    ) -> int:
        kept = {row["prompt_id"]: row for row in self._drawn().to_pylist()}
        for number, unit in left.items():
            self.context.check_cancelled()
            rows = [kept[prompt.prompt_id] for prompt in unit if prompt.prompt_id in kept]
            pairs = [(tuple(row["prompt_token_ids"]), tuple(row["token_ids"])) for row in rows]
            divergences = base.divergence(model, pairs, self.spec.sampling.model_masks)
            judged = [
                (row["prompt_id"], (), row["token_ids"], kl) for row, kl in zip(rows, divergences.tolist(), strict=True)
            ]
            without = [prompt.prompt_id for prompt in unit if prompt.prompt_id not in kept]
            self.context.write_segment(number, self._table(model_id, judged), without)
            done += len(unit)
            self.context.progress(done)
        return done

    def _drawn(self) -> pa.Table:
        """The base's completions, with their tokens."""
        if "base" not in self.spec.models:
            return self.context.input(f"gauge_{self.spec.name}_drawn")
        spool = self.context.spool
        paths = [spool.folder / segment_name(self.first + n) for n in range(len(self.units))]
        return pa.concat_tables(spool.read_segment(p, GAUGE_SAMPLES)[1].replace_schema_metadata(None) for p in paths)

    def _table(self, model_id: str, rows: Sequence[tuple[int, Sequence[int], Sequence[int], float]]) -> pa.Table:
        """Rows from (prompt_id, prompt tokens, tokens, KL) of each; tokens are stored once, in the base's rows."""
        shared = {"gauge_key": self.spec.key, "model_id": model_id, "job_id": self.context.spool.folder.name}
        kept = [
            {
                "prompt_id": prompt_id,
                "prompt_token_ids": prompt_tokens,
                "token_ids": tokens if model_id == "base" else (),
                "token_count": len(tokens),
                "kl": kl,
            }
            | shared
            for prompt_id, prompt_tokens, tokens, kl in rows
        ]
        return pa.Table.from_pylist(kept, schema=GAUGE_SAMPLES)


def of_job(context: JobContext[Comparing], first: int) -> list[Gauging]:
    """The gauges of an evaluation, whose units begin at number `first`."""
    gauges = []
    for spec in context.spec.gauges:
        cut = chunks(read_prompts(context.input(f"gauge_{spec.name}")), spec.unit_size)
        gauges.append(Gauging(context, spec, first, cut))
        first += gauges[-1].count
    return gauges
