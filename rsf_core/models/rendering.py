"""Chat templates rendered in a process of their own, which is ended when a template hangs or explodes."""

from __future__ import annotations

import atexit
import signal
import sys
from pathlib import Path
from typing import Any

from rsf_core.domain.errors import ModelError, PromptRefusedError
from rsf_core.domain.helper_process import HelperEndedError, HelperProcess

_SCRIPT = Path(__file__).with_name("template_process.py")
CPU_SECONDS = 10  # a rendering: a template of thousands of lines takes a few thousandths
WALL_SECONDS = (
    120.0  # the start of the process included; a template that computes is ended long before by its own limit
)


def _command() -> list[str]:
    # -P: the folder of the script holds modules that are no top-level ones
    return [sys.executable, "-P", str(_SCRIPT), str(CPU_SECONDS)]


_renderer = HelperProcess(_command, WALL_SECONDS)
atexit.register(_renderer.stop)


def prepare() -> None:
    """Start the process that renders, so that it is ready once it is needed."""
    _renderer.start()


def render(template: str, messages: list[dict[str, Any]], names: dict[str, Any], add_generation_prompt: bool) -> str:
    """The text `template` makes of `messages`; `names` are the special tokens it may name. Raises PromptRefusedError
    with what the template said, ModelError where it did not end."""
    try:
        answer: dict[str, str] = _renderer.ask(
            {"template": template, "messages": messages, "names": names, "add_generation_prompt": add_generation_prompt}
        )
    except HelperEndedError as error:
        raise ModelError(_why(error.returncode)) from None
    if "error" in answer:
        raise PromptRefusedError(answer["error"])
    return answer["text"]


def _why(code: int) -> str:
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return "it did not end in time"
    return f"it ended the process that renders it (exit status {code})"
