"""Whether a completion is JSON, and such JSON as is wanted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from rsf_core.domain.errors import ScorerError
from rsf_core.scorers.base import Scored
from rsf_core.scorers.checks import SchemaCheck

_FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*)\n[ \t]*```", re.DOTALL | re.IGNORECASE)
_NOTHING = object()


class Json:
    name = "json"
    description = (
        "1 where the completion is one JSON value (in a ```json fence too, unless fenced is false), otherwise 0"
    )
    bounds = (0.0, 1.0)

    def __init__(self, fenced: bool = True) -> None:
        self._read = partial(read, fenced=fenced)

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(self._read(scored.completion) is not _NOTHING) for scored in batch]


class JsonSchema(SchemaCheck):
    name = "json_schema"
    description = "1 where the completion is JSON that a JSON Schema (2020-12) allows, otherwise 0"
    bounds = (0.0, 1.0)
    needs = ("jsonschema",)
    check = "rsf_core.scorers.checks:SchemaCheck"

    def __init__(self, schema: Mapping[str, Any], fenced: bool = True) -> None:
        super().__init__(schema, fenced)
        self._read = partial(read, fenced=fenced)

    def score(self, batch: Sequence[Scored]) -> list[float]:
        return [float(self._is_valid(self._read(scored.completion))) for scored in batch]

    def _is_valid(self, value: Any) -> bool:
        if value is _NOTHING:
            return False
        try:
            return bool(self._validator.is_valid(value))
        except self._unresolvable as error:
            raise ScorerError(
                f"the schema of the scorer 'json_schema' refers to {error.ref!r:.120}, which it does not hold: write it into "
                "the schema's $defs"
            ) from error
        except RecursionError:  # nested deeper than a validator goes
            return False


def read(completion: str, fenced: bool) -> Any:
    """The JSON value that a completion is, or `_NOTHING`. NaN and Infinity are no JSON, nor is what follows a value."""
    text = completion.strip()
    if fenced and (inside := _FENCE.fullmatch(text)):
        text = inside[1]
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return _NOTHING


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
