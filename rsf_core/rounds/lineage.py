"""Every model with its origin: proposal → candidates → decisions → curated set → model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from rsf_core.acceptance.decisions import target_of
from rsf_core.domain import Control
from rsf_core.domain.access import Actor, requires_actor
from rsf_core.domain.errors import StageError
from rsf_core.domain.settings import Target
from rsf_core.domain.specs import TrialSpec
from rsf_core.domain.words import significant
from rsf_core.evaluation import forgetting
from rsf_core.evaluation.measures import Measures
from rsf_core.evaluation.metrics import Measured, gains, intervals
from rsf_core.models import LawRequest, requests_of
from rsf_core.rounds.comparisons import COMPARED_TABLES, common_log_m
from rsf_core.rounds.curation import control_of
from rsf_core.rounds.next_proposal import current_model, next_proposal
from rsf_core.rounds.state import BASE_ID, ProjectState
from rsf_core.sampling.intervals import Interval
from rsf_core.store.records import CuratedRecord, ModelRecord
from rsf_core.store.store import Store


@dataclass(frozen=True, slots=True)
class ModelView:
    """A model with its held-out metrics and what it has forgotten (each empty if it was not measured), its size on disk in
    bytes (None for the base, whose files are not the project's) and whether its files were deleted."""

    model: ModelRecord
    metrics: Mapping[str, Interval]
    size: int | None
    deleted: bool
    drew: tuple[int, ...]
    forgotten: Mapping[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two models on the same held-out prompts and seeds: metrics of each, and second − first paired by prompt."""

    first: Mapping[str, Interval]
    second: Mapping[str, Interval]
    gain: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Trial:
    """A typed prompt and its completions by two models, drawn with the same random numbers."""

    job_id: str
    text: str
    system: str | None
    completions: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Ballot:
    """The held-out completions of two models by (prompt_id, k), in the order they are to be read, and the model that a
    reviewer prefers ('' if neither). Votes on other completions than the current ones do not count."""

    first: str
    second: str
    texts: Mapping[tuple[int, int], tuple[str, str]]
    preferred: Mapping[tuple[int, int], str]

    @property
    def left(self) -> list[tuple[int, int]]:
        return [key for key in self.texts if key not in self.preferred]


@dataclass(frozen=True, slots=True)
class StaleProposal:
    """The candidates of `round` were drawn from `drew`, but the current model is `current`; `trained`: the round itself tuned
    it, as after every complete round."""

    round: int
    drew: str
    current: str
    trained: bool


@dataclass(frozen=True, slots=True)
class CuratedChange:
    """How the second of two curated sets differs from the first, in samples."""

    added: int
    removed: int
    both: int


class Lineage:
    def __init__(self, folder: Path, store: Store, project_state: ProjectState) -> None:
        self._folder, self._store, self._project_state = folder, store, project_state
        self._sizes: dict[str, int] = {}  # bytes of the models' files, which do not change until they are deleted

    def models(self) -> list[ModelView]:
        """Every model of the project, oldest first."""
        deleted, yardstick = self._store.deleted_models(), self._yardstick()
        rounds = self._store.rounds()
        lost = forgetting.of_models(self._store, [model.model_id for model in self._store.models()])
        views = []
        for model in self._store.models():
            folder = self._folder / model.folder
            gone = model.model_id in deleted
            size = None if model.model_id == BASE_ID or gone else self._size(model.model_id, folder)
            metrics = yardstick.metrics(model.model_id) if yardstick else {}
            drew = tuple(round_record.round for round_record in rounds if round_record.model_id == model.model_id)
            views.append(ModelView(model, metrics, size, gone, drew, lost[model.model_id]))
        return views

    def law(self, model_id: str) -> list[LawRequest]:
        """What the files of a model ask for when tokens are drawn from it, and what is done about each; empty if its files are
        gone. Raises ModelError if they are damaged."""
        model = next(m for m in self._store.models() if m.model_id == model_id)
        folder = self._folder / model.folder  # the base's folder is absolute
        if not folder.is_dir():
            return []
        return requests_of(folder, self._project_state.settings().generate.model_masks)

    def pairing(self, first: str, second: str) -> Pairing | None:
        """Two models compared, or None if one has no held-out completions under the current settings."""
        yardstick = self._yardstick()
        return yardstick.pairing(first, second) if yardstick else None

    def completions(self, model_id: str) -> Mapping[tuple[int, int], str]:
        """The held-out completions of a model by (prompt_id, k)."""
        yardstick = self._yardstick()
        return {} if yardstick is None else self._project_state.measures.completions(yardstick.key, model_id)

    def ballot(self, first: str, second: str, reviewer: Actor) -> Ballot:
        """A reviewer's votes on two models' held-out completions, and what is left to vote on."""
        name, tables = ("ballot", first, second, self._project_state.settings().model_dump_json()), COMPARED_TABLES
        texts = self._store.unchanged(name, tables, lambda: self._texts(first, second))
        votes = {}
        for vote in self._store.votes(first, second, reviewer.name):  # oldest first: the newest vote counts
            key = vote["prompt_id"], vote["k"]
            if key in texts and vote["texts"] in (None, _digest(texts[key])):
                votes[key] = vote["preferred_id"]
        return Ballot(first, second, texts, votes)

    def _texts(self, first: str, second: str) -> Mapping[tuple[int, int], tuple[str, str]]:
        """The first completion of every prompt that both have, then the second, …"""
        a, b = self.completions(first), self.completions(second)
        return {key: (a[key], b[key]) for key in sorted(a.keys() & b.keys(), key=lambda key: (key[1], key[0]))}

    @requires_actor
    def vote(self, ballot: Ballot, key: tuple[int, int], preferred: str, reviewer: Actor) -> None:
        """Save which model's completion a reviewer prefers ('' if neither), in a blind comparison."""
        texts = _digest(ballot.texts[key])
        self._store.add_vote(ballot.first, ballot.second, *key, preferred, reviewer.name, texts)

    def trials(self, first: str, second: str) -> list[Trial]:
        """The typed prompts that both models have completed, the newest first."""
        completions: dict[str, dict[str, list[str]]] = {}
        for row in self._store.trials():
            completions.setdefault(row["job_id"], {}).setdefault(row["model_id"], []).append(row["completion"])
        return [
            Trial(job_id, spec.text, spec.system, {name: drawn[name] for name in (first, second)})
            for job_id, drawn in completions.items()
            if {first, second} <= drawn.keys() and (spec := self._store.job(job_id).sound_spec(TrialSpec))
        ]

    @requires_actor
    def delete(self, model_id: str, author: Actor) -> None:
        """Delete the files of a tuned model; its candidates and metrics stay. Raises StageError if a round still needs it."""
        if model_id == BASE_ID:
            raise StageError("the base model is not the project's to delete")
        model = next((m for m in self._store.models() if m.model_id == model_id), None)
        if model is None:
            raise StageError(f"there is no model {model_id!r}")
        if self._store.jobs(active=True):
            raise StageError("a job is running: delete models when no job runs")
        current = self._project_state.current_round()
        if model_id in (
            self._project_state.settings().target.reference,
            self._project_state.target(current.round).reference,
        ):
            raise StageError(f"{model_id} is the reference of the target: candidates are scored by it")
        if model_id == self._store.proposal_choice(current.round):
            raise StageError(f"{model_id} is what the next round draws from: choose another proposal first")
        if model_id == current.model_id:
            raise StageError(f"{model_id} is the proposal of round {current.round}: its candidates are drawn from it")
        tuned = self._project_state.tuned_model(current.round)
        if tuned is not None and model_id == tuned.model_id:
            raise StageError(
                f"{model_id} is what round {current.round} tuned: it can be deleted once round {current.round + 1} is "
                "open and draws from another model"
            )
        if tuned is not None and model_id == next_proposal(self._store, self._project_state):
            raise StageError(f"{model_id} is what the next round draws from: choose another proposal first")
        self._store.add_model_deletion(model_id, author.name)  # first: half-deleted files must not look whole
        self._sizes.pop(model_id, None)
        if (self._folder / model.folder).exists():
            shutil.rmtree(self._folder / model.folder)

    def stale_proposal(self) -> StaleProposal | None:
        """Set if the newest round's candidates were drawn from another model than the current one: their log q is no longer
        that of the model in use. None if they belong to it, or if there are none."""
        round_record, current = self._project_state.current_round(), current_model(self._store, self._project_state)
        if current == round_record.model_id or not self._store.round_counts(round_record.round).candidates:
            return None
        tuned = self._project_state.tuned_model(round_record.round)
        return StaleProposal(
            round_record.round, round_record.model_id, current, tuned is not None and tuned.model_id == current
        )

    def graph(self, ink: str, accent: str) -> str:
        """The lineage in Graphviz's language, in the colour `ink`; the model that the next round draws from in `accent`."""
        look = f'color="{ink}", fontcolor="{ink}", fontname=sans'
        lines = ["digraph {", f"rankdir=LR; bgcolor=transparent; node [shape=box, style=rounded, {look}];"]
        lines.append(f"edge [fontsize=10, {look}];")
        curated = {curated_set.curated_id: curated_set for curated_set in self._store.curated_sets()}
        proposal = current_model(self._store, self._project_state)
        for view in self.models():
            bold = f', penwidth=2.5, color="{accent}"' if view.model.model_id == proposal else ""
            faded = ", style=dashed" if view.deleted else ""
            lines.append(f"{_quoted(view.model.model_id)} [label={_quoted(_label(view))}{bold}{faded}];")
        for view in self.models():
            made = curated.get(view.model.curated_id or "")
            if view.model.parent_id and made:
                drawn, accepted = made.summary["candidates"], made.summary["accepted"]
                how = (
                    ("at random" if control is Control.RANDOM else "at random of what passes the constraints")
                    if (control := control_of(made.curated_id))
                    else f"accepted, {made.summary['overridden']:,} by people"
                )
                label = f"round {view.model.round}: {drawn:,} drawn\n{accepted:,} {how}\n{made.curated_id}"
                lines.append(
                    f"{_quoted(view.model.parent_id)} -> {_quoted(view.model.model_id)} [label={_quoted(label)}];"
                )
        return "\n".join([*lines, "}"])

    def changed_settings(self, first: int, second: int) -> dict[str, tuple[Any, Any]]:
        """The settings that differ between two rounds, by dotted name."""
        rounds = {round_record.round: round_record.settings for round_record in self._store.rounds()}
        a, b = _flat(rounds[first]), _flat(rounds[second])
        return {name: (a.get(name), b.get(name)) for name in sorted(a | b) if a.get(name) != b.get(name)}

    def curated_change(self, first: CuratedRecord, second: CuratedRecord) -> CuratedChange:
        """What changed between two curated sets: by candidate within a round, by prompt and text between rounds. Frozen sets
        do not change, so it is computed once."""
        name = ("curated change", first.curated_id, second.curated_id)
        return self._store.unchanged(name, ("curated_sets",), lambda: self._curated_change(first, second))

    def _curated_change(self, first: CuratedRecord, second: CuratedRecord) -> CuratedChange:
        columns = ["candidate_id"] if first.round == second.round else ["prompt_id", "completion"]
        a, b = (
            {tuple(row.values()) for row in self._store.curated_samples(one.curated_id).select(columns).to_pylist()}
            for one in (first, second)
        )
        return CuratedChange(len(b - a), len(a - b), len(a & b))

    def _size(self, model_id: str, folder: Path) -> int:
        if model_id not in self._sizes:
            self._sizes[model_id] = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        return self._sizes[model_id]

    def _yardstick(self) -> _Yardstick | None:
        """One yardstick for all models: target, M and completions of the newest round with an evaluation. Cached until one of
        its tables changes."""
        name = ("yardstick", self._project_state.settings().model_dump_json())
        return self._store.unchanged(name, COMPARED_TABLES, self._find_yardstick)

    def _find_yardstick(self) -> _Yardstick | None:
        for round_record in reversed(self._store.rounds()):
            for threshold in self._store.thresholds(round_record.round)[:1]:
                evaluation = self._project_state.evaluation(round_record.round)
                if evaluation.models:
                    target, log_m = target_of(self._store, threshold), common_log_m(self._store, threshold)
                    return _Yardstick(self._project_state.measures, evaluation.key, evaluation.models, target, log_m)
        return None


@dataclass(frozen=True, slots=True)
class _Yardstick:
    """What models are measured by: the held-out completions under an evaluation key, a target and log M (nats); with the
    results so far."""

    measures: Measures
    key: str
    evaluated: set[str]
    target: Target
    log_m: float
    metrics_of: dict[str, dict[str, Interval]] = field(default_factory=dict)
    pairings: dict[tuple[str, str], Pairing] = field(default_factory=dict)

    def metrics(self, model_id: str) -> dict[str, Interval]:
        """The metrics of a model, empty if it was not evaluated."""
        if model_id not in self.evaluated:
            return {}
        if model_id not in self.metrics_of:
            self.metrics_of[model_id] = intervals(self._measured(model_id), self.target)
        return self.metrics_of[model_id]

    def pairing(self, first: str, second: str) -> Pairing | None:
        """Two models compared, None if one of them was not evaluated."""
        if not self.evaluated.issuperset((first, second)):
            return None
        if (first, second) not in self.pairings:
            gain = gains(self._measured(first), self._measured(second), self.target)
            self.pairings[first, second] = Pairing(self.metrics(first), self.metrics(second), gain)
        return self.pairings[first, second]

    def _measured(self, model_id: str) -> Measured:
        return self.measures.measured(self.key, model_id, self.target, self.log_m)


def _label(view: ModelView) -> str:
    metric = next((name for name in ("reward", "pass@1") if name in view.metrics), None)
    shown = "" if metric is None else f"\n{metric} {significant(view.metrics[metric].value)}"
    return view.model.model_id + shown + ("\n(deleted)" if view.deleted else "")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _flat(section: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in section.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat


def prompts_won(votes: Mapping[tuple[int, int], str], first: str, second: str) -> tuple[int, int]:
    """On how many prompts each of two models was preferred more often than the other. Votes on completions of one prompt
    are not independent, so the sign test counts prompts."""
    lead: dict[int, int] = {}
    for (prompt_id, _), preferred in votes.items():
        lead[prompt_id] = lead.get(prompt_id, 0) + (preferred == first) - (preferred == second)
    return sum(ahead > 0 for ahead in lead.values()), sum(ahead < 0 for ahead in lead.values())


def _digest(texts: tuple[str, str]) -> str:
    return blake2b(json.dumps(texts).encode(), digest_size=16).hexdigest()
