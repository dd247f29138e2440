"""A conversation as a prompt: its last question with all turns before it, and the answer that follows as the reference.

A list of questions without answers (`turns` of MT-bench) is different: the file lacks the answers that the later questions
follow. So the first question is read, and the later ones are reported as left out.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from typing import Any, TypeGuard

from rsf_core.domain.turns import Turns
from rsf_core.prompts import marked_texts
from rsf_core.prompts.records import Number

_NO_COMMA = re.compile(r"\}[^\S\n]*\n\s*\{")  # between the turns of an array as NumPy writes it
_LIKE_TURNS = re.compile(r"\s*\[\s*\{\s*['\"]\w{1,40}['\"]\s*:")
_SYSTEM = {"system", "developer"}
_USER = {"user", "human", "prompter"}
_ASSISTANT = {"assistant", "gpt", "bot", "model", "chatgpt", "ai"}
_ROLE_NAMES, _CONTENT_NAMES = ("role", "from", "speaker"), ("content", "value", "text", "parts")


@dataclass(frozen=True, slots=True)
class Conversation:
    """`reply` is the answer to `question` if there is one; `earlier` are the turns before `question`; `left_out` counts the
    later questions that are not read."""

    question: str
    system: str | None
    reply: str | None
    earlier: Turns = ()
    left_out: int = 0

    @property
    def questions(self) -> int:
        return 1 + len(self.earlier) // 2 + self.left_out


def is_one(value: Any) -> TypeGuard[list[Any]]:
    """Whether a value is a list of turns, each with its speaker and its content."""
    return isinstance(value, list) and bool(value) and all(_named(turn) is not None for turn in value)


def are_turns(value: Any) -> TypeGuard[list[Any]]:
    """Whether a value is a list of texts, such as the questions of a conversation."""
    return isinstance(value, list) and bool(value) and all(_is_text(turn) for turn in value)


def read(value: list[Any]) -> Conversation | str:
    """The conversation in a list of turns, or what is wrong with it."""
    if are_turns(value):
        return Conversation(value[0], None, None, left_out=len(value) - 1)
    turns: list[tuple[str, str]] = []
    system = None
    for number, turn in enumerate(value, start=1):
        named = _named(turn)
        if named is None:
            return f"turn {number} does not say who speaks and what"
        speaker, content = named
        kind = _kind(turn)
        if kind is None:
            return f"turn {number} is spoken by {speaker[:40]!r}; system, user and assistant are read"
        text = _text_of(content)
        if text is None:
            return f"turn {number} holds something else than text"
        if kind == "system":
            if number > 1:
                return "has a system turn that does not come first"
            system = text
            continue
        if not turns and kind != "user":
            return "does not begin with a question of the user, so that what it asks depends on what is said before"
        if turns and turns[-1][0] == kind:
            return f"turn {number} is of the {kind}, as the one before: user and assistant must speak by turns"
        if not text.strip() and number < len(value):
            return f"turn {number} is empty"
        turns.append((kind, text))
    if not turns:
        return "does not begin with a question of the user, so that what it asks depends on what is said before"
    reply = turns.pop()[1] if turns[-1][0] == "assistant" else None
    *earlier, question = (text for _, text in turns)
    return Conversation(question, system, reply, tuple(earlier))


def marked(text: str, every: bool = True) -> list[Any] | None:
    """The turns of a text that is marked up as a conversation from beginning to end, with `every` kind of marks, else only
    with those of ChatML; None for any other text."""
    turns: list[Any] | None = marked_texts.turns(text) if every else marked_texts.chatml(text)
    return turns


def written(text: str) -> list[Any] | None:
    """The list of turns that a text spells as JSON or as a Python literal, as in a spreadsheet's cell; None if it spells
    none."""
    try:
        return turns if isinstance(turns := json.loads(text), list) else None
    except (ValueError, RecursionError):
        pass
    try:
        turns = ast.literal_eval(_NO_COMMA.sub("}, {", text))
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None
    return turns if is_one(turns) or are_turns(turns) else None


def spelled(text: str) -> list[Any] | None:
    """The turns of a text that spells a list of them, in a column of any name; None for any other text, and if a speaker is
    neither system, user nor assistant."""
    if not _LIKE_TURNS.match(text):
        return None
    turns = written(text)
    return turns if is_one(turns) and all(_kind(turn) is not None for turn in turns) else None


def before(value: Any, question: str) -> Conversation | str | None:
    """`question` after the turns in a column `history`: pairs of a question and its answer, or turns. None if the column holds
    neither; a text says what is wrong with the turns."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    if is_one(value):
        return read([*value, {"role": "user", "content": question}])
    pairs = isinstance(value, list) and value and all(are_turns(pair) and len(pair) == 2 for pair in value)
    if not pairs:
        return None
    turns = tuple(text for pair in value for text in pair)
    return Conversation(question, None, None, turns) if all(map(str.strip, turns)) else "holds an empty turn"


def system_text(value: Any) -> Any:
    """The text of a system prompt that is given in parts, as {"parts": [{"text": …}]} or a list of parts; any other value as
    it is."""
    parts = value.get("parts", value.get("content")) if isinstance(value, dict) else value
    text = _text_of(parts) if isinstance(value, dict | list) else None
    return value if text is None else text


def reply_in(value: list[Any]) -> str | None:
    """The answer that a list of turns ends with, None if it does not end with one; the list may hold nothing else."""
    role, content = _named(value[-1]) or ("", None)
    return _text_of(content) if role.strip().lower() in _ASSISTANT else None


def _kind(turn: Any) -> str | None:
    """Who speaks a turn: system, user or assistant; None for anybody else."""
    named = _named(turn)
    return None if named is None else speaker(named[0])


def speaker(name: str) -> str | None:
    """Whom a name stands for: system, user or assistant; None for any other name."""
    role = name.strip().lower()
    kinds = (("system", _SYSTEM), ("user", _USER), ("assistant", _ASSISTANT))
    return next((kind for kind, names in kinds if role in names), None)


def _named(turn: Any) -> tuple[str, Any] | None:
    if not isinstance(turn, dict):
        return None
    role = next((turn[name] for name in _ROLE_NAMES if _is_text(turn.get(name))), None)
    content = next((turn[name] for name in _CONTENT_NAMES if turn.get(name) is not None), None)
    return None if role is None else (role, content)


def _text_of(content: Any) -> str | None:
    """The text of a turn, which may be given in parts; None if it holds anything but text."""
    if _is_text(content):
        return str(content)
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        return None
    parts = [
        part["text"]
        if isinstance(part, dict) and part.get("type") in ("text", None) and _is_text(part.get("text"))
        else None
        for part in content
    ]
    return None if not parts or None in parts else "".join(part for part in parts if part is not None)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Number)
