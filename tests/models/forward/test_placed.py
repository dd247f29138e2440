"""A forward pass makes its tensors on the device of the weights. There may be no second device here, so two things stand in
for one: weights without values (`meta`), and a mode that refuses tensors without a device or on two devices."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import masking_utils

from rsf_core import models
from rsf_core.domain import Mask
from rsf_core.models import forward
from rsf_core.models.forward import choice
from rsf_core.models.placement import Placement
from tests.support.placed import FACTORIES, ROOT, UNSEEN, Placed

# prompts and completions of unequal lengths; the first prompt occurs twice
PAIRS = [((5, 6, 7, 8, 9), (11, 12, 13, 14)), ((9, 10, 3), (14, 15)), ((5, 6, 7, 8, 9), (16,))]
PROMPTS = [prompt for prompt, _ in PAIRS]
MASKS = (Mask((2, 3)), Mask((4,), before=1))


@pytest.fixture(autouse=True)
def masks_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """transformers reads a mask's values, which `meta` does not have, to leave out a mask that masks nothing. Here it leaves
    none out, as with prompts of unequal lengths."""
    for name in ("_ignore_causal_mask_sdpa", "_ignore_bidirectional_mask_sdpa"):
        monkeypatch.setattr(masking_utils, name, lambda *args, **kwargs: False)
    monkeypatch.setattr(masking_utils, "find_packed_sequence_indices", lambda *args, **kwargs: None)


def ways(folder: Path) -> dict[str, forward.Forward]:
    """All ways to compute a model whose weights have a shape but no values."""
    model, tokenizer = models.load(folder, Placement("meta"))
    assert model.device.type == "meta"
    of_kind = choice._encoder_decoder_ways if model.config.is_encoder_decoder else choice._causal_ways
    return {f"{i}: {name}": way for i, (name, way) in enumerate(of_kind(model, tokenizer.pad_token_id))}


def test_every_way_through_a_model_judges_where_its_weights_are(any_model: Path) -> None:
    for name, way in ways(any_model).items():
        for pairs in (PAIRS, [PAIRS[0], PAIRS[2]]):  # in the second batch both rows share their prompt
            with torch.no_grad(), Placed():
                logits, targets, mask = forward.masked(way, MASKS).completion_logits(pairs)
            assert {tensor.device.type for tensor in (logits, targets, mask)} == {"meta"}, name
            assert logits.shape[:2] == targets.shape == mask.shape == (len(pairs), 4), name


def test_every_way_through_a_model_begins_where_its_weights_are(any_model: Path) -> None:
    for name, way in ways(any_model).items():
        with torch.no_grad(), Placed():
            logits, _ = forward.masked(way, MASKS).begin(PROMPTS)
        assert logits.device.type == "meta" and logits.shape[0] == 3, name


def test_drawing_goes_on_where_the_weights_are(any_model: Path) -> None:
    """Uses the way that nearly all models take; the other ways read the tokens' values, which `meta` does not have."""
    way = next(iter(ways(any_model).values()))
    with torch.no_grad(), Placed():
        _, decoding = forward.masked(way, MASKS).begin(PROMPTS)
        tokens = torch.zeros(3, dtype=torch.long, device="meta")
        assert decoding.step(tokens).device.type == "meta"
        decoding.keep(torch.tensor([0, 2], device="meta"))
        logits = decoding.step(tokens[:2])
    assert logits.device.type == "meta" and logits.shape[0] == 2


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: torch.tensor([1]),
        lambda: torch.zeros(2),
        lambda: torch.full((2,), 1.0),
        lambda: torch.arange(3),
        lambda: torch.rand(2),
        lambda: torch.eye(2),
        lambda: torch.linspace(0, 1, 3),
        lambda: torch.as_tensor(np.zeros(2)),
        lambda: torch.empty(2, device=None),
    ],
)
def test_a_tensor_that_is_made_without_a_device_is_refused(wrong) -> None:
    with Placed(), pytest.raises(AssertionError, match=r"names no device, in .*test_placed\.py"):
        wrong()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda there, here: there + here,
        lambda there, here: there[here.long()],
        lambda there, here: torch.cat([there, here]),
        lambda there, here: torch.nn.functional.embedding(here.long(), there[:, None]),
        lambda there, here: there.index_select(0, index=here.long()),
    ],
)
def test_tensors_of_two_devices_are_refused_together(wrong) -> None:
    there, here = torch.zeros(3, device="meta"), torch.zeros(2)
    with Placed(), pytest.raises(AssertionError, match=r"has tensors on \['cpu', 'meta'\]"):
        wrong(there, here)


def test_what_takes_its_device_from_a_tensor_and_what_is_moved_is_allowed() -> None:
    there, here = torch.zeros(3, device="meta"), torch.zeros(3)
    with Placed():
        assert torch.zeros_like(there).device == there.new_ones(2).device == here.to("meta").device
        there.copy_(here)
        assert (there * torch.tensor(2.0, device="cpu")).device == there.device  # a GPU allows a single number, too


def test_a_forward_pass_that_forgets_the_device_is_refused(any_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a GPU would refuse it: equal prompts are numbered on the processor."""
    for module in ("causal", "encoder_decoder"):
        monkeypatch.setattr(
            f"rsf_core.models.forward.{module}.distinct_rows", lambda prompts, device: (prompts, torch.arange(3))
        )
    way = next(iter(ways(any_model).values()))
    with torch.no_grad(), Placed(), pytest.raises(AssertionError, match="arange names no device"):
        way.begin(PROMPTS)


def test_every_tensor_that_is_made_in_the_sources_names_its_device() -> None:
    """Covers paths that no test runs, too. Tensors on a device are copied to the processor before numpy reads them."""
    names = {factory.__name__ for factory in FACTORIES}
    wrong, count = [], 0
    for path in sorted((ROOT / "rsf_core").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "torch" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            called, of = node.func.attr, ast.unparse(node.func.value)
            count += of == "torch" and called in names
            if (
                (of == "torch" and called in names and not any(keyword.arg == "device" for keyword in node.keywords))
                or (of == "torch" and called in UNSEEN)
                or (called == "numpy" and not of.endswith(".cpu()"))
                or called in ("cuda", "mps")
            ):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}")
    assert not wrong and count > 20
