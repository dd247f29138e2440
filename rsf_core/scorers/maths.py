"""Whether the answer of a completion equals the reference by algebra: LaTeX, expressions, equations, intervals, sets."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Sequence
from pathlib import Path

from rsf_core.domain.helper_process import HelperEndedError, HelperProcess
from rsf_core.scorers.base import NoScore, Scored, instead, unreadable
from rsf_core.scorers.checks import MathCheck
from rsf_core.scorers.mathematics import stated

CPU_SECONDS = 3  # per comparison; an ordinary one takes some milliseconds
WALL_SECONDS = 60.0  # including the start of the process, about two seconds of processor time

_SCRIPT = Path(__file__).with_name("math_process.py")
# -P: the modules in the script's folder must not be importable as top-level modules
_helper = HelperProcess(lambda: [sys.executable, "-P", str(_SCRIPT), str(CPU_SECONDS)], WALL_SECONDS)
atexit.register(_helper.stop)


class MathMatch(MathCheck):
    """The answer is the text after "####", else the last \\boxed{…}, else the last <answer>…</answer>, else the text after
    "the answer is", else the last expression in dollars, else the last number. Thoughts (<think>…</think>) are not part of the
    answer."""

    name = "math_match"
    description = (
        "1 where the answer that the completion gives equals the prompt's reference by algebra, else 0: LaTeX, fractions, "
        "roots, expressions, equations, intervals and sets (math-verify)"
    )
    bounds = (0.0, 1.0)
    needs = ("math_verify",)
    extra = "math"
    version = "3"
    check = "rsf_core.scorers.checks:MathCheck"
    reference = True

    def score(self, batch: Sequence[Scored]) -> list[float | NoScore]:
        return [self._score(scored) for scored in batch]

    def _score(self, scored: Scored) -> float | NoScore:
        problem, reference = self.reference_problem(scored.prompt.reference), scored.prompt.reference
        if problem is not None or reference is None:
            raise unreadable(self.name, scored.prompt, str(problem))
        try:
            answer = _helper.ask({"reference": stated(reference), "completion": stated(scored.completion)})
        except HelperEndedError:
            return NoScore(f"comparing it with the reference takes more than {CPU_SECONDS} s of processor time")
        if "reference" in answer:
            raise unreadable(
                self.name,
                scored.prompt,
                f"needs mathematics as the reference, {instead(reference)}: {answer['reference']}",
            )
        return NoScore(answer["why"]) if "why" in answer else float(answer["equal"])
