"""The scorer that a project learns from its decisions: the data to learn from, its versions and how good each is, and a draft
of the target with it, for a person to see before it is saved."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rsf_core.acceptance.preview import Draft
from rsf_core.domain import Action, JobKind, Verdict, candidate_at, place
from rsf_core.domain.access import LOCAL, Actor, requires_actor
from rsf_core.domain.errors import ScorerError, StageError
from rsf_core.domain.scorer_ref import ScorerRef
from rsf_core.domain.settings import Constraint
from rsf_core.domain.specs import LearnSpec
from rsf_core.domain.turns import whole
from rsf_core.jobs.supervisor import JobSupervisor
from rsf_core.learning.report import Against, Bin, Point, Report
from rsf_core.learning.taste import LEARNER, missing
from rsf_core.project.target_book import TargetBook
from rsf_core.review.audit import by_chance
from rsf_core.review.gold import one_by_one
from rsf_core.review.onlooking import as_seen
from rsf_core.review.pair_words import pair_words
from rsf_core.rounds.start import Stages
from rsf_core.rounds.state import ProjectState
from rsf_core.sampling.intervals import Interval
from rsf_core.scorers import registry, tastes
from rsf_core.store.store import Store
from rsf_core.store.tally import Votes

TABLES = (*("overrides", "acts", "annotations", "candidates"), *("log_ratios", "thresholds", "gold_marks"))
EXAMPLES = 4
# Left, right, the outcome (1: left is better, ½: a tie, 0: right is better), and its weight.
_Pair = tuple[str, str, float, float]
_PREFERRED = {Verdict.LEFT: 1.0, Verdict.TIE: 0.5, Verdict.RIGHT: 0.0}


class Use(StrEnum):
    """How a target uses a learned scorer."""

    REWARD = "reward"  # a candidate counts in proportion to the odds that people accept it (weight β)
    CONSTRAINT = "constraint"  # people are at least as likely to accept it as not
    BEST_THIRD = "best third"  # likelier to be accepted than two thirds of the newest round: if people accept few


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions to learn from: the candidates that people have accepted and rejected one by one, and their prompts.
    `lacking` is what people still have to decide, in words; "" if there is enough. `pairs` is how often somebody preferred one
    of two candidates, by comparing them or in one of the `rankings`."""

    accepted: int
    rejected: int
    prompts: int
    lacking: str
    pairs: int = 0
    rankings: int = 0

    @property
    def count(self) -> int:
        return self.accepted + self.rejected


@dataclass(frozen=True, slots=True)
class Version:
    """A version that was learned; `scorer` is its name in a target."""

    version: str
    scorer: str
    report: Report
    author: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A candidate, decided by people or not, on which the learned scorer and the rule differ; `chance` is the learned
    probability that people accept it."""

    candidate_id: str
    prompt: str
    completion: str
    chance: float
    rule_accepts: bool


class TasteBook:
    """Learns scorers and reports on them. `onlooker` is the reviewer who asks, None for an owner: gold items look to a
    reviewer like any other candidates (see `Onlooking`)."""

    def __init__(
        self,
        store: Store,
        project_state: ProjectState,
        stages: Stages,
        supervisor: JobSupervisor,
        target_book: TargetBook,
        votes_for: Callable[[int, str | None], Votes],
    ) -> None:
        self._store, self._project_state, self._stages = store, project_state, stages
        self._supervisor, self._target_book, self._votes_for = supervisor, target_book, votes_for

    def decisions(self, onlooker: str | None = None) -> Decisions:
        rows = as_seen(self._decided(), self._gold_decisions(onlooker))
        accepted = int(pc.sum(rows["accepted"]).as_py() or 0)
        rejected = rows.num_rows - accepted
        lacking = missing(accepted, rejected)
        prompts = len(rows["prompt_id"].unique())
        if not lacking and prompts < 2:
            lacking = "decisions on another prompt"

        def rankings() -> int:
            return sum(len(self._store.rankings.standing(round_record.round)) for round_record in self._store.rounds())

        ranked = self._store.unchanged("ranked by people", ("rankings", "rounds"), rankings)
        return Decisions(accepted, rejected, prompts, lacking, len(self._compared()[1]), ranked)

    def _decided(self) -> pa.Table:
        return self._store.unchanged("decided by people", TABLES, self._store.tastes.decided)

    def _gold_decisions(self, onlooker: str | None) -> dict[str, bool | None]:
        """The decisions on gold items that an onlooker may see, by name: accepted or rejected one by one, or None."""
        accepted: dict[str, bool | None] = {}
        for round_record in self._store.rounds():
            votes = self._votes_for(round_record.round, onlooker)
            decided_singly = one_by_one(self._store.gold.words(round_record.round)) if votes else set()
            for where, vote, _ in votes:
                name = candidate_at(round_record.round, where)
                action = Action.ACCEPT if vote > 0 else Action.REJECT
                accepted[name] = vote > 0 if vote and (name, action) in decided_singly else None
        return accepted

    def _by_chance(self, rows: pa.Table) -> pa.Table:
        """`rows` of decisions, with `audit` replaced by whether each belongs to a random sample of its round."""
        of, chosen = rows["round"].to_numpy(), np.zeros(rows.num_rows, np.bool_)
        mine = place(rows["prompt_id"].to_numpy().astype(np.int64), rows["k"].to_numpy().astype(np.int64))
        was_shown = rows["audit"].to_numpy(zero_copy_only=False)
        for number in np.unique(of[was_shown]):
            here = np.flatnonzero(of == number)
            places = self._store.drawn_tokens.places(int(number))
            at = {where: row for row, where in enumerate(places.tolist())}
            of_row = np.array([at[where] for where in mine[here].tolist()], np.int64)
            decided, shown = np.zeros((2, len(places)), np.bool_)
            decided[of_row], shown[of_row] = True, was_shown[here]
            chosen[here] = by_chance(places, decided, shown, self._project_state.settings().seed)[of_row]
        return rows.set_column(rows.schema.get_field_index("audit"), "audit", pa.array(chosen))

    def _compared(self) -> tuple[pa.Table, list[_Pair]]:
        """The candidates that people have compared or ranked, in all rounds, except those made elsewhere; and each preference
        between two."""

        def read() -> tuple[pa.Table, list[_Pair]]:
            store = self._store
            rounds = [one.round for one in store.rounds()]
            by_round = (pair_words(store.comparisons.standing(n), store.rankings.standing(n)) for n in rounds)
            compared = [word for words in by_round for word in words]
            rows = self._store.tastes.compared(
                sorted({name for choice in compared for name in (choice.left_id, choice.right_id)})
            )
            known = set(rows["candidate_id"].to_pylist())
            pairs = [
                (choice.left_id, choice.right_id, _PREFERRED[choice.verdict], choice.weight) for choice in compared
            ]
            return rows, sorted(pair for pair in pairs if known.issuperset(pair[:2]))

        return self._store.unchanged("compared by people", ("comparisons", "rankings", "candidates", "rounds"), read)

    def versions(self) -> list[Version]:
        """Every version, the newest first."""
        versions = self._store.unchanged("tastes", ("tastes",), self._store.tastes.all)
        return [
            Version(one.version, tastes.ref(one.version), _report(one.body["report"]), one.author, one.created_at)
            for one in reversed(versions)
        ]

    def version(self, name: str) -> Version:
        """The version with this name. Raises ScorerError if there is none."""
        for one in self.versions():
            if one.version == name:
                return one
        raise ScorerError(f"nothing was learned as version {name!r:.40}: `rsf learn DIR` lists what was")

    def current(self, onlooker: str | None = None) -> str | None:
        """The version that was learned from exactly the current decisions: the newest, or an earlier one if later acts were
        undone; None if there is none. Always None for an onlooker: it could reveal gold items, since decisions on these would
        not change it."""
        if onlooker is not None:
            return None
        now = self._version_now()
        return next((one.version for one in self.versions() if one.version == now), None)

    @requires_actor
    def learn(self, author: Actor = LOCAL) -> str:
        """Start learning from the current decisions; the job's id. The newest round is scored by the result afterwards. Raises
        StageError if there are too few decisions, or none since the last version."""
        decisions = self.decisions()
        if decisions.lacking:
            raise StageError(
                f"people have decided {decisions.count:,} candidates one by one ({decisions.accepted:,} accepted, "
                f"{decisions.rejected:,} rejected): it takes {decisions.lacking}. Decide them on the Review page"
            )
        version, others, rows = self._version_now(), self._others(), self._by_chance(self._decided())
        shown, pairs = self._compared()
        if any(one.version == version for one in self.versions()):
            raise StageError(
                f"version {version} was learned from exactly the current decisions and comparisons: learning again "
                "would give the same"
            )
        settings = self._project_state.sound_settings()
        counts = self._store.round_counts(self._project_state.current_round().round)
        rate = counts.automatic / counts.decided if counts.decided else 0.0
        spec = LearnSpec(
            round=self._project_state.current_round().round,
            compute=settings.compute,
            model=self._stages.base(),
            others=(tastes.TOKENS, tastes.ENDED, *others),
            rate=min(1.0, rate if rate > 0 else decisions.accepted / decisions.count),
            pairs=len(pairs),
            taste=version,
            author=author.name,
        )
        inputs = {"decided": self._with_prompts(self._with_scores(rows, others))}
        if pairs:
            at = {name: row for row, name in enumerate(shown["candidate_id"].to_pylist())}
            left, right, preferred, weight = zip(*pairs, strict=True)
            inputs["candidates"] = self._with_prompts(self._with_scores(shown, others))
            inputs["compared"] = pa.table(
                {
                    "left": [at[name] for name in left],
                    "right": [at[name] for name in right],
                    "preferred": list(preferred),
                    "weight": list(weight),
                }
            )
        return self._supervisor.submit(spec, inputs)

    def score(self, version: str) -> str | None:
        """Score the newest round by a version, whether it is in the target or not; the job's id, None if all is scored. This
        decides nothing. Raises StageError, ScorerError."""
        return self._stages.score_by(self.version(version).scorer, self._project_state.current_round().round)

    def scored(self, version: str) -> tuple[int, int]:
        """How many candidates of the newest round have a score of this version, and how many there are."""
        number, scorer = self._project_state.current_round().round, tastes.ref(version)
        return self._store.count_scores(number, [scorer]).get(scorer, 0), self._store.round_counts(number).candidates

    def draft(self, version: str, use: Use = Use.REWARD) -> Draft:
        """The current target with a version in it, in place of an earlier one, to be previewed. Raises StageError for the best
        third if the newest round has no score of this version."""
        one, now = self.version(version), self._target_book.draft()
        rewards = {s: w for s, w in now.target.rewards.items() if not tastes.versions([s])}
        constraints = tuple(c for c in now.target.constraints if not tastes.versions([c.scorer]))
        if use is Use.REWARD:
            rewards = {**rewards, one.scorer: now.target.beta}
        else:
            least = 0.0 if use is Use.CONSTRAINT else self._of_the_best_third(one.scorer)
            constraints = (*constraints, Constraint(scorer=one.scorer, at_least=least))
        target = now.target.model_copy(update={"rewards": rewards, "constraints": constraints})
        return Draft(target, now.accept)

    def _of_the_best_third(self, scorer: str) -> float:
        """The log-odds that a third of the newest round's candidates reach. Raises StageError if none has a score."""
        scores = self._target_book.scores(scorer, self._project_state.current_round().round)
        if not len(scores):
            raise StageError("no candidate of the newest round has this scorer's score: score the round by it first")
        return float(np.quantile(scores, 2 / 3))

    def disagreements(
        self, version: str, most: int = EXAMPLES, onlooker: str | None = None
    ) -> tuple[list[Disagreement], list[Disagreement]]:
        """Candidates of the newest round: those that the rule accepts and a version is surest that people reject, and the
        other way round."""
        scorer, number = self.version(version).scorer, self._project_state.current_round().round
        ratios = self._store.ratios(number, self._votes_for(number, onlooker))
        if not ratios.num_rows:
            return [], []
        z = self._store.score_column(number, scorer)
        accepted = ratios["accepted"].to_numpy(zero_copy_only=False).astype(bool)
        ids = ratios["candidate_id"].to_pylist()
        return (
            self._examples(np.flatnonzero(accepted & (z < 0)), z, ids, True, most),
            self._examples(np.flatnonzero(~accepted & (z > 0)), -z, ids, False, most),
        )

    def _examples(self, rows: Any, by: Any, ids: Sequence[str], accepts: bool, most: int) -> list[Disagreement]:
        chosen = rows[np.argsort(by[rows], kind="stable")][:most]
        names = [ids[i] for i in chosen]
        texts = self._store.completions(names)
        prompts = self._store.prompts_by_id([int(name.split(".")[1]) for name in names])
        return [
            Disagreement(
                name,
                prompts[int(name.split(".")[1])]["text"],
                text,
                float(1 / (1 + np.exp(-(by[i] if accepts else -by[i])))),
                accepts,
            )
            for i, name, text in zip(chosen, names, texts, strict=True)
        ]

    def running(self) -> bool:
        return any(job.kind is JobKind.LEARN for job in self._supervisor.active())

    def _others(self) -> list[str]:
        """The scorers whose scores are features: those of the target that always give a candidate the same score, at little
        cost. So no models' opinions, no scorers that compare with other candidates, and no people's answers, which predict the
        decisions of the reviewers who gave them, and do not exist for other candidates."""
        names = []
        for scorer in self._project_state.settings().target.scorers:
            card = registry.card(ScorerRef.parse(scorer).name)
            if not (tastes.versions([scorer]) or card.sends or card.opinion or card.siblings or card.partial):
                names.append(scorer)
        return names

    def _version_now(self) -> str:
        """A hash of all that would be learned from: the same decisions and pairs give the same version."""
        rows = self._decided()
        decided = sorted(zip(rows["candidate_id"].to_pylist(), rows["accepted"].to_pylist(), strict=True))
        base = self._stages.base()
        pairs = [pair if pair[3] != 1 else pair[:3] for pair in self._compared()[1]]  # the form from before rankings
        contents = json.dumps([LEARNER, base.name, base.identity, self._others(), decided, *([pairs] if pairs else [])])
        return hashlib.sha256(contents.encode()).hexdigest()[:8]

    def _with_scores(self, rows: pa.Table, others: Sequence[str]) -> pa.Table:
        """`rows` with a list of scores for each: log(1 + tokens), whether it ended, and those of `others`; NaN if missing."""
        ids = rows["candidate_id"].to_pylist()
        known = self._store.tastes.scores(ids, others)
        lengths = pc.list_value_length(rows["token_ids"]).to_numpy().astype(np.float64)
        columns = [np.log1p(lengths), rows["ended"].to_numpy(zero_copy_only=False).astype(np.float64)]
        columns += [np.array([known.get((name, scorer), np.nan) for name in ids], np.float64) for scorer in others]
        scores = pa.array(np.stack(columns, axis=1).tolist(), pa.list_(pa.float64()))
        return rows.append_column("scores", scores)

    def _with_prompts(self, rows: pa.Table) -> pa.Table:
        """`rows` with the text of each prompt, from which the job finds near-duplicates among prompts."""
        prompt_ids = rows["prompt_id"].to_pylist()
        texts = {
            one.prompt_id: whole(one.text, one.earlier)
            for one in self._store.prompt_book.by_id(sorted(set(prompt_ids)))
        }
        return rows.append_column("prompt", pa.array([texts[number] for number in prompt_ids], pa.large_string()))


def _report(data: Mapping[str, Any]) -> Report:
    """The report from its stored form."""
    return Report(
        **dict(data)
        | {name: Interval(**data[name]) for name in ("auc", "precision")}
        | {name: None if data[name] is None else _against(data[name]) for name in ("best", "rule")}
        | {
            "calibration": tuple(
                Bin(**dict(one) | {"accepted": Interval(**one["accepted"])}) for one in data["calibration"]
            ),
            "curve": tuple(Point(**one) for one in data["curve"]),
        }
    )


def _against(data: Mapping[str, Any]) -> Against:
    intervals = ("auc", "auc_gain", "precision", "precision_gain")
    return Against(**dict(data) | {name: Interval(**data[name]) for name in intervals})
