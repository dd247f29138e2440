"""Every simulation in full, a JSON line for each cell of its grid; what a results file holds already is not run again.

python -m tests.simulations [--only NAME] [--sets N] [--results FILE]
python -m tests.simulations --only NAME --table KEY [KEY …]
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.simulations import (
    again,
    chosen,
    deciding,
    distances,
    judges,
    looks,
    losing,
    orders,
    peeking,
    procedures,
    shares,
    starving,
    tables,
    unseen,
    winning,
)


class Simulation(NamedTuple):
    """`run(cell, sets, rng)` gives the figures of one cell from `sets` simulated data sets."""

    cells: Callable[[], Iterable[dict[str, Any]]]
    run: Callable[[Mapping[str, Any], int, np.random.Generator], dict[str, float]]
    sets: int


SIMULATIONS = {
    "shares": Simulation(shares.share_cells, shares.share_coverage, 500),
    "gains of shares": Simulation(shares.gain_cells, shares.gain_coverage, 500),
    "prompts with none": Simulation(starving.cells, starving.coverage, 500),
    "drawing more": Simulation(again.cells, again.estimates, 500),
    "several looks": Simulation(looks.cells, looks.coverage, 500),
    "beta of decisions": Simulation(deciding.cells, deciding.coverage, 300),
    "peeking": Simulation(peeking.cells, peeking.misses, 200),
    "procedures": Simulation(procedures.cells, procedures.coverage, 20_000),
    "judges": Simulation(judges.cells, judges.coverage, 200),
    "AUC of judges": Simulation(judges.cells, judges.auc_coverage, 5_000),
    "win rates": Simulation(winning.cells, winning.coverage, 400),
    "win rates of rankings": Simulation(winning.ranked_cells, winning.ranked_coverage, 400),
    "learned on unseen prompts": Simulation(unseen.cells, unseen.coverage, 60),
    "learned from what a queue chose": Simulation(chosen.cells, chosen.estimates, 40),
    "orders of the queue": Simulation(orders.cells, orders.gains, 20),
    "forgetting": Simulation(losing.cells, losing.coverage, 200),
    "acceptance rates": Simulation(distances.rate_cells, distances.rate_coverage, 20_000),
    "distances": Simulation(distances.cells, distances.coverage, 200),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(SIMULATIONS))
    parser.add_argument("--sets", type=int, help="data sets a cell; without it each simulation's own number")
    parser.add_argument("--results", type=Path, default=Path("docs/results/simulations.jsonl"))
    parser.add_argument(
        "--table", nargs="+", metavar="KEY", help="print what is measured of --only by these, and run nothing"
    )
    options = parser.parse_args()
    if options.table and not options.only:
        parser.error("--table is of one simulation: name it by --only")
    names = [options.only] if options.only else list(SIMULATIONS)
    options.results.parent.mkdir(parents=True, exist_ok=True)
    done = options.results.read_text("utf-8").splitlines() if options.results.exists() else []
    if options.table:
        print("\n".join(tables.table(map(json.loads, done), options.only, options.table)))
        return
    keys = {_key(row["simulation"], row["cell"], row["sets"]) for row in map(json.loads, done)}
    with options.results.open("a", encoding="utf-8") as results:
        for name in names:
            simulation = SIMULATIONS[name]
            sets = options.sets or simulation.sets
            for cell in simulation.cells():
                key = _key(name, cell, sets)
                if key in keys:
                    continue
                figures = simulation.run(cell, sets, np.random.default_rng(zlib.crc32(key.encode())))
                shown = {figure: round(value, 5) for figure, value in figures.items()}
                line = json.dumps({"simulation": name, "cell": cell, "sets": sets} | shown)
                print(line, flush=True)
                results.write(line + "\n")
                results.flush()


def _key(name: str, cell: Mapping[str, Any], sets: int) -> str:
    return json.dumps([name, dict(sorted(cell.items())), sets])


if __name__ == "__main__":
    main()
