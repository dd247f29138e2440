"""What stands in a completion: a text, a pattern, the reference. 1 or 0, for constraints above all."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rsf_core.domain import Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.text import composed, plain, words
from rsf_core.scorers.base import Scored, instead, unreadable


class Contains:
    name = "contains"
    description = "1 where the completion contains a text, otherwise 0"
    bounds = (0.0, 1.0)

    def __init__(self, text: str, ignore_case: bool = False) -> None:
        if not isinstance(text, str) or not text:
            raise ScorerError(f'the scorer {self.name!r} needs a text that is not empty, as in {self.name}(text="cat")')
        self._ignore_case = ignore_case
        self._text = self._folded(text)

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(self._found(scored)) for scored in batch]

    def _found(self, scored: Scored) -> bool:
        return self._text in self._folded(scored.completion)

    def _folded(self, text: str) -> str:
        return composed(text.casefold()) if self._ignore_case else composed(text)


class Excludes(Contains):
    name = "excludes"
    description = "1 where the completion does not contain a text, otherwise 0"

    def _found(self, scored: Scored) -> bool:
        return not super()._found(scored)


class Pattern:
    name = "regex"
    description = (
        "1 where a regular expression (Python's) matches in the completion, or with whole all of it, otherwise 0"
    )
    bounds = (0.0, 1.0)

    def __init__(self, pattern: str, whole: bool = False, ignore_case: bool = False) -> None:
        if not isinstance(pattern, str):
            raise ScorerError(f"the scorer 'regex' needs a pattern that is a text, not {pattern!r:.80}")
        try:
            compiled = re.compile(pattern, re.IGNORECASE if ignore_case else 0)
        except (re.error, RecursionError, OverflowError) as error:
            raise ScorerError(f"the scorer 'regex' cannot read its pattern {pattern!r:.120}: {error}") from error
        self._match = compiled.fullmatch if whole else compiled.search

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(self._match(scored.completion) is not None) for scored in batch]


class ExactMatch:
    name = "exact_match"
    description = (
        "1 where the completion is the reference, outer white space and typography aside, otherwise 0; with words_alone case "
        "and punctuation do not count either"
    )
    bounds = (0.0, 1.0)

    def __init__(self, words_alone: bool = False) -> None:
        self._words_alone = words_alone

    def reference_problem(self, reference: str | None) -> str | None:
        if reference is not None and self._key(reference):
            return None
        return f"needs {'words' if self._words_alone else 'a text'} as the reference, {instead(reference)}"

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(self._key(scored.completion) == self._wanted(scored.prompt)) for scored in batch]

    def _wanted(self, prompt: Prompt) -> str | list[str]:
        problem = self.reference_problem(prompt.reference)
        if prompt.reference is None or problem is not None:
            raise unreadable(self.name, prompt, problem or "needs a reference")
        return self._key(prompt.reference)

    def _key(self, text: str) -> str | list[str]:
        return words(text) if self._words_alone else plain(text).strip()
