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
    """A model by its `name`, loaded from its folder by `load`. `weights`: the hash that its files must have, "" for any.
    It is loaded again if its files or its placement have changed."""

    def __init__(self, scorer: str, name: str, weights: str, load: Callable[[Path, Placement], T]) -> None:
        self._scorer, self._name, self._weights, self._load = scorer, name, weights, load
        self._kept: tuple[tuple[Path, str, Placement], T] | None = None

    def ready(self, workplace: Workplace) -> T:
        """The loaded model. Raises ModelError if the model is missing, has other files than `weights`, or cannot be loaded;
        SettingsError if the device is not available."""
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
            self._kept = None  # frees the old model before the next is loaded
            self._kept = (key, self._load(folder, key[2]))
        return self._kept[1]

    @property
    def loaded(self) -> T:
        """The model as it was prepared; on the processor if nobody prepared it."""
        return self.ready(Workplace()) if self._kept is None else self._kept[1]
