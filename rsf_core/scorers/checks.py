"""Checks of a scorer's options and of references without loading the scorer: the owner runs them before anything is drawn. A
scorer names its class here as `check` and inherits from it, so that both agree. Nothing heavy is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rsf_core.domain.errors import ScorerError
from rsf_core.domain.patterns import PatternError, composed_pattern
from rsf_core.domain.text import composed, plain, words
from rsf_core.scorers import answered, json_schemas, json_values, tastes
from rsf_core.scorers.answers import reference_number
from rsf_core.scorers.base import instead
from rsf_core.scorers.number import Number
from rsf_core.scorers.thoughts import answer_of

MOST_SECONDS = 20.0  # processor time for one completion's code: a batch of one must fit into score.timeout_seconds
LABELS = ("positive", "negative", "neutral")


class _InTheAnswer:
    """A check with the option to look at the answer alone."""

    _answer_alone = False

    def _judged(self, completion: str) -> str:
        return answer_of(completion).strip() if self._answer_alone else completion


class ContainsCheck(_InTheAnswer):
    name = "contains"

    def __init__(self, text: str, ignore_case: bool = False, answer_alone: bool = False) -> None:
        if not isinstance(text, str) or not text:
            raise ScorerError(f'the scorer {self.name!r} needs a text that is not empty, as in {self.name}(text="cat")')
        self._ignore_case, self._answer_alone = ignore_case, answer_alone
        self._text = self._folded(text)

    def _folded(self, text: str) -> str:
        return composed(text.casefold()) if self._ignore_case else composed(text)


class ExcludesCheck(ContainsCheck):
    name = "excludes"


class PatternCheck(_InTheAnswer):
    def __init__(
        self, pattern: str, whole: bool = False, ignore_case: bool = False, answer_alone: bool = False
    ) -> None:
        if not isinstance(pattern, str):
            raise ScorerError(f"the scorer 'regex' needs a pattern that is a text, not {pattern!r:.80}")
        try:
            compiled = re.compile(composed_pattern(pattern), re.IGNORECASE if ignore_case else 0)
        except (re.error, RecursionError, OverflowError, PatternError) as error:
            raise ScorerError(f"the scorer 'regex' cannot read its pattern {pattern!r:.120}: {error}") from error
        self._match = compiled.fullmatch if whole else compiled.search
        self._answer_alone = answer_alone


class ExactMatchCheck:
    def __init__(self, words_alone: bool = False) -> None:
        self._words_alone = words_alone

    def reference_problem(self, reference: str | None) -> str | None:
        if reference is not None and self._key(reference):
            return None
        return f"needs {'words' if self._words_alone else 'a text'} as the reference, {instead(reference)}"

    def _key(self, text: str) -> str | list[str]:
        return words(text) if self._words_alone else plain(text).strip()


class NumberCheck:
    def reference_problem(self, reference: str | None) -> str | None:
        return None if read_number(reference) is not None else f"needs a number as the reference, {instead(reference)}"


class MathCheck:
    def reference_problem(self, reference: str | None) -> str | None:
        """Only a missing reference is a problem here. The scorer itself reports text that is not mathematics, because it has
        the library to read it."""
        return None if reference and reference.strip() else f"needs mathematics as the reference, {instead(reference)}"


@lru_cache(maxsize=4096)
def read_number(reference: str | None) -> Number | None:
    """The number of a reference; None if it has none. Cached, because a prompt's candidates share it."""
    return reference_number(reference)


class LabelCheck:
    def reference_problem(self, reference: str | None) -> str | None:
        need = f"needs {', '.join(LABELS[:-1])} or {LABELS[-1]} as the reference"
        return None if reference in LABELS else f"{need}, {instead(reference)}"


class TranslationCheck:
    def reference_problem(self, reference: str | None) -> str | None:
        if reference and reference.strip():
            return None
        return "needs a text as the reference, and there is none"


class JsonMatchCheck:
    def __init__(self, fenced: bool = True) -> None:
        self._fenced = fenced

    def reference_problem(self, reference: str | None) -> str | None:
        if not reference or not reference.strip():
            return "needs JSON as the reference, and there is none"
        try:
            json_values.loads(reference)
        except (ValueError, RecursionError) as error:
            return f"needs JSON as the reference, {instead(reference)}: {error}"
        return None


class LanguageCheck:
    def __init__(self, code: str) -> None:
        if not isinstance(code, str) or not code.strip():
            example = 'language(code="en")'
            raise ScorerError(f"the scorer 'language' needs the code of a language, as in {example}, not {code!r:.80}")
        self._code = code.strip().lower()


class UnitTestsCheck:
    """`seconds` of processor time and `memory_mb` are the limits for the code of one completion; `whole`: only code that
    passes every test counts."""

    def __init__(self, seconds: float = 2.0, memory_mb: int = 512, whole: bool = False) -> None:
        if not MOST_SECONDS >= seconds > 0:
            raise ScorerError(f"the scorer 'unit_tests' takes seconds above 0, up to {MOST_SECONDS:g}, not {seconds!r}")
        if not 64 <= memory_mb <= 65_536:
            raise ScorerError(f"the scorer 'unit_tests' takes a memory_mb from 64 to 65536, not {memory_mb!r}")
        self._seconds, self._memory, self._whole = float(seconds), int(memory_mb) << 20, whole

    def reference_problem(self, reference: str | None) -> str | None:
        if not reference or not reference.strip():
            return "needs tests, assert statements of Python, as the reference, and there is none"
        try:
            statements = ast.parse(reference).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return f"needs tests in Python as the reference, and cannot read them: {error}"
        if any(isinstance(statement, ast.Assert) for statement in statements):
            return None
        return f"needs at least one assert statement in the reference, {instead(reference)}"


class SchemaCheck:
    def __init__(self, schema: Mapping[str, Any], fenced: bool = True) -> None:
        if not isinstance(schema, Mapping):
            raise ScorerError(
                "the scorer 'json_schema' needs a schema as a table, as in json_schema(schema={type=\"object\", "
                f'required=["name"]}}), not {schema!r:.80}'
            )
        self._validator = json_schemas.validator(schema)


class AnswerCheck:
    name = answered.NAME

    def __init__(self, question: str, version: str) -> None:
        self.answered = answered.known(question, version)
        self.bounds = self.answered.bounds


class TasteCheck:
    name = tastes.NAME

    def __init__(self, version: str) -> None:
        self._taste = tastes.known(version)
