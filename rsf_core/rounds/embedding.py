"""Starts the job that computes the missing features of candidates, each once, in parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core.domain import JobKind, place
from rsf_core.domain.errors import StageError
from rsf_core.domain.specs import EmbedSpec
from rsf_core.domain.vocabulary import K_BITS
from rsf_core.jobs import units
from rsf_core.jobs.supervisor import JobSupervisor
from rsf_core.models.feature_files import FeatureFiles
from rsf_core.rounds.start import Stages
from rsf_core.rounds.state import BASE_ID, ProjectState
from rsf_core.store.store import Store

PART = 256  # candidates a unit, at least


@dataclass(frozen=True, slots=True)
class Part:
    """Candidates of a round whose features are computed together, by their places."""

    round: int
    places: NDArray[np.int64]


class Embedding:
    """The features of one project: those that exist, by the base model, and those that are missing."""

    def __init__(
        self, folder: Path, store: Store, project_state: ProjectState, stages: Stages, supervisor: JobSupervisor
    ) -> None:
        self._folder, self._store, self._project_state = folder, store, project_state
        self._stages, self._supervisor = stages, supervisor
        self._files: dict[str, FeatureFiles] = {}

    def files(self) -> FeatureFiles | None:
        """The files of the base model; None before it is known."""
        base = next((model for model in self._store.models() if model.model_id == BASE_ID), None)
        if base is None:
            return None
        return self._files.setdefault(base.identity, FeatureFiles(self._folder, base.identity))

    def places(self, round_number: int) -> NDArray[np.int64]:
        """The place of every candidate of a round, in order: see domain.place."""
        name = ("places", round_number)
        return self._store.unchanged(name, ("candidates",), lambda: self._store.drawn_tokens.places(round_number))

    def start(self) -> str | None:
        """Compute what is missing, in all rounds. Returns the job's id, None if nothing is. Raises StageError while such a job
        runs, or if there is no candidate."""
        missing = {round_record.round: self._missing(round_record.round) for round_record in self._store.rounds()}
        total = sum(map(len, missing.values()))
        if not total:
            if not any(len(self.places(number)) for number in missing):
                raise StageError("there are no candidates to compute features of: generate them first")
            return None
        settings, size = self._project_state.sound_settings(), units.fitting_size(total, PART)
        parts = [
            Part(number, cut)
            for number, places in missing.items()
            for cut in np.split(places, range(size, len(places), size))
            if len(cut)
        ]
        spec = EmbedSpec(
            round=self._project_state.current_round().round,
            compute=settings.compute,
            model=self._stages.base(),
            units=len(parts),
            candidates=total,
        )
        return self._supervisor.submit(spec, PartsInTurn(self._store, parts))

    def running(self) -> bool:
        return any(job.kind is JobKind.EMBED for job in self._supervisor.active())

    def _missing(self, round_number: int) -> NDArray[np.int64]:
        places, files = self.places(round_number), self.files()
        return places if files is None else places[~files.has(round_number, places)]


class PartsInTurn(Mapping[str, pa.Table]):
    """The inputs of an embed job, each read only when it is written: the tokens of a million candidates take gigabytes."""

    def __init__(self, store: Store, parts: Sequence[Part]) -> None:
        self._store = store
        self._parts = {units.part_name(number): part for number, part in enumerate(parts)}

    def __len__(self) -> int:
        return len(self._parts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __getitem__(self, name: str) -> pa.Table:
        """round, prompt_id, k, prompt_token_ids, token_ids."""
        part = self._parts[name]
        prompts = part.places >> K_BITS
        rows = self._store.drawn_tokens.tokens(part.round, int(prompts[0]), int(prompts[-1]))
        where = place(rows["prompt_id"].to_numpy().astype(np.int64), rows["k"].to_numpy())
        rows = rows.filter(pa.array(np.isin(where, part.places)))
        return rows.add_column(0, "round", pa.repeat(pa.scalar(part.round, pa.int32()), rows.num_rows))
