"""What can be asked of and said to a project's database: one question, one method. SQL stands in queries/*.sql."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from rsf_core.domain import (
    SCORER_COST,
    Act,
    Action,
    ActKind,
    ChosenBy,
    JobKind,
    JobState,
    Prompt,
    Scope,
    Split,
    parse_candidate_id,
    specs,
)
from rsf_core.domain.access import spoken
from rsf_core.domain.errors import JobError, StoreError
from rsf_core.domain.specs import GenerateSpec, JobSpec
from rsf_core.domain.text import composed
from rsf_core.store.acts import Acts
from rsf_core.store.database import Database, utc_now
from rsf_core.store.drawn import Drawn
from rsf_core.store.exported import Exported
from rsf_core.store.links import Links
from rsf_core.store.prompts import NewPrompt, Prompts
from rsf_core.store.records import (
    CandidateRecord,
    CuratedRecord,
    Example,
    JobRecord,
    ModelRecord,
    NoScoreRecord,
    OverrideRecord,
    PromptKind,
    RoundCounts,
    RoundRecord,
    Speed,
    ThresholdRecord,
    Tried,
)
from rsf_core.store.sealed import Sealed
from rsf_core.store.target_versions import TargetVersions

T = TypeVar("T")
KEPT_VERSIONS = 16
COUNTED_TABLES = (  # all that counts of a round are of
    *("candidates", "scores", "unscored", "log_ratios", "thresholds", "overrides", "prompts", "prompt_events"),
)
JOB_TABLES = ("jobs", "job_events")
KEPT_ANSWERS = 512  # to what is polled: several a round
KEPT_SPECS = 256  # a few kB each; what a job was asked for never changes


class Store:
    def __init__(self, path: Path, backups: Path) -> None:
        self._db = Database(path, backups)
        self.acts = Acts(self._db)
        self.prompt_book = Prompts(self._db)
        self.sealed = Sealed(self._db)
        self.exported = Exported(self._db)
        self.drawn_tokens = Drawn(self._db)
        self._candidates_in = lru_cache(maxsize=KEPT_VERSIONS)(self._count_candidates)
        self._ratios_state = lru_cache(maxsize=KEPT_VERSIONS)(self._read_ratios_state)
        self._kept: dict[Hashable, tuple[tuple[int, ...], Any]] = {}
        self._keeping = threading.Lock()
        self._job_spec = lru_cache(maxsize=KEPT_SPECS)(self._read_job_spec)
        self.links = Links(self._db)
        self.target_versions = TargetVersions(self._db)

    def backup(self, file: Path | None, models: bool) -> dict[str, Any]:
        """Back up to `file`, or to a new one among the exports; what is in it."""
        if file is None:
            file = self._db.new_backup("by-hand")
        made = self._db.back_up_to(file, models)
        return {"file": str(file), "tables": made.tables, "models": made.models}

    @property
    def doing(self) -> str:
        """What is being written at this moment, in words; "" where nothing is."""
        return self._db.doing

    def close(self) -> None:
        self._db.close()

    def transaction(self, doing: str) -> AbstractContextManager[None]:
        return self._db.transaction(doing)

    def checkpoint(self) -> None:
        self._db.checkpoint()

    # -- project -----------------------------------------------------------------------------------------------

    def values(self) -> dict[str, str]:
        return {row["key"]: row["value"] for row in self._db.rows("project_values")}

    def set_value(self, key: str, value: str) -> None:
        """Say a value once; it can't be changed afterwards."""
        with self._db.transaction(f"saving {key}"):
            self._db.insert("project", [{"key": key, "value": value}])

    def prompts(self, split: Split | None = None, *, retired: bool = False) -> list[Prompt]:
        """The prompts in use; with `retired` also those that are not any more, for the texts of what was drawn for them."""
        return self.prompt_book.all(split, retired)

    def prompt_counts(self) -> dict[Split, int]:
        """How many prompts are in use."""
        return self.prompt_book.counts()

    def add_prompts(self, prompts: Iterable[NewPrompt], source: str) -> int:
        """Add `(text, system, reference, split)` rows, or such with the earlier turns behind, and return how many."""
        return len(self.prompt_book.add(prompts, source))

    def models(self) -> list[ModelRecord]:
        return list(
            self.unchanged("models", ("models",), lambda: [ModelRecord(**row) for row in self._db.rows("models")])
        )

    def add_model(self, model: ModelRecord) -> None:
        with self._db.transaction(f"saving the model {model.model_id}"):
            self._db.insert("models", [_row(model)])

    def rounds(self) -> list[RoundRecord]:
        return list(self.unchanged("rounds", ("rounds",), self._read_rounds))

    def _read_rounds(self) -> list[RoundRecord]:
        return [RoundRecord(**row | {"settings": json.loads(row["settings"])}) for row in self._db.rows("rounds")]

    def add_round(self, number: int, model_id: str, settings: dict[str, Any]) -> None:
        row = {"round": number, "model_id": model_id, "settings": json.dumps(settings), "created_at": utc_now()}
        with self._db.transaction(f"opening round {number}"):
            self._db.insert("rounds", [row])

    def unchanged(self, name: Hashable, tables: Sequence[str], read: Callable[[], T]) -> T:
        """What `read` gives, kept under `name` until something is saved in `tables`, which are all it reads. Who polls asks
        twice a second, and hardly anything changes in between."""
        if self._db.in_transaction:
            return read()
        version = self._db.version(*tables)
        with self._keeping:
            kept = self._kept.pop(name, None)
            if kept is not None:
                self._kept[name] = kept  # the one asked for last stands last
        if kept is None or kept[0] != version:
            kept = version, read()
            with self._keeping:
                self._kept[name] = kept
                while len(self._kept) > KEPT_ANSWERS:
                    del self._kept[next(iter(self._kept))]
        found: T = kept[1]
        return found

    # -- jobs --------------------------------------------------------------------------------------------------

    def jobs(
        self, *, round_number: int | None = None, job_id: str | None = None, active: bool = False
    ) -> list[JobRecord]:
        if job_id is None:
            name = ("jobs", round_number, active)
            return list(self.unchanged(name, JOB_TABLES, lambda: self._jobs(round_number, None, active)))
        return self._jobs(round_number, job_id, active)

    def _jobs(self, round_number: int | None, job_id: str | None, active: bool) -> list[JobRecord]:
        rows = self._db.rows("jobs", {"round": round_number, "job_id": job_id, "active": active})
        return [
            JobRecord(
                **row
                | {
                    "kind": JobKind(row["kind"]),
                    "state": JobState(row["state"]),
                    "read_spec": partial(self._job_spec, row["job_id"]),
                    "follow": tuple(json.loads(row["follow"])),
                }
            )
            for row in rows
        ]

    def job(self, job_id: str) -> JobRecord:
        found = self.jobs(job_id=job_id)
        if not found:
            raise StoreError(f"there is no job {job_id!r}")
        return found[0]

    def _read_job_spec(self, job_id: str) -> JobSpec:
        row, where = self._db.rows("job_spec", {"job_id": job_id})[0], f"the spec of {job_id}"
        try:
            data = json.loads(row["spec"])
        except (ValueError, RecursionError) as error:
            raise JobError(f"{where} is damaged: {error}") from error
        return specs.parse(data, where, JobKind(row["kind"]))

    def next_job_id(self, kind: JobKind, round_number: int) -> str:
        count = self._db.rows("count_jobs", {"round": round_number, "kind": kind})[0]["count"]
        return f"r{round_number}-{kind}-{count + 1}"

    def add_job(self, job_id: str, spec: JobSpec, follow: Sequence[str]) -> None:
        """Save a job that waits to start. Where its spec is `adaptive`, for which prompts it draws depends on what was drawn
        for them before, and its candidates are told from the others for good."""
        with self._db.transaction(f"saving the job {job_id}"):
            self._db.insert(
                "jobs",
                [
                    {
                        "job_id": job_id,
                        "kind": str(spec.kind),
                        "round": spec.round,
                        "spec": json.dumps(specs.dump(spec)),
                        "follow": json.dumps(list(follow)),
                        "created_at": utc_now(),
                    }
                ],
            )
            if isinstance(spec, GenerateSpec) and spec.adaptive:
                stage = 1 + self._db.rows("count_adaptive_jobs", {"round": spec.round})[0]["count"]
                self._db.insert("adaptive_jobs", [{"job_id": job_id, "round": spec.round, "stage": stage}])
            self.add_job_event(job_id, JobState.QUEUED, "waiting to start")

    def add_job_event(self, job_id: str, state: JobState, message: str) -> None:
        row = {"job_id": job_id, "state": str(state), "message": message, "created_at": utc_now()}
        with self._db.transaction(f"saving the state of {job_id}"):
            self._db.insert("job_events", [row])

    def job_events(self, job_id: str) -> list[dict[str, Any]]:
        return self._db.rows("job_events", {"job_id": job_id})

    def committed_units(self, job_id: str) -> set[int]:
        return {row["unit"] for row in self._db.rows("committed_units", {"job_id": job_id})}

    def commit_segment(self, job_id: str, unit: int, sha256: str, table: str, rows: pa.Table) -> bool:
        """Append a segment's rows and its ledger entry in one transaction. False when it was there already. Of scores, the
        pairs that have none go where these are kept."""
        with self._db.transaction(f"saving segment {unit} of {job_id}"):
            if self._db.rows("segment_known", {"sha256": sha256}):
                return False
            for place, part in _places(table, rows):
                self._db.append(place, part)
            entry = {"sha256": sha256, "job_id": job_id, "unit": unit, "row_count": rows.num_rows}
            self._db.insert("segments", [entry | {"created_at": utc_now()}])
            return True

    def metrics(self, job_id: str) -> list[dict[str, Any]]:
        """`step`, `name`, `value` of a finished job, by step."""
        return self._db.rows("metrics", {"job_id": job_id})

    def scorer_milliseconds(self) -> dict[str, float]:
        """What a candidate took at the last job that is done, by scorer."""
        return {row["scorer"]: row["value"] for row in self._db.rows("scorer_milliseconds", {"prefix": SCORER_COST})}

    def examples(self, round_number: int, scorer: str, limit: int, highest: bool) -> list[Example]:
        """The candidates of a round with the highest or the lowest scores, these first."""
        params = {"round": round_number, "scorer": scorer, "limit": limit, "sign": -1.0 if highest else 1.0}
        return [Example(**row) for row in self._db.rows("scored_examples", params)]

    def candidates_to_try(self, round_number: int, limit: int) -> list[Tried]:
        """Candidates of as many prompts of a round as there are, the same each time."""
        params = {"round": round_number, "limit": limit}
        return [Tried(**row) for row in self._db.rows("candidates_to_try", params)]

    def add_metrics(self, job_id: str, rows: Sequence[tuple[int, str, float]]) -> None:
        with self._db.transaction(f"saving the metrics of {job_id}"):
            self._db.insert("metrics", [{"job_id": job_id, "step": s, "name": n, "value": v} for s, n, v in rows])

    # -- candidates, targets, thresholds ---------------------------------------------------------------------------

    def next_k(self, round_number: int) -> dict[int, int]:
        """The first free k of every prompt that has candidates in the round."""
        return {row["prompt_id"]: row["k"] for row in self._db.rows("next_k", {"round": round_number})}

    def sampling_laws(self, round_number: int) -> list[str]:
        """The laws that the round's candidates were drawn by, as JSON of settings.Sampling; mostly one."""
        return [row["sampling"] for row in self._db.rows("sampling_laws", {"round": round_number})]

    def candidates_to_score(self, round_number: int, scorers: Sequence[str], again: bool = False) -> pa.Table:
        """Candidates of the round that lack a score of any of `scorers`; `missing` lists which of them. Pairs that were found
        to have no score are asked for only `again`."""
        params = {"round": round_number, "scorers": list(scorers), "again": again}
        return self._db.arrow("candidates_to_score", params)

    def count_scores(self, round_number: int, scorers: Sequence[str]) -> dict[str, int]:
        """How many candidates of the round each of `scorers` has scored; those that scored none are left out."""
        rows = self._db.rows("count_scores", {"round": round_number, "scorers": list(scorers)})
        return {row["scorer"]: row["count"] for row in rows}

    def pairs_without_score(self, round_number: int, scorers: Sequence[str]) -> pa.Table:
        """Pairs candidate_id, scorer of the round, of prompts in use, that were found to have no score."""
        return self._db.arrow("pairs_without_score", {"round": round_number, "scorers": list(scorers)})

    def without_score(self, round_number: int) -> list[NoScoreRecord]:
        """What the target in force needs of the round's candidates and there is not, and why, by candidate."""
        tables = ("scores", "no_scores", "unscored", "thresholds")
        name = ("without_score", round_number)
        rows = self.unchanged(name, tables, lambda: self._of_round("without_score", round_number))
        return [NoScoreRecord(**row) for row in rows]

    def round_scores(self, round_number: int, scorers: Sequence[str] = ()) -> pa.Table:
        """Long table of the round: candidate_id, prompt_id, k, log_q, log_model, u, scorer, score, stage (0, or the number of
        the adaptive job that drew it)."""
        return self._db.arrow("round_scores", {"round": round_number, "scorers": list(scorers)})

    def no_scores_of_prompts(self, round_number: int, prompt_ids: Sequence[int]) -> dict[str, dict[str, str]]:
        """Why scorers have no score for candidates of some prompts, by candidate and scorer: see `without_score`."""
        found: dict[str, dict[str, str]] = {}
        for row in self._db.rows("no_scores_of_prompts", {"round": round_number, "prompt_ids": list(prompt_ids)}):
            found.setdefault(row["candidate_id"], {})[row["scorer"]] = row["reason"]
        return found

    def targets(self) -> list[dict[str, Any]]:
        return [row | {"spec": json.loads(row["spec"])} for row in self._db.rows("targets")]

    def target_id(self, spec: dict[str, Any], author: str) -> int:
        """The number of this target, a new version when it isn't known yet."""
        text = json.dumps(spec, sort_keys=True)
        with self._db.transaction("saving the target"):
            known = self._db.rows("targets")
            for row in known:
                if row["spec"] == text:
                    return int(row["target_id"])
            number = len(known) + 1
            self._db.insert("targets", [{"target_id": number, "spec": text, "created_at": utc_now(), "author": author}])
            return number

    def drawn(self, round_number: int) -> pa.Table:
        """One row a candidate of the round, in the order of `score_column` everywhere: log_q, log_model, u, truncated, stage
        (see `round_scores`), retired, decided, accepted (in effect), chance (that the rule accepts it; NaN undecided),
        override (−1, 0, 1)."""
        return self._db.arrow("drawn", {"round": round_number})

    def scored_version(self) -> tuple[int, ...]:
        """Differs whenever candidates, their scores or the decisions on them do; costs nothing."""
        return self._db.version(*COUNTED_TABLES, "no_scores", "adaptive_jobs")

    def replace_log_ratios(
        self, round_number: int, target_id: int, rows: pa.Table, unscored: pa.Table | None = None
    ) -> None:
        """Rows: candidate_id, log_ratio, critical_log_m, scale; `unscored`: candidate_id, scorer of those that have no log
        ratio, for there is no score."""
        of = {"round": round_number, "target_id": target_id}
        derived = {"log_ratios": rows} | ({} if unscored is None else {"unscored": unscored})
        with self._db.transaction(f"saving the log ratios of round {round_number}"):
            for table in ("log_ratios", "unscored"):
                self._db.run(f"clear_{table}", of)
            for table, part in derived.items():
                for name, value in of.items():
                    part = part.append_column(name, pa.repeat(pa.scalar(value, pa.int32()), part.num_rows))
                self._db.append(table, part)

    def thresholds(self, round_number: int) -> list[ThresholdRecord]:
        """Every M the round has had, the one in force first."""
        return [
            ThresholdRecord(**row | {"scope": Scope(row["scope"]), "chosen_by": ChosenBy(row["chosen_by"])})
            for row in self._db.rows("thresholds", {"round": round_number})
        ]

    def add_threshold(
        self,
        round_number: int,
        target_id: int,
        log_m: float,
        scope: Scope,
        author: str,
        reason: str,
        chosen_by: ChosenBy = ChosenBy.PERSON,
    ) -> None:
        with self._db.transaction(f"saving M of round {round_number}"):
            self._db.insert(
                "thresholds",
                [
                    {
                        "round": round_number,
                        "target_id": target_id,
                        "log_m": log_m,
                        "scope": str(scope),
                        "author": author,
                        "reason": reason,
                        "created_at": utc_now(),
                        "chosen_by": str(chosen_by),
                    }
                ],
            )

    def round_counts(self, round_number: int) -> RoundCounts:
        name = ("round_counts", round_number)
        return self.unchanged(
            name, COUNTED_TABLES, lambda: RoundCounts(**self._of_round("round_counts", round_number)[0])
        )

    def prompt_kinds(self, round_number: int) -> list[PromptKind]:
        """What each prompt of the round got, by kind of prompt."""
        return [PromptKind(**row) for row in self._of_round("prompt_kinds", round_number)]

    def starving_prompts(self, round_number: int) -> list[int]:
        """The prompts in use whose candidates are all decided, and none of them accepted in effect."""
        return [row["prompt_id"] for row in self._of_round("starving_prompts", round_number)]

    def _of_round(self, query: str, round_number: int) -> list[dict[str, Any]]:
        return self._db.rows(query, {"round": round_number})

    def ratios(self, round_number: int) -> pa.Table:
        """One row for each scored candidate: log_ratio, critical_log_m, scale, override (−1, 0, 1), `planned` (drawn for all
        prompts alike, and not because a prompt had none), …"""
        return self._db.arrow("ratios", {"round": round_number})

    def score_column(self, round_number: int, scorer: str, everywhere: bool = False) -> NDArray[np.float64]:
        """The scorer's score of each row of `ratios`, or `everywhere` of `review_table`, in its order; NaN where there is
        none."""
        name = "score_column_everywhere" if everywhere else "score_column"
        rows = self._db.arrow(name, {"round": round_number, "scorer": scorer})
        column: NDArray[np.float64] = rows["score"].to_numpy()
        return column

    def accepted_by_prompt(self, round_number: int, job_ids: Sequence[str]) -> list[dict[str, int]]:
        """Of what some jobs drew: `drawn` and, by the rule at the M in force, `accepted` candidates of each prompt of which
        all are decided."""
        return self._db.rows("accepted_by_prompt", {"round": round_number, "job_ids": list(job_ids)})

    def scorers(self, round_number: int) -> list[str]:
        """The scorers that have scored candidates of the round, by name; log-probabilities of references are none."""
        name = ("scorers_of_round", round_number)
        rows = self.unchanged(name, ("scores",), lambda: self._of_round("scorers_of_round", round_number))
        return [row["scorer"] for row in rows]

    def completions(self, candidate_ids: Sequence[str]) -> list[str]:
        """The text of each candidate, in the order asked."""
        rows = self._db.rows("completions", {"candidate_ids": list(candidate_ids)})
        texts = {row["candidate_id"]: row["completion"] for row in rows}
        return [texts[candidate_id] for candidate_id in candidate_ids]

    def generation_speed(self, job_ids: Sequence[str]) -> Speed | None:
        """Tokens a candidate and a second of these finished jobs; None where they drew nothing, or took no time."""
        row = self._db.rows("generation_speed", {"job_ids": list(job_ids)})[0]
        if not row["candidates"] or row["seconds"] <= 0:  # below 0: the clock was set back meanwhile
            return None
        return Speed(row["tokens"] / row["candidates"], row["tokens"] / row["seconds"])

    def ratios_version(self, round_number: int) -> tuple[int, int, int]:
        """Differs whenever `ratios` does."""
        tables = ("log_ratios", "thresholds", "overrides")
        name = ("ratios_version", round_number)
        (row,) = self.unchanged(name, tables, lambda: self._of_round("ratios_version", round_number))
        return row["count"], row["hash"], row["seq"]

    def prompts_in_round(self, round_number: int) -> list[dict[str, Any]]:
        return self._db.rows("prompts_in_round", {"round": round_number})

    def candidates_of_prompt(self, round_number: int, prompt_id: int) -> list[CandidateRecord]:
        params = {"round": round_number, "prompt_id": prompt_id}
        scores: dict[str, dict[str, float]] = {}
        for row in self._db.rows("scores_of_prompt", params):
            scores.setdefault(row["candidate_id"], {})[row["scorer"]] = row["score"]
        return [
            CandidateRecord(**row, scores=scores.get(row["candidate_id"], {}))
            for row in self._db.rows("candidates_of_prompt", params)
        ]

    def latest_completions(self, round_number: int, limit: int) -> list[dict[str, Any]]:
        params = {"round": round_number, "limit": limit}
        name = ("latest_completions", round_number, limit)
        return self.unchanged(name, ("candidates",), lambda: self._db.rows("latest_completions", params))

    # -- overrides and curated sets ----------------------------------------------------------------------------------

    def add_override(self, uid: str, candidate_id: str, action: Action, reviewer: str) -> bool:
        """Append what `reviewer` said of a candidate. Saying the same `uid` again changes nothing (False). Raises
        StoreError for an unknown candidate."""
        named = parse_candidate_id(candidate_id)
        act = Act(uid, ActKind.DECIDE, (candidate_id,), action)
        (said,) = self.acts.say([act], named[0] if named else 0, reviewer)
        if said.refused is not None:
            raise StoreError(said.refused)
        return not said.known

    def undo_override(self, uid: str, round_number: int, reviewer: str) -> str | None:
        """Take back the last act of `reviewer` in the round; a candidate it touched, or None when there is none."""
        (said,) = self.acts.say([Act(uid, ActKind.UNDO)], round_number, reviewer)
        return said.candidate_ids[0] if said.candidate_ids else None

    # -- rounds that run by themselves -------------------------------------------------------------------------------

    def proposal_choice(self, after_round: int) -> str | None:
        """The model chosen for the round after `after_round`, or None."""
        rows = self._db.rows("proposal_choice", {"after_round": after_round})
        return rows[0]["model_id"] if rows else None

    def add_proposal_choice(self, model_id: str, after_round: int, author: str, reason: str) -> None:
        row = {"model_id": model_id, "after_round": after_round, "author": author, "reason": reason}
        with self._db.transaction("saving what the next round draws from"):
            self._db.insert("proposal_choices", [row | {"created_at": utc_now()}])

    def votes(self, first_id: str, second_id: str, reviewer: str | None = None) -> list[dict[str, Any]]:
        """Blind preferences between two models, oldest first; of one reviewer where named."""
        return self._db.rows("votes", {"first_id": first_id, "second_id": second_id, "reviewer": reviewer})

    @spoken
    def add_vote(
        self, first_id: str, second_id: str, prompt_id: int, k: int, preferred_id: str, reviewer: str, texts: str
    ) -> None:
        """`texts` names the two completions that were read."""
        row = {"first_id": first_id, "second_id": second_id, "prompt_id": prompt_id, "k": k}
        with self._db.transaction("saving a vote"):
            more = {"preferred_id": preferred_id, "reviewer": reviewer, "texts": texts, "created_at": utc_now()}
            self._db.insert("votes", [row | more])

    def deleted_models(self) -> set[str]:
        return {row["model_id"] for row in self._db.rows("deleted_models")}

    def add_model_deletion(self, model_id: str, author: str) -> None:
        with self._db.transaction(f"deleting model {model_id}"):
            self._db.insert("model_deletions", [{"model_id": model_id, "author": author, "created_at": utc_now()}])

    def last_flight(self) -> dict[str, Any] | None:
        """The newest event of the newest flight."""
        rows = self.unchanged("last_flight", ("flight_events",), lambda: self._db.rows("last_flight"))
        return dict(rows[0]) if rows else None

    def add_flight_event(
        self, flight: int, event: str, round_number: int, last_round: int, pause: bool, author: str, reason: str
    ) -> None:
        row = {"flight": flight, "event": event, "round": round_number, "last_round": last_round, "pause": pause}
        with self._db.transaction("saving what the autopilot does"):
            self._db.insert("flight_events", [row | {"author": author, "reason": reason, "created_at": utc_now()}])

    # -- review ----------------------------------------------------------------------------------------------------

    def review_table(self, round_number: int) -> pa.Table:
        """One row a candidate by prompt and k: token_count, truncated, u, log_ratio, critical_log_m (NaN before scoring),
        scale."""
        return self._db.arrow("review_table", {"round": round_number})

    def drawn_version(self) -> tuple[int, ...]:
        """Differs whenever candidates, log ratios or M of any round do; costs nothing."""
        return self._db.version("candidates", "log_ratios", "thresholds")

    def review_version(self, round_number: int) -> tuple[int, ...]:
        """Differs whenever `review_table` does."""
        count = self._candidates_in(round_number, self._db.version("candidates"))
        return count, *self._ratios_state(round_number, self._db.version("log_ratios", "thresholds"))

    def _count_candidates(self, round_number: int, version: tuple[int, ...]) -> int:
        return int(self._db.rows("count_candidates", {"round": round_number})[0]["count"])

    def _read_ratios_state(self, round_number: int, version: tuple[int, ...]) -> tuple[int, int, int]:
        row = self._db.rows("ratios_state", {"round": round_number})[0]
        return row["target_id"], row["ratios"], row["hash"]

    def opinions(self, round_number: int) -> pa.Table:
        """What each reviewer says now: prompt_id, k, reviewer, action, final; oldest first."""
        return self._db.arrow("opinions_of_round", {"round": round_number})

    def annotations(self, round_number: int) -> list[dict[str, Any]]:
        """prompt_id, k, note, flagged, tags, edit of every candidate that has one."""
        return self._db.rows("annotations_of_round", {"round": round_number})

    def edits_version(self) -> tuple[int, ...]:
        """Differs whenever a completion was edited."""
        return self._db.version("annotations")

    def matching_text(self, round_number: int, text: str | None, regex: str | None) -> pa.Table:
        """prompt_id and k of the candidates whose completion, as edited, contains `text` (in any case) and matches the
        RE2 `regex`; é is found however it was typed, here or there (NFC). Raises StoreError where the expression is broken."""
        params = {
            "round": round_number,
            "text": composed(text) if text else None,
            "regex": composed(regex) if regex else None,
        }
        with self._db.guard(f"searching for /{regex}/" if regex else "searching the completions"):
            return self._db.arrow("matching_text", params)

    def candidates_of_prompts(self, round_number: int, prompt_ids: Sequence[int]) -> list[dict[str, Any]]:
        """candidate_id, prompt_id, k, completion, token_count of all candidates of these prompts, by prompt and k."""
        rows = self._db.look_up("candidates_of_prompts", list(prompt_ids))
        if not self._db.in_transaction:  # which may yet be taken back
            self.acts.read.add((row["candidate_id"], row["round"]) for row in rows)
        return [row for row in rows if row.pop("round") == round_number]

    def prompts_by_id(self, prompt_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        rows = self._db.look_up("prompts_by_id", list(prompt_ids))
        return {row["prompt_id"]: row for row in rows}

    def overrides(self, *, round_number: int | None = None, candidate_id: str | None = None) -> list[OverrideRecord]:
        params = {"round": round_number, "candidate_id": candidate_id}
        return [OverrideRecord(**row) for row in self._db.rows("overrides", params)]

    def accepted_samples(self, round_number: int) -> list[dict[str, Any]]:
        """The candidates whose effective decision is accept, with what a curated set keeps of them."""
        return self._db.rows("accepted_samples", {"round": round_number})

    def samples_of(self, round_number: int, candidate_ids: Sequence[str]) -> list[dict[str, Any]]:
        """The same as `accepted_samples` of these candidates, as they were drawn and whatever was decided."""
        return self._db.rows("samples_of", {"round": round_number, "candidate_ids": list(candidate_ids)})

    def curated_sets(self) -> list[CuratedRecord]:
        return [
            CuratedRecord(**row | {"scope": Scope(row["scope"]), "summary": json.loads(row["summary"])})
            for row in self._db.rows("curated_sets")
        ]

    def add_curated_set(self, record: CuratedRecord, samples: Sequence[dict[str, Any]]) -> CuratedRecord:
        """The set as it is stored, with its number in the sequence."""
        row = _row(record)
        with self._db.transaction(f"freezing the curated set {record.curated_id}"):
            self._db.insert("curated_sets", [row | {"scope": str(record.scope), "summary": json.dumps(record.summary)}])
            self._db.insert("curated_samples", [{"curated_id": record.curated_id} | sample for sample in samples])
            return next(stored for stored in self.curated_sets() if stored.curated_id == record.curated_id)

    def curated_samples(self, curated_id: str) -> pa.Table:
        return self._db.arrow("curated_samples", {"curated_id": curated_id})

    # -- evaluation --------------------------------------------------------------------------------------------------

    def evaluation_samples(self, evaluation_key: str, model_id: str) -> pa.Table:
        return self._db.arrow("evaluation_samples", {"evaluation_key": evaluation_key, "model_id": model_id})

    def gauge_samples(self, job_id: str, gauge_key: str, model_id: str) -> pa.Table:
        """What a job has kept of a model under a gauge key: one row a prompt, by prompt_id."""
        return self._db.arrow("gauge_samples", {"job_id": job_id, "gauge_key": gauge_key, "model_id": model_id})

    def trials(self) -> list[dict[str, Any]]:
        """`job_id`, `model_id`, `completion` of every typed prompt, the newest job first, then by model and k."""
        return self._db.rows("trials")

    def evaluation_version(self, evaluation_key: str, model_id: str) -> tuple[int, ...]:
        """Differs whenever `evaluation_samples` of a model do: they are only added."""
        return (self.evaluated_models(evaluation_key).get(model_id, 0),)

    def evaluated_models(self, evaluation_key: str) -> dict[str, int]:
        """How many completions each model has under an evaluation key."""
        name = ("evaluated", evaluation_key)
        return dict(self.unchanged(name, ("evaluation_samples",), lambda: self._evaluated_models(evaluation_key)))

    def evaluated_prompts(self, evaluation_key: str, model_id: str) -> set[int]:
        """The prompts of which a model has completions under an evaluation key."""
        params = {"evaluation_key": evaluation_key, "model_id": model_id}
        return {row["prompt_id"] for row in self._db.rows("evaluated_prompts", params)}

    def _evaluated_models(self, evaluation_key: str) -> dict[str, int]:
        rows = self._db.rows("evaluated_models", {"evaluation_key": evaluation_key})
        return {row["model_id"]: row["count"] for row in rows}


def _places(table: str, rows: pa.Table) -> list[tuple[str, pa.Table]]:
    """Where the rows of a segment go. Those of scores say why there is none where there is none; what was written by an
    earlier version has all."""
    if table != "scores" or "reason" not in rows.column_names:
        return [(table, rows)]
    none = pc.is_null(rows["score"])
    return [
        ("scores", rows.filter(pc.invert(none)).drop_columns("reason")),
        ("no_scores", rows.filter(none).drop_columns("score")),
    ]


def _row(record: ModelRecord | CuratedRecord) -> dict[str, Any]:
    """The columns of a record; the database numbers it."""
    return {name: getattr(record, name) for name in record.__slots__ if name != "seq"}


def content_hash(samples: Sequence[dict[str, Any]]) -> str:
    """SHA-256 over what is trained on: prompt and completion tokens (the text of an edited one) and weight of each
    sample, in a fixed order."""
    lines = sorted(
        json.dumps(
            [list(s["prompt_token_ids"]), s["completion"] if s.get("edited") else list(s["token_ids"]), s["weight"]],
            separators=(",", ":"),
        )
        for s in samples
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
