"""How the candidates of a round are accepted: its target, M, the round at every M, the rules side by side."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rsf_core.acceptance import decisions, history, marks, rules
from rsf_core.acceptance.landscape import Landscape
from rsf_core.acceptance.marks import Mark
from rsf_core.acceptance.preview import Draft
from rsf_core.acceptance.rules import RuleOutcome
from rsf_core.acceptance.target import reward
from rsf_core.domain import ChosenBy, Scope
from rsf_core.domain.access import LOCAL, Actor, requires_actor
from rsf_core.domain.errors import StageError
from rsf_core.domain.settings import Target
from rsf_core.project.target_book import TargetBook
from rsf_core.review.suggestion import Suggestion
from rsf_core.rounds.start import Stages
from rsf_core.rounds.state import ProjectState
from rsf_core.store.records import ThresholdRecord
from rsf_core.store.store import Store
from rsf_core.store.tally import Votes

KEPT_LANDSCAPES = 2  # about 100 MB each for a million candidates


class AcceptanceBook:
    """Decides what a round accepts. `onlooker` is the reviewer who asks, None for an owner: gold items look to a reviewer like
    any other candidates (see `Onlooking`)."""

    def __init__(
        self,
        store: Store,
        project_state: ProjectState,
        stages: Stages,
        target_book: TargetBook,
        votes_for: Callable[[int, str | None], Votes],
    ) -> None:
        self._store, self._project_state, self._stages, self._target_book = store, project_state, stages, target_book
        self._votes_for = votes_for
        self._kept_marks = lru_cache(maxsize=KEPT_LANDSCAPES)(self._make_marks)
        self._kept_landscape = lru_cache(maxsize=KEPT_LANDSCAPES)(self._make_landscape)
        self._ruled: dict[
            tuple[int, Scope], tuple[tuple[int, int], Landscape]
        ] = {}  # each with the version of its ratios

    def threshold(self, round_number: int | None = None) -> ThresholdRecord | None:
        """The current M, or None before scoring."""
        thresholds = self._store.thresholds(self._project_state.number(round_number))
        return thresholds[0] if thresholds else None

    @requires_actor
    def set_threshold(
        self,
        log_m: float,
        scope: Scope,
        round_number: int | None = None,
        author: Actor = LOCAL,
        reason: str = "by hand",
    ) -> None:
        """Make `log_m` (nats) the current M of a round. Raises StageError before scoring."""
        number = self._project_state.number(round_number)
        current = self.threshold(number)
        if current is None:
            raise StageError(f"round {number} has no scores yet: M is chosen after scoring")
        self._store.add_threshold(number, current.target_id, log_m, scope, author.name, reason)

    def thresholds(self, round_number: int | None = None) -> list[ThresholdRecord]:
        """Every M the round has had, the current one first."""
        return self._store.thresholds(self._project_state.number(round_number))

    @requires_actor
    def undo_threshold(self, round_number: int | None = None, author: Actor = LOCAL) -> bool:
        """Return to the previous M; False if there is none under this target."""
        number = self._project_state.number(round_number)
        earlier = history.before(self._store.thresholds(number))
        if earlier is None:
            return False
        self._store.add_threshold(
            number, earlier.target_id, earlier.log_m, earlier.scope, author.name, history.UNDO, ChosenBy.UNDO
        )
        return True

    def target(self, round_number: int | None = None) -> Target | None:
        """The target that a round is decided by, or None before scoring."""
        current = self.threshold(round_number)
        return None if current is None else decisions.target_of(self._store, current)

    def landscape(self, scope: Scope, round_number: int | None = None, onlooker: str | None = None) -> Landscape | None:
        """The round at every M, or None before scoring. It is cached until a score is added; overrides are always current."""
        number = self._project_state.number(round_number)
        return self._kept_landscape(
            number, scope, self._store.ratios_version(number), self._votes_for(number, onlooker)
        )

    def _make_landscape(
        self, round_number: int, scope: Scope, version: tuple[int, int, int], onlooker_votes: Votes
    ) -> Landscape | None:
        ratios, before = self._store.ratios(round_number, onlooker_votes), self._ruled.get((round_number, scope))
        if before is not None and before[0] == version[:2] and before[1].candidates == ratios.num_rows:
            return before[1].with_overrides(ratios["override"].to_numpy())
        if not ratios.num_rows:
            return None
        landscape = Landscape(ratios, scope)
        self._ruled = dict([*self._ruled.items(), ((round_number, scope), (version[:2], landscape))][-KEPT_LANDSCAPES:])
        return landscape

    def marks(self, scope: Scope, round_number: int | None = None, onlooker: str | None = None) -> list[Mark]:
        """The values of log M worth a mark, each judged on held-out prompts; cached as long as the landscape."""
        number = self._project_state.number(round_number)
        return self._kept_marks(number, scope, self._store.ratios_version(number), self._votes_for(number, onlooker))

    def _make_marks(
        self, round_number: int, scope: Scope, version: tuple[int, int, int], onlooker_votes: Votes
    ) -> list[Mark]:
        landscape, target = (
            self._kept_landscape(round_number, scope, version, onlooker_votes),
            self.target(round_number),
        )
        if landscape is None or target is None or not landscape.possible:
            return []
        of_the_draws = landscape.kept(
            ("marks", target.model_dump_json()), lambda: marks.of_the_draws(landscape, target)
        )
        return [*of_the_draws, marks.agreeing(landscape)]

    def ratios(self, round_number: int | None = None, onlooker: str | None = None) -> pa.Table:
        """One row for each scored candidate: log_ratio, critical_log_m, scale (nats), decision, override (−1, 0, 1), …"""
        number = self._project_state.number(round_number)
        return self._store.ratios(number, self._votes_for(number, onlooker))

    def scorers(self, round_number: int | None = None) -> list[str]:
        """The scorers that have scored candidates of a round."""
        return self._store.scorers(self._project_state.number(round_number))

    def scores(self, scorer: str, round_number: int | None = None) -> NDArray[np.float64]:
        """The score of every row of `ratios`, in its order; NaN if this scorer has not scored the candidate."""
        return self._store.score_column(self._project_state.number(round_number), scorer)

    def reward(self, round_number: int | None = None) -> NDArray[np.float64]:
        """r of every row of `ratios` under the round's target; −∞ if a constraint fails or the candidate was truncated, so
        that no rule keeps it. If the target has no reward, all that pass have the same r (0)."""
        number = self._project_state.number(round_number)
        target, ratios = self.target(number), self._store.ratios(number)
        if target is None:
            raise StageError(f"round {number} has no scores yet: rewards come with scoring")
        scores = {scorer: self.scores(scorer, number) for scorer in target.rewards}
        possible = np.isfinite(ratios["log_ratio"].to_numpy()) & ~ratios["truncated"].to_numpy()
        return np.where(possible, reward(target, scores, ratios.num_rows), -np.inf)

    def compare_rules(
        self, log_m: float, scope: Scope, round_number: int | None = None, onlooker: str | None = None
    ) -> list[RuleOutcome]:
        """What each acceptance rule would keep of the round's candidates, rejection sampling at `log_m` (nats) first."""
        number = self._project_state.number(round_number)
        landscape, ratios = self.landscape(scope, number, onlooker), self.ratios(number, onlooker)
        if landscape is None:
            raise StageError(f"round {number} has no scores yet: rules are compared after scoring")
        return rules.compare(landscape, log_m, ratios, self.reward(number), self._store.completions)

    @requires_actor
    def take_suggestion(self, suggestion: Suggestion, round_number: int | None = None, author: Actor = LOCAL) -> None:
        """Make the suggested target the project's, as a new version. The round is decided again by it, at the suggested M."""
        number = self._project_state.number(round_number)
        now, changes = self._target_book.draft(), {"rewards": suggestion.target.rewards, "beta": suggestion.target.beta}
        draft = Draft(now.target.model_copy(update=changes), now.accept)
        if draft != now:
            self._target_book.use(draft, "agrees best with the overrides", now, author=author)
        if self._stages.score(number) is None:  # no score was missing: the decisions are derived already
            self.set_threshold(suggestion.log_m, suggestion.scope, number, author, "agrees best with the overrides")
