"""All weights come from the folder, whatever form they are stored in; none is made up."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaForCausalLM

from rsf_core import models
from rsf_core.domain.errors import ModelError


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_model, tmp_path / "model")


def changed(folder: Path, name: str, **changes: object) -> None:
    data = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps(data | changes))


def test_a_model_in_shards_is_the_model_in_one_file(folder: Path, tiny_model: Path) -> None:
    whole, _ = models.load(tiny_model)
    (folder / "model.safetensors").unlink()
    whole.save_pretrained(folder, max_shard_size="50KB")
    assert len(list(folder.glob("*.safetensors"))) > 1
    loaded, _ = models.load(folder)
    for (name, one), other in zip(whole.named_parameters(), loaded.parameters(), strict=True):
        assert torch.equal(one, other), name


def test_weights_that_are_tied_are_stored_once(folder: Path) -> None:
    model = LlamaForCausalLM.from_pretrained(folder)
    model.config.tie_word_embeddings = True
    model.tie_weights()
    model.save_pretrained(folder)
    assert "lm_head.weight" not in load_file(folder / "model.safetensors")
    loaded, _ = models.load(folder)
    assert loaded.lm_head.weight is loaded.model.embed_tokens.weight


def test_weights_of_sixteen_bits_are_read_as_float32(folder: Path) -> None:
    tensors = {name: tensor.bfloat16() for name, tensor in load_file(folder / "model.safetensors").items()}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    model, _ = models.load(folder)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert torch.equal(model.lm_head.weight, tensors["lm_head.weight"].float())


def test_weights_for_another_task_are_left_aside(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    save_file(
        tensors | {"vision.layers.7.weight": torch.ones(3, 3), "value_head.weight": torch.ones(3)},
        folder / "model.safetensors",
        metadata={"format": "pt"},
    )
    models.load(folder)


def test_what_is_wrong_is_named_a_few_and_then_counted(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in tensors.items() if "layers.1." not in name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lack model\.layers\.1\.[^,]+, [^,]+, [^,]+ and 6 more"):
        models.load(folder)


def test_code_of_a_folder_is_not_run(folder: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    (folder / "evil.py").write_text(f"open({str(ran)!r}, 'w')\nModel = Config = Tokenizer = None\n")
    changed(
        folder,
        "config.json",
        model_type="evil",
        auto_map={"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"},
    )
    with pytest.raises(ModelError):
        models.load(folder)
    changed(folder, "config.json", model_type="llama")
    changed(folder, "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.Tokenizer", None]})
    models.load(folder)
    assert not ran.exists()


def test_a_folder_of_pickles_is_refused_by_their_name(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelError, match=r"pytorch_model\.bin"):
        models.resolve(str(folder))
    with pytest.raises(ModelError, match=r"pytorch_model\.bin cannot be read"):
        models.load(folder)
