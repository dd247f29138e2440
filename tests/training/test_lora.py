"""The layer in one function agrees with peft's layer: the same values, gradients and merged weights."""

from __future__ import annotations

import copy

import pytest
import torch
from peft.tuners.lora import Linear

from rsf_core.training import lora
from tests.support.architectures import gpt2, llama, t5

pytestmark = pytest.mark.filterwarnings("ignore:fan_in_fan_out")  # which peft sets itself for GPT-2


@pytest.fixture(params=[llama, gpt2, t5])
def models(request):
    """The model with our layers and with peft's own; the adapters are not 0."""
    torch.manual_seed(0)
    base = request.param().eval()
    ours = lora.attach(base, rank=4, alpha=8)
    for name, parameter in ours.named_parameters():
        if "bias" in name or parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.1)
    theirs = copy.deepcopy(ours)
    for layer in theirs.modules():
        layer.__dict__.pop("forward", None)
    return ours.eval(), theirs.eval()


def adapters(model):
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def run(model, precision=torch.float32):
    model.zero_grad()
    ids = torch.arange(12).view(2, 6)
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == torch.bfloat16):
        logits = model(input_ids=ids, labels=ids).logits
    logits.float().square().mean().backward()
    return logits.detach().float(), {name: parameter.grad for name, parameter in adapters(model).items()}


def test_only_the_adapters_of_the_linear_layers_are_trained(models):
    names = adapters(models[0])
    assert names
    assert all("lora_" in name and "lm_head" not in name for name in names)


def test_values_and_gradients_are_those_of_peft(models):
    (ours, my_gradients), (theirs, their_gradients) = (run(model) for model in models)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    assert my_gradients.keys() == their_gradients.keys()
    for name, gradient in my_gradients.items():
        torch.testing.assert_close(gradient, their_gradients[name], atol=1e-7, rtol=1e-4, msg=name)


def test_under_autocast_they_are_no_farther_from_fp32_than_those_of_peft(models):
    (exact, gradients), (ours, mine), (theirs, others) = (
        run(models[0]),
        run(models[0], torch.bfloat16),
        run(models[1], torch.bfloat16),
    )

    def gap(a, b):
        return (a - b).norm() / b.norm()

    def gradient_gap(names):
        return gap(*(torch.cat([of[name].flatten() for name in gradients]) for of in (names, gradients)))

    assert 0 < gap(ours, exact) < 1.2 * gap(theirs, exact)
    assert 0 < gradient_gap(mine) < 1.2 * gradient_gap(others)
    assert all(gradient.dtype == torch.float32 for gradient in mine.values())


def test_merged_they_compute_the_same_without_adapters(models):
    """Merged from the fp32 weights, even after a step in bf16."""
    ours, _ = models
    run(ours, torch.bfloat16)
    before, _ = run(ours)
    merged = ours.merge_and_unload()
    assert not any(isinstance(layer, Linear) for layer in merged.modules())
    ids = torch.arange(12).view(2, 6)
    with torch.no_grad():
        torch.testing.assert_close(merged(input_ids=ids, labels=ids).logits, before, atol=1e-5, rtol=1e-5)
