"""A model's own forward pass, for drawing and for teacher forcing: causal models and encoder-decoders alike.

Equal prompts are computed once: the keys and values of a prompt, or its encoding, are repeated for its completions, not its
tokens, and the gradient flows through. The head, the most expensive part of a small model, is computed on completion positions
only. Which way of computing a model is exact is determined by measurement: see `choice`.
"""

from rsf_core.models.forward.base import Decoding, Forward, Pairs, Tokens
from rsf_core.models.forward.batches import by_length, left_pad, positions, right_pad
from rsf_core.models.forward.causal import Causal
from rsf_core.models.forward.choice import of
from rsf_core.models.forward.encoder_decoder import EncoderDecoder
from rsf_core.models.forward.hidden import hidden_states
from rsf_core.models.forward.masked import masked

__all__ = [
    "Causal",
    "Decoding",
    "EncoderDecoder",
    "Forward",
    "Pairs",
    "Tokens",
    "by_length",
    "hidden_states",
    "left_pad",
    "masked",
    "of",
    "positions",
    "right_pad",
]
