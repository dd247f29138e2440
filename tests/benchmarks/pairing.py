"""The gain of the race among tokens over inverting the CDF with the same seeds: how narrow the paired interval of a real
comparison is, how many positions a tuned model draws as the base does, and how many candidates differ between batches of 64
and 3. It compares the base with the newest tuned model of a project (not a control), on the held-out prompts, with two
completions each, at the project's temperature and by its target's reward (1 or 0 if it has constraints alone). Without a
project, a model is first tuned on what a small round of positive_reviews accepts, and not evaluated. Prints one JSON line,
with progress on stderr; the ratio is the width of the interval over that by inverting the CDF, the means over the pairs of
seeds.

Each of the four drawings of a pair of seeds takes 40 forward passes a batch: about a minute with 135 million parameters, 24
prompts and one processor. Copy a project that is in use first: opening it continues its jobs.

    python tests/benchmarks/pairing.py [PROJECT] [--prompts 24] [--seeds 1]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rsf_core.acceptance.target import passes, reward
from rsf_core.domain import Candidate, Prompt, Split
from rsf_core.domain.arrays import Floats
from rsf_core.domain.settings import Sampling, Target
from rsf_core.models import resolve
from rsf_core.project import Project
from rsf_core.proposals import local
from rsf_core.proposals.local import LocalProposal
from rsf_core.proposals.token_law import Drawn, draw
from rsf_core.rounds.curation import is_control
from rsf_core.sampling.intervals import paired_difference
from rsf_core.scorers.base import Scored
from tests.support import scoring

EACH, MOST_TOKENS = 2, 40
FEW = 8  # prompts that are drawn again in small batches
SMALL = {"generate.prompts": "24", "generate.candidates": "6", "train.epochs": "2", "accept.rate": "0.2"}
Law = Callable[[Tensor, Tensor, Sampling], Drawn]


def inverse_cdf(logits: Tensor, noise: Tensor, sampling: Sampling) -> Drawn:
    """Draw tokens by inverting the CDF with one uniform number a position, without top-k and top-p."""
    u = -torch.expm1(-noise[:, :1])
    scaled = logits.float() / sampling.temperature
    weights = (scaled - scaled.amax(-1, keepdim=True)).exp()
    ends = weights.cumsum(-1, dtype=torch.float64)
    tokens = torch.searchsorted(ends, u * ends[:, -1:], right=True).clamp(max=logits.shape[-1] - 1).squeeze(1)
    log_q = weights.gather(-1, tokens[:, None]).squeeze(1).double().log() - ends[:, -1].log()
    return Drawn(tokens, log_q, log_q)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", nargs="?", type=Path, help="without it a small one is made and tuned")
    parser.add_argument("--prompts", type=int, default=24, help="held-out prompts; 0: all")
    parser.add_argument("--seeds", type=int, default=1, help="pairs of seeds")
    options = parser.parse_args()
    if options.project:
        with Project.open(options.project) as project:
            print(json.dumps(_measured(project, options.prompts, options.seeds)), flush=True)
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        Project.create(Path(folder) / "p", "positive_reviews", seed=1) as made,
    ):
        for key, value in SMALL.items():
            made.set(key, value)
        made.generate()  # and score
        made.wait()
        made.finetune(then_evaluate=False)  # on what is accepted
        made.wait()
        print(json.dumps(_measured(made, options.prompts, options.seeds)), flush=True)


def _measured(project: Project, most: int, seeds: int) -> dict[str, Any]:
    prompts = [prompt for prompt in project.prompts() if prompt.split is Split.HELD_OUT][: most or None]
    newest = next(model for model in reversed(project.models()) if not is_control(model.curated_id))
    models = [LocalProposal(folder) for folder in (resolve(project.models()[0].name), project.folder / newest.folder)]
    target, generate = project.settings.target, project.settings.generate
    few = [(prompt, k) for prompt in prompts[:FEW] for k in range(EACH)]
    every = [(prompt, k) for prompt in prompts for k in range(EACH)]
    texts = {prompt.prompt_id: prompt for prompt in prompts}
    lines = {}
    for name, law in {"race": draw, "inverse CDF": inverse_cdf}.items():
        widths, gains, same, first = [], [], [], []
        for seed in range(1, seeds + 1):
            law_of_it = Sampling(
                temperature=generate.temperature, max_new_tokens=min(generate.max_new_tokens, MOST_TOKENS), seed=seed
            )
            base, tuned = (_drawn(model, every, law, 64, law_of_it, f"{name}, seed {seed}") for model in models)
            values = [_values(target, drawn, texts) for drawn in (base, tuned)]
            groups = np.array([c.prompt_id for c in base.values()])
            gain = paired_difference(values[0], groups, values[1], groups)
            pairs = [(base[c].token_ids, tuned[c].token_ids) for c in base]
            widths.append(gain.high - gain.low)
            gains.append(gain.value)
            same += [a == b for a, b in pairs]
            first += [_alike(a, b) for a, b in pairs]
        again = _drawn(
            models[0], few, law, 3, law_of_it, f"{name}, batches of 3"
        )  # compared with those of the last seed
        lines[name] = {
            "width": round(float(np.mean(widths)), 4),
            "gain": round(float(np.mean(gains)), 4),
            "same completions": round(float(np.mean(same)), 3),
            "same first tokens": round(float(np.mean(first)), 3),
            "differ between batches": sum(base[c].token_ids != one.token_ids for c, one in again.items()),
            "of": len(again),
        }
    race, inverse = lines["race"], lines["inverse CDF"]
    ratio = race["width"] / inverse["width"]
    facts = {"task": project.settings.task, "model": newest.name, "prompts": len(prompts), "seeds": seeds}
    return {"benchmark": "paired interval, race", **facts, "against": "inverse CDF", "ratio": round(ratio, 3), **lines}


def _drawn(
    model: LocalProposal, requested: Sequence[tuple[Prompt, int]], law: Law, batch: int, sampling: Sampling, what: str
) -> dict[str, Candidate]:
    local.draw = law  # type: ignore[attr-defined, assignment]
    requests = [(prompt, k, f"held-out.{prompt.prompt_id}.{k}") for prompt, k in requested]
    drawn: dict[str, Candidate] = {}
    for candidate in model.draw(requests, sampling, batch):
        drawn[candidate.candidate_id] = candidate
        if len(drawn) % 16 == 0 or len(drawn) == len(requests):
            print(
                f"{what}: {len(drawn)} of {len(requests)}, {time.process_time():.0f} CPU s", file=sys.stderr, flush=True
            )
    return dict(sorted(drawn.items()))


def _values(target: Target, drawn: dict[str, Candidate], prompts: dict[int, Prompt]) -> Floats:
    """The reward of each candidate, or whether it meets the constraints if the target has no reward."""
    batch = [
        Scored(prompts[c.prompt_id], c.completion, len(c.token_ids), c.finish, c.candidate_id) for c in drawn.values()
    ]
    scores = {name: np.array(scoring.scores(name, batch)) for name in target.scorers}
    value = reward if target.rewards else passes
    return value(target, scores, len(batch)).astype(np.float64)


def _alike(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    """The share of positions before the first difference."""
    same = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return same / max(len(a), len(b))


if __name__ == "__main__":
    main()
