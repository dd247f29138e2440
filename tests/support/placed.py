"""A stand-in for a second device on a machine without one. It refuses code that creates a tensor on the default device, or
that combines tensors of two devices, which a GPU refuses too."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._device import _device_constructors

ROOT = Path(__file__).parents[2]
# The functions that create a tensor from other values, as torch lists them for `with torch.device(...)`. Those that take the
# device from a given tensor are allowed (zeros_like, new_ones, torch.multinomial). A mode cannot see from_numpy, frombuffer
# and torch.Tensor(...): a search of the sources checks that they are not used.
FACTORIES = _device_constructors()
UNSEEN = ("from_numpy", "frombuffer", "Tensor", "FloatTensor", "DoubleTensor", "LongTensor", "BoolTensor", "IntTensor")
_MOVES = {torch.Tensor.to, torch.Tensor.copy_, torch.Tensor.__setitem__}


class Placed(TorchFunctionMode):
    """Within this mode, code of this repository must name the device of each tensor that it creates, and all tensors of an
    operation must be on one device. A tensor without dimensions may be on the processor, as with a GPU."""

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in FACTORIES and kwargs.get("device") is None and (place := _ours()):
            raise AssertionError(f"torch.{func.__name__} names no device, in {place}")
        if func not in _MOVES:
            devices = {tensor.device.type for tensor in _tensors((args, kwargs)) if tensor.dim()}
            if len(devices) > 1:
                raise AssertionError(f"{getattr(func, '__name__', func)} has tensors on {sorted(devices)}")
        return func(*args, **kwargs)


def _ours() -> str | None:
    """The line of this repository that made the call; None if a library made it."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and "/torch/" in frame.f_code.co_filename:
        frame = frame.f_back
    if frame is None or "site-packages" in frame.f_code.co_filename:
        return None
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
    elif isinstance(value, list | tuple):
        parts: Iterable[Any] = value
        for part in parts:
            yield from _tensors(part)
