"""What judges have answered, kept by what they were asked: PROJECT/answers.sqlite. A second scoring, or one that goes on after
a restart, asks nothing twice. Beside it stands what each scorer has asked for so far, in tokens. Only jobs write here; nothing
rests on it: where the file is deleted, answers are asked for again."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rsf_core.domain.scorer_ref import shown
from rsf_core.domain.words import plural
from rsf_core.scorers.base import Unavailable

NAME = "answers.sqlite"
WAIT_SECONDS = 10.0  # for another job that writes
_TABLES = """
CREATE TABLE IF NOT EXISTS answers (key BLOB PRIMARY KEY, content TEXT NOT NULL, finish TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (
    scorer TEXT PRIMARY KEY, requests INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, answer_tokens INTEGER NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a judge said, why it ended there, and the tokens of question and answer as the endpoint counts them."""

    content: str
    finish: str
    prompt_tokens: int = 0
    answer_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Spent:
    """What a scorer has asked for so far: answers, and the tokens of questions and answers."""

    requests: int
    prompt_tokens: int
    answer_tokens: int


class KeptAnswers:
    """Of one project; see `opened`. Every method raises Unavailable where the file is damaged or cannot be written."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path

    def get(self, key: bytes) -> Answer | None:
        with _said(self._path):
            row = self._connection.execute("SELECT content, finish FROM answers WHERE key = ?", (key,)).fetchone()
        return None if row is None else Answer(*row)

    def add(self, scorer: str, key: bytes, answer: Answer) -> None:
        """Keep an answer, and count it, as one."""
        tokens = (answer.prompt_tokens, answer.answer_tokens)
        with _said(self._path), self._connection:
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
def opened(folder: Path | None) -> Iterator[KeptAnswers]:
    """The answers of the project in `folder`; without one they are kept no longer than this. Raises Unavailable."""
    path = Path(":memory:") if folder is None else folder / NAME
    with _said(path):
        if folder is not None:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(path, timeout=WAIT_SECONDS)
    with contextlib.closing(connection):
        with _said(path):
            connection.executescript(_TABLES)
        yield KeptAnswers(connection, path)


def spent(folder: Path) -> Mapping[str, Spent]:
    """By scorer with its options, what it has asked for in this project; reads alone. Raises Unavailable where the file is
    damaged."""
    path = folder / NAME
    if not path.exists():
        return {}
    with (
        _said(path),
        contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection,
    ):
        rows = connection.execute("SELECT scorer, requests, prompt_tokens, answer_tokens FROM spent ORDER BY scorer")
        return {scorer: Spent(*counts) for scorer, *counts in rows.fetchall()}


def told(before: Mapping[str, Spent], after: Mapping[str, Spent]) -> str:
    """What was asked for between two counts, as sentences; "" where nothing was."""
    parts = []
    for scorer, now in after.items():
        was = before.get(scorer, Spent(0, 0, 0))
        if asked_since := now.requests - was.requests:
            tokens = (now.prompt_tokens - was.prompt_tokens, now.answer_tokens - was.answer_tokens)
            parts.append(
                f"{plural(asked_since, 'question')} asked for {shown(scorer)}: {plural(tokens[0], 'token')} of questions, "
                f"{tokens[1]:,} of answers."
            )
    return " ".join(parts)


def _storable(text: str) -> str:
    """SQLite takes no half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


@contextmanager
def _said(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(
            f"{path}, where the answers of judges are kept, cannot be used ({error}): free some space, or delete it, and "
            "start the stage again. What is in it is asked for again then"
        ) from error
