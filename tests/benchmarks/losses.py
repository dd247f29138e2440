"""The effect of the loss on a round: the accepted candidates of one round (task positive_reviews, embedded model) are trained
on unweighted, with the weights max(1, P/(M·q)) of violated bounds, and with a growth bound on each sample's likelihood. The
candidates, the recipe and the held-out prompts are the same; differences to the base have 95 % intervals paired by prompt.
Prints one JSON line each; the ratio is the held-out gain in reward over that of the plain nll. About 15 minutes on two cores.

    python tests/benchmarks/losses.py
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from rsf_core.project import Project
from rsf_core.sampling.intervals import Interval

VARIANTS: dict[str, dict[str, str]] = {
    "nll": {},
    "nll, weights": {"accept.weighted": "true"},
    "nll, growth bound 1000": {"train.growth_bound": "1000"},
    "nll, growth bound 20": {"train.growth_bound": "20"},
}
SHOWN = ("reward", "KL to base", "distinct-2", "self-similarity", "truncated")


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Project.create(Path(folder) / "p", "positive_reviews", seed=1) as made,
    ):
        made.generate()
        made.wait()
        plain = None
        for name, values in VARIANTS.items():
            for key, value in values.items():
                made.set(key, value)
            made.train()
            made.wait()
            for key in values:
                made.unset(key)
            tuned = made.models()[-1]
            pairing = made.lineage.pairing("base", tuned.model_id)
            assert pairing is not None
            gain = pairing.gain["reward"].value
            plain = gain if plain is None else plain
            line = {
                "benchmark": f"one round, {name}",
                "against": "one round, nll",
                "ratio": round(gain / plain, 2),
                "gain": _shown(pairing.gain["reward"]),
                **{metric: _shown(pairing.second[metric]) for metric in SHOWN},
            }
            print(json.dumps(line), flush=True)


def _shown(interval: Interval) -> list[float]:
    return [round(float(value), 3) for value in (interval.value, interval.low, interval.high)]


if __name__ == "__main__":
    main()
