"""Which prompts a model takes: how many tokens each has, and which its template or tokenizer refuses. Samplers, and the checks
of prompts before anything is drawn, both use this module, so that they agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rsf_core.domain import Prompt
from rsf_core.domain.errors import PromptRefusedError
from rsf_core.models.context_window import ContextWindow, window_of
from rsf_core.models.prompting import Prompting


@dataclass(frozen=True, slots=True)
class Length:
    """The length of a prompt as a model reads it, in `tokens`; None if the prompt is `refused`, for the reason given there."""

    tokens: int | None
    refused: str | None = None

    def problem(self, name: str, window: ContextWindow, max_new_tokens: int) -> str | None:
        """Why nothing can be drawn from the prompt called `name` with `max_new_tokens`; None if something can."""
        if self.tokens is None:
            return f"{name}: {self.refused}"
        if window.fits(self.tokens, max_new_tokens):
            return None
        return (
            f"{name} has {self.tokens} tokens; with {max_new_tokens} new ones it does not fit into the model's context of "
            f"{window.limit}"
        )


class Lengths:
    """The lengths of prompts for one model; `pad` stands for a prompt without tokens. Raises ModelError, see window_of."""

    def __init__(self, model: Any, tokenizer: Any, pad: int) -> None:
        self.window = window_of(model)
        self._prompting = Prompting(model, tokenizer, pad)
        self._ids: dict[tuple[str | None, tuple[str, ...]], tuple[int, ...]] = {}

    def uncached_token_ids(self, prompt: Prompt) -> tuple[int, ...]:
        """The tokens that completions of `prompt` follow. Raises ModelError, see Prompting."""
        return self._prompting.token_ids(prompt)

    def token_ids(self, prompt: Prompt) -> tuple[int, ...]:
        """The same, cached: each prompt is first checked, then drawn from."""
        key = (prompt.system, (*prompt.earlier, prompt.text))
        if key not in self._ids:
            self._ids[key] = self.uncached_token_ids(prompt)
        return self._ids[key]

    def text(self, prompt: Prompt) -> str:
        """The prompt as the model reads it, special tokens included, or why the model refuses it."""
        try:
            return self._prompting.text(self.token_ids(prompt))
        except PromptRefusedError as error:
            return f"(refused: {error})"

    def of(self, prompt: Prompt) -> Length:
        """The length of a prompt. Raises ModelError if the template takes no prompt at all."""
        try:
            return Length(len(self.token_ids(prompt)))
        except PromptRefusedError as error:
            return Length(None, str(error))
