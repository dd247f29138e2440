"""Which prompts a model takes: how many tokens each is, and which its template or tokenizer refuses. What draws, and what
checks prompts before anything is drawn, ask here, so that they say the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rsf_core.domain import Prompt
from rsf_core.domain.errors import PromptRefusedError
from rsf_core.models.context_window import ContextWindow, window_of
from rsf_core.models.prompting import Prompting


@dataclass(frozen=True, slots=True)
class Length:
    """Of a prompt as a model gets it, in `tokens`; None where it is `refused`, with the reason."""

    tokens: int | None
    refused: str | None = None

    def problem(self, name: str, window: ContextWindow, max_new_tokens: int) -> str | None:
        """Why the prompt called `name` cannot be drawn from with so many new tokens; None where it can."""
        if self.tokens is None:
            return f"{name}: {self.refused}"
        if window.fits(self.tokens, max_new_tokens):
            return None
        return (
            f"{name} has {self.tokens} tokens; with {max_new_tokens} new ones it does not fit into the model's context of "
            f"{window.limit}"
        )


class Lengths:
    """Of one model; `pad` stands for a prompt without tokens. Raises ModelError, see window_of."""

    def __init__(self, model: Any, tokenizer: Any, pad: int) -> None:
        self.window = window_of(model)
        self._prompting = Prompting(model, tokenizer, pad)
        self._ids: dict[tuple[str | None, tuple[str, ...]], tuple[int, ...]] = {}

    def made(self, prompt: Prompt) -> tuple[int, ...]:
        """The tokens completions of `prompt` follow. Raises ModelError, see Prompting."""
        return self._prompting.token_ids(prompt)

    def token_ids(self, prompt: Prompt) -> tuple[int, ...]:
        """The same, made once: each prompt is checked before any is drawn from."""
        key = (prompt.system, (*prompt.earlier, prompt.text))
        if key not in self._ids:
            self._ids[key] = self.made(prompt)
        return self._ids[key]

    def text(self, prompt: Prompt) -> str:
        """The prompt as the model gets it, special tokens included, or why it does not take it."""
        try:
            return self._prompting.text(self.token_ids(prompt))
        except PromptRefusedError as error:
            return f"(refused: {error})"

    def of(self, prompt: Prompt) -> Length:
        """Raises ModelError where the template takes no prompt."""
        try:
            return Length(len(self.token_ids(prompt)))
        except PromptRefusedError as error:
            return Length(None, str(error))
