"""The answers of judges, kept by question in PROJECT/answers.sqlite. A second scoring, or one that continues after a restart,
asks nothing twice. The file also counts the requests and tokens of each scorer so far. Only jobs write to it, and it can be
deleted: the answers are then asked for again."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rsf_core.domain.scorer_ref import label
from rsf_core.domain.words import plural
from rsf_core.scorers.base import Unavailable

NAME = "answers.sqlite"
WAIT_SECONDS = 10.0  # for another job that is writing
_TABLES = """
CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, content TEXT NOT NULL, finish TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (
    scorer TEXT PRIMARY KEY, requests INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, answer_tokens INTEGER NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """The text of a judge's answer, why it ended, and the tokens of question and answer as the endpoint counts them."""

    content: str
    finish: str
    prompt_tokens: int = 0
    answer_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Spent:
    """The requests of a scorer so far, and the tokens of its questions and answers."""

    requests: int
    prompt_tokens: int
    answer_tokens: int


class KeptAnswers:
    """The kept answers of one project; see `open_answers`. Every method raises Unavailable if the file is damaged or cannot be
    written."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path

    def get(self, key: bytes) -> Answer | None:
        with _raising_unavailable(self._path):
            row = self._connection.execute("SELECT content, finish FROM answers WHERE key = ?", (key,)).fetchone()
        return None if row is None else Answer(*row)

    def add(self, scorer: str, key: bytes, answer: Answer) -> None:
        """Keep an answer and count it, in one transaction."""
        tokens = (answer.prompt_tokens, answer.answer_tokens)
        with _raising_unavailable(self._path), self._connection:
            self._connection.execute(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, ?)",
                (key, _storable(answer.content), _storable(answer.finish)),
            )
            self._connection.execute(
                "INSERT INTO spent VALUES (?1, 1, ?2, ?3) ON CONFLICT (scorer) DO UPDATE SET requests = requests + 1, "
                "prompt_tokens = prompt_tokens + ?2, answer_tokens = answer_tokens + ?3",
                (scorer, *tokens),
            )


@contextmanager
def open_answers(folder: Path | None) -> Iterator[KeptAnswers]:
    """The answers of the project in `folder`; without a folder they are kept only within this context. Raises Unavailable."""
    path = Path(":memory:") if folder is None else folder / NAME
    with _raising_unavailable(path):
        if folder is not None:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(path, timeout=WAIT_SECONDS)
    with contextlib.closing(connection):
        with _raising_unavailable(path):
            connection.executescript(_TABLES)
        yield KeptAnswers(connection, path)


def spent(folder: Path) -> Mapping[str, Spent]:
    """What each scorer, by its full name with options, has asked for in this project. Only reads. Raises Unavailable if the
    file is damaged."""
    path = folder / NAME
    if not path.exists():
        return {}
    with (
        _raising_unavailable(path),
        contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection,
    ):
        rows = connection.execute("SELECT scorer, requests, prompt_tokens, answer_tokens FROM spent ORDER BY scorer")
        return {scorer: Spent(*counts) for scorer, *counts in rows.fetchall()}


def spent_between(before: Mapping[str, Spent], after: Mapping[str, Spent]) -> str:
    """What was asked for between two counts, as sentences; "" if nothing was."""
    parts = []
    for scorer, now in after.items():
        was = before.get(scorer, Spent(0, 0, 0))
        if requests := now.requests - was.requests:
            tokens = (now.prompt_tokens - was.prompt_tokens, now.answer_tokens - was.answer_tokens)
            parts.append(
                f"{plural(requests, 'question')} asked for {label(scorer)}: {plural(tokens[0], 'token')} of questions, "
                f"{tokens[1]:,} of answers."
            )
    return " ".join(parts)


def _storable(text: str) -> str:
    """The text without lone surrogates, which SQLite does not accept."""
    return text.encode("utf-8", "replace").decode()


@contextmanager
def _raising_unavailable(path: Path) -> Iterator[None]:
    """Turn errors of the file into Unavailable with what to do."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(
            f"{path}, where the answers of judges are kept, cannot be used ({error}): free some space, or delete it, and "
            "start the stage again. What is in it is asked for again then"
        ) from error
