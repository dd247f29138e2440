"""Collects candidates that come in any order into the segments of their units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa

from rsf_core.domain import Candidate, Prompt
from rsf_core.domain.specs import JobSpec
from rsf_core.jobs.worker import JobContext
from rsf_core.proposals.base import LeftOut


class UnitsInTurn:
    """Writes the segment of a unit once the last of its candidates has come: `count` for each of its prompts except those left
    out, which the segment names. If all prompts of a unit are left out, its segment has no rows."""

    def __init__(
        self,
        context: JobContext[JobSpec],
        units: Mapping[int, Sequence[Prompt]],
        left_out: LeftOut,
        count: int,
        schema: pa.Schema,
        table: Callable[[list[Candidate]], pa.Table],
        first_unit: int = 0,
    ) -> None:
        self._context, self._schema, self._table, self._first = context, schema, table, first_unit
        self._waiting: dict[int, list[Candidate]] = defaultdict(list)
        self._missing: dict[int, int] = {}
        self._without: dict[int, list[int]] = {}
        self._unit: dict[int, int] = {}
        self.prompts: list[Prompt] = []
        for number, unit in units.items():
            kept = [prompt for prompt in unit if prompt.prompt_id not in left_out.problems]
            self.prompts += kept
            self._unit |= {prompt.prompt_id: number for prompt in kept}
            self._missing[number] = len(kept) * count
            self._without[number] = [prompt.prompt_id for prompt in unit if prompt.prompt_id in left_out.problems]
            if not kept:
                self._write(number)

    def add(self, candidate: Candidate) -> None:
        number = self._unit[candidate.prompt_id]
        self._waiting[number].append(candidate)
        self._missing[number] -= 1
        if self._missing[number] == 0:
            self._write(number)

    def _write(self, number: int) -> None:
        rows = sorted(self._waiting.pop(number, []), key=lambda candidate: (candidate.prompt_id, candidate.k))
        table = self._table(rows) if rows else self._schema.empty_table()
        self._context.write_segment(self._first + number, table, self._without[number])


def sentence(left_out: LeftOut, what: str) -> str:
    """A sentence on the prompts left out, "" if there are none."""
    count = len(left_out.problems)
    if not count:
        return ""
    return f"{count:,} {'prompt is' if count == 1 else 'prompts are'} {what}: {left_out.named()}."
