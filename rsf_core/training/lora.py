"""LoRA with the arithmetic of a layer in one autograd function. peft builds the adapters and merges them. peft's own forward
makes about eight passes over each layer's output (casts, scaling, sum), which costs more than the adapters' products."""

from __future__ import annotations

from typing import Any

import torch
from peft import LoraConfig, TaskType, get_peft_model
from peft.tuners import lora
from torch import Tensor, nn


def attach(base: Any, rank: int, alpha: float) -> Any:
    """The model with new adapters (B = 0) on all its linear layers except the head; only the adapters are trained."""
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,
        target_modules="all-linear",
        lora_dropout=0.0,
        task_type=TaskType.SEQ_2_SEQ_LM if base.config.is_encoder_decoder else TaskType.CAUSAL_LM,
    )
    model = get_peft_model(base, config)
    for layer in model.modules():
        if isinstance(layer, lora.Linear) and type(layer.base_layer) is nn.Linear:  # GPT-2's layers are transposed
            layer.forward = _Forward(layer)
    return model


class _Forward:
    """x (..., in) → W·x + b + scaling·B·A·x, (..., out), in the precision of the autocast around it, if any. For training
    only: the layer's single adapter must be active and not merged."""

    def __init__(self, layer: lora.Linear) -> None:
        (name,) = layer.active_adapters
        self._base, self._scaling = layer.base_layer, layer.scaling[name]
        self._a, self._b = layer.lora_A[name], layer.lora_B[name]
        self._frozen = self._base.weight

    def __call__(self, x: Tensor) -> Tensor:
        device = x.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype
        if self._frozen.dtype != dtype:  # autocast would convert it at every step; merging needs the original
            self._frozen = self._base.weight.detach().to(dtype)
        rows, a, b = (tensor.to(dtype) for tensor in (x.reshape(-1, x.shape[-1]), self._a.weight, self._b.weight))
        result: Tensor = _Product.apply(rows, self._frozen, self._base.bias, a, b, self._scaling)  # type: ignore[no-untyped-call]
        return result.view(*x.shape[:-1], -1)


class _Product(torch.autograd.Function):
    """x Wᵀ + b + s·(x Aᵀ) Bᵀ, (N, out), and its gradients by x, A and B (Hu et al. 2021). x (N, in), W (out, in), b (out,),
    A (r, in), B (out, r), all of one precision except b."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scaling: float
    ) -> Tensor:
        down = x @ a.t()
        result = x @ weight.t() if bias is None else torch.addmm(bias.to(x.dtype), x, weight.t())
        ctx.save_for_backward(x, weight, a, b, down)
        ctx.scaling = scaling
        return result.addmm_(down, b.t(), alpha=scaling)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, a, b, down = ctx.saved_tensors
        up = (gradient @ b).mul_(ctx.scaling)
        by_x = (gradient @ weight).addmm_(up, a) if ctx.needs_input_grad[0] else None
        return by_x, None, None, up.t() @ x, (gradient.t() @ down).mul_(ctx.scaling), None
