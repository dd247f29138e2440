"""The tokens that a completion of a prompt follows.

A model with a chat template reads a prompt as its messages. A model without one reads plain text: the system text and the
prompt, separated by an empty line. If there are earlier turns, each turn begins with its speaker, and the text ends with the
next speaker:

    Be brief.

    User: My dog is called Rex.

    Assistant: A fine name.

    User: What is my dog called?

    Assistant:
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rsf_core.domain import Prompt
from rsf_core.domain.errors import PromptRefusedError
from rsf_core.domain.turns import with_roles
from rsf_core.models.chat import Chat
from rsf_core.models.tokens import vocabulary


class Prompting:
    """Prompts as tokens of one model: by the chat template if there is one, else as plain text. `pad` stands for a prompt
    without tokens."""

    def __init__(self, model: Any, tokenizer: Any, pad: int) -> None:
        self._tokenizer, self._pad = tokenizer, pad
        self._vocabulary = vocabulary(model)
        self._causal = not model.config.is_encoder_decoder
        self._chat: tuple[Any, Chat] | None = None

    def token_ids(self, prompt: Prompt) -> tuple[int, ...]:
        """The tokens that completions of `prompt` follow. Raises PromptRefusedError if the template or the tokenizer refuses
        this prompt, or returns a token that the model has no embedding for; ModelError if the template refuses every
        prompt."""
        if self._tokenizer.chat_template:
            ids = self._encoded(self._template().prompt(prompt), special=False)
        else:
            text = plain(prompt)
            ids = self._encoded(text, special=True)
            if self._causal:
                ids = _without_what_follows(ids, self._encoded(text, special=False))
        if ids and max(ids) >= self._vocabulary:
            token = max(ids)
            raise PromptRefusedError(
                f"the tokenizer gives the token {token} ({self._tokenizer.convert_ids_to_tokens(token)!r}), and the model has "
                f"embeddings for {self._vocabulary} tokens: the tokenizer is of another model, or tokens were added to it "
                "without resizing the model"
            )
        return ids or (self._pad,)

    def text(self, token_ids: Sequence[int]) -> str:
        """The text that the model reads, marks of turns included."""
        return str(self._tokenizer.decode(token_ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def _template(self) -> Chat:
        if self._chat is None or self._chat[0] != self._tokenizer.chat_template:
            self._chat = (self._tokenizer.chat_template, Chat(self._tokenizer))
        return self._chat[1]

    def _encoded(self, text: str, special: bool) -> tuple[int, ...]:
        try:
            return tuple(self._tokenizer(text, add_special_tokens=special).input_ids)
        except Exception as error:  # the tokenizer of a damaged folder can raise anything
            raise PromptRefusedError(
                f"the tokenizer of the model cannot read {text[:60]!r}: {type(error).__name__}: {str(error)[:200]}. Copy or "
                "download the model again"
            ) from error


def plain(prompt: Prompt) -> str:
    """The prompt as a model without a chat template reads it."""
    if not prompt.earlier:
        return "\n\n".join(filter(None, (prompt.system, prompt.text)))
    turns = (
        f"{role.capitalize()}: {content}" for role, content in (*with_roles(prompt.earlier), ("user", prompt.text))
    )
    return "\n\n".join(filter(None, (prompt.system, *turns, "Assistant:")))


def _without_what_follows(ids: tuple[int, ...], plain: tuple[int, ...]) -> tuple[int, ...]:
    """`ids` up to the end of the text's own tokens, `plain`: a tokenizer that appends EOS to a text (add_eos_token) would end
    it before the completion begins."""
    if not plain:
        return ids[:1]  # the token that begins every text, or stands for an empty one
    for start in range(len(ids) - len(plain) + 1):
        if ids[start : start + len(plain)] == plain:
            return ids[: start + len(plain)]
    return ids
