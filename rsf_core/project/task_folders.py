"""A task as a folder that a person writes: start one with a skeleton, check it as a whole, or export one from a project."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import tomlkit

from rsf_core import prompts
from rsf_core.domain import Prompt, Split, settings_reading, turns
from rsf_core.domain.errors import PromptError, RsfError, ScorerError, SettingsError
from rsf_core.domain.files import writable
from rsf_core.domain.settings import Settings
from rsf_core.domain.words import plural
from rsf_core.project.project import Project
from rsf_core.prompts import PromptRow, tasks
from rsf_core.scorers import registry

KEYS = {"title", "description", "settings"}
SECTIONS = (
    "generate",
    "target",
    "score",
    "accept",
    "review",
    "train",
    "evaluate",
    "autopilot",
)  # the other sections depend on the machine
_SEEDED = ("generate", "train")  # each project has its own seeds for these
_SHOWN = 5  # problems of the same kind

_TOML = """title = "{title}"
description = "What is asked, and what is accepted, in a sentence."

[settings.generate]
candidates = 8
max_new_tokens = 32

[settings.target]
reference = "proposal"
tempered = true
constraints = [
    {{ scorer = "exact_match(words_alone=true)", at_least = 1 }},
    {{ scorer = "ended", at_least = 1 }},
]

[settings.accept]
scope = "global"
"""
_README = """# {title}

What the prompts are, how many, and where they come from.
Origin: … Licence: …

    rsf task check {title}
    rsf init ../my-project --task {title}
"""
_EXAMPLES = (
    ("What is the capital of Norway? Answer with its name alone.", "Oslo", Split.TRAIN),
    ("Which colour do blue and yellow make when they are mixed? Answer in one word.", "Green", Split.TRAIN),
    ("What do bees make from nectar? Answer in one word.", "Honey", Split.HELD_OUT),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of a task folder. If it is not an `error`, a project can be created from the folder all the same."""

    message: str
    error: bool = True


def new(folder: Path) -> None:
    """Start a task in a new or empty folder, with three prompts to be replaced. Raises SettingsError if the folder is not
    empty."""
    title = folder.absolute().name
    rows = [PromptRow(text, reference, None, split) for text, reference, split in _EXAMPLES]
    document = tomlkit.parse(_TOML.format(title=title.replace("\\", "").replace('"', "")))
    _write(folder, tomlkit.dumps(document), rows, _README.format(title=title))


def check(folder: Path) -> list[Finding]:
    """Every problem of a task folder; empty if a project can be created from it and there is nothing to improve."""
    missing = [name for name in tasks.FILES if not (folder / name).is_file()]
    if missing:
        return [Finding(f"{folder} has no {name}: `rsf task new` begins a folder with one") for name in missing]
    findings = [*_wrong_toml(folder / "task.toml"), *_wrong_rows(folder / "prompts.jsonl")]
    if any(finding.error for finding in findings):
        return findings
    task = tasks.load(str(folder))
    target = settings_reading.parse({**task.defaults, "task": task.name}, "task.toml").target
    return [*findings, *_wrong_target(task, target.scorers), *_wrong_splits(task)]


def export(project: Project, folder: Path, sealed: bool = False) -> list[Finding]:
    """Write the prompts in use and the settings of a project as a task folder; returns findings about it. Without `sealed`,
    the sealed prompts are left out. Raises SettingsError if there are no prompts, or the folder is not empty."""
    splits = [split for split in Split if sealed or split is not Split.SEALED]
    chosen = [prompt for split in splits for prompt in project.store.prompts(split)]
    if not chosen:
        raise SettingsError("there is no prompt to export: add some on the Prompts page")
    counts = ", ".join(f"{sum(p.split is split for p in chosen)} {_words(split)}" for split in splits)
    known = project.settings
    readme = f"# {known.task}\n\nMade of the project {project.folder.name} by `rsf task export`: {counts} prompts.\n"
    document = tomlkit.document()
    document.add("title", tomlkit.item(known.task))
    document.add("description", tomlkit.item(f"The prompts and the settings of the project {project.folder.name}."))
    document.add("settings", tomlkit.item(exported_settings(known)))
    _write(folder, tomlkit.dumps(document), [_row(prompt) for prompt in chosen], readme)
    left_out = 0 if sealed else project.prompt_counts().get(Split.SEALED, 0)
    notes = [Finding(f"{plural(left_out, 'sealed prompt')} left out: --sealed takes them along", error=False)]
    return [*(notes if left_out else []), *check(folder)]


def exported_settings(known: Settings) -> dict[str, Any]:
    """The settings that a task has: those that differ from the defaults, and the whole target, since a new project starts with
    another default for it. Seeds and settings that depend on the machine are left out."""
    values, default = known.model_dump(mode="json"), Settings(task=known.task).model_dump(mode="json")
    # Settings leave it out if it is false, but a new project would then have true.
    values["target"]["tempered"] = known.target.tempered
    sections: dict[str, Any] = {}
    for name in SECTIONS:
        fields = {
            field: value
            for field, value in values[name].items()
            if value is not None
            and (name == "target" or field not in default[name] or value != default[name][field])
            and not (field == "seed" and name in _SEEDED)
        }
        if fields:
            sections[name] = _without_none(fields)
    return sections


def _without_none(value: Any) -> Any:
    """`value` without None, which TOML does not have."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(one) for one in value] if isinstance(value, list | tuple) else value


def _row(prompt: Prompt) -> PromptRow:
    return PromptRow(prompt.text, prompt.reference, prompt.system, prompt.split, earlier=prompt.earlier)


def _write(folder: Path, toml: str, rows: list[PromptRow], readme: str) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError(f"{folder} is not empty: choose a new folder for the task")
    conversations = any(row.earlier for row in rows)
    lines = (json.dumps(_columns(row, conversations), ensure_ascii=False) for row in rows)
    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "prompts.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        (folder / "README.md").write_text(readme, encoding="utf-8")
        (folder / "task.toml").write_text(toml, encoding="utf-8")


def _columns(row: PromptRow, conversations: bool) -> dict[str, Any]:
    """A row of prompts.jsonl. All rows of a file must have their text in the same column."""
    assert row.split is not None
    own: dict[str, Any] = {"reference": row.reference} if row.reference is not None else {}
    own["split"] = str(row.split)
    if conversations:
        return {"messages": turns.messages(row.text, row.system, row.earlier)} | own
    return {"text": row.text} | ({"system": row.system} if row.system is not None else {}) | own


def _wrong_toml(path: Path) -> Iterator[Finding]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        yield Finding(f"task.toml is not valid TOML: {error}")
        return
    for key in sorted(document.keys() - KEYS):
        section = f"[settings.{key}]" if key in Settings.model_fields else "one of title, description, [settings]"
        yield Finding(f"task.toml: {key} says nothing here; is {section} meant?", error=False)
    for key in ("title", "description"):
        if not isinstance(document.get(key, ""), str):
            yield Finding(f"task.toml: {key} must be a text")
        elif not document.get(key):
            yield Finding(f"task.toml: there is no {key}", error=False)
    table = document.get("settings", {})
    if not isinstance(table, dict):
        yield Finding("task.toml: settings must be a table")
        return
    try:
        for problem in settings_reading.tolerate({**table, "task": path.absolute().parent.name or "task"}, "task.toml")[
            1
        ]:
            yield Finding(f"task.toml: settings.{problem}")
    except SettingsError as error:
        yield Finding(str(error))


def _wrong_rows(path: Path) -> Iterator[Finding]:
    try:
        known = prompts.columns(path)
        column = "messages" if "messages" in known and "text" not in known else "text"
        parsed = prompts.parse(path, column, "reference", "system", "split")
    except PromptError as error:
        yield Finding(f"prompts.jsonl: {error}")
        return
    for problem in parsed.problems:
        yield Finding(f"prompts.jsonl, {problem}")
    for row in parsed.rows:
        if row.split is None:
            yield Finding(f"prompts.jsonl, line {row.line}: split must be train, held_out or sealed")
    if not parsed.rows and not parsed.problems:
        yield Finding("prompts.jsonl has no prompt")


def _wrong_target(task: tasks.Task, scorers: tuple[str, ...]) -> Iterator[Finding]:
    if not scorers:
        yield Finding("task.toml: the target names no scorer: nothing says what is good", error=False)
    rows = [Prompt(row.line or 0, row.text, row.reference) for row in task.prompts]
    for scorer in scorers:
        try:
            registry.get(scorer)
            problems = registry.reference_problems([scorer], rows)
        except RsfError as error:
            yield Finding(f"task.toml: {error}", error=not isinstance(error, ScorerError))
            continue
        for problem in problems[:_SHOWN]:
            yield Finding(f"prompts.jsonl, line {problem.prompt_id}: {scorer!r} {problem.problem}", error=False)
        if len(problems) > _SHOWN:
            yield Finding(
                f"prompts.jsonl: {scorer!r} cannot read {len(problems) - _SHOWN:,} more references", error=False
            )


def _wrong_splits(task: tasks.Task) -> Iterator[Finding]:
    rows = {split: [row for row in task.prompts if row.split is split] for split in Split}
    for split, why in ((Split.TRAIN, "nothing can be drawn"), (Split.HELD_OUT, "no models can be compared")):
        if not rows[split]:
            yield Finding(f"prompts.jsonl has no {_words(split)} prompt: {why}", error=False)
    for one, other in combinations(Split, 2):
        pairs = prompts.check_disjoint([row.whole for row in rows[one]], [row.whole for row in rows[other]])
        for i, j in pairs[:_SHOWN]:
            lines = f"{rows[one][i].line} ({_words(one)}) and {rows[other][j].line} ({_words(other)})"
            yield Finding(f"prompts.jsonl, lines {lines}, nearly the same: none should be on two sides", error=False)
        if len(pairs) > _SHOWN:
            yield Finding(f"prompts.jsonl: {len(pairs) - _SHOWN:,} more such pairs", error=False)


def _words(split: Split) -> str:
    return str(split).replace("_", "-")
