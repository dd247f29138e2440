"""Changing the target: preview a draft, save it as a new version, list the versions, and return to an earlier one.

Decisions do not change until somebody asks to decide again; frozen curated sets never change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsf_core.acceptance import decisions, history
from rsf_core.acceptance import preview as previews
from rsf_core.acceptance.preview import Draft, Preview, Stored
from rsf_core.acceptance.target import LOG_MODEL, LOG_Q
from rsf_core.acceptance.target_words import accept_changes, describe, target_changes
from rsf_core.domain import JobKind, settings_file
from rsf_core.domain.access import LOCAL, Actor, requires_actor
from rsf_core.domain.errors import StageError, TargetError
from rsf_core.domain.settings import Accept, Constraint, Target
from rsf_core.project import model_names, target_check
from rsf_core.rounds import versions
from rsf_core.rounds.start import Stages
from rsf_core.rounds.state import BASE_ID, ProjectState
from rsf_core.store.records import ThresholdRecord
from rsf_core.store.store import Store
from rsf_core.store.tally import Votes
from rsf_core.store.target_versions import TargetVersion

KEPT_COLUMNS = 16  # 8 MB each for a million candidates
KEPT_PREVIEWS = 4
EXAMPLES = 4
LONGEST_REASON = 500  # characters
BY_HAND = "changed in project.toml"
MADE = "as the project was made"


@dataclass(frozen=True, slots=True)
class Version:
    """A target that the project had or has, its rule of M (None: not recorded), and in words `what` it is and what `changed`
    since the previous one. `number` is None if it is so far only in project.toml."""

    number: int | None
    target: Target
    accept: Accept | None
    author: str
    reason: str
    created_at: datetime | None
    what: str
    changed: str


@dataclass(frozen=True, slots=True)
class Example:
    """A candidate for a person to read: its `reward` and the `chance` that the rule accepts it, each now and under the draft
    (None: not known), and the first constraint that it `fails` under the draft."""

    candidate_id: str
    prompt: str
    completion: str
    reward: tuple[float | None, float | None]
    chance: tuple[float | None, float | None]
    fails: Constraint | None


@dataclass(frozen=True, slots=True)
class Fate:
    """What saving a target means for the newest round: whether it is already `decided` or `tuned`, whether a job is `running`
    that draws or scores it, so that it is decided by the target in use when the job ends, and how many frozen `curated` sets
    stay."""

    round: int
    candidates: int
    decided: bool
    tuned: bool
    running: bool
    overridden: int
    curated: int


class TargetBook:
    """Previews and saves targets. `onlooker` is the reviewer who asks, None for an owner: gold items look to a reviewer like
    any other candidates (see `Onlooking`)."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        project_state: ProjectState,
        stages: Stages,
        votes_for: Callable[[int, str | None], Votes],
    ) -> None:
        self._folder, self._store, self._project_state, self._stages = folder, store, project_state, stages
        self._votes_for = votes_for
        self._stored = lru_cache(maxsize=2)(self._read_stored)
        self._column = lru_cache(maxsize=KEPT_COLUMNS)(self._read_column)
        self._preview = lru_cache(maxsize=KEPT_PREVIEWS)(self._make_preview)

    def draft(self) -> Draft:
        """The target and the rule of M in the settings."""
        settings = self._project_state.settings()
        return Draft(settings.target, settings.accept)

    # -- looking -------------------------------------------------------------------------------------------------------

    def preview(self, draft: Draft, round_number: int, onlooker: str | None = None) -> Preview | None:
        """What `draft` would do to a round's candidates, from their stored scores; None if there are no candidates. Nothing is
        written. Raises TargetError if a number is too large."""
        version = self._store.scored_version()
        spec, accept = draft.target.model_dump_json(), draft.accept.model_dump_json()
        return self._preview(round_number, spec, accept, version, self._votes_for(round_number, onlooker))

    def _make_preview(
        self, number: int, spec: str, accept: str, version: tuple[int, ...], onlooker_votes: Votes
    ) -> Preview | None:
        draft = Draft(Target.model_validate_json(spec), Accept.model_validate_json(accept))
        stored = self._stored(number, version, onlooker_votes)
        if not len(stored.candidate_ids):
            return None
        scored = self._store.scores_version()
        scores = {scorer: self._column(number, scorer, scored) for scorer in draft.target.scorers}
        source = decisions.reference_of(self._store, draft.target, self._project_state.round(number), BASE_ID)
        known = {None: None, LOG_Q: stored.drawn.log_q, LOG_MODEL: stored.log_model}
        reference = known[source] if source in known else self._column(number, str(source), scored)
        kept, names = self._kept_m(number, draft.target), [*scores, *([] if source in known else [str(source)])]
        return previews.preview(stored, draft, scores, source, reference, kept, self._failed(number, stored, names))

    def _failed(self, number: int, stored: Stored, names: list[str]) -> dict[str, NDArray[np.bool_]]:
        """For each scorer by name, the candidates, (n,), for which it was asked and returned no score."""
        pairs = self._store.pairs_without_score(number, names)
        whose = pairs["scorer"].to_numpy(zero_copy_only=False)
        ids = pairs["candidate_id"].to_numpy(zero_copy_only=False)
        failed: dict[str, NDArray[np.bool_]] = {}
        for name in set(whose.tolist()):
            failed[name] = np.isin(stored.candidate_ids.astype(str), ids[whose == name].astype(str))
        return failed

    def pinned(self, target: Target) -> Target:
        """`target` as it would be saved: each scorer in its current version."""
        return versions.pinned(self._folder, target)

    def check(self, target: Target) -> None:
        """Check whether `target` can be saved. Only a reference, scorers and constraints that the current target lacks are
        checked: see `model_names` and `target_check`. Raises SettingsError, TargetError and ScorerError."""
        now = self._project_state.settings().target
        if target.reference != now.reference:
            models = [model.model_id for model in self._store.models()]
            model_names.check_reference(target.reference, models, self._store.deleted_models())
        target_check.check(self._folder, target, now)

    def reward_now(self, round_number: int) -> NDArray[np.float64] | None:
        """r of each candidate of a preview under the target that the round was decided by, NaN if a score is missing; None if
        the round is not decided yet."""
        thresholds = self._store.thresholds(round_number)
        if not thresholds:
            return None
        target, version = decisions.target_of(self._store, thresholds[0]), self._store.scored_version()
        scored = self._store.scores_version()
        scores = {scorer: self._column(round_number, scorer, scored) for scorer in target.rewards}
        return previews.reward_where_known(target, scores, len(self._stored(round_number, version, ()).candidate_ids))

    def examples(
        self,
        draft: Draft,
        round_number: int,
        mask: NDArray[np.bool_],
        most: int = EXAMPLES,
        onlooker: str | None = None,
    ) -> list[Example]:
        """A few candidates from `mask` (n,) of the preview of `draft`, for a person to read."""
        preview, now = self.preview(draft, round_number, onlooker), self.reward_now(round_number)
        version = self._store.scores_version()
        if preview is None:
            return []
        places = preview.examples(mask, most)
        ids = [str(preview.stored.candidate_ids[place]) for place in places]
        prompt_ids = [int(preview.stored.drawn.prompt_ids[place]) for place in places]
        texts, prompts = self._store.completions(ids), self._store.prompts_by_id(prompt_ids)
        made = []
        for place, name, prompt, text in zip(places, ids, prompt_ids, texts, strict=True):
            scores = {
                scorer: float(self._column(round_number, scorer, version)[place]) for scorer in draft.target.scorers
            }
            made.append(
                Example(
                    name,
                    prompts[prompt]["text"],
                    text,
                    (None if now is None else _known(now[place]), _known(preview.reward[place])),
                    (_known(preview.stored.chance[place]), _known(preview.chance[place])),
                    previews.failing(draft.target, scores),
                )
            )
        return made

    def scores(self, scorer: str, round_number: int) -> NDArray[np.float64]:
        """A scorer's scores of those candidates of a round that have one."""
        column = self._column(round_number, scorer, self._store.scores_version())
        return column[~np.isnan(column)]

    def _read_stored(self, number: int, version: tuple[int, ...], onlooker_votes: Votes) -> Stored:
        return Stored.of(self._store.drawn(number, onlooker_votes))

    def _read_column(self, number: int, scorer: str, version: tuple[int, ...]) -> NDArray[np.float64]:
        return self._store.score_column(number, scorer, everywhere=True)

    def _kept_m(self, number: int, target: Target) -> ThresholdRecord | None:
        spec = target.model_dump(mode="json")
        known = next((row["target_id"] for row in self._store.targets() if row["spec"] == spec), None)
        return None if known is None else history.by_a_person(self._store.thresholds(number), known)

    def fate(self, onlooker: str | None = None) -> Fate:
        """What saving a target means for the newest round."""
        number = self._project_state.current_round().round
        counts = self._store.round_counts(number, self._votes_for(number, onlooker))
        return Fate(
            number,
            counts.candidates,
            counts.decided > 0,
            self._project_state.tuned_model(number) is not None,
            self._is_running(),
            counts.overridden,
            len(self._store.curated_sets()),
        )

    def _is_running(self) -> bool:
        return any(job.kind in (JobKind.GENERATE, JobKind.SCORE) for job in self._store.jobs(active=True))

    # -- saving --------------------------------------------------------------------------------------------------------

    def versions(self) -> list[Version]:
        """Every target the project has had, the newest first; the first is the current one."""
        records = self._store.target_versions.all()
        now = self.draft()
        unsaved = [] if records and _is(records[0], now) else [now]
        older = [*records[1:], None]
        listed = [_version(version, before) for version, before in zip(records, older, strict=True)]
        if not unsaved:
            return listed
        changed = _changed(records[0], now) if records else ""
        return [
            Version(
                None, now.target, now.accept, "", BY_HAND if records else MADE, None, describe(now.target), changed
            ),
            *listed,
        ]

    @requires_actor
    def note(self, author: Actor = LOCAL, reason: str = BY_HAND) -> None:
        """Store the target of the settings as a version, unless it is the newest one already: it may have been changed by one
        setting, or by hand in project.toml."""
        if any(problem.path[0] in ("target", "accept") for problem in self._project_state.settings_problems()):
            return  # defaults are in the place of the values that are not allowed
        records, now = self._store.target_versions.all(), self.draft()
        if not (records and _is(records[0], now)):
            self._add(now, author, reason)

    @requires_actor
    def use(
        self,
        draft: Draft,
        reason: str = "",
        based_on: Draft | None = None,
        decide: bool = False,
        author: Actor = LOCAL,
    ) -> str | None:
        """Make `draft` the project's target at once, as a new version. With `decide`, the newest round is decided again;
        missing scores are computed first, and the job's id is returned. `based_on` is the target that the person has seen,
        which must still be the current one. Raises TargetError if it is not or nothing would change, as `check` does, and
        StageError if the round cannot be decided; then nothing changes."""
        if len(reason) > LONGEST_REASON:
            raise TargetError(f"the reason has {len(reason):,} characters: {LONGEST_REASON} at most")
        draft = Draft(self.pinned(draft.target), draft.accept)
        self.check(draft.target)
        named = {"reference": model_names.reference_name(draft.target.reference)}
        draft = Draft(draft.target.model_copy(update=named), draft.accept)
        fate = self.fate()
        if decide and fate.running:
            raise StageError(
                "a job draws or scores: wait for it or cancel it. Its candidates are decided by the target in use when it ends"
            )
        if decide and not fate.candidates:
            raise StageError(f"round {fate.round} has no candidates to decide: generate them first")
        with self._store.transaction("saving the target"):
            now = self.draft()
            if based_on is not None and based_on != now:
                raise TargetError("the target was changed in the meantime: look at the current one, and try again")
            self.note()
            if draft != now:
                self._add(draft, author, reason)
                settings_file.replace(
                    self._folder, {"target": versions.plain(self._folder, draft.target), "accept": draft.accept}
                )
            elif not decide:
                raise TargetError("this is the target already: nothing would change")
        return self._stages.score(fate.round) if decide else None

    @requires_actor
    def back(self, number: int, decide: bool = False, author: Actor = LOCAL) -> str | None:
        """Make an earlier version the target again, as a new version; see `use`. Raises TargetError if there is no such
        version."""
        earlier = next((version for version in self.versions() if version.number == number), None)
        if earlier is None:
            raise TargetError(f"there is no version {number} of the target: `rsf target DIR` lists them")
        now = self.draft()
        return self.use(
            Draft(earlier.target, earlier.accept or now.accept), f"back to version {number}", now, decide, author
        )

    def _add(self, draft: Draft, author: Actor, reason: str) -> None:
        spec, accept = draft.target.model_dump(mode="json"), draft.accept.model_dump(mode="json")
        self._store.target_versions.add(spec, accept, author.name, reason)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _is(version: TargetVersion, draft: Draft) -> bool:
    same = version.spec == draft.target.model_dump(mode="json")
    return same and version.accept in (None, draft.accept.model_dump(mode="json"))


def _version(stored: TargetVersion, before: TargetVersion | None) -> Version:
    target = Target.model_validate(stored.spec)
    accept = None if stored.accept is None else Accept.model_validate(stored.accept)
    changed = "" if before is None else _changed(before, Draft(target, accept or Accept()), accept is not None)
    return Version(
        stored.version, target, accept, stored.author, stored.reason, stored.created_at, describe(target), changed
    )


def _changed(before: TargetVersion, after: Draft, recorded: bool = True) -> str:
    differences = target_changes(Target.model_validate(before.spec), after.target)
    if before.accept is not None and recorded:
        differences += accept_changes(Accept.model_validate(before.accept), after.accept)
    return "; ".join(differences)
