"""A scorer's model, found by its name, checked and loaded once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from rsf_core import models
from rsf_core.domain.errors import ModelError
from rsf_core.models import placement
from rsf_core.models.placement import Placement
from rsf_core.scorers.preparing import Workplace

T = TypeVar("T")


class Located(Generic[T]):
    """What `load` makes of the folder of the model called `name`. `weights`: the hash that its files must have, "" whichever.
    It is loaded again where its files or the place have changed."""

    def __init__(self, scorer: str, name: str, weights: str, load: Callable[[Path, Placement], T]) -> None:
        self._scorer, self._name, self._weights, self._load = scorer, name, weights, load
        self._kept: tuple[tuple[Path, str, Placement], T] | None = None

    def ready(self, workplace: Workplace) -> T:
        """Raises ModelError where the model is not there, is not the one it must be, or cannot be loaded; SettingsError where
        the device is not."""
        workplace.progress(f"loading the model of the scorer {self._scorer!r}")
        folder = models.resolve(self._name, lambda fraction, message: workplace.progress(message))
        identity = models.identity_with_tokenizer(folder)
        if self._weights not in ("", identity):
            raise ModelError(
                f"the model at {folder} is not the one that {self._scorer} names (its files hash to {identity}, not "
                f"{self._weights}): its scores would not be comparable. Put it back, or take weights out of its options"
            )
        key = (folder, identity, placement.resolve(workplace.compute))
        if self._kept is None or self._kept[0] != key:
            self._kept = None  # before the next is loaded
            self._kept = (key, self._load(folder, key[2]))
        return self._kept[1]

    @property
    def loaded(self) -> T:
        """As it was prepared; where nobody has, on the processor."""
        return self.ready(Workplace()) if self._kept is None else self._kept[1]
