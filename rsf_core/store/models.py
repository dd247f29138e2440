"""The part of the store for models, what they drew for held-out prompts, and which of them the next round draws from."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from rsf_core.domain.access import checks_name
from rsf_core.store.database import Database, utc_now
from rsf_core.store.kept import Kept
from rsf_core.store.records import ModelRecord, row_of


class Models:
    def __init__(self, db: Database, kept: Kept) -> None:
        self._db, self._kept = db, kept

    def models(self) -> list[ModelRecord]:
        return list(
            self._kept.unchanged("models", ("models",), lambda: [ModelRecord(**row) for row in self._db.rows("models")])
        )

    def add_model(self, model: ModelRecord) -> None:
        with self._db.transaction(f"saving the model {model.model_id}"):
            self._db.insert("models", [row_of(model)])

    def deleted_models(self) -> set[str]:
        return {row["model_id"] for row in self._kept.rows("deleted_models", ("model_deletions",))}

    @checks_name
    def add_model_deletion(self, model_id: str, author: str) -> None:
        with self._db.transaction(f"deleting model {model_id}"):
            self._db.insert("model_deletions", [{"model_id": model_id, "author": author, "created_at": utc_now()}])

    def proposal_choice(self, after_round: int) -> str | None:
        """The model chosen for the round after `after_round`, or None."""
        rows = self._kept.rows("proposal_choice", ("proposal_choices",), {"after_round": after_round})
        return rows[0]["model_id"] if rows else None

    @checks_name
    def add_proposal_choice(self, model_id: str, after_round: int, author: str, reason: str) -> None:
        row = {"model_id": model_id, "after_round": after_round, "author": author, "reason": reason}
        with self._db.transaction("saving what the next round draws from"):
            self._db.insert("proposal_choices", [row | {"created_at": utc_now()}])

    def votes(self, first_id: str, second_id: str, reviewer: str | None = None) -> list[dict[str, Any]]:
        """Blind preferences between two models, oldest first; of one reviewer if given."""
        return self._db.rows("votes", {"first_id": first_id, "second_id": second_id, "reviewer": reviewer})

    @checks_name
    def add_vote(
        self, first_id: str, second_id: str, prompt_id: int, k: int, preferred_id: str, reviewer: str, texts: str
    ) -> None:
        """`texts` names the two completions that were read."""
        row = {"first_id": first_id, "second_id": second_id, "prompt_id": prompt_id, "k": k}
        with self._db.transaction("saving a vote"):
            more = {"preferred_id": preferred_id, "reviewer": reviewer, "texts": texts, "created_at": utc_now()}
            self._db.insert("votes", [row | more])

    def evaluation_samples(self, evaluation_key: str, model_id: str) -> pa.Table:
        return self._db.arrow("evaluation_samples", {"evaluation_key": evaluation_key, "model_id": model_id})

    def evaluated_models(self, evaluation_key: str) -> dict[str, int]:
        """How many completions each model has under an evaluation key."""
        name = ("evaluated", evaluation_key)
        return dict(
            self._kept.unchanged(name, ("evaluation_samples",), lambda: self._read_evaluated_models(evaluation_key))
        )

    def _read_evaluated_models(self, evaluation_key: str) -> dict[str, int]:
        rows = self._db.rows("evaluated_models", {"evaluation_key": evaluation_key})
        return {row["model_id"]: row["count"] for row in rows}

    def evaluated_prompts(self, evaluation_key: str, model_id: str) -> set[int]:
        """The prompts of which a model has completions under an evaluation key."""
        params = {"evaluation_key": evaluation_key, "model_id": model_id}
        return {row["prompt_id"] for row in self._db.rows("evaluated_prompts", params)}

    def evaluation_version(self, evaluation_key: str, model_id: str) -> tuple[int, ...]:
        """Differs whenever `evaluation_samples` of a model do: they are only added."""
        return (self.evaluated_models(evaluation_key).get(model_id, 0),)

    def gauge_samples(self, job_id: str, gauge_key: str, model_id: str) -> pa.Table:
        """The samples that a job has kept of a model under a gauge key: one row a prompt, by prompt_id."""
        return self._db.arrow("gauge_samples", {"job_id": job_id, "gauge_key": gauge_key, "model_id": model_id})

    def trials(self) -> list[dict[str, Any]]:
        """`job_id`, `model_id`, `completion` of every typed prompt, the newest job first, then by model and k."""
        return self._db.rows("trials")
