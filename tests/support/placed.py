"""A stand-in for a second device, where there is none: it refuses what would put a tensor where the default is, or bring
tensors of two devices together, which a GPU refuses and a processor lets pass."""

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
# All that make a tensor of something that is none, as torch lists them for `with torch.device(...)`. Allowed without a device
# are those that take it from a tensor they are given (zeros_like, new_ones, torch.multinomial). torch does not let a mode see
# from_numpy, frombuffer and torch.Tensor(...): that none is used, the sources are searched for.
FACTORIES = _device_constructors()
UNSEEN = ("from_numpy", "frombuffer", "Tensor", "FloatTensor", "DoubleTensor", "LongTensor", "BoolTensor", "IntTensor")
_MOVES = {torch.Tensor.to, torch.Tensor.copy_, torch.Tensor.__setitem__}


class Placed(TorchFunctionMode):
    """While it holds, code of this repository names the device of each tensor that it makes, and an operation has its tensors
    on one device. A number without dimensions may come from the processor, as with a GPU."""

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
    """Which line of this repository called, if it was none of a library."""
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
