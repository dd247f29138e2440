"""Run as a script: renders chat templates for another process, which can end this one if a template does not end.

It reads one JSON request a line from stdin and writes one JSON answer a line to stdout. A template is a program from a model
folder: it may loop for ever or build a text of gigabytes. The argument of the script is the limit of processor time for each
rendering, in seconds, after which this process ends. Renderings may take MORE_MEMORY beyond what the process took to start.
"""

from __future__ import annotations

import datetime
import sys
from types import SimpleNamespace
from typing import Any

from transformers.utils import chat_template_utils

from rsf_core.domain.helper_script import serve

MORE_MEMORY = 2**29  # bytes
# The date for templates that write today's date, so that a prompt is the same text tomorrow: when it is judged and trained
# on, and when the same seed draws again. It is the default date of Llama's templates.
TODAY = datetime.datetime(2024, 7, 26)
LONGEST = 2**24  # characters: more than any context holds


def main() -> None:
    # for strftime_now of templates: the arguments of a rendering can be plain data only
    vars(chat_template_utils)["datetime"] = SimpleNamespace(now=lambda: TODAY)
    serve(_answer, int(sys.argv[1]), MORE_MEMORY)


def _answer(request: dict[str, Any]) -> dict[str, str]:
    """`text`, or `error` with the message of the template or of Jinja."""
    try:
        rendered = chat_template_utils.render_jinja_template(
            conversations=[request["messages"]],
            chat_template=request["template"],
            add_generation_prompt=request["add_generation_prompt"],
            **request["names"],
        )
        text = rendered[0][0]
        if len(text) > LONGEST:
            return {"error": f"it made a text of {len(text):,} characters"}
        return {"text": text}
    except MemoryError:
        return {"error": f"it took more than {MORE_MEMORY // 2**20} MiB of memory"}
    except RecursionError:
        return {"error": "it calls itself without end"}
    except Exception as error:  # a template can raise anything; the person sees what
        return {"error": f"{type(error).__name__}: {str(error)[:300]}"}


if __name__ == "__main__":
    main()
