"""The log-likelihood of a completion under a teacher with any tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rsf_core import models
from rsf_core.domain import Finish
from rsf_core.domain.errors import ModelError, PromptRefusedError
from rsf_core.model_scorers.located import Located
from rsf_core.model_scorers.texts import Marks, continued, whole_text
from rsf_core.models.placement import Placement
from rsf_core.models.tokens import vocabulary
from rsf_core.proposals.local import LocalProposal
from rsf_core.scorers.base import NoScore, Scored
from rsf_core.scorers.model_checks import TeacherCheck
from rsf_core.scorers.preparing import Workplace


@dataclass(frozen=True, slots=True)
class _Loaded:
    teacher: LocalProposal
    marks: Marks
    end: int


class TeacherLoglik(TeacherCheck):
    name = "teacher_loglik"
    description = (
        "Log-likelihood (nats) of the completion after its prompt under a teacher, by its folder or Hugging Face id, "
        "read through its own chat template and tokenizer, including the end token if it ended. per: token, byte (of "
        "UTF-8, to compare teachers with different tokenizers) or total. A text longer than max_tokens or than the "
        "teacher's context has no score"
    )
    bounds = (float("-inf"), 0.0)
    check = "rsf_core.scorers.model_checks:TeacherCheck"
    opinion = True
    most_at_once = 32  # more would not finish in time with a large model on a processor

    def __init__(self, model: str, per: str = "token", max_tokens: int = 4096, weights: str = "") -> None:
        super().__init__(model, per, max_tokens, weights)
        self._located = Located(self.name, self.model, self.weights, self._load)

    def prepare(self, workplace: Workplace) -> None:
        """Raises ModelError, see Located."""
        self._located.ready(workplace)

    def score(self, batch: Sequence[Scored]) -> list[float | NoScore]:
        loaded = self._located.loaded
        pairs = [self._pair(loaded, scored) for scored in batch]
        read = [pair for pair in pairs if not isinstance(pair, NoScore)]
        totals = iter(loaded.teacher.log_prob(read).tolist() if read else ())
        return [
            pair if isinstance(pair, NoScore) else self._shared(next(totals), pair[1], scored)
            for pair, scored in zip(pairs, batch, strict=True)
        ]

    def _load(self, folder: Path, placement: Placement) -> _Loaded:
        teacher = LocalProposal(folder, placement)
        end = models.eos_ids(teacher.model, teacher.tokenizer)[0]  # ends a turn, if there is a template
        return _Loaded(teacher, Marks(teacher.tokenizer), end)

    def _pair(self, loaded: _Loaded, scored: Scored) -> tuple[tuple[int, ...], tuple[int, ...]] | NoScore:
        """The tokens of the prompt and of the completion, as the teacher reads them."""
        teacher, text = loaded.teacher, whole_text(scored.completion)
        try:
            loaded.marks.refuse(text)
            prompt = teacher.lengths.token_ids(scored.prompt)
            completion = continued(teacher.tokenizer, text)
        except PromptRefusedError as error:
            return NoScore(str(error))
        if scored.finish is Finish.EOS:
            completion = (*completion, loaded.end)
        known = vocabulary(teacher.model)
        if completion and max(completion) >= known:
            raise ModelError(
                f"the tokenizer of {self.model} gives the token {max(completion)}, and the model knows {known}: it is of "
                "another model. Copy or download the model again"
            )
        if not completion:
            return NoScore("it is empty and did not end: there is nothing to judge")
        count = len(prompt) + len(completion)
        if count > self.max_tokens or not teacher.lengths.window.fits(len(prompt), len(completion)):
            most = min(self.max_tokens, teacher.lengths.window.limit or self.max_tokens)
            return NoScore(f"it has {count:,} tokens with its prompt, and the teacher reads {most:,}")
        return prompt, completion

    def _shared(self, total: float, tokens: Sequence[int], scored: Scored) -> float:
        """`total` (nats) per token, per byte or unchanged, by the option `per`; an end token counts as one token and one
        byte."""
        total = min(total, 0.0)  # only rounding takes it above 0
        if self.per == "total":
            return total
        ended = int(scored.finish is Finish.EOS)
        return total / (len(tokens) if self.per == "token" else len(whole_text(scored.completion).encode()) + ended)
