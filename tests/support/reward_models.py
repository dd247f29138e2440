"""Tiny random classifiers of several families, each in a folder with a tokenizer of bytes: reward models for the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

from tests.support.tiny_models import END, TEMPLATE, write_tokenizer

SIZE: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 512,
    "initializer_range": 0.2,
}
_LLAMA: dict[str, Any] = SIZE | {"num_key_value_heads": 2, "head_dim": 8}
_BART: dict[str, Any] = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 512,
    "init_std": 0.3,
}
_GPT2: dict[str, Any] = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 512, "initializer_range": 0.2}


def build(folder: Path, kind: str, seed: int = 0, chat: bool = True, pad: int | None = None, **config: Any) -> Path:
    """Write a classifier of this kind into `folder`; `pad` is the padding token of its config."""
    vocabulary = write_tokenizer(folder, **({"chat_template": TEMPLATE} if chat else {}))
    torch.manual_seed(seed)
    one = {} if "id2label" in config else {"num_labels": 1}
    ends = {"bos_token_id": 0, "eos_token_id": vocabulary[END], "pad_token_id": pad}
    made = AutoConfig.for_model(kind, vocab_size=len(vocabulary), **(one | ends | config))
    AutoModelForSequenceClassification.from_config(made).float().save_pretrained(folder)
    return folder


def llama_without_padding(folder: Path) -> Path:
    return build(folder, "llama", **_LLAMA)


def llama_that_ends_with_its_padding(folder: Path) -> Path:
    return build(folder, "llama", pad=1, **_LLAMA)


def llama_that_pads_with_what_ends_its_turns(folder: Path) -> Path:
    """The template ends with a line end, which this model also takes for padding after a text."""
    return build(folder, "llama", pad=write_tokenizer(folder)["Ċ"], **_LLAMA)


def qwen3_padded_on_the_left(folder: Path) -> Path:
    build(folder, "qwen3", pad=0, **_LLAMA)
    write_tokenizer(folder, chat_template=TEMPLATE, padding_side="left")
    return folder


def mistral_with_padding_of_no_token(folder: Path) -> Path:
    return build(folder, "mistral", pad=-1, sliding_window=8, **_LLAMA)


def gpt2(folder: Path) -> Path:
    return build(folder, "gpt2", chat=False, **_GPT2)


def bert(folder: Path) -> Path:
    return build(folder, "bert", chat=False, pad=0, **SIZE)


def roberta(folder: Path) -> Path:
    return build(folder, "roberta", chat=False, pad=1, type_vocab_size=1, **SIZE)


def deberta(folder: Path) -> Path:
    return build(folder, "deberta-v2", chat=False, pad=0, relative_attention=True, pos_att_type=["p2c", "c2p"], **SIZE)


def bart(folder: Path) -> Path:
    """Reads its answer at the last EOS token; each row must have the same number of EOS tokens."""
    return build(folder, "bart", pad=0, **_BART)


def xlnet(folder: Path) -> Path:
    """Reads its answer at the last position, which padding on the right would take."""
    return build(folder, "xlnet", d_model=32, n_layer=2, n_head=4, d_inner=64, initializer_range=0.2, pad=0)


FAMILIES: list[Callable[[Path], Path]] = [
    llama_without_padding,
    llama_that_ends_with_its_padding,
    llama_that_pads_with_what_ends_its_turns,
    qwen3_padded_on_the_left,
    mistral_with_padding_of_no_token,
    gpt2,
    bert,
    roberta,
    deberta,
    bart,
    xlnet,
]
