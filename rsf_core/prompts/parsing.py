"""A prompt file as prompts: broken rows are reported by line, never raised and never guessed at; the good ones are kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsf_core.domain import Split
from rsf_core.domain.errors import PromptError
from rsf_core.domain.turns import whole
from rsf_core.prompts import choices, conversations
from rsf_core.prompts import rows as limits
from rsf_core.prompts.column_names import plainly
from rsf_core.prompts.conversations import Conversation, system_text
from rsf_core.prompts.files import AS_RECOGNISED, Reading
from rsf_core.prompts.formats import CONVERSATIONS, TURNS, companions, gsm8k_answer, side
from rsf_core.prompts.manners import Manner, learn, offered
from rsf_core.prompts.reading import Rows, WrongRow, read_rows
from rsf_core.prompts.records import Number, Record, Unreadable
from rsf_core.prompts.references import is_single, only_one
from rsf_core.prompts.rows import Parsed, Problem, PromptRow

_SURROGATE = re.compile("[\ud800-\udfff]")
# how other programs spell a missing value; other spellings, such as "none" or "na", may be answers
_NOTHING = {"NaN", "nan", "NAN", "-nan", "None", "NULL", "null", "<NA>", "#N/A", "N/A", "NaT"}
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_LIKE_TURNS = re.compile(r"\s*\[\s*\{\s*['\"](?:role|from|content|value|speaker)['\"]")
_IMAGE = re.compile(r"<(?:image|video|audio)>")
_MEDIA = {"image", "images", "image_path", "video", "videos", "audio", "audios"}
_TOOLS = ("tools", "functions")
_NO_TOOLS: tuple[Any, ...] = (None, "", [], {}, "[]", "null")
_OF_ANYBODY = ("text", "content", "message", "body", "value")
_NO_INPUT = ("", "<noinput>", "<no input>")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds which part of a prompt; None for a part that no column holds."""

    text: str
    reference: str | None = None
    system: str | None = None
    split: str | None = None

    @property
    def chosen(self) -> tuple[str | None, ...]:
        return self.text, self.reference, self.system, self.split


def parse(
    path: Path,
    text_column: str,
    reference_column: str | None = None,
    system_column: str | None = None,
    split_column: str | None = None,
    *,
    reading: Reading = AS_RECOGNISED,
    on_row: Callable[[int], None] = lambda count: None,
    keep: Callable[[Sequence[PromptRow]], object] | None = None,
) -> Parsed:
    """Read the rows of a prompt file. Columns that belong to that of the text are read with it: the `input` of an Alpaca
    instruction, the system text and the earlier turns of a conversation. Before each row, `on_row` is given the number of rows
    read so far. With `keep`, the rows are passed to it as they come and are not returned. Raises PromptFileError if the file
    can't be read at all."""
    columns = Columns(text_column, reference_column, system_column, split_column)

    def rows_from(first: Sequence[Record]) -> Callable[[Record, Rows[PromptRow]], tuple[Sequence[PromptRow], int]]:
        manner = learn(first, text_column, reference_column, reference_column)

        def rows_of(record: Record, rows: Rows[PromptRow]) -> tuple[Sequence[PromptRow], int]:
            row = prompt_of(record, columns, manner, rows.problems, rows.notes)
            return [row], characters(row)

        return rows_of

    rows = read_rows(path, reading, rows_from, on_row, keep=keep)
    return Parsed(tuple(rows.read), tuple(rows.problems), rows.in_words)


def characters(row: PromptRow) -> int:
    """The length of a prompt in characters, with its reference and its system prompt."""
    return len(row.whole) + len(row.reference or "") + len(row.system or "")


def prompt_of(
    record: Record, columns: Columns, manner: Manner, problems: list[Problem], notes: Counter[str]
) -> PromptRow:
    """The prompt of a record; parts that are not read are appended to `problems`, or counted in `notes`. Raises WrongRow if
    the record is not a prompt."""
    fields = record.fields
    spoken = _conversation(fields.get(columns.text), columns.text, manner)
    conversation = spoken or _after_history(fields, Conversation(_joined(fields, columns, notes), None, None), columns)
    text, turn_system, earlier = conversation.question, conversation.system, conversation.earlier
    system = text_of(system_text(fields.get(columns.system)), columns.system) if columns.system is not None else None
    if not (system or "").strip():
        system = turn_system
    elif (turn_system or "").strip() and turn_system != system:
        raise WrongRow(columns.system, "is another system prompt than that of the conversation")
    split = text_of(fields.get(columns.split), columns.split) if columns.split is not None else None
    chosen_side = None if split is None or not split.strip() else side(split)
    if split is not None and split.strip() and chosen_side is None:
        raise WrongRow(
            columns.split, f"is {split!r:.60}; it must be {', '.join(Split)}, or test, validation or dev for held_out"
        )
    for value, column in ((whole(text, earlier), columns.text), (system, columns.system or columns.text)):
        check_text(value, column)
    if not text.strip():
        raise WrongRow(columns.text, "is missing or empty")
    if _IMAGE.search(text) and _MEDIA & {name.strip().lower() for name, value in fields.items() if value}:
        raise WrongRow(columns.text, "asks about an image, a video or a sound: prompts are text alone")
    _check_speaker(fields, columns.text, spoken)
    if any(fields.get(name) not in _NO_TOOLS for name in _TOOLS):
        notes["rows come with tools to call, which a prompt here has none of: they are left out"] += 1
    reference = _reference(fields, columns, manner, spoken, notes)
    if reference is not None and record.refused and columns.reference in record.annotated:
        reference = None
        notes["rows were rejected or ignored by whoever annotated them: they have no reference"] += 1
    if spoken is not None and spoken.left_out:
        others = f"{spoken.left_out} later question{'s' if spoken.left_out > 1 else ''} of the conversation"
        lost = ""
        if reference is not None and _answers_the_last(fields, columns):
            reference, lost = None, ", and the reference, which answers the last"
        message = f"the first question is read; {others} {'is' if spoken.left_out == 1 else 'are'} left out{lost}"
        problems.append(Problem(record.line, columns.text, message, kept=True))
    try:
        return PromptRow(text, reference, system or None, chosen_side, record.line, earlier)
    except PromptError as error:
        raise WrongRow(columns.text, str(error)) from error


def _conversation(value: Any, column: str, manner: Manner) -> Conversation | None:
    """The conversation in the text column; None if it holds plain text. Raises WrongRow if the conversation can't be read."""
    name = column.strip().lower()
    if isinstance(value, str) and (marked := _marked(value, manner)):
        value = marked
    elif isinstance(value, str) and name in CONVERSATIONS and value.lstrip().startswith("["):
        value = conversations.written(value) or value  # a list in a spreadsheet's cell
        if isinstance(value, str) and name != "prompt" and _is_like_turns(value):
            raise WrongRow(column, "looks like a list of turns and is neither JSON nor a list of Python")
    elif isinstance(value, str):
        value = conversations.spelled(value) or value
    if not isinstance(value, list):
        return None
    if not value:
        raise WrongRow(column, "is an empty list: there is no turn in it")
    if not any(isinstance(turn, dict) for turn in value) and not (name in TURNS and conversations.are_turns(value)):
        return None
    conversation = conversations.read(value)
    if isinstance(conversation, str):
        raise WrongRow(column, conversation)
    return conversation


def _after_history(fields: dict[str, Any], question: Conversation, columns: Columns) -> Conversation:
    """The question after the earlier turns in a column `history`, if there is one. Raises WrongRow if a turn is wrong."""
    name = next((name for name in fields if plainly(name) == "history" and name not in columns.chosen), None)
    conversation = None if name is None else conversations.before(fields[name], question.question)
    if isinstance(conversation, str):
        raise WrongRow(name, conversation)
    return conversation or question


def _check_speaker(fields: dict[str, Any], column: str, spoken: Conversation | None) -> None:
    """Raises WrongRow if a row is a single message of the assistant or the system, as in a table of messages."""
    role = fields.get("role")
    if spoken is not None or plainly(column) not in _OF_ANYBODY or not isinstance(role, str):
        return
    if conversations.speaker(role) in ("assistant", "system"):
        raise WrongRow("role", f"is {role!r:.40}: what it says is not a prompt")


def _marked(text: str, manner: Manner) -> list[Any] | None:
    """The turns that are marked within a text; None if the text is read literally."""
    turns = conversations.marked(text, every=False)
    if turns or not manner.marked:
        return turns
    turns = conversations.marked(text)
    return None if turns and manner.answered and conversations.reply_in(turns) is not None else turns


def _is_like_turns(text: str) -> bool:
    """Whether a text begins and ends like a list of turns."""
    inside, end = text.rstrip()[:-1], text.rstrip()[-1:]
    return end == "]" and inside.rstrip().endswith("}") and _LIKE_TURNS.match(text) is not None


def _joined(fields: dict[str, Any], columns: Columns, notes: Counter[str]) -> str:
    """The text of the prompt, followed by the columns that belong to it."""
    text = text_of(fields.get(columns.text), columns.text) or ""
    if not text.strip():
        return ""
    parts = [text]
    for name in companions(columns.text, list(fields)):
        if name in columns.chosen:
            continue
        value = fields[name]
        if name.strip().lower() in choices.COLUMNS:
            offered_here = choices.read(value)
            if offered_here is not None:
                value = choices.in_words(offered_here)
            elif not isinstance(value, str) or isinstance(value, Number) or not choices.are_labelled(value):
                if value not in (None, [], {}, ""):
                    notes[f"rows hold nothing to choose from in the column {name[:40]}: it is left out"] += 1
                continue
        part = str(value) if isinstance(value, Number) else text_of(value, name) or ""
        if part.strip().lower() not in _NO_INPUT and part not in _NOTHING:
            parts.append(part)
    return "\n\n".join(parts)


def _reference(
    fields: dict[str, Any], columns: Columns, manner: Manner, conversation: Conversation | None, notes: Counter[str]
) -> str | None:
    if columns.reference is None:
        return None
    value = fields.get(columns.reference)
    if isinstance(value, str):
        value = conversations.spelled(value) or value
    if columns.reference == columns.text:
        reference = conversation.reply if conversation is not None else None
    elif (offered_here := offered(fields, columns.text, columns.chosen)) is not None and (
        chosen := choices.letter(value, offered_here, manner.counting)
    ) is not None:
        reference = chosen
    elif value == [] or value == {}:
        reference = None
    elif isinstance(value, Number | bool):
        reference = str(value).lower() if isinstance(value, bool) else str(value)  # as JSON spells it
    elif conversations.is_one(value):
        reference = conversations.reply_in(value)
    elif manner.single and not is_single(value) and not isinstance(value, Unreadable):
        notes["references are several values or none that is text: read as no reference"] += 1
        reference = None
    elif conversation is not None and conversations.are_turns(value):
        # one answer for each question, of which the last is the prompt, or several right answers
        reference = value[-1] if len(value) == conversation.questions and not conversation.left_out else value[0]
    elif isinstance(value, dict) and isinstance(value.get("value"), str) and "aliases" in value:  # as TriviaQA has it
        reference = value["value"]
    else:
        reference = text_of(only_one(value), columns.reference)
    check_text(reference, columns.reference)
    if reference is None or not reference.strip():
        return None
    if reference.strip() in _NOTHING or _INFINITE.fullmatch(reference.strip()):
        notes["references are NaN, None or infinite: read as no reference"] += 1
        return None
    answer = gsm8k_answer(reference)
    if answer is not None:
        notes["references are worked answers: what stands behind #### is taken"] += 1
    return answer or reference


def _answers_the_last(fields: dict[str, Any], columns: Columns) -> bool:
    """Whether the reference of a conversation with several questions is a single one in a column of its own."""
    return columns.reference != columns.text and not conversations.are_turns(fields.get(columns.reference or ""))


def text_of(value: Any, column: str | None) -> str | None:
    """A value that is text or None. Raises WrongRow for any other value."""
    if isinstance(value, Unreadable):
        raise WrongRow(column, value.why)
    if isinstance(value, Number):
        raise WrongRow(column, f"must be text, not {value.kind}")
    if value is not None and not isinstance(value, str):
        raise WrongRow(column, f"must be text, not {type(value).__name__}")
    return value


def check_text(value: str | None, column: str | None) -> None:
    """Raises WrongRow if a text is longer than LONGEST_TEXT or holds half a surrogate pair."""
    if value is None:
        return
    if len(value) > limits.LONGEST_TEXT:
        raise WrongRow(column, f"is {len(value):,} characters long; at most {limits.LONGEST_TEXT:,} are read")
    if not value.isascii() and _SURROGATE.search(value):
        raise WrongRow(column, "holds half a surrogate pair (\\ud800 to \\udfff), which is not a character")
