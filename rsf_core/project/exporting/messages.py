"""A prompt and its answers as the text columns of an export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rsf_core.domain.turns import messages, with_roles
from rsf_core.project.exporting.request import Shape


def texts(shape: Shape, prompt: Mapping[str, Any], answers: Mapping[str, str]) -> dict[str, Any]:
    """The text columns of a row: the `text`, `system` and `earlier` turns of a prompt, and each answer by its column."""
    earlier = prompt["earlier"] or ()
    if shape is Shape.PLAIN:
        return {"system": prompt["system"] or "", "prompt": _written(prompt["text"], earlier), **answers}
    turns = messages(prompt["text"], prompt["system"], earlier)
    written = {name: [{"role": "assistant", "content": answer}] for name, answer in answers.items()}
    if shape is Shape.MESSAGES:
        (answer,) = written.values()
        return {"messages": [*turns, *answer]}
    return {"prompt": turns, **written}


def _written(text: str, earlier: Sequence[str]) -> str:
    """The prompt as one text; the turns of a conversation below one another, each after its role."""
    if not earlier:
        return text
    return "\n\n".join(f"{role.capitalize()}: {content}" for role, content in [*with_roles(earlier), ("user", text)])
