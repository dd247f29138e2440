"""A hundred ways in which a model folder can be damaged, the same every time: by a broken download, a full disk, a wrong copy,
a converter or a manual edit."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

Damage = Callable[[Path], object]
WEIGHTS = "model.safetensors"
HEAD, EMBEDDINGS = "lm_head.weight", "model.embed_tokens.weight"


def damages() -> Iterator[tuple[str, Damage]]:
    """`(name, function)` of each damage; the function damages the folder of the tiny causal model so that it must be
    refused."""
    yield from _of_files()
    yield from _of_weights()
    yield from _of_config()
    yield from _of_tokenizer()


def _of_files() -> Iterator[tuple[str, Damage]]:
    for name in ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", WEIGHTS):
        for share in (0.0, 0.3, 0.9):
            yield f"{name} cut to {share:.0%}", _cut(name, share)
        yield (
            f"{name} is a pointer of Git LFS",
            _write(name, b"version https://git-lfs.github.com/spec/v1\noid sha256:0"),
        )
        yield f"{name} is not text", _write(name, bytes(random.Random(name).randbytes(999)))
    for name in ("config.json", "generation_config.json", "tokenizer_config.json", "tokenizer.json"):
        for content in (b"[]", b"null", b'"text"', b"[" * 100_000):
            yield f"{name} holds {content[:6]!r}", _write(name, content)
    for name in ("config.json", WEIGHTS, "tokenizer.json"):
        yield f"no {name}", _remove(name)
    yield "an adapter beside it", _write("adapter_config.json", b"{}")


def _of_weights() -> Iterator[tuple[str, Damage]]:
    names = (HEAD, EMBEDDINGS, "model.layers.1.mlp.up_proj.weight", "model.layers.0.self_attn.k_proj.weight")
    for name in (*names, "model.norm.weight"):
        yield f"no {name}", _tensors(_without(name))
    for name in names:
        yield f"{name} transposed and more", _tensors(_transposed(name))
        for value in (float("nan"), float("inf"), float("-inf")):
            yield f"{value} in {name}", _tensors(_holding(name, value))
    yield "a whole layer gone", _tensors(lambda t: [t.pop(n) for n in list(t) if "layers.1." in n])
    yield "integers for weights", _tensors(lambda t: t.update({HEAD: t[HEAD].mul(100).to(torch.int8)}))
    yield (
        "integers for weights and a quantization nobody knows",
        _both(
            _tensors(lambda t: t.update({HEAD: t[HEAD].mul(100).to(torch.int8)})),
            _json("config.json", quantization_config={"quant_method": "no such thing"}),
        ),
    )
    yield "no tensor at all", _tensors(lambda t: t.clear())
    yield "one byte more", _append(WEIGHTS, b"\0")
    yield "a header longer than the file", _edit(WEIGHTS, 0, struct.pack("<Q", 2**60))
    yield "a header of no JSON", _edit(WEIGHTS, 8, b"}{")
    yield "a shape of other numbers", _replace(WEIGHTS, b'"shape":[258,32]', b'"shape":[258,33]')
    yield "a kind of number there is not", _replace(WEIGHTS, b'"F32"', b'"Q32"')
    for name, change in (
        ("a shard is gone", lambda f, index: (f / "b.safetensors").unlink()),
        ("a shard is cut", lambda f, index: _cut("a.safetensors", 0.8)(f)),
        ("an index of no map", lambda f, index: index.pop("weight_map")),
        ("an index of a list", lambda f, index: index.update(weight_map=[1])),
        ("an index out of the folder", lambda f, index: index["weight_map"].update({HEAD: "../b.safetensors"})),
        ("an index of a pickle", lambda f, index: index["weight_map"].update({HEAD: "b.bin"})),
        ("an index of another shard", lambda f, index: index["weight_map"].update({HEAD: "a.safetensors"})),
        (
            "an index of a tensor too many",
            lambda f, index: index["weight_map"].update({"other.weight": "a.safetensors"}),
        ),
    ):
        yield name, _sharded(change)


def _of_config() -> Iterator[tuple[str, Damage]]:
    for changes in (
        {"model_type": None},
        {"model_type": 7},
        {"model_type": "no_such_model"},
        {"model_type": "no_such_model", "auto_map": {"AutoModelForCausalLM": "evil.Model"}},
        {"model_type": "vit"},
        {"is_encoder_decoder": True},
        {"num_hidden_layers": 3},
        {"num_hidden_layers": 1},
        {"num_hidden_layers": 10**9},
        {"num_hidden_layers": 10**30},
        {"num_hidden_layers": -1},
        {"num_hidden_layers": "two"},
        {"vocab_size": 300},
        {"vocab_size": 10**11},
        {"vocab_size": -5},
        {"hidden_size": 64},
        {"hidden_size": 2**20},
        {"hidden_size": 10**13},
        {"hidden_size": 0},
        {"hidden_size": None},
        {"intermediate_size": 10**10},
        {"num_attention_heads": 0},
        {"num_attention_heads": 10**7},
        {"num_key_value_heads": 3},
        {"head_dim": 10**9},
        {"hidden_act": "no such thing"},
        {"rope_scaling": {"rope_type": "no such thing", "factor": -1}},
        {"num_hidden_layers": 0},
    ):
        yield f"config.json with {changes}", _json("config.json", **changes)
    for ends in (258, -1, "end", [1, 10**9], {"a": 1}, 1.5):
        yield f"generation_config.json with eos_token_id {ends!r}", _json("generation_config.json", eos_token_id=ends)


def _of_tokenizer() -> Iterator[tuple[str, Damage]]:
    for key in ("model", "added_tokens"):
        yield f"tokenizer.json without {key}", _tokenizer(_without(key))
    yield "a vocabulary of nothing", _tokenizer(lambda t: t["model"].update(vocab={}))
    yield "a vocabulary of texts", _tokenizer(lambda t: t["model"].update(vocab={"a": "b"}))
    yield (
        "a vocabulary beyond the embeddings",
        _tokenizer(
            lambda t: t["model"].update(vocab={token: 2 * number for token, number in t["model"]["vocab"].items()})
        ),
    )
    yield "a tokenizer of another kind", _tokenizer(lambda t: t["model"].update(type="Unknown"))
    for template in (
        "{% for",
        "{{ nothing.here }}",
        "{{ raise_exception('no') }}",
        "a template that says nothing of it",
        "{{ messages[5]['content'] }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ 'x' * (10 ** 10) }}",
        "{{ ('x' * 1000000) * 20 }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{% for m in messages %}{{ m['content'] | upper }}{% endfor %}",
    ):
        yield f"the template {template!r}", _json("tokenizer_config.json", chat_template=template)
    yield "a template that is a number", _json("tokenizer_config.json", chat_template=5)
    yield (
        "templates of which none is the default",
        _json("tokenizer_config.json", chat_template=[{"name": "a", "template": "x"}, {"name": "b", "template": "y"}]),
    )
    yield "an end the tokenizer does not know", _json("tokenizer_config.json", eos_token="<|no such end|>")


def _without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda things: things.pop(name)


def _transposed(name: str) -> Callable[[dict[str, torch.Tensor]], object]:
    return lambda tensors: tensors.update({name: tensors[name].T.repeat(2, 1).contiguous()})


def _holding(name: str, value: float) -> Callable[[dict[str, torch.Tensor]], object]:
    return lambda tensors: tensors[name].view(-1)[7:8].fill_(value)


def _both(first: Damage, second: Damage) -> Damage:
    def do(folder: Path) -> None:
        first(folder)
        second(folder)

    return do


def _cut(name: str, share: float) -> Damage:
    def do(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(len(content) * share)])

    return do


def _write(name: str, content: bytes) -> Damage:
    return lambda folder: (folder / name).write_bytes(content)


def _append(name: str, content: bytes) -> Damage:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes() + content)


def _edit(name: str, at: int, content: bytes) -> Damage:
    def do(folder: Path) -> None:
        whole = bytearray((folder / name).read_bytes())
        whole[at : at + len(content)] = content
        (folder / name).write_bytes(whole)

    return do


def _replace(name: str, old: bytes, new: bytes) -> Damage:
    def do(folder: Path) -> None:
        content = (folder / name).read_bytes()
        assert old in content
        (folder / name).write_bytes(content.replace(old, new, 1))

    return do


def _remove(name: str) -> Damage:
    return lambda folder: (folder / name).unlink()


def _json(name: str, **changes: Any) -> Damage:
    def do(folder: Path) -> None:
        data = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(data | changes))

    return do


def _tokenizer(change: Callable[[dict[str, Any]], object]) -> Damage:
    def do(folder: Path) -> None:
        data = json.loads((folder / "tokenizer.json").read_text())
        change(data)
        (folder / "tokenizer.json").write_text(json.dumps(data))

    return do


def _tensors(change: Callable[[dict[str, torch.Tensor]], object]) -> Damage:
    def do(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        change(tensors)
        save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})

    return do


def _sharded(change: Callable[[Path, dict[str, Any]], object]) -> Damage:
    """The weights in two shards, a and b; the head is in b."""

    def do(folder: Path) -> None:
        tensors = load_file(folder / WEIGHTS)
        (folder / WEIGHTS).unlink()
        weight_map = {name: "b.safetensors" if name == HEAD else "a.safetensors" for name in tensors}
        for shard in ("a.safetensors", "b.safetensors"):
            some = {name: tensor for name, tensor in tensors.items() if weight_map[name] == shard}
            save_file(some, folder / shard, metadata={"format": "pt"})
        index = {"metadata": {}, "weight_map": weight_map}
        change(folder, index)
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))

    return do
