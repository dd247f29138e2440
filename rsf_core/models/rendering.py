"""Renders chat templates in a separate process, which is ended if a template hangs or builds too large a text."""

from __future__ import annotations

import atexit
import signal
import sys
from pathlib import Path
from typing import Any

from rsf_core.domain.errors import ModelError, PromptRefusedError
from rsf_core.domain.helper_process import HelperEndedError, HelperProcess

_SCRIPT = Path(__file__).with_name("template_process.py")
CPU_SECONDS = 10  # for each rendering: a template of thousands of lines takes a few milliseconds
WALL_SECONDS = 120.0  # with the start of the process; a template that computes reaches CPU_SECONDS long before


def _command() -> list[str]:
    # -P: the folder of the script holds modules that must not be importable at the top level
    return [sys.executable, "-P", str(_SCRIPT), str(CPU_SECONDS)]


_renderer = HelperProcess(_command, WALL_SECONDS)
atexit.register(_renderer.stop)


def prepare() -> None:
    """Start the process that renders templates, so that it is ready when it is needed."""
    _renderer.start()


def render(template: str, messages: list[dict[str, Any]], names: dict[str, Any], add_generation_prompt: bool) -> str:
    """The text that `template` makes of `messages`; `names` are the special tokens it may use. Raises PromptRefusedError with
    the template's error message, ModelError if it did not end."""
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
