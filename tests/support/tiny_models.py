"""Tiny random models that behave like real ones: a byte-level tokenizer and completions that end; the causal one has a chat
template."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import BartConfig, BartForConditionalGeneration, GenerationConfig, LlamaConfig, LlamaForCausalLM

START, END = "<|im_start|>", "<|im_end|>"
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
EOS_BOOST = 3.0  # P(EOS) of about 5 % a step: half of the completions end within 16 tokens


def build(folder: Path, seed: int = 0) -> Path:
    """Write a causal model into `folder` and return it. The same seed gives the same weights."""
    vocabulary = write_tokenizer(folder, chat_template=TEMPLATE)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        tie_word_embeddings=False,
        bos_token_id=vocabulary[START],
        eos_token_id=vocabulary[END],
        pad_token_id=vocabulary[END],
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        # one dimension of the last state is constant, and only EOS has a weight for it: a bias for a head without one
        model.model.embed_tokens.weight[:, 0] = 4.0
        model.lm_head.weight *= 3.0
        model.lm_head.weight[:, 0] = 0.0
        model.lm_head.weight[vocabulary[END], 0] = EOS_BOOST / 5.0
    model.generation_config = GenerationConfig(eos_token_id=vocabulary[END], pad_token_id=vocabulary[END])
    model.save_pretrained(folder)
    return folder


def build_encoder_decoder(folder: Path, seed: int = 0) -> Path:
    """Write an encoder-decoder into `folder` and return it. The same seed gives the same weights."""
    vocabulary = write_tokenizer(folder)
    end = vocabulary[END]
    torch.manual_seed(seed)
    config = BartConfig(
        vocab_size=len(vocabulary),
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=1024,
        init_std=0.15,
        bos_token_id=vocabulary[START],
        eos_token_id=end,
        pad_token_id=end,
        decoder_start_token_id=vocabulary[START],
        forced_eos_token_id=None,
    )
    model = BartForConditionalGeneration(config)
    model.final_logits_bias[0, end] = 3.0
    model.generation_config = GenerationConfig(
        eos_token_id=end, pad_token_id=end, decoder_start_token_id=vocabulary[START]
    )
    model.save_pretrained(folder)
    return folder


def write_tokenizer(folder: Path, **settings: str | None) -> dict[str, int]:
    """Write a byte-level tokenizer and return its vocabulary."""
    folder.mkdir(parents=True, exist_ok=True)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate([START, END, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([START, END])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": END,
        "pad_token": END,
        "clean_up_tokenization_spaces": False,
        "model_max_length": 1024,
        **settings,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return vocabulary
