"""A file of completions made elsewhere: one prompt a row, with one completion or a list of them.

Each completion may have its log-probability (the sum, in nats, over its tokens, the end token included, or the list of the
tokens' log-probabilities) and its number of tokens. They belong to the distribution that made the completion, so they are kept
as stated. Broken rows are reported by line, never raised and never guessed at.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsf_core.domain.words import plural
from rsf_core.prompts import conversations
from rsf_core.prompts.column_names import plainly
from rsf_core.prompts.files import AS_RECOGNISED, Reading
from rsf_core.prompts.formats import Format, are_marked, usual_column
from rsf_core.prompts.manners import learn, values_of
from rsf_core.prompts.parsing import Columns, characters, check_text, prompt_of, text_of
from rsf_core.prompts.placing import digest
from rsf_core.prompts.reading import Rows, WrongRow, read_rows
from rsf_core.prompts.records import Record, Unreadable
from rsf_core.prompts.rows import Problem, PromptRow, identity

MOST_COMPLETIONS = 1_000  # of one row
ROUNDING = 1e-6  # how far above 0 a log-probability may be that was summed in float32
_COMPLETIONS = (
    *("completion", "completions", "response", "responses", "output", "outputs", "generation", "generations"),
    *("generated_text", "model_response", "model_output", "preferred_output", "answer", "answers", "candidates"),
    *("samples", "prediction", "predictions", "chosen"),
)
_REJECTED = {"chosen": "rejected", "preferred_output": "non_preferred_output"}  # beside the completion in pairs
_LOG_Q = (
    *("log_q", "stated_log_q", "logprob", "log_prob", "sum_logprob", "cumulative_logprob", "logprobs", "log_probs"),
    *("token_logprobs", "token_log_probs"),
)
_TOKENS = ("token_count", "token_counts", "num_tokens", "n_tokens", "completion_tokens")
_SOURCES = ("source", "model_id", "model", "generator")


@dataclass(frozen=True, slots=True)
class CompletionColumns:
    """Which column holds what. If `completion` is the prompt's column, the completion is the answer that its conversation ends
    with. `source` names where each completion was made, in place of one name for all."""

    text: str
    completion: str
    system: str | None = None
    reference: str | None = None
    log_q: str | None = None
    token_count: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class CompletionRow:
    """A completion as given. `number` counts the different prompts of the file in their order, from 0; `log_q` is in nats;
    `line` is where its row begins."""

    prompt: PromptRow
    number: int
    completion: str
    line: int
    log_q: float | None = None
    token_count: int | None = None
    source: str | None = None


def recognise_columns(file_format: Format) -> CompletionColumns | None:
    """What the columns of a file most likely hold; None if no column can hold completions."""
    if file_format.text is None:
        return None
    free = [name for name in file_format.columns if name != file_format.text]
    completion = usual_column(free, _COMPLETIONS) or (
        file_format.text if file_format.reference == file_format.text else None
    )
    if completion is None:
        return None
    free = [name for name in free if name not in (completion, file_format.system)]
    reference = usual_column(free, ("reference", "ground_truth", "gold"))
    return CompletionColumns(
        file_format.text,
        completion,
        file_format.system,
        reference,
        usual_column(free, _LOG_Q),
        usual_column(free, _TOKENS),
        usual_column(free, _SOURCES),
    )


def parse(
    path: Path,
    columns: CompletionColumns,
    keep: Callable[[Sequence[CompletionRow]], object],
    *,
    reading: Reading = AS_RECOGNISED,
    on_row: Callable[[int], None] = lambda count: None,
) -> tuple[list[Problem], tuple[str, ...]]:
    """Read the completions of a file and pass those that can be read to `keep`, a few at a time. Returns what is wrong with
    the other rows, and notes on what was done to many rows alike. Before each row, `on_row` is given the number of rows read
    so far. Raises PromptFileError if the file can't be read at all."""
    prompt_columns = Columns(columns.text, columns.reference, columns.system)
    numbers: dict[bytes, int] = {}  # one prompt has many completions

    def rows_from(
        first: Sequence[Record],
    ) -> Callable[[Record, Rows[CompletionRow]], tuple[Sequence[CompletionRow], int]]:
        manner = learn(first, columns.text, columns.reference, columns.completion)
        rejected = _REJECTED.get(plainly(columns.completion))
        marked = are_marked(columns.completion, values_of(first, columns.completion), answered=False)

        def rows_of(record: Record, rows: Rows[CompletionRow]) -> tuple[Sequence[CompletionRow], int]:
            prompt = prompt_of(record, prompt_columns, manner, rows.problems, rows.notes)
            name = digest(identity(prompt.text, prompt.system, prompt.earlier))
            made = _completions(record, columns, prompt, numbers.get(name, len(numbers)), marked)
            if rejected is not None and record.fields.get(rejected):
                rows.notes[f"rows hold another completion in the column {rejected}: read the file again for these"] += 1
            held = 0 if name in numbers else characters(prompt)
            numbers.setdefault(name, len(numbers))
            return made, held + sum(len(one.completion) for one in made)

        return rows_of

    rows = read_rows(path, reading, rows_from, on_row, "rows or completions", keep)
    return rows.problems, rows.in_words


def _completions(
    record: Record, columns: CompletionColumns, prompt: PromptRow, number: int, marked: bool
) -> list[CompletionRow]:
    """The completions of a row; `marked`: each is the end of a text with marked turns."""
    fields, column = record.fields, columns.completion
    texts = _texts(fields.get(column), column, marked, in_prompt=column == columns.text)
    several = isinstance(texts, list)
    listed = texts if isinstance(texts, list) else [texts]
    if not listed:
        raise WrongRow(column, "holds no completion")
    if len(listed) > MOST_COMPLETIONS:
        raise WrongRow(column, f"holds {len(listed):,} completions; at most {MOST_COMPLETIONS:,} are read of one row")
    for text in listed:
        check_text(text, column)
        if not text.strip():
            raise WrongRow(column, "is missing or empty")
    sums = _each(fields, columns.log_q, len(listed), several, lists=True)
    counts = _each(fields, columns.token_count, len(listed), several)
    source = fields.get(columns.source) if columns.source is not None else None
    if isinstance(source, Unreadable):
        raise WrongRow(columns.source, source.why)
    origin = None if source is None or not str(source).strip() else one_source(str(source), columns.source)
    made = []
    for text, stated, count in zip(listed, sums, counts, strict=True):
        log_q, tokens = _log_q(stated, columns.log_q), _tokens(count, columns.token_count)
        if isinstance(stated, list):
            if tokens is not None and tokens != len(stated):
                numbers_given = "1 log-probability" if len(stated) == 1 else f"{len(stated):,} log-probabilities"
                raise WrongRow(columns.log_q, f"has {numbers_given} for {plural(tokens, 'token')}")
            tokens = len(stated)
        made.append(CompletionRow(prompt, number, text, record.line, log_q, tokens, origin))
    return made


def one_source(text: str, column: str | None = None) -> str:
    """The name of a source as it is stored: one line of at most 200 visible characters. Raises WrongRow for any other text."""
    name = " ".join(text.split())
    check_text(name, column)
    if not name:
        raise WrongRow(column, "is empty: say where the completions were made")
    if len(name) > 200 or not name.isprintable():
        raise WrongRow(column, "is not a name of a source: it needs at most 200 visible characters on one line")
    return name


def _texts(value: Any, column: str, every: bool, in_prompt: bool) -> str | list[str]:
    """The completion, or all completions of a list."""
    if isinstance(value, str) and (marked := conversations.marked(value, every)):
        value = marked
    elif isinstance(value, str) and value.lstrip().startswith("[") and (in_prompt or _is_plural(column)):
        value = _listed(value)  # a list in a spreadsheet's cell
    if conversations.is_one(value):
        reply = conversations.reply_in(value)
        if reply is None:
            raise WrongRow(column, "does not end with an answer of the assistant")
        return reply
    if isinstance(value, list) and not in_prompt:
        return [_text(one, column) for one in value]
    if in_prompt:
        raise WrongRow(column, "is not a conversation, so it ends with no answer")
    return _text(value, column)


def _text(value: Any, column: str) -> str:
    if conversations.is_one(value):
        return conversations.reply_in(value) or ""
    return text_of(value, column) or ""


def _each(fields: dict[str, Any], column: str | None, count: int, several: bool, lists: bool = False) -> list[Any]:
    """The value of a column for each of `count` completions, None for each if the cell is empty. Raises WrongRow if their
    numbers differ."""
    value = None if column is None else fields.get(column)
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _listed(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        return [None] * count
    if not several:
        if isinstance(value, list) and not lists:
            if len(value) != 1:
                raise WrongRow(column, f"has {plural(len(value), 'value')} for one completion")
            return value
        return [value]
    if not isinstance(value, list) or len(value) != count:
        values = plural(len(value), "value") if isinstance(value, list) else "one value"
        raise WrongRow(column, f"has {values} for {plural(count, 'completion')}: give a list with one for each")
    return value


def _log_q(value: Any, column: str | None) -> float | None:
    if isinstance(value, list):
        if not value:
            raise WrongRow(column, "has no log-probability of a token")
        parts = [_log_q(one, column) for one in value if not isinstance(one, list)]
        if len(parts) != len(value) or None in parts:
            raise WrongRow(column, "has something else than log-probabilities of tokens")
        return math.fsum(part for part in parts if part is not None)
    if _is_nothing(value):
        return None
    number = _number(value, column)
    if number > ROUNDING:
        raise WrongRow(
            column,
            f"is {number:g}: a log-probability (in nats, summed over the tokens) is at most 0. A mean, a score or a "
            "perplexity is not one",
        )
    return min(number, 0.0)


def _tokens(value: Any, column: str | None) -> int | None:
    if _is_nothing(value):
        return None
    number = _number(value, column)
    if number != int(number) or not 0 <= number < 2**31:
        raise WrongRow(column, f"is {number:g}: a count of tokens is a whole number")
    return int(number)


def _is_nothing(value: Any) -> bool:
    """Whether a value is empty: an empty cell, or the NaN that tables write for one."""
    return value is None or (isinstance(value, str) and value.strip().lower() in ("", "nan"))


def _number(value: Any, column: str | None) -> float:
    if isinstance(value, Unreadable):
        raise WrongRow(column, value.why)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise WrongRow(column, f"must be a number, not {type(value).__name__}")
    try:
        number = float(value)
    except ValueError as error:
        raise WrongRow(column, f"must be a number, not {str(value)!r:.60}") from error
    if not math.isfinite(number):
        raise WrongRow(column, f"is {value}: a finite number is needed; leave it empty where it is not known")
    return number


def _listed(text: str) -> Any:
    """The list that a cell spells as JSON; the text itself if it is not a list."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, list) else text


def _is_plural(column: str) -> bool:
    return column.strip().lower() in _COMPLETIONS and column.strip().lower().endswith("s")
