"""Faults in training, with messages from which a person knows what to change."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from rsf_core.domain.errors import JobError
from rsf_core.domain.settings import Train

DIVERGED_STEPS = 5


@dataclass(slots=True)
class DivergenceWatch:
    """Detects training that diverges while its numbers stay finite: for `DIVERGED_STEPS` steps, the negative log-likelihood
    (nats a token) has been worse, by more than 1 nat, than at the first step and than `log_vocabulary`, that of a uniform
    guess."""

    log_vocabulary: float
    first: float | None = None
    worse: int = 0

    def see(self, nll: float) -> str | None:
        """What is wrong after a step with this negative log-likelihood, or None."""
        self.first = nll if self.first is None else self.first
        limit = max(self.first, self.log_vocabulary) + 1
        self.worse = self.worse + 1 if nll > limit else 0
        if self.worse < DIVERGED_STEPS:
            return None
        return (
            f"training diverges: the loss began at {self.first:.2f} nats a token, guessing gives {self.log_vocabulary:.2f}, "
            f"and it has been above {limit:.2f} for {DIVERGED_STEPS} steps"
        )


_WANT_OF_MEMORY = ("can't allocate memory", "not enough memory")  # torch's allocators, on Linux and elsewhere


class explained_memory_errors:
    """A context that turns torch's errors for lack of memory into a JobError that names the setting to change."""

    def __init__(self, recipe: Train, step: int) -> None:
        self._recipe, self._step = recipe, step

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: object) -> None:
        lacks_memory = isinstance(error, RuntimeError) and any(words in str(error) for words in _WANT_OF_MEMORY)
        if lacks_memory or isinstance(error, torch.OutOfMemoryError | MemoryError):
            raise JobError(
                f"out of memory at step {self._step}: raise train.accumulate (now {self._recipe.accumulate}), which splits "
                "a step into parts, and resume; the model before is untouched"
            ) from error
