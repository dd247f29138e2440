"""The answer of a completion without its thoughts (<think>…</think>): the only place that separates the two.

Scorers that compare a completion with a reference, or with the required form of an answer, judge its answer. Scorers that
measure text, and opinions of models, judge the whole completion. The review card folds thoughts with the same tags if they
begin the text or are whole on lines of their own (thoughts.js), so that a tag that is only mentioned hides nothing from a
person.
"""

from __future__ import annotations

import re

_TAG = re.compile(r"<(/?)(?:think|thinking|reasoning)>", re.IGNORECASE)
_QUOTES = {'""', "''", "``"}


def answer_of(completion: str) -> str:
    """The text after the last thought; the whole text if there is none. A thought ends with the first closing tag, which needs
    no opening tag if the prompt began the thought. If a thought does not end, the answer is the text before it. A tag in
    quotes is text, and so is a tag within a line of the answer after a thought."""
    end, begun, inside, seen = 0, -1, 0, 0  # `seen`: the end of the last tag that is not in quotes
    for tag in _TAG.finditer(completion):
        closes = bool(tag[1])
        if begun >= 0:
            if closes:
                end, begun = tag.end(), -1
            else:
                inside += 1  # a nested thought, or a tag that the thought mentions
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
    """Whether a thought begins at `start`. `end` is the end of the previous thought, 0 if there is none, and `seen` the end of
    the previous tag. Takes time linear in the text after that tag."""
    line = text.rfind("\n", seen, start) + 1
    if not text[line or seen : start].strip() and (line or seen == end):
        return True
    return not end and text[start - 1] not in "\"'`"
