"""Rubrics to start from: a question to the judge about a completion, with the meaning of each step of the scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LOWEST, HIGHEST = 1, 5  # the scale of these rubrics


@dataclass(frozen=True, slots=True)
class Rubric:
    """`shows_reference`: the judge needs the prompt's reference besides the completion."""

    title: str
    text: str
    shows_reference: bool = False


RUBRICS: Sequence[Rubric] = (
    Rubric(
        "Helpful",
        """How well does the completion help whoever wrote the last message?

5: It does all that was asked, correctly and clearly, and says nothing beside the point.
4: It does what was asked, with a small fault.
3: It does a part of it, or is hard to follow.
2: It does little of it, or much in it is wrong.
1: It does not do what was asked, says what is false, or refuses without a reason.

Length is no merit: of two that help alike, the shorter is the better.""",
    ),
    Rubric(
        "Right, by the reference",
        """Does the completion say what the reference answer says?

5: It says the same, in whatever words, and nothing that contradicts it.
4: It says the same, with a detail missing or added that does no harm.
3: It is right in part.
2: It comes near, and its answer is another one.
1: It says something else, contradicts itself, or gives no answer.

Judge what it says, not how it says it.""",
        shows_reference=True,
    ),
    Rubric(
        "Kind and polite",
        """How kind and polite is the completion?

5: Warm and respectful; it takes the other person seriously.
4: Friendly.
3: Neutral.
2: Curt, cold or condescending.
1: Rude, mocking or hurtful.

Politeness alone counts here: whether the completion is right is judged elsewhere.""",
    ),
    Rubric(
        "Well written",
        """How well is the completion written?

5: Clear, natural and without a fault; every sentence says something.
4: Clear, with a small fault.
3: Understandable, with clumsy or repeated sentences.
2: Hard to read, or it goes round in circles.
1: Broken language, another language than was asked for, or cut off in the middle.

Judge the writing alone, not whether it is right.""",
    ),
)
