"""Tiny random models of families that need different ways of computing (rsf_core/models/forward): attention, convolutions,
recurrent states, experts that drop tokens, special caches, and encoder-decoders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, PreTrainedModel

PAD, EOS = 1, 2
BART: dict[str, Any] = {
    "vocab_size": 50,
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 64,
    "pad_token_id": PAD,
    "eos_token_id": EOS,
    "bos_token_id": 0,
    "init_std": 0.3,
}
T5: dict[str, Any] = {"vocab_size": 50, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4}
LLAMA: dict[str, Any] = {
    "vocab_size": 50,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "initializer_range": 0.1,
    "pad_token_id": PAD,
    "bos_token_id": 0,
    "eos_token_id": EOS,
}
STATE: dict[str, Any] = {"vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}


def causal(kind: str, **settings: Any) -> PreTrainedModel:
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **settings)).float()


def seq2seq(kind: str, **settings: Any) -> PreTrainedModel:
    return AutoModelForSeq2SeqLM.from_config(AutoConfig.for_model(kind, **settings)).float()


def llama() -> PreTrainedModel:
    return causal("llama", **LLAMA)


def mistral_with_a_window() -> PreTrainedModel:
    return causal("mistral", **LLAMA, sliding_window=4)


def lfm2() -> PreTrainedModel:
    return causal("lfm2", **LLAMA, layer_types=["conv", "full_attention"], conv_L_cache=3)


def qwen3_5() -> PreTrainedModel:
    return causal(
        "qwen3_5_text",
        **LLAMA,
        linear_key_head_dim=8,
        linear_value_head_dim=8,
        linear_num_key_heads=2,
        linear_num_value_heads=4,
        layer_types=["linear_attention", "full_attention"],
    )


def mamba() -> PreTrainedModel:
    return causal("mamba", **STATE)


def falcon_mamba() -> PreTrainedModel:
    return causal("falcon_mamba", **STATE)


def jamba() -> PreTrainedModel:
    return causal(
        "jamba",
        **LLAMA,
        attn_layer_period=2,
        attn_layer_offset=1,
        num_experts=4,
        mamba_d_state=4,
        use_mamba_kernels=False,
    )


def bamba() -> PreTrainedModel:
    return causal(
        "bamba",
        **LLAMA,
        mamba_d_state=4,
        mamba_n_heads=8,
        mamba_d_head=8,
        mamba_n_groups=1,
        attn_layer_indices=[1],
        mamba_chunk_size=8,
    )


def recurrent_gemma() -> PreTrainedModel:
    return causal("recurrent_gemma", **(LLAMA | {"num_hidden_layers": 3}), lru_width=32, attention_window_size=8)


def rwkv() -> PreTrainedModel:
    return causal("rwkv", vocab_size=50, hidden_size=32, num_hidden_layers=2, attention_hidden_size=32)


def t5() -> PreTrainedModel:
    return seq2seq("t5", **T5, decoder_start_token_id=PAD)


def switch() -> PreTrainedModel:
    return seq2seq(
        "switch_transformers",
        **T5,
        num_decoder_layers=2,
        decoder_start_token_id=0,
        num_experts=4,
        num_sparse_encoder_layers=1,
        num_sparse_decoder_layers=1,
        expert_capacity=2,  # so that tokens are dropped
    )


def marian() -> PreTrainedModel:
    return seq2seq("marian", **BART, decoder_start_token_id=PAD)


def mbart() -> PreTrainedModel:
    return seq2seq("mbart", **BART, decoder_start_token_id=EOS)


def nllb() -> PreTrainedModel:
    model = seq2seq("m2m_100", **BART, decoder_start_token_id=EOS)
    model.generation_config.forced_bos_token_id = 7  # the target language
    return model


def nllb_moe() -> PreTrainedModel:
    sparse = {"num_experts": 4, "encoder_sparse_step": 1, "decoder_sparse_step": 1}
    return seq2seq("nllb-moe", **BART, decoder_start_token_id=EOS, **sparse)


def fsmt() -> PreTrainedModel:
    rest = {name: value for name, value in BART.items() if name != "vocab_size"}
    return seq2seq("fsmt", langs=["en", "ru"], src_vocab_size=70, tgt_vocab_size=50, **rest, decoder_start_token_id=EOS)


FAMILIES: list[Callable[[], PreTrainedModel]] = [
    llama,
    mistral_with_a_window,
    lfm2,
    qwen3_5,
    mamba,
    falcon_mamba,
    jamba,
    bamba,
    recurrent_gemma,
    rwkv,
    t5,
    switch,
    marian,
    mbart,
    nllb,
    nllb_moe,
    fsmt,
]


def bert() -> PreTrainedModel:
    """Its tokens attend to later tokens."""
    return causal("bert", **{name: value for name, value in LLAMA.items() if "key_value" not in name})


def prophetnet() -> PreTrainedModel:
    """In transformers' implementation, the logits of a token depend on how many tokens follow."""
    return seq2seq(
        "prophetnet",
        vocab_size=50,
        hidden_size=32,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        num_encoder_layers=2,
        num_decoder_layers=2,
        num_encoder_attention_heads=4,
        num_decoder_attention_heads=4,
        max_position_embeddings=64,
        init_std=0.3,
        decoder_start_token_id=1,
    )
