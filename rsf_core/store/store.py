"""The interface to a project's database: one query, one method. The SQL is in queries/*.sql."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from rsf_core.domain import (
    Prompt,
    Split,
)
from rsf_core.domain.access import checks_name
from rsf_core.domain.parts import of_part
from rsf_core.store.acts import Acts
from rsf_core.store.candidates import Candidates
from rsf_core.store.comparisons import Comparisons
from rsf_core.store.curated import CuratedSets
from rsf_core.store.database import Database, utc_now
from rsf_core.store.decided import Decided
from rsf_core.store.drawn import Drawn
from rsf_core.store.event_records import AutopilotEvent
from rsf_core.store.exported import Exported
from rsf_core.store.goals import Goals
from rsf_core.store.gold import Gold
from rsf_core.store.guides import Guides
from rsf_core.store.jobs import Jobs
from rsf_core.store.kept import Kept
from rsf_core.store.links import Links
from rsf_core.store.made_elsewhere import MadeElsewhere
from rsf_core.store.models import Models
from rsf_core.store.prompts import NewPrompt, Prompts
from rsf_core.store.questions import Questions
from rsf_core.store.rankings import Rankings
from rsf_core.store.records import (
    RoundRecord,
)
from rsf_core.store.reviewed import Reviewed
from rsf_core.store.sealed import Sealed
from rsf_core.store.target_versions import TargetVersions
from rsf_core.store.tastes import Tastes


class Store:
    def __init__(self, path: Path, backups: Path) -> None:
        self._db = Database(path, backups)
        self.guides = Guides(self._db)
        self.questions = Questions(self._db)
        self.acts = Acts(self._db, self.guides, self.questions)
        self.comparisons = Comparisons(self._db, self.guides)
        self.rankings = Rankings(self._db, self.guides)
        self.goals = Goals(self._db)
        self.gold = Gold(self._db, self.guides)
        self._kept = Kept(self._db)
        self.prompt_book = Prompts(self._db, self._kept)
        self.sealed = Sealed(self._db)
        self.exported = Exported(self._db)
        self.elsewhere = MadeElsewhere(self._db, self._kept)
        self.drawn_tokens = Drawn(self._db)
        self._jobs = Jobs(self._db, self._kept)
        self._candidates = Candidates(self._db, self._kept)
        self._decided = Decided(self._db, self._kept)
        self._reviewed = Reviewed(self._db, self.acts)
        self._curated = CuratedSets(self._db, self._kept)
        self._models = Models(self._db, self._kept)
        self.links = Links(self._db)
        self.target_versions = TargetVersions(self._db, self._kept)
        self.tastes = Tastes(self._db)

    def backup(self, file: Path | None, models: bool) -> dict[str, Any]:
        """Back up to `file`, or to a new one among the exports. Returns what is in it."""
        if file is None:
            file = self._db.new_backup("by-hand")
        made = self._db.back_up_to(file, models)
        return {"file": str(file), "tables": made.tables, "models": made.models}

    @property
    def doing(self) -> str:
        """What is being written at this moment, in words; "" if nothing is."""
        return self._db.doing

    def close(self) -> None:
        self._db.close()

    def transaction(self, doing: str) -> AbstractContextManager[None]:
        return self._db.transaction(doing)

    @property
    def has_long_log(self) -> bool:
        return self._db.has_long_log

    def checkpoint(self) -> None:
        self._db.checkpoint()

    # -- project -----------------------------------------------------------------------------------------------

    def values(self) -> dict[str, str]:
        return {row["key"]: row["value"] for row in self._kept.rows("project_values", ("project",))}

    def set_value(self, key: str, value: str) -> None:
        """Set a value once; it can't be changed afterwards."""
        with self._db.transaction(f"saving {key}"):
            self._db.insert("project", [{"key": key, "value": value}])

    def keep_value(self, of: str, state: str, value: str) -> None:
        """Keep a value derived from what is stored, one for each `of`: a value kept for another `state` is deleted."""
        key = f"{of}, {state}"
        with self._db.transaction(f"saving {key}"):
            self._db.run("drop_values", {"beginning": f"{of}, "})
            self._db.insert("project", [{"key": key, "value": value}])

    def kept_value(self, of: str, state: str) -> str | None:
        """What `keep_value` kept for this state, or None."""
        return self.values().get(f"{of}, {state}")

    def prompts(self, split: Split | None = None, *, retired: bool = False) -> list[Prompt]:
        """The prompts in use; with `retired` also those no longer in use, whose candidates need their texts."""
        return self.prompt_book.all(split, retired)

    def prompt_counts(self) -> dict[Split, int]:
        """How many prompts of each split are in use."""
        return self.prompt_book.counts()

    def add_prompts(self, prompts: Iterable[NewPrompt], source: str) -> int:
        """Add `(text, system, reference, split)` rows, with or without the earlier turns at the end. Returns how many."""
        return len(self.prompt_book.add(prompts, source))

    def rounds(self) -> list[RoundRecord]:
        return list(self._kept.unchanged("rounds", ("rounds",), self._read_rounds))

    def _read_rounds(self) -> list[RoundRecord]:
        return [RoundRecord(**row | {"settings": json.loads(row["settings"])}) for row in self._db.rows("rounds")]

    def add_round(self, number: int, model_id: str, settings: dict[str, Any]) -> None:
        row = {"round": number, "model_id": model_id, "settings": json.dumps(settings), "created_at": utc_now()}
        with self._db.transaction(f"opening round {number}"):
            self._db.insert("rounds", [row])

    # -- runs of the autopilot ---------------------------------------------------------------------------------------

    def last_autopilot_event(self) -> AutopilotEvent | None:
        """The newest event of the newest run of the autopilot."""
        rows = self._kept.rows("last_autopilot_event", ("flight_events",))
        return AutopilotEvent(**rows[0]) if rows else None

    @checks_name
    def add_autopilot_event(
        self, run: int, event: str, round_number: int, last_round: int, pause: bool, author: str, reason: str
    ) -> None:
        row = {"flight": run, "event": event, "round": round_number, "last_round": last_round, "pause": pause}
        with self._db.transaction("saving what the autopilot does"):
            self._db.insert("flight_events", [row | {"author": author, "reason": reason, "created_at": utc_now()}])

    unchanged = of_part("_kept", Kept.unchanged)

    # -- jobs --------------------------------------------------------------------------------------------------------

    jobs = of_part("_jobs", Jobs.jobs)
    job = of_part("_jobs", Jobs.job)
    next_job_id = of_part("_jobs", Jobs.next_job_id)
    add_job = of_part("_jobs", Jobs.add_job)
    add_job_event = of_part("_jobs", Jobs.add_job_event)
    job_events = of_part("_jobs", Jobs.job_events)
    unfollowed_jobs = of_part("_jobs", Jobs.unfollowed_jobs)
    add_followed = of_part("_jobs", Jobs.add_followed)
    committed_units = of_part("_jobs", Jobs.committed_units)
    commit_segment = of_part("_jobs", Jobs.commit_segment)
    metrics = of_part("_jobs", Jobs.metrics)
    add_metrics = of_part("_jobs", Jobs.add_metrics)
    generation_speed = of_part("_jobs", Jobs.generation_speed)

    # -- candidates as they were drawn, and their scores -------------------------------------------------------------

    prompts_in_round = of_part("_candidates", Candidates.prompts_in_round)
    candidates_of_prompt = of_part("_candidates", Candidates.candidates_of_prompt)
    completions = of_part("_candidates", Candidates.completions)
    latest_completions = of_part("_candidates", Candidates.latest_completions)
    next_k = of_part("_candidates", Candidates.next_k)
    sampling_laws = of_part("_candidates", Candidates.sampling_laws)
    accepted_by_prompt = of_part("_candidates", Candidates.accepted_by_prompt)
    candidates_to_score = of_part("_candidates", Candidates.candidates_to_score)
    siblings = of_part("_candidates", Candidates.siblings)
    count_scores = of_part("_candidates", Candidates.count_scores)
    pairs_without_score = of_part("_candidates", Candidates.pairs_without_score)
    without_score = of_part("_candidates", Candidates.without_score)
    no_scores_of_prompts = of_part("_candidates", Candidates.no_scores_of_prompts)
    round_scores = of_part("_candidates", Candidates.round_scores)
    scores_version = of_part("_candidates", Candidates.scores_version)
    scores_by_place = of_part("_candidates", Candidates.scores_by_place)
    score_column = of_part("_candidates", Candidates.score_column)
    review_score = of_part("_candidates", Candidates.review_score)
    scorers = of_part("_candidates", Candidates.scorers)
    scorer_milliseconds = of_part("_candidates", Candidates.scorer_milliseconds)
    scores_and_opinions = of_part("_candidates", Candidates.scores_and_opinions)
    texts_of = of_part("_candidates", Candidates.texts_of)
    count_scored_by = of_part("_candidates", Candidates.count_scored_by)
    candidates_to_try = of_part("_candidates", Candidates.candidates_to_try)

    # -- what decides a round ----------------------------------------------------------------------------------------

    targets = of_part("_decided", Decided.targets)
    target_id = of_part("_decided", Decided.target_id)
    thresholds = of_part("_decided", Decided.thresholds)
    add_threshold = of_part("_decided", Decided.add_threshold)
    replace_log_ratios = of_part("_decided", Decided.replace_log_ratios)
    ratios = of_part("_decided", Decided.ratios)
    ratios_version = of_part("_decided", Decided.ratios_version)
    drawn = of_part("_decided", Decided.drawn)
    scored_version = of_part("_decided", Decided.scored_version)
    round_counts = of_part("_decided", Decided.round_counts)
    prompt_kinds = of_part("_decided", Decided.prompt_kinds)
    starving_prompts = of_part("_decided", Decided.starving_prompts)

    # -- what reviewers read and what they decided -------------------------------------------------------------------

    add_override = of_part("_reviewed", Reviewed.add_override)
    undo_override = of_part("_reviewed", Reviewed.undo_override)
    overrides = of_part("_reviewed", Reviewed.overrides)
    review_table = of_part("_reviewed", Reviewed.review_table)
    drawn_version = of_part("_reviewed", Reviewed.drawn_version)
    review_version = of_part("_reviewed", Reviewed.review_version)
    opinions = of_part("_reviewed", Reviewed.opinions)
    words_before_settling = of_part("_reviewed", Reviewed.words_before_settling)
    shown = of_part("_reviewed", Reviewed.shown)
    annotations = of_part("_reviewed", Reviewed.annotations)
    edits_version = of_part("_reviewed", Reviewed.edits_version)
    matching_text = of_part("_reviewed", Reviewed.matching_text)
    candidates_of_prompts = of_part("_reviewed", Reviewed.candidates_of_prompts)
    prompts_by_id = of_part("_reviewed", Reviewed.prompts_by_id)

    # -- curated sets, which never change ----------------------------------------------------------------------------

    accepted_samples = of_part("_curated", CuratedSets.accepted_samples)
    samples_of = of_part("_curated", CuratedSets.samples_of)
    count_to_choose_from = of_part("_curated", CuratedSets.count_to_choose_from)
    curated_sets = of_part("_curated", CuratedSets.curated_sets)
    add_curated_set = of_part("_curated", CuratedSets.add_curated_set)
    curated_samples = of_part("_curated", CuratedSets.curated_samples)

    # -- models, what they drew for held-out prompts, and which of them the next round draws from --------------------

    models = of_part("_models", Models.models)
    add_model = of_part("_models", Models.add_model)
    deleted_models = of_part("_models", Models.deleted_models)
    add_model_deletion = of_part("_models", Models.add_model_deletion)
    proposal_choice = of_part("_models", Models.proposal_choice)
    add_proposal_choice = of_part("_models", Models.add_proposal_choice)
    votes = of_part("_models", Models.votes)
    add_vote = of_part("_models", Models.add_vote)
    evaluation_samples = of_part("_models", Models.evaluation_samples)
    evaluated_models = of_part("_models", Models.evaluated_models)
    evaluated_prompts = of_part("_models", Models.evaluated_prompts)
    evaluation_version = of_part("_models", Models.evaluation_version)
    gauge_samples = of_part("_models", Models.gauge_samples)
    trials = of_part("_models", Models.trials)
