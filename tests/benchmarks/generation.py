"""Generation with exact log q, end to end, against transformers' own generate with logits: both fp32, the embedded model,
8 prompts × 8 candidates of at most 32 tokens, temperature 1, run in turn. Prints one JSON line; the ratio is our tokens per
second over theirs, the median of the pairs. It takes two minutes at most on two idle cores; more pairs are more precise.

    PYTHONPATH=. python tests/benchmarks/generation.py [PAIRS]
"""

from __future__ import annotations

import json
import statistics
import sys
import time

import torch

from rsf_core import models
from rsf_core.domain import Prompt
from rsf_core.domain.settings import Sampling
from rsf_core.proposals.local import LocalProposal

PAIRS, CANDIDATES, TOKENS, WARM_UP = 2, 8, 32, 4
SUBJECTS = (
    "a kettle",
    "a campsite",
    "a jazz record",
    "a bakery",
    "a bicycle lamp",
    "a dentist",
    "a novel",
    "a hotel pool",
)


def main() -> None:
    proposal = LocalProposal(models.resolve(models.DEFAULT_MODEL))
    prompts = [Prompt(i, f"Write one short review sentence about {s}.") for i, s in enumerate(SUBJECTS)]
    ratios, ours, theirs = [], [], []
    _ours(proposal, prompts, 0, WARM_UP)
    _theirs(proposal, prompts, 0, WARM_UP)
    for pair in range(1, 1 + (int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS)):
        mine, other = _ours(proposal, prompts, pair), _theirs(proposal, prompts, pair)
        ratios.append(mine / other)
        ours.append(mine)
        theirs.append(other)
    line = {
        "benchmark": "generation fp32, exact log q",
        "against": "transformers.generate with logits, fp32",
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "tokens_per_second": round(statistics.median(ours)),
        "tokens_per_second_transformers": round(statistics.median(theirs)),
    }
    print(json.dumps(line))


def _ours(proposal: LocalProposal, prompts: list[Prompt], seed: int, tokens: int = TOKENS) -> float:
    requests = [(prompt, k, f"{prompt.prompt_id}.{k}") for prompt in prompts for k in range(CANDIDATES)]
    started = time.perf_counter()
    candidates = list(proposal.draw(requests, Sampling(max_new_tokens=tokens, seed=seed), 64))
    return sum(len(candidate.token_ids) for candidate in candidates) / (time.perf_counter() - started)


@torch.inference_mode()
def _theirs(proposal: LocalProposal, prompts: list[Prompt], seed: int, most: int = TOKENS) -> float:
    torch.manual_seed(seed)
    tokenizer, model = proposal.tokenizer, proposal.model
    tokenizer.padding_side = "left"
    started = time.perf_counter()
    texts = [
        tokenizer.apply_chat_template([{"role": "user", "content": p.text}], add_generation_prompt=True, tokenize=False)
        for p in prompts
    ]
    batch = tokenizer(texts, padding=True, return_tensors="pt", add_special_tokens=False)
    result = model.generate(
        **batch,
        do_sample=True,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        max_new_tokens=most,
        num_return_sequences=CANDIDATES,
        return_dict_in_generate=True,
        output_logits=True,
    )
    tokens = result.sequences[:, batch["input_ids"].shape[1] :]
    end = min(proposal.eos)
    after_end = (tokens == end).cumsum(1) - (tokens == end).long() > 0
    log_q = torch.stack(
        [
            torch.log_softmax(logits.double(), -1).gather(1, tokens[:, [step]]).squeeze(1)
            for step, logits in enumerate(result.logits)
        ],
        dim=1,
    )
    log_q.masked_fill_(after_end, 0.0).sum(1)
    return int((~after_end).sum()) / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
