"""bf16 on a processor without instructions for it, where torch multiplies in plain loops and a step takes 20 times as long as
in fp32."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from rsf_core.models.hardware import multiplies_bf16

_ATEN = torch.ops.aten
_ATTENTION = _ATEN._scaled_dot_product_flash_attention_for_cpu.default
_PRODUCTS = {
    _ATEN.mm.default,
    _ATEN.bmm.default,
    _ATEN.addmm.default,
    _ATEN.addmm_.default,
    _ATEN.baddbmm.default,
    _ATTENTION,
    _ATEN._scaled_dot_product_flash_attention_for_cpu_backward.default,
}


def products(device: str, precision: Literal["fp32", "bf16"]) -> AbstractContextManager[Any]:
    """The context in which training steps run, forward and backward, in addition to the autocast: `ProductsInFp32` if the
    precision is bf16 and the processor has no instructions for it, else a context that changes nothing."""
    needed = device == "cpu" and precision == "bf16" and multiplies_bf16() is False
    return ProductsInFp32() if needed else nullcontext()  # type: ignore[no-untyped-call]


class ProductsInFp32(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sums products of bf16 operands in fp32 and rounds them to bf16, as the instructions do: the values are those of a
    processor with these instructions, up to the order of the sums."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func not in _PRODUCTS or args[0].dtype != torch.bfloat16:
            return func(*args, **kwargs)
        wide = [_in_fp32(value) for value in args]
        wide_kwargs = {name: _in_fp32(value) for name, value in kwargs.items()}
        if func is _ATEN.addmm_.default:
            return args[0].copy_(_ATEN.addmm(*wide, **wide_kwargs))
        result = func(*wide, **wide_kwargs)
        if func is _ATTENTION:
            output, log_sum_exp = result  # the backward pass needs the latter in fp32
            return output.to(torch.bfloat16), log_sum_exp
        if isinstance(result, Tensor):
            return result.to(torch.bfloat16)
        return tuple(gradient.to(torch.bfloat16) for gradient in result)


def _in_fp32(value: Any) -> Any:
    return value.float() if isinstance(value, Tensor) and value.dtype == torch.bfloat16 else value
