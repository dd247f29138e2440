"""docs/REFERENCE.md, made from the code: `make docs`. The descriptions of settings are written in that file by hand and kept;
their defaults and ranges, the commands, the scorers and the stages come from the code."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from typer.main import get_command

from rsf_core.cli.main import app
from rsf_core.domain.settings import Settings
from rsf_core.rounds import stages
from rsf_core.scorers import reading, registry
from tests.support.documents import ROOT

PATH = ROOT / "docs" / "REFERENCE.md"
HEAD = """# Reference

Generated from the code by `make docs`. Only the last column of settings and stages is written by hand here, and it is kept.
"""
SETTINGS = """## Settings

Settings are in the project's `project.toml`, in a section per first word: `generate.candidates` is `candidates` under
`[generate]`. `rsf set DIR KEY VALUE` changes one and `rsf unset DIR KEY` resets it to its default; a task's `task.toml`
has its own values in `[settings]`. An error for a value that is not allowed says which values are.
"""
COMMANDS = """## Commands

Every command except `rsf app` also takes `--json`: the result as JSON on standard output, and an error, that of a command
line that cannot be read too, as `{"error", "kind"}` with exit code 1. Without `--json`, errors are explained on standard
error, a command line that cannot be read with exit code 2.
"""
SCORERS = """## Scorers

These are the built-in scorers, for `target.rewards` and `target.constraints`. Write options as in `contains(text="cat")`;
options with a value here may be left out. [CONTRIBUTING.md](../CONTRIBUTING.md#a-scorer) says how to write your own.

A thought before the answer (`<think>…</think>`, also `thinking` and `reasoning`; if the prompt opened the tag, everything
up to the closing tag) is not part of the answer (`answer_of` in `rsf_core/scorers/thoughts.py`). Scorers that compare a
completion with the reference or check its form judge only the answer: `chrf`, `exact_match`, `json`, `json_match`,
`json_schema`, `label_format`, `label_match`, `math_match`, `numeric_match`, `one_sentence`, `similarity` and
`unit_tests`; a thought without an end leaves an empty answer. `contains`, `excludes` and `regex` look at the whole
completion, or with `answer_alone=true` at the answer. All others measure or judge the whole completion.

For `unit_tests`, each call of the code from a test takes about 0.1 ms, because tests and code are two processes: a test
that makes tens of thousands of calls needs more `seconds`.
"""
STAGES = """## Stages of a round

The stages run in this order; `rsf run` and the autopilot go through them automatically.
"""


def standing() -> str:
    return PATH.read_text(encoding="utf-8") if PATH.exists() else ""


def rendered(before: str) -> str:
    """The whole document; `before` is its current text, with the parts written by hand."""
    by_hand = descriptions(before)
    parts = [HEAD, SETTINGS, settings_table(by_hand), COMMANDS, *commands(), SCORERS, scorers_table()]
    return "\n".join([*parts, STAGES, stages_table(by_hand)])


def descriptions(text: str) -> dict[str, str]:
    """The last column of each table row, by the name in its first column."""
    return dict(re.findall(r"^\| `([^`\n]+)` \|(?:.*\|)? ([^|\n]*?) ?\|$", text, re.MULTILINE))


def settings_table(by_hand: Mapping[str, str]) -> str:
    head = ("setting", "default", "allowed", "what it does")
    return table(
        head,
        [
            (f"`{key}`", default, allowed, by_hand.get(key, ""))
            for key, default, allowed in settings(Settings.model_json_schema())
        ],
    )


def settings(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """`(key, default, allowed values)` of every setting of a JSON schema."""
    sections = schema["$defs"]

    def below(properties: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str, str]]:
        for name, of in properties.items():
            section = sections.get(of.get("$ref", "").rpartition("/")[2], {})
            if "properties" in section:
                yield from below(section["properties"], f"{prefix}{name}.")
                continue
            yield prefix + name, default_of(of), allowed(of | section)
            item = sections.get(of.get("items", {}).get("$ref", "").rpartition("/")[2])
            if item is not None:
                yield from below(item["properties"], f"{prefix}{name}[].")

    return below(schema["properties"], "")


def default_of(of: Mapping[str, Any]) -> str:
    value = of.get("default")
    match value:
        case None:
            return "–"
        case bool():
            return str(value).lower()
        case int() | float():
            return number(value)
        case [] | {}:
            return "–"
        case _:
            return f"`{value}`"


def allowed(of: Mapping[str, Any]) -> str:
    if "anyOf" in of:
        return " or ".join(allowed(one) for one in of["anyOf"] if one["type"] != "null")
    if "enum" in of:
        return ", ".join(f"`{value}`" for value in of["enum"])
    kinds = {
        "boolean": "true, false",
        "string": "text",
        "object": "a table",
        "array": "a list",
        "integer": "a whole number",
    }
    signs = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
    limits = [f"{sign} {number(of[name])}" for name, sign in signs.items() if abs(of.get(name, math.inf)) < 2**53]
    return " ".join([kinds.get(of["type"], "a number"), ", ".join(limits)]).strip()


def number(value: float) -> str:
    return f"{value:,g}".replace("-", "−") if abs(value) < 1 else f"{value:,.12g}".replace("-", "−")


def commands() -> Iterator[str]:
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        arguments = [argument(parameter) for parameter in command.params if parameter.param_type_name == "argument"]
        yield f"### rsf {name}\n\n`{' '.join(['rsf', name, *arguments])}`\n"
        yield " ".join((command.help or "").split()) + "\n"
        rows = [
            option(parameter)
            for parameter in command.params
            if parameter.opts != ["--json"] and parameter.name != "folder"
        ]
        if rows:
            yield table(("option", "what it does"), rows)


def argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    return name if parameter.required or name.startswith("[") else f"[{name}]"


def option(parameter: Any) -> tuple[str, str]:
    """An argument or an option of a command, with its choices and its default, if it has any worth naming."""
    names = "/".join([*parameter.opts, *parameter.secondary_opts])
    if parameter.param_type_name == "argument":
        names = argument(parameter)
    elif not parameter.is_flag:
        names += f" {parameter.metavar or parameter.opts[-1].strip('-').upper()}"
    notes = [parameter.help or ""]
    choices = parameter.type_descriptor.annotation
    if isinstance(choices, type) and issubclass(choices, StrEnum):
        named = [str(choice) for choice in choices]
        notes.append(f"It is one of {', '.join(named)}." if len(named) > 1 else f"It is {named[0]}, where it is given.")
    if parameter.default not in (None, "") and not isinstance(parameter.default, bool):
        notes.append(f"Default: {parameter.default}.")
    return f"`{names}`", " ".join(notes).strip()


def scorers_table() -> str:
    return table(("scorer", "options", "scores", "what it measures"), scorers())


def scorers() -> Iterator[tuple[str, str, str, str]]:
    """The columns of each scorer that pyproject.toml names, from its card."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name, place in sorted(project["entry-points"][registry.GROUP].items()):
        module, _, kind = place.partition(":")
        card = reading.card_of(name, module, kind)
        assert card is not None, f"{place}: name, description, bounds and the options' defaults must be plain values"
        low, high = (f"{end:g}".replace("inf", "∞").replace("-", "−") for end in card.bounds)
        options = ", ".join(f"`{option}`" for option in card.options) or "–"
        description = card.description + (f" (needs `rsf-studio[{card.extra}]`)" if card.extra else "")
        yield f"`{name}`", options, f"{low} to {high}", description


def stages_table(by_hand: Mapping[str, str]) -> str:
    rows = [
        (f"`{row.stage}`", row.label, f"`{row.kind}`" if row.kind else "a person's", by_hand.get(str(row.stage), ""))
        for row in stages.STAGES
    ]
    return table(("stage", "on the pages", "job", "what it does"), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *(map(cell, row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def cell(text: str) -> str:
    return text.replace("|", r"\|").replace("```", r"\`\`\`")


if __name__ == "__main__":
    PATH.write_text(rendered(standing()), encoding="utf-8")
