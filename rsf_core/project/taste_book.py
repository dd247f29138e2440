"""The scorer that a project learns from its decisions: what it can learn from, every version of it, how good each is, and the
target with it, which a person looks at before it is saved."""

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
from rsf_core.domain.access import LOCAL, Actor, spoken
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
from rsf_core.review.onlooking import as_told
from rsf_core.review.pair_words import pair_words
from rsf_core.rounds.start import Stages
from rsf_core.rounds.state import ProjectState
from rsf_core.sampling.intervals import Interval
from rsf_core.scorers import registry, tastes
from rsf_core.store.store import Store
from rsf_core.store.tally import Votes

TABLES = (*("overrides", "acts", "annotations", "candidates"), *("log_ratios", "thresholds", "gold_marks"))
EXAMPLES = 4
# Left, right, whether left is better (1), a tie (½) or right is (0), and what that counts.
_Pair = tuple[str, str, float, float]
_PREFERRED = {Verdict.LEFT: 1.0, Verdict.TIE: 0.5, Verdict.RIGHT: 0.0}


class Use(StrEnum):
    """How a learned scorer comes into a target."""

    REWARD = "reward"  # a candidate counts as much more as people are likelier to accept it (its odds, weight β)
    CONSTRAINT = "constraint"  # people are at least as likely to accept it as not
    BEST_THIRD = (
        "best third"  # likelier to be accepted than two thirds of the newest round: for where people accept few
    )


@dataclass(frozen=True, slots=True)
class Decisions:
    """What there is to learn from: candidates that people have accepted and rejected one by one, of how many prompts.
    `lacking`: what they have yet to decide, in words; "" where there is enough. `pairs`: how often somebody said which of two
    is better, by comparing them or in one of the `rankings`."""

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
    """One that was learned: `scorer` is how a target names it; `scored` of the newest round's `candidates` have its score."""

    version: str
    scorer: str
    report: Report
    author: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A candidate that people, or nobody yet, have decided, where what was learned and the rule differ; `chance` that people
    accept it, by what was learned."""

    candidate_id: str
    prompt: str
    completion: str
    chance: float
    rule_accepts: bool


class TasteBook:
    """`onlooker`, wherever there is one, is a reviewer, who is told of gold items as of any candidates (see `Onlooking`)."""

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
        rows = as_told(self._decided(), self._gold_as_told(onlooker))
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

    def _gold_as_told(self, onlooker: str | None) -> dict[str, bool | None]:
        """By name, what an onlooker is told of gold items: accepted or rejected one by one, or None."""
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
        """`rows` of what is decided, whose `audit` now says which of them are a random sample of their round."""
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
        """The candidates that people have compared or ranked, in all rounds, as far as they were drawn here; and what each
        said of two."""

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
        """Raises ScorerError where there is none."""
        for one in self.versions():
            if one.version == name:
                return one
        raise ScorerError(f"nothing was learned as version {name!r:.40}: `rsf learn DIR` lists what was")

    def current(self, onlooker: str | None = None) -> str | None:
        """The version that was learned from what is decided now: the newest, or an earlier one where what was said since was
        taken back; None where there is none, and for an onlooker: a word on a gold item would change nothing of it."""
        if onlooker is not None:
            return None
        now = self._version_now()
        return next((one.version for one in self.versions() if one.version == now), None)

    @spoken
    def learn(self, author: Actor = LOCAL) -> str:
        """Start learning from what is decided; the job's id. The newest round is scored by it after. Raises StageError where
        there is too little, or nothing was decided since."""
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
        """Score the newest round by a version, whether it is in the target or not; the job's id, None where all is scored.
        Nothing is decided by it. Raises StageError, ScorerError."""
        return self._stages.score_by(self.version(version).scorer, self._project_state.current_round().round)

    def scored(self, version: str) -> tuple[int, int]:
        """How many candidates of the newest round have its score, and how many there are."""
        number, scorer = self._project_state.current_round().round, tastes.ref(version)
        return self._store.count_scores(number, [scorer]).get(scorer, 0), self._store.round_counts(number).candidates

    def draft(self, version: str, use: Use = Use.REWARD) -> Draft:
        """The target of now with a version in it, in the place of an earlier one, to be previewed. Raises StageError where the
        best third is asked for and the newest round has no score of it."""
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
        """The log-odds that a third of the newest round's candidates reach."""
        scores = self._target_book.scores(scorer, self._project_state.current_round().round)
        if not len(scores):
            raise StageError("no candidate of the newest round has this scorer's score: score the round by it first")
        return float(np.quantile(scores, 2 / 3))

    def disagreements(
        self, version: str, most: int = EXAMPLES, onlooker: str | None = None
    ) -> tuple[list[Disagreement], list[Disagreement]]:
        """Of the newest round: what it is surest that people reject and the rule accepts, and the other way round."""
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
        """The scorers whose scores it looks at: those of the target that tell the same of a candidate whenever they are asked,
        at little cost: no models' opinions, none that compares with other candidates, and no people's answers, which tell
        much of a decided candidate, whose reviewer gave them, and are not there of the others."""
        names = []
        for scorer in self._project_state.settings().target.scorers:
            card = registry.card(ScorerRef.parse(scorer).name)
            if not (tastes.versions([scorer]) or card.sends or card.opinion or card.siblings or card.partial):
                names.append(scorer)
        return names

    def _version_now(self) -> str:
        """Told by all that it is learned from: the same decisions and pairs give the same version."""
        rows = self._decided()
        decided = sorted(zip(rows["candidate_id"].to_pylist(), rows["accepted"].to_pylist(), strict=True))
        base = self._stages.base()
        pairs = [pair if pair[3] != 1 else pair[:3] for pair in self._compared()[1]]  # as before there were rankings
        contents = json.dumps([LEARNER, base.name, base.identity, self._others(), decided, *([pairs] if pairs else [])])
        return hashlib.sha256(contents.encode()).hexdigest()[:8]

    def _with_scores(self, rows: pa.Table, others: Sequence[str]) -> pa.Table:
        """`rows` with a list of scores each: of its tokens, of how it ended, of `others`; NaN where there is none."""
        ids = rows["candidate_id"].to_pylist()
        known = self._store.tastes.scores(ids, others)
        lengths = pc.list_value_length(rows["token_ids"]).to_numpy().astype(np.float64)
        columns = [np.log1p(lengths), rows["ended"].to_numpy(zero_copy_only=False).astype(np.float64)]
        columns += [np.array([known.get((name, scorer), np.nan) for name in ids], np.float64) for scorer in others]
        scores = pa.array(np.stack(columns, axis=1).tolist(), pa.list_(pa.float64()))
        return rows.append_column("scores", scores)

    def _with_prompts(self, rows: pa.Table) -> pa.Table:
        """`rows` with the text of each prompt, by which the job tells which prompts are nearly the same."""
        prompt_ids = rows["prompt_id"].to_pylist()
        texts = {
            one.prompt_id: whole(one.text, one.earlier)
            for one in self._store.prompt_book.by_id(sorted(set(prompt_ids)))
        }
        return rows.append_column("prompt", pa.array([texts[number] for number in prompt_ids], pa.large_string()))


def _report(data: Mapping[str, Any]) -> Report:
    """As it is stored."""
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
