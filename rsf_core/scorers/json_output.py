"""Whether a completion is JSON, fits a schema, or agrees with the reference."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from rsf_core.domain import processor_time
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.text import plain
from rsf_core.scorers import json_schemas, json_values
from rsf_core.scorers.base import MOST_SECONDS_A_MATCH, TOO_LONG, Scored, unreadable
from rsf_core.scorers.checks import JsonMatchCheck, SchemaCheck
from rsf_core.scorers.thoughts import answer_of

_FENCE = re.compile(r"```(?:json)?[ \t]*\r?\n(.*)\n[ \t]*```", re.DOTALL | re.IGNORECASE)
_NOTHING = object()


class Json:
    name = "json"
    description = "1 where the answer is one JSON value (in a ```json fence too, unless fenced is false), otherwise 0"
    bounds = (0.0, 1.0)
    version = "3"

    def __init__(self, fenced: bool = True) -> None:
        self._read = partial(read, fenced=fenced)

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(self._read(scored.completion) is not _NOTHING) for scored in batch]


class JsonSchema(SchemaCheck):
    name = "json_schema"
    description = "1 where the answer is JSON that a JSON Schema allows (of the draft in $schema, else 2020-12), else 0"
    bounds = (0.0, 1.0)
    version = "3"
    needs = ("jsonschema",)
    most_at_once = 64  # even the longest completions finish in time
    check = "rsf_core.scorers.checks:SchemaCheck"

    def __init__(self, schema: Mapping[str, Any], fenced: bool = True) -> None:
        super().__init__(schema, fenced)
        self._read = partial(read, fenced=fenced)

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(self._is_valid(self._read(scored.completion))) for scored in batch]

    def _is_valid(self, value: Any) -> bool:
        """Whether the schema allows the value. Raises ScorerError if that cannot be determined."""
        if value is _NOTHING:
            return False
        try:
            with processor_time.limited(MOST_SECONDS_A_MATCH):
                return json_schemas.is_valid(self._validator, value)
        except processor_time.TooLongError:
            raise ScorerError(f"a pattern of the schema {TOO_LONG}") from None


class JsonMatch(JsonMatchCheck):
    name = "json_match"
    description = (
        "How far the answer's JSON agrees with the reference's, 0 to 1: for two objects the share of equal entries "
        "among all entries of either, otherwise 1 or 0; ignores outer white space and case of texts"
    )
    bounds = (0.0, 1.0)
    version = "3"
    check = "rsf_core.scorers.checks:JsonMatchCheck"
    reference = True

    def __init__(self, fenced: bool = True) -> None:
        super().__init__(fenced)
        self._read = partial(read, fenced=fenced)

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [self._score(scored) for scored in batch]

    def _score(self, scored: Scored) -> float:
        problem = self.reference_problem(scored.prompt.reference)
        if problem is not None:
            raise unreadable(self.name, scored.prompt, problem)
        return agreement(self._read(scored.completion), json_values.loads(scored.prompt.reference or ""))


def agreement(value: Any, reference: Any) -> float:
    """For two objects, the number of names with equal values divided by the number of names in either; for other values, 1 if
    they are equal, else 0."""
    if value is _NOTHING:
        return 0.0
    if not (isinstance(value, dict) and isinstance(reference, dict)) or not (value or reference):
        return float(_alike(value, reference))
    names = value.keys() | reference.keys()
    return sum(name in value and name in reference and _alike(value[name], reference[name]) for name in names) / len(
        names
    )


def _alike(value: Any, reference: Any) -> bool:
    if isinstance(value, bool) or isinstance(reference, bool):
        return value is reference  # true is not 1
    if isinstance(value, str) and isinstance(reference, str):
        return plain(value).strip().casefold() == plain(reference).strip().casefold()
    if isinstance(value, list) and isinstance(reference, list):
        return len(value) == len(reference) and all(map(_alike, value, reference))
    if isinstance(value, dict) and isinstance(reference, dict):
        return value.keys() == reference.keys() and all(_alike(value[name], reference[name]) for name in value)
    return (
        isinstance(value, int | float) and isinstance(reference, int | float) and bool(value == reference)
    ) or value is reference is None


def read(completion: str, fenced: bool) -> Any:
    """The JSON value of a completion or of its answer, or `_NOTHING`. NaN, Infinity and text after the value are not valid
    JSON."""
    # A JSON string may contain the tags of thoughts.
    for text in dict.fromkeys((completion.strip(), answer_of(completion).strip())):
        inside = _FENCE.fullmatch(text) if fenced else None
        try:
            return json_values.loads(text if inside is None else inside[1])
        except (ValueError, RecursionError):
            continue
    return _NOTHING
