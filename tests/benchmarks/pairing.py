"""What the race among tokens gains over inverting the CDF with the same seeds: how narrow the paired interval of a real
comparison is, how many positions a tuned model draws as the base does, and how many candidates differ between batches of 64
and 3. The base and the newest tuned model of a project that is no control, on its held-out prompts, two completions each;
without a project, a model is tuned first on what a small round of positive_reviews accepts, and not evaluated. One JSON line;
the ratio is the width of the interval over that by inverting the CDF, the means over `REPEATS` pairs of seeds.

    python tests/benchmarks/pairing.py [PROJECT]
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rsf_core.domain import Candidate, Prompt, Split
from rsf_core.domain.settings import Sampling
from rsf_core.models import resolve
from rsf_core.project import Project
from rsf_core.proposals import local
from rsf_core.proposals.local import LocalProposal
from rsf_core.proposals.token_law import Drawn, draw
from rsf_core.rounds.curation import is_control
from rsf_core.sampling.intervals import paired_difference
from rsf_core.scorers.base import Scored
from tests.support import scoring

EACH, REPEATS = 2, 1
FEW = 25  # prompts that are drawn again in small batches
SMALL = {"generate.prompts": "24", "generate.candidates": "6", "train.epochs": "2", "accept.rate": "0.2"}
Law = Callable[[Tensor, Tensor, Sampling], Drawn]


def inverse_cdf(logits: Tensor, noise: Tensor, sampling: Sampling) -> Drawn:
    """The token in whose stretch of the CDF one uniform a position lies, at temperature 1."""
    u = -torch.expm1(-noise[:, :1])
    weights = (logits.float() - logits.float().amax(-1, keepdim=True)).exp()
    ends = weights.cumsum(-1, dtype=torch.float64)
    tokens = torch.searchsorted(ends, u * ends[:, -1:], right=True).clamp(max=logits.shape[-1] - 1).squeeze(1)
    log_q = weights.gather(-1, tokens[:, None]).squeeze(1).double().log() - ends[:, -1].log()
    return Drawn(tokens, log_q, log_q)


def main() -> None:
    if len(sys.argv) > 1:
        with Project.open(sys.argv[1]) as project:
            print(json.dumps(_measured(project)), flush=True)
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
        print(json.dumps(_measured(made)), flush=True)


def _measured(project: Project) -> dict[str, Any]:
    torch.set_num_threads(2)
    prompts = [prompt for prompt in project.prompts() if prompt.split is Split.HELD_OUT]
    newest = next(model for model in reversed(project.models()) if not is_control(model.curated_id))
    models = [LocalProposal(folder) for folder in (resolve(project.models()[0].name), project.folder / newest.folder)]
    (reward,) = project.settings.target.rewards
    few = [(prompt, k) for prompt in prompts[:FEW] for k in range(EACH)]
    every = [(prompt, k) for prompt in prompts for k in range(EACH)]
    texts = {prompt.prompt_id: prompt for prompt in prompts}
    lines = {}
    for name, law in {"race": draw, "inverse CDF": inverse_cdf}.items():
        widths, gains, same, first = [], [], [], []
        for seed in range(1, REPEATS + 1):
            base, tuned = (_drawn(model, every, law, 64, seed) for model in models)
            rewards = [_rewards(reward, drawn, texts) for drawn in (base, tuned)]
            groups = np.array([c.prompt_id for c in base.values()])
            gain = paired_difference(rewards[0], groups, rewards[1], groups)
            pairs = [(base[c].token_ids, tuned[c].token_ids) for c in base]
            widths.append(gain.high - gain.low)
            gains.append(gain.value)
            same += [a == b for a, b in pairs]
            first += [_alike(a, b) for a, b in pairs]
        again = _drawn(models[0], few, law, 3, seed)  # beside those of the last seed
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
    return {"benchmark": "paired interval, race", "against": "inverse CDF", "ratio": round(ratio, 3), **lines}


def _drawn(
    model: LocalProposal, to_draw: Sequence[tuple[Prompt, int]], law: Law, batch: int, seed: int
) -> dict[str, Candidate]:
    local.draw = law  # type: ignore[attr-defined, assignment]
    requests = [(prompt, k, f"held-out.{prompt.prompt_id}.{k}") for prompt, k in to_draw]
    drawn = {c.candidate_id: c for c in model.draw(requests, Sampling(max_new_tokens=40, seed=seed), batch)}
    return dict(sorted(drawn.items()))


def _rewards(scorer: str, drawn: dict[str, Candidate], prompts: dict[int, Prompt]) -> list[float]:
    return scoring.scores(
        scorer,
        [
            Scored(prompts[c.prompt_id], c.completion, len(c.token_ids), c.finish, c.candidate_id)
            for c in drawn.values()
        ],
    )


def _alike(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    """The share of the positions before the first difference."""
    same = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return same / max(len(a), len(b))


if __name__ == "__main__":
    main()
