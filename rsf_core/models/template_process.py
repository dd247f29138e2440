"""Run as a script: renders chat templates for another process, which can end it when a template does not end.

One JSON request a line on stdin, one JSON answer a line on stdout. A template is a program out of a model folder: it may
loop for ever or build a text of gigabytes. Each rendering gets so many seconds of processor time, the argument of the
script, which then ends this process, and all of them MORE_MEMORY over what the start has taken.
"""

from __future__ import annotations

import datetime
import sys
from types import SimpleNamespace
from typing import Any

from transformers.utils import chat_template_utils

from rsf_core.domain.helper_script import serve

MORE_MEMORY = 2**29  # bytes
# What templates that write today's date are told, so that a prompt is the same text tomorrow: when it is judged and
# trained on, and when the same seed draws again. It is the date that Llama's templates fall back to.
TODAY = datetime.datetime(2024, 7, 26)
LONGEST = 2**24  # characters: more than any context holds


def main() -> None:
    # strftime_now of templates: what is given to a rendering may be plain data alone
    vars(chat_template_utils)["datetime"] = SimpleNamespace(now=lambda: TODAY)
    serve(_answer, int(sys.argv[1]), MORE_MEMORY)


def _answer(request: dict[str, Any]) -> dict[str, str]:
    """`text`, or `error`: what the template or Jinja said."""
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
    except Exception as error:  # a template can raise anything; the person is told what
        return {"error": f"{type(error).__name__}: {str(error)[:300]}"}


if __name__ == "__main__":
    main()
