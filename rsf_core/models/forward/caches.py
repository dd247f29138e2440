"""How a model is called: the arguments of its forward pass, and its cache between steps."""

from __future__ import annotations

import inspect
from typing import Any

from torch import Tensor

_CACHES = ("past_key_values", "cache_params")  # attention and hybrids; state-space models


def takes(model: Any, name: str) -> bool:
    """Whether the forward pass of a transformers (or peft) model takes an argument, by name or through **kwargs."""
    parameters = inspect.signature(_inner(model).forward).parameters
    return name in parameters or any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())


def names(model: Any, name: str) -> bool:
    """Whether the forward pass names an argument, so that it does not ignore it."""
    return name in inspect.signature(_inner(model).forward).parameters


def cache_name(model: Any) -> str:
    """The model's name for its cache, as an argument and in its result."""
    return next((name for name in _CACHES if names(model, name)), _CACHES[0])


def select(cache: Any, rows: Tensor) -> None:
    """Replace the rows of a cache by `rows`, indices in any order that may repeat."""
    cache.reorder_cache(rows)  # every layer of every cache has this method, unlike batch_select_indices


def _inner(model: Any) -> Any:
    return model.get_base_model() if hasattr(model, "get_base_model") else model
