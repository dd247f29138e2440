"""Opens rounds and starts their stages. The spec and the inputs of each job are made in a module of their subject."""

from __future__ import annotations

from pathlib import Path

from rsf_core.domain.parts import of_part
from rsf_core.jobs.supervisor import JobSupervisor
from rsf_core.rounds import next_proposal
from rsf_core.rounds.comparing import Comparing
from rsf_core.rounds.drawing import Drawing
from rsf_core.rounds.scoring import Scoring
from rsf_core.rounds.state import BASE_ID, ProjectState
from rsf_core.rounds.submitting import Submitting
from rsf_core.rounds.tuning import Tuning
from rsf_core.store.records import RoundRecord
from rsf_core.store.store import Store


class Stages:
    """Opens rounds and starts their stages: of the newest round, or of an earlier one if the method takes a number."""

    def __init__(self, folder: Path, store: Store, project_state: ProjectState, supervisor: JobSupervisor) -> None:
        self._store, self._project_state = store, project_state
        self._submitting = Submitting(store, project_state, supervisor)
        self._drawing = Drawing(folder, store, project_state, self._submitting)
        self._scoring = Scoring(folder, store, project_state, self._submitting)
        self._comparing = Comparing(folder, store, project_state, self._submitting)
        self._tuning = Tuning(folder, store, project_state, self._submitting, self._comparing)
        self.looks = self._drawing.looks

    def open_round(self) -> RoundRecord:
        """Open the next round with `next_proposal` (the base, before any)."""
        existing = self._store.rounds()
        model_id = next_proposal.next_proposal(self._store, self._project_state) if existing else BASE_ID
        self._store.add_round(len(existing) + 1, model_id, self._project_state.settings().model_dump(mode="json"))
        return self._project_state.current_round()

    still = of_part("_submitting", Submitting.still)
    base = of_part("_submitting", Submitting.base)
    resume = of_part("_submitting", Submitting.resume)

    generate = of_part("_drawing", Drawing.generate)
    draw_until = of_part("_drawing", Drawing.draw_until)
    go_on_drawing = of_part("_drawing", Drawing.go_on_drawing)
    try_out = of_part("_drawing", Drawing.try_out)

    score = of_part("_scoring", Scoring.score)
    score_by = of_part("_scoring", Scoring.score_by)
    choose_m = of_part("_scoring", Scoring.choose_m)

    evaluate = of_part("_comparing", Comparing.evaluate)
    open_sealed = of_part("_comparing", Comparing.open_sealed)

    freeze = of_part("_tuning", Tuning.freeze)
    finetune = of_part("_tuning", Tuning.finetune)
    train_control = of_part("_tuning", Tuning.train_control)
