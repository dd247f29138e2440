"""Texts as tokens of a model that judges them. A classifier reads prompt and completion as one row: through its chat template
where it has one, else as a pair of texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rsf_core.domain import Prompt
from rsf_core.domain.errors import ModelError, PromptRefusedError
from rsf_core.models.chat import Chat
from rsf_core.models.prompting import plain
from rsf_core.models.tokens import vocabulary


@dataclass(frozen=True, slots=True)
class Row:
    """`kinds` says of each token which text of a pair it is of; None where the model is not told."""

    tokens: tuple[int, ...]
    kinds: tuple[int, ...] | None = None


class Marks:
    """What a tokenizer takes for a mark of its own (the end of a turn) and not for text: a completion that spells one would
    speak for others."""

    def __init__(self, tokenizer: Any) -> None:
        marks = (token.content for token in tokenizer.added_tokens_decoder.values() if token.special)
        self._marks = sorted(mark for mark in marks if mark.strip())

    def refuse(self, completion: str) -> None:
        """Raises PromptRefusedError where the completion holds one."""
        mark = next((mark for mark in self._marks if mark in completion), None)
        if mark is not None:
            raise PromptRefusedError(f"it holds {mark!r}, which is not text for the model but a mark of its own")


def whole_text(text: str) -> str:
    """Without halves of surrogate pairs, which are no text: a question mark stands for each."""
    return text.encode("utf-8", "replace").decode()


def continued(tokenizer: Any, text: str) -> tuple[int, ...]:
    """The tokens of a text that goes on behind another: some tokenizers put a space before what begins."""

    def encoded(part: str) -> list[int]:
        return list(tokenizer(part, add_special_tokens=False, truncation=False, verbose=False).input_ids)

    try:
        before, both = encoded("\n"), encoded(f"\n{text}")
        return tuple(both[len(before) :] if both[: len(before)] == before else encoded(text))
    except Exception as error:  # a tokenizer out of a damaged folder can raise anything
        raise PromptRefusedError(
            f"the tokenizer of the model cannot read it: {type(error).__name__}: {error}"
        ) from error


class Texts:
    """Of one model. Raises ModelError where its chat template takes no prompt."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._chat = Chat(tokenizer) if tokenizer.chat_template else None
        self._vocabulary = vocabulary(model)
        self._marks = Marks(tokenizer)

    def row(self, prompt: Prompt, completion: str) -> Row:
        """The completion as the model's answer to the prompt. Raises PromptRefusedError with why it cannot be read."""
        completion = whole_text(completion)
        self._marks.refuse(completion)
        if self._chat is not None:
            ids = self._encoded(self._chat.conversation(prompt, completion), add_special_tokens=False)
        else:
            ids = self._encoded(plain(prompt), completion)
        return ids

    def _encoded(self, *texts: str, **settings: bool) -> Row:
        try:
            encoded = self._tokenizer(*texts, truncation=False, verbose=False, **settings)
        except Exception as error:  # a tokenizer out of a damaged folder can raise anything
            raise PromptRefusedError(
                f"the tokenizer of the model cannot read it: {type(error).__name__}: {error}"
            ) from error
        tokens, kinds = encoded["input_ids"], encoded.get("token_type_ids")
        if tokens and max(tokens) >= self._vocabulary:
            raise ModelError(
                f"the tokenizer gives the token {max(tokens)}, and the model has embeddings for {self._vocabulary} "
                "tokens: it belongs to another model. Copy or download the model again"
            )
        return Row(tuple(tokens), None if kinds is None else tuple(kinds))
