"""Texts as tokens of a model that judges them. A classifier reads prompt and completion as one row: through its chat template
if it has one, else as a pair of texts."""

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
    """`kinds` gives the text of the pair that each token belongs to; None if the tokenizer does not return it."""

    tokens: tuple[int, ...]
    kinds: tuple[int, ...] | None = None


class Marks:
    """The special tokens that a tokenizer recognises in text, such as the end of a turn: a completion that spells one could
    forge another speaker's turn."""

    def __init__(self, tokenizer: Any) -> None:
        marks = (token.content for token in tokenizer.added_tokens_decoder.values() if token.special)
        self._marks = sorted(mark for mark in marks if mark.strip())

    def refuse(self, completion: str) -> None:
        """Raises PromptRefusedError if the completion holds one."""
        mark = next((mark for mark in self._marks if mark in completion), None)
        if mark is not None:
            raise PromptRefusedError(f"it holds {mark!r}, which is not text for the model but a mark of its own")


def whole_text(text: str) -> str:
    """The text with each lone surrogate, which is not valid text, replaced by a question mark."""
    return text.encode("utf-8", "replace").decode()


def continued(tokenizer: Any, text: str) -> tuple[int, ...]:
    """The tokens of a text that continues another: some tokenizers put a space before the start of a text. Raises
    PromptRefusedError if the tokenizer cannot read it."""

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
    """Rows of tokens for one model. Raises ModelError if its chat template cannot render a prompt."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._chat = Chat(tokenizer) if tokenizer.chat_template else None
        self._vocabulary = vocabulary(model)
        self._marks = Marks(tokenizer)

    def row(self, prompt: Prompt, completion: str) -> Row:
        """The completion as the model's answer to the prompt. Raises PromptRefusedError with the reason if it cannot be
        read."""
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
