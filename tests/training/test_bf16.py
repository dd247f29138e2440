"""Products computed in fp32 and rounded equal those of a processor with bf16 instructions."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from rsf_core.domain.settings import Train
from rsf_core.training import bf16, sft
from rsf_core.training.base import StepMetrics
from rsf_core.training.bf16 import ProductsInFp32
from rsf_core.training.samples import TrainingSample
from tests.support.architectures import gpt2, llama, t5

ULP = 2.0**-8  # of bf16


def operands(*shapes):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(*shape, generator=generator).to(torch.bfloat16) for shape in shapes]


PRODUCTS = {
    "mm": (lambda a, b: a @ b, [(7, 300), (300, 5)]),
    "bmm": (torch.bmm, [(2, 7, 300), (2, 300, 5)]),
    "addmm": (lambda c, a, b: torch.addmm(c, a, b, alpha=0.5), [(7, 5), (7, 300), (300, 5)]),
    "addmm of a bias": (torch.addmm, [(5,), (7, 300), (300, 5)]),
    "addmm in place": (lambda c, a, b: c.clone().addmm_(a, b, alpha=0.5), [(7, 5), (7, 300), (300, 5)]),
    "baddbmm": (lambda c, a, b: torch.baddbmm(c, a, b, beta=0.5), [(2, 7, 5), (2, 7, 300), (2, 300, 5)]),
}


@pytest.mark.parametrize(("product", "shapes"), PRODUCTS.values(), ids=PRODUCTS)
def test_a_product_is_the_exact_one_rounded(product, shapes):
    tensors = operands(*shapes)
    exact = product(*[tensor.double() for tensor in tensors])
    with ProductsInFp32():
        rounded = product(*tensors)
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.double(), exact, rtol=ULP, atol=1e-4)  # sums near 0 lose digits in fp32


def test_what_is_added_in_place_is_changed_in_place():
    c, a, b = operands((7, 5), (7, 300), (300, 5))
    with ProductsInFp32():
        result = c.addmm_(a, b)
    assert result.data_ptr() == c.data_ptr()
    torch.testing.assert_close(result, c, rtol=0, atol=0)


def test_fp32_is_left_as_it_is():
    a, b = (tensor.float() for tensor in operands((7, 300), (300, 5)))
    with ProductsInFp32():
        rounded = a @ b
    assert torch.equal(rounded, a @ b)


@pytest.mark.parametrize("masked", [False, True])
def test_attention_and_its_gradients_are_near_the_exact_ones(masked):
    q, k, v, up = operands(*[(2, 3, 9, 16)] * 4)
    mask = torch.ones(9, 9, dtype=torch.bool).tril() if masked else None

    def attend(mode, dtype):
        leaves = [tensor.to(dtype).requires_grad_() for tensor in (q, k, v)]
        with mode:
            a, b, c = leaves
            result = scaled_dot_product_attention(a, b, c, attn_mask=mask)
            result.backward(up.to(dtype))
        return [result.detach(), *[leaf.grad for leaf in leaves]]

    exact = attend(nullcontext(), torch.float64)
    for gradient, truth in zip(attend(ProductsInFp32(), torch.bfloat16), exact, strict=True):
        assert gradient.dtype == torch.bfloat16
        assert (gradient.double() - truth).norm() < 2 * ULP * truth.norm()


@pytest.mark.parametrize("architecture", [llama, gpt2, t5])
def test_a_model_s_gradients_are_no_farther_from_fp32_than_torch_s_own_in_bf16(architecture):
    torch.manual_seed(0)
    model = architecture().eval()
    ids = torch.arange(12).view(2, 6)

    def gradients(mode, low=True):
        model.zero_grad()
        with mode:
            with torch.autocast("cpu", torch.bfloat16, enabled=low):
                loss = model(input_ids=ids, labels=ids).loss
            loss.backward()
        return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])

    exact = gradients(nullcontext(), low=False)
    ours, torchs = gradients(ProductsInFp32()), gradients(nullcontext())
    assert 0 < (ours - exact).norm() < 1.2 * (torchs - exact).norm()


@pytest.mark.parametrize(
    ("device", "precision", "native", "used"),
    [
        ("cpu", "bf16", False, True),
        ("cpu", "bf16", True, False),
        ("cpu", "bf16", None, False),
        ("cpu", "fp32", False, False),
        ("cuda", "bf16", False, False),
    ],
)
def test_only_bf16_on_a_processor_without_it_is_computed_so(monkeypatch, device, precision, native, used):
    monkeypatch.setattr(bf16, "multiplies_bf16", lambda: native)
    assert isinstance(bf16.products(device, precision), ProductsInFp32) is used


def test_training_in_bf16_gives_the_same_losses_on_either_processor(monkeypatch, tiny_model):
    samples = [TrainingSample((1, 2, 3), (4 + i, 5, 6)) for i in range(8)]
    recipe = Train(epochs=2, batch_size=4, precision="bf16", held_out_share=0.0)
    losses = []
    for native in (True, False):
        monkeypatch.setattr(bf16, "multiplies_bf16", lambda native=native: native)
        steps: list[StepMetrics] = []
        sft.finetune(samples, tiny_model, recipe, steps.append)
        losses.append([step.loss for step in steps])
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
