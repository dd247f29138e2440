"""The results of the rounds: curated sets, models, comparisons on held-out and sealed prompts, replicates."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from rsf_core.domain import Control
from rsf_core.domain.version import VERSION
from rsf_core.rounds import comparisons, replicates
from rsf_core.rounds.comparisons import Comparison, Curse
from rsf_core.rounds.replicates import Procedure, Template
from rsf_core.rounds.state import ProjectState
from rsf_core.sampling.intervals import Interval
from rsf_core.store.records import CuratedRecord, JobRecord, ModelRecord, SealedOpening
from rsf_core.store.store import Store


class ResultBook:
    def __init__(self, folder: Path, store: Store, project_state: ProjectState) -> None:
        self._folder, self._store, self._project_state = folder, store, project_state

    def models(self) -> list[ModelRecord]:
        return self._store.models()

    def curated_sets(self) -> list[CuratedRecord]:
        return self._store.curated_sets()

    def curated_samples(self, curated_id: str) -> pa.Table:
        return self._store.curated_samples(curated_id)

    def tuned_model(self, round_number: int | None = None) -> ModelRecord | None:
        """The model that a round tuned on the accepted candidates (not a control), or None."""
        return self._project_state.tuned_model(self._project_state.number(round_number))

    def control_is_deleted(self, round_number: int | None = None, control: Control = Control.RANDOM) -> bool:
        """Whether the files of a control of a round were deleted, so that it can no longer be compared."""
        return self._project_state.control_is_deleted(self._project_state.number(round_number), control)

    def control_leaves_a_choice(self, round_number: int | None = None, control: Control = Control.RANDOM) -> bool:
        """Whether a control's set would differ from the one that the round's model was tuned on."""
        return self._project_state.control_leaves_a_choice(self._project_state.number(round_number), control)

    def control_job(self, round_number: int | None = None, control: Control = Control.RANDOM) -> JobRecord | None:
        """The newest job that tunes a control of a round, or None."""
        return self._project_state.control_job(self._project_state.number(round_number), control)

    def comparison(self, round_number: int | None = None) -> Comparison | None:
        """The held-out comparison of a round, or None if there is none yet."""
        number = self._project_state.number(round_number)
        return comparisons.comparison(self._store, self._project_state, number)

    def gains(self) -> dict[tuple[int, str], Interval]:
        """The gain over the base of every round's model and random control, as intervals that hold for all together; see
        `comparisons.gains_together`."""
        name = ("gains", self._project_state.settings().model_dump_json())
        tables = comparisons.COMPARED_TABLES
        return self._store.unchanged(name, tables, lambda: comparisons.all_gains(self._store, self._project_state))

    def winners_curse(self) -> Curse | None:
        """What choosing the best of the rounds by the held-out prompts adds to its gain; see `comparisons.winners_curse`."""
        name = ("winner's curse", self._project_state.settings().model_dump_json())
        tables = comparisons.COMPARED_TABLES
        return self._store.unchanged(name, tables, lambda: comparisons.chosen_by(self._store, self._project_state))

    def held_out_examples(self, comparison: Comparison, count: int = 8) -> list[dict[str, str]]:
        return comparisons.held_out_examples(self._store, self._project_state, comparison, count)

    def sealed_opening(self) -> SealedOpening | None:
        """By whom, when and for which model the sealed prompts were opened; None as long as they are sealed."""
        return self._store.sealed.opening()

    def sealed_job(self) -> JobRecord | None:
        """The newest job that draws for the sealed prompts, or None before they are opened."""
        return self._project_state.sealed_job()

    def sealed_comparison(self) -> Comparison | None:
        """The comparison on the sealed prompts, the figure to publish; None before they are opened and drawn for."""
        return comparisons.sealed_comparison(self._store, self._project_state)

    def replicate_template(self) -> Template:
        """The template from which replicates of this project's procedure are made: see `rsf replicate`."""
        settings = self._project_state.sound_settings()

        def read() -> Template:
            folders = {m.model_id: self._folder / m.folder for m in self.models() if m.round > 0}
            return replicates.template(settings, self._store.prompts(), folders, VERSION)

        name = ("replicate template", settings.model_dump_json())
        return self._store.unchanged(name, ("prompts", "prompt_events", "models"), read)

    def replicated(self) -> list[Procedure]:
        """The results of this project's replicates for each procedure, the newest last. Raises ReplicateError."""
        return replicates.procedures(replicates.read(self._folder / replicates.FOLDER / replicates.RESULTS))
