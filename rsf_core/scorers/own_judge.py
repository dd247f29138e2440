"""A project's own judge: PROJECT/scorers/NAME.toml holds the options of `llm_judge`, with the rubric over several lines. The
file is data, and nothing in it runs. Pure functions."""

from __future__ import annotations

import inspect
import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from rsf_core.domain.errors import ScorerError
from rsf_core.scorers.card import REQUIRED, Option, ScorerCard
from rsf_core.scorers.judge_check import JudgeCheck

LONGEST_RUBRIC = 20_000  # characters
LONGEST_SHOWN = 120  # characters of the rubric in a description
_HEAD = (
    "# A judge: a language model behind an OpenAI-compatible endpoint. `key` is the NAME of an environment variable."
)
_OPTIONS = tuple(
    Option(name, REQUIRED if parameter.default is parameter.empty else parameter.default)
    for name, parameter in inspect.signature(JudgeCheck).parameters.items()
)
_ITSELF = f"the scorer {JudgeCheck.name!r}"
_CLOSING = re.compile(r'"(?=""|\Z)')  # a quote that would form or extend the closing quotes
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def read(source: str) -> tuple[dict[str, Any], JudgeCheck]:
    """The options in a file, and their check. Raises ScorerError, whose message continues a sentence that begins with the
    judge's name."""
    try:
        options = tomllib.loads(source.replace("\r\n", "\n"))
    except (ValueError, RecursionError) as error:  # ValueError also for a number with thousands of digits
        raise ScorerError(f"it is not TOML: {error}") from error
    return options, check(options)


def check(options: Mapping[str, Any]) -> JudgeCheck:
    """The check of a judge's options. Raises ScorerError as `read` does."""
    lacking = [option.name for option in _OPTIONS if option.default is REQUIRED and not options.get(option.name)]
    if lacking:
        raise ScorerError(f"it names no {' and no '.join(lacking)}")
    try:
        ScorerCard(JudgeCheck.name, "", options=_OPTIONS).check_options(options)
        judge_check = JudgeCheck(**options)
    except ScorerError as error:
        raise ScorerError(str(error).replace(_ITSELF, "it")) from error
    except OverflowError as error:
        raise ScorerError("it has a number that is too large") from error
    if len(options["rubric"]) > LONGEST_RUBRIC:
        raise ScorerError(
            f"its rubric has {len(options['rubric']):,} characters: {LONGEST_RUBRIC:,} at most, for every question holds it"
        )
    return judge_check


def described(options: Mapping[str, Any]) -> str:
    """The judge in one sentence."""
    rubric = " ".join(options["rubric"].split())
    shown = rubric if len(rubric) <= LONGEST_SHOWN else f"{rubric[: LONGEST_SHOWN - 1]}…"
    return f"What {options['model']} thinks of the completion by the rubric “{shown}”"


def written(options: Mapping[str, Any]) -> str:
    """The options as the text of a file, which `read` reads back. Defaults are left out, and the rubric comes last."""
    defaults = {option.name: option.default for option in _OPTIONS}
    given = {name: options[name] for name in defaults if name in options and name != "rubric"}
    lines = [f"{name} = {_value(value)}" for name, value in given.items() if value != defaults[name]]
    return "\n".join([_HEAD, *lines, f"rubric = {_text(options['rubric'])}", ""])


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _text(text: str) -> str:
    """A text as a TOML string over several lines, which a person can read and edit. Line ends are always a line feed."""
    text = text.replace("\r\n", "\n").replace("\\", "\\\\")
    text = _CLOSING.sub('\\\\"', text)
    escaped = _CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
    return f'"""\n{escaped}"""'
