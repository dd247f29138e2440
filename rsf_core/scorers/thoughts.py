"""What a completion answers, apart from what it thinks aloud before (<think>…</think>): the one place that tells them apart.

Scorers that hold a completion against a reference, or against the form that an answer must have, judge its answer; those that
measure text, and opinions of models, judge all of it. The review card folds thoughts of the same tags where they begin the
text or stand whole on lines of their own (thoughts.js), so that a tag that is spoken of hides nothing from a person.
"""

from __future__ import annotations

import re

_TAG = re.compile(r"<(/?)(?:think|thinking|reasoning)>", re.IGNORECASE)
_QUOTES = {'""', "''", "``"}


def answer_of(completion: str) -> str:
    """What follows the last thought; all of it where there is none. A thought ends with the first tag that ends one; where the
    prompt had begun it, that tag is all there is. One that does not end leaves what stands before it. A tag in quotes is text,
    and so is one within a line of an answer that follows a thought."""
    end, begun, inside, seen = 0, -1, 0, 0  # `seen`: where the last tag that is no text in quotes ends
    for tag in _TAG.finditer(completion):
        closes = bool(tag[1])
        if begun >= 0:
            if closes:
                end, begun = tag.end(), -1
            else:
                inside += 1  # a thought in it, or a tag that it speaks of
        elif closes and inside:
            end, inside = tag.end(), inside - 1
        elif _is_quoted(completion, tag):
            continue
        elif closes and not seen:
            end = tag.end()
        elif not closes and _begins(completion, end, seen, tag.start()):
            begun = tag.start()
        seen = tag.end()
    return completion[end:] if begun < 0 else completion[end:begun]


def _is_quoted(text: str, tag: re.Match[str]) -> bool:
    return text[max(0, tag.start() - 1) : tag.start()] + text[tag.end() : tag.end() + 1] in _QUOTES


def _begins(text: str, end: int, seen: int, start: int) -> bool:
    """Whether a thought begins at `start`; the last one before it has its `end` there, 0 where there is none, and the last tag
    was `seen` to end there. Linear in what follows that tag."""
    line = text.rfind("\n", seen, start) + 1
    if not text[line or seen : start].strip() and (line or seen == end):
        return True
    return not end and text[start - 1] not in "\"'`"
