"""Whether a completion contains a text or a pattern, or equals the reference: 1 or 0, mostly for constraints. A text or a
pattern is looked for in the whole completion, because a target may also ask for the form of a thought; with answer_alone only
in the answer."""

from __future__ import annotations

from collections.abc import Sequence

from rsf_core.domain import Prompt, processor_time
from rsf_core.domain.text import composed
from rsf_core.scorers.base import MOST_SECONDS_A_MATCH, TOO_LONG, NoScore, Scored, unreadable
from rsf_core.scorers.checks import ContainsCheck, ExactMatchCheck, ExcludesCheck, PatternCheck
from rsf_core.scorers.thoughts import answer_of


class Contains(ContainsCheck):
    name = "contains"
    description = "1 where the completion, or with answer_alone its answer, contains a text, otherwise 0"
    bounds = (0.0, 1.0)
    check = "rsf_core.scorers.checks:ContainsCheck"

    def __init__(self, text: str, ignore_case: bool = False, answer_alone: bool = False) -> None:
        super().__init__(text, ignore_case, answer_alone)

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(self._matches(scored)) for scored in batch]

    def _matches(self, scored: Scored) -> bool:
        return self._text in self._folded(self._judged(scored.completion))


class Excludes(Contains, ExcludesCheck):
    name = "excludes"
    description = "1 where the completion, or with answer_alone its answer, does not contain a text, otherwise 0"
    check = "rsf_core.scorers.checks:ExcludesCheck"

    def _matches(self, scored: Scored) -> bool:
        return not super()._matches(scored)


class Pattern(PatternCheck):
    name = "regex"
    description = (
        "1 where a regular expression (Python's) matches in the completion, or with whole all of it, otherwise 0; with "
        "answer_alone its answer"
    )
    bounds = (0.0, 1.0)
    check = "rsf_core.scorers.checks:PatternCheck"
    most_at_once = 64  # even the longest completions finish in time

    def __init__(
        self, pattern: str, whole: bool = False, ignore_case: bool = False, answer_alone: bool = False
    ) -> None:
        super().__init__(pattern, whole, ignore_case, answer_alone)

    def score(self, batch: Sequence[Scored]) -> list[float | NoScore]:
        return [self._score(composed(self._judged(scored.completion))) for scored in batch]

    def _score(self, completion: str) -> float | NoScore:
        try:
            with processor_time.limited(MOST_SECONDS_A_MATCH):
                return float(self._match(completion) is not None)
        except processor_time.TooLongError:
            return NoScore(f"the pattern {TOO_LONG}")


class ExactMatch(ExactMatchCheck):
    name = "exact_match"
    description = (
        "1 where the completion, or its answer, equals the reference, ignoring outer white space and typography, "
        "otherwise 0; words_alone also ignores case and punctuation"
    )
    bounds = (0.0, 1.0)
    version = "2"
    check = "rsf_core.scorers.checks:ExactMatchCheck"
    reference = True

    def __init__(self, words_alone: bool = False) -> None:
        super().__init__(words_alone)

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(self._expected(scored.prompt) in self._stated(scored.completion)) for scored in batch]

    def _stated(self, completion: str) -> list[str | list[str]]:
        """The texts to compare with the reference. The whole completion is one of them, because a reference may contain
        thoughts."""
        return [self._key(completion), self._key(answer_of(completion))]

    def _expected(self, prompt: Prompt) -> str | list[str]:
        problem = self.reference_problem(prompt.reference)
        if prompt.reference is None or problem is not None:
            raise unreadable(self.name, prompt, problem or "needs a reference")
        return self._key(prompt.reference)
