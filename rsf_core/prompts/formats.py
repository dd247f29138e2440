"""What the columns of a prompt file mean: the common formats of datasets, recognised by the columns' names and values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsf_core.domain import Split
from rsf_core.prompts import annotated, choices, conversations, files
from rsf_core.prompts import rows as limits
from rsf_core.prompts.column_names import REFERENCES, TEXTS, is_plural, plainly
from rsf_core.prompts.files import AS_RECOGNISED, Layout, Reading
from rsf_core.prompts.records import Number
from rsf_core.prompts.references import are_single
from rsf_core.prompts.rows import Problem
from rsf_core.prompts.spreadsheet import is_own_export

SAMPLE = 200
TURNS = ("turns", "dialog", "dialogue", "conversation_turns")
CONVERSATIONS = ("messages", "conversations", "conversation", "prompt", *TURNS)
# columns that belong to the prompt beside another column, such as the input of an instruction
COMPANIONS = {
    "instruction": ("input", "context"),
    "question": ("context", "passage", *choices.COLUMNS),
    "query": ("context", "passage", *choices.COLUMNS),
}
_SYSTEMS = ("system", "system_prompt", "system_message", "system_instruction", "systeminstruction")
_SPLITS = ("split",)
_HELD_OUT = {"test", "testing", "validation", "valid", "val", "dev", "eval", "evaluation", "heldout"}
_SIDES = {str(one): one for one in Split}
_NO_TEXT = {
    "id",
    "ids",
    "index",
    "idx",
    "no",
    "nr",
    "number",
    "uuid",
    "hash",
    "url",
    "source",
    "type",
    "kind",
    "category",
}
_NO_TEXT |= {
    "language",
    "lang",
    "len",
    "length",
    "count",
    "tokens",
    "date",
    "score",
    "rating",
    "name",
}
_RARELY_TEXT = ("method", "model", "status", "level", "role")  # of a request; within a longer name they mean little
GSM8K = re.compile(r"^####[ \t]*(\S[^\n]*?)[ \t]*$", re.MULTILINE)


SHOWN_COLUMNS = 6
_LEAST = 0.05  # the fitness of a column that is read only if there is no other
_BY_NAME = 0.1  # the fitness of a column with a usual name for prompts and few texts: its rows show what is wrong


@dataclass(frozen=True, slots=True)
class Format:
    """A file as it was recognised: its layout, the name of its format, all its columns with that of the prompt first, and
    which of them holds what. `text` is None if no column clearly holds prompts; `problem` then says why, to be read after the
    file's name. There are no columns if no row can be read."""

    layout: Layout
    name: str
    columns: tuple[str, ...]
    text: str | None
    reference: str | None = None
    system: str | None = None
    split: str | None = None
    problem: str | None = None

    def describe(self) -> str:
        return f"{self.layout.describe()}; {self.name}"


def recognise(path: Path, reading: Reading = AS_RECOGNISED) -> Format:
    """The format of a file, from its first rows. Raises PromptFileError if the file can't be read at all."""
    layout = files.look(path, reading)
    records, wrong = files.sample(path, layout, SAMPLE)
    names = list(dict.fromkeys(name for record in records for name in record.fields))[: limits.MOST_COLUMNS]
    values = {name: [r.fields[name] for r in records if r.fields.get(name) is not None] for name in names}
    by_annotators = [name for name in names if any(name in record.annotated for record in records)]
    fitness = {name: 0.0 if name in by_annotators else _fitness(name, values[name], values) for name in names}
    ordered = sorted(names, key=lambda name: -fitness[name])
    if not ordered:
        return Format(layout, "no readable row", (), None, problem=_no_row(path, wrong))
    text = ordered[0]
    if not fitness[text]:
        problem = f'has no column that clearly contains prompts ({_listed(names)}): name that column "prompt"'
        return Format(layout, _columns_of(names), tuple(ordered), None, problem=problem)
    free = [name for name in names if name != text and name not in companions(text, names)]
    if is_own_export(names):
        free = [name for name in free if name != "label"]  # whether the completion is accepted
    free = [name for name in free if not is_plural(name) or are_single(values[name])]
    decided = [name for name in free if plainly(name) in REFERENCES and annotated.are_decisions(values[name])]
    free = [name for name in free if name not in decided]
    # a truth value is a label beside another column, and the reference if there is no other column
    stated = [name for name in free if not annotated.are_places(values[name])]
    reference = usual_column(
        [name for name in stated if any(map(_is_readable, values[name]))], REFERENCES
    ) or usual_column(stated, REFERENCES)
    if reference is None and holds_conversations(text, values[text]) and any(_replies(values[text])):
        reference = text
    system, split = usual_column(free, _SYSTEMS), usual_column(free, _SPLITS)
    unread = None if split is None else next((value for value in values[split] if not _is_side(value)), None)
    tool = next((record.tool for record in records if record.tool is not None), None)
    flat = annotated.flat_label_studio(names)
    if tool is None and flat is not None:
        tool, by_annotators = annotated.LABEL_STUDIO, []
        if len(flat) == 2:
            by_annotators = [name for name in flat if name != text][:1]
    if reference is None and by_annotators:
        reference = max(by_annotators, key=lambda name: len(values[name]))
    name = _format_name(text, reference, names, values)
    if unread is not None:
        name += f"; the column {split} is not used, because it holds {str(unread)[:40]!r}"
        split = None
    if decided:
        name += f"; the column {decided[0][:40]} is not a reference, because it contains the decision on each row"
    if tool == annotated.PRODIGY and reference in by_annotators:
        name += "; the reference is what was accepted, and a row that was rejected or ignored has none"
    if tool is not None:
        columns_shown = ", ".join(column[:40] for column in by_annotators[:SHOWN_COLUMNS]) or "nothing"
        name = f"an export of {tool} (annotated: {columns_shown}); {name}"
    return Format(layout, name, tuple(ordered), text, reference, system, split)


def columns(path: Path) -> list[str]:
    """The columns to choose from: the one that most likely holds the prompt first, then the others as in the file. Raises
    PromptFileError if the file can't be read at all."""
    return list(recognise(path).columns)


def companions(text: str, names: Sequence[str]) -> list[str]:
    """The columns among `names` that are part of the prompt whose first part is the column `text`."""
    partners = COMPANIONS.get(text.strip().lower(), ())
    return [name for name in names if name.strip().lower() in partners]


def holds_conversations(name: str, values: Sequence[Any]) -> bool:
    """Whether most values of a column are conversations: lists of turns, or of texts if its name fits. Some may be empty or
    broken."""
    held = [value for value in values if value != []][:20]
    return sum(_is_conversation(name, value) for value in held) * 2 > len(held)


def are_marked(name: str, values: Sequence[Any], answered: bool) -> bool:
    """Whether turns that are marked within the texts of a column are read as turns: the column holds conversations, and none
    of them ends with an answer that would be lost because another column holds the answers (`answered`). ChatML is always read
    as turns."""
    if not holds_conversations(name, values):
        return False
    texts = [value for value in values if isinstance(value, str) and not conversations.marked(value, every=False)]
    return not (answered and any(_replies(texts)))


def _is_readable(value: Any) -> bool:
    """Whether a value can be a reference by itself."""
    return isinstance(value, str) or conversations.is_one(value) or conversations.are_turns(value)


def _is_side(value: Any) -> bool:
    return isinstance(value, str) and (not value.strip() or side(value) is not None)


def side(text: str) -> Split | None:
    """The side of the split that a data set's word stands for: test and validation are held out. None for an unknown word."""
    plain = text.strip().lower().replace("-", "_").replace(" ", "_")
    return Split.HELD_OUT if plain in _HELD_OUT else Split.TRAIN if plain == "training" else _SIDES.get(plain)


def _no_row(path: Path, wrong: Problem | None) -> str:
    if not path.stat().st_size:
        return "is empty"
    if wrong is not None:
        return f"has no readable row: {wrong}"
    return "has no row: the first line of a CSV names its columns and its rows stand below, a JSONL row is an object"


def _columns_of(names: Sequence[str]) -> str:
    return f"{'column' if len(names) == 1 else 'columns'} {_listed(names)}"


def _listed(names: Sequence[str]) -> str:
    """The names of the first columns, and how many more there are."""
    more = f" and {len(names) - SHOWN_COLUMNS} more" if len(names) > SHOWN_COLUMNS else ""
    return ", ".join(name[:40] for name in names[:SHOWN_COLUMNS]) + more


def _is_conversation(name: str, value: Any) -> bool:
    if isinstance(value, str):
        return conversations.marked(value) is not None or conversations.spelled(value) is not None
    return conversations.is_one(value) or (name.strip().lower() in TURNS and conversations.are_turns(value))


def _replies(values: Sequence[Any]) -> list[bool]:
    turns = (
        (conversations.marked(value) or conversations.spelled(value)) if isinstance(value, str) else value
        for value in values
    )
    return [conversations.is_one(value) and conversations.reply_in(value) is not None for value in turns]


def usual_column(names: Sequence[str], usual: Sequence[str]) -> str | None:
    """The column with the first of the `usual` names that occurs, in whatever case; None if there is none."""
    lower = {plainly(name): name for name in reversed(names)}
    return next((lower[name] for name in usual if name in lower), None)


def _fitness(name: str, values: Sequence[Any], others: dict[str, list[Any]]) -> float:
    """How likely a column holds the prompt; 0 if it can't, so that those columns stay in their order."""
    plain = plainly(name)
    if holds_conversations(name, values):
        return 900.0 if plain in ("prompt", *CONVERSATIONS) else 400.0
    texts = [value for value in values if isinstance(value, str) and not isinstance(value, Number) and value.strip()]
    if len(texts) < max(1, len(values) / 2):
        return _BY_NAME if plain in TEXTS else 0.0
    words = re.split(r"[^a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower().strip())
    if _NO_TEXT & set(words) and plain not in TEXTS:
        return 0.0
    if (plain in REFERENCES and not is_plural(name)) or plain in _SYSTEMS or plain in _SPLITS:
        return 0.0
    if plain in TEXTS:
        return 800.0 - TEXTS.index(plain)
    if any(word in TEXTS for word in words):
        return 600.0
    if all(_is_number(text) for text in texts):
        return 0.0
    if plain in _RARELY_TEXT or is_plural(name):
        return _LEAST
    # among columns of unknown names, the one with the longest texts
    mean = sum(map(len, texts)) / len(texts)
    return 1.0 + min(mean, 10_000.0) / 100.0 if " " in "".join(texts).strip() or len(others) == 1 else 0.5


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _format_name(text: str, reference: str | None, names: Sequence[str], values: dict[str, list[Any]]) -> str:
    plain = text.strip().lower()
    first = next((value for value in values[text] if _is_conversation(text, value)), None)
    if isinstance(first, str):
        first = conversations.spelled(first) or first
    plainly = isinstance(first, str) and "<|im_" not in first
    marked = not plainly or are_marked(text, values[text], reference not in (None, text))
    if marked and holds_conversations(text, values[text]):
        if {"candidate_id", "completion", "prompt_token_ids"} <= set(names):
            return "an export of RSF Studio (the question is the prompt, the completion the reference)"
        if plain in TURNS:
            return "turns (the first question is the prompt, because the answers between them are missing)"
        kind = (
            ("turns marked in a text" if plainly else "ChatML")
            if isinstance(first, str)
            else "ShareGPT"
            if first and "from" in first[0]
            else "chat messages"
        )
        answer = "; an answer behind it is the reference" if reference == text else ""
        return f"conversations ({kind}: the last question is the prompt, with the turns before it{answer})"
    joined = [
        name
        for name in companions(text, names)
        if name.strip().lower() not in choices.COLUMNS or any(map(choices.read, values[name]))
    ]
    if plain == "instruction" and joined:
        kind = "Alpaca" if joined[0].strip().lower() == "input" else "Dolly"
        return f"{kind} ({text} and {joined[0]} together are the prompt)"
    if joined:
        return f"columns ({text} and {joined[0]} together are the prompt)"
    if reference is not None and values[reference] and all(gsm8k_answer(str(value)) for value in values[reference]):
        return "GSM8K (the reference is what stands behind ####)"
    return _columns_of(names)


def gsm8k_answer(reference: str) -> str | None:
    """The text after the only #### of a worked answer, in its last line; None for any other text."""
    answers = GSM8K.findall(reference) if "####" in reference else []
    if len(answers) != 1 or not reference.rstrip().endswith(answers[0]):
        return None
    return str(answers[0])
