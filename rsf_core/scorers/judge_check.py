"""Checks of a judge's options and references without asking it. Nothing is sent from here."""

from __future__ import annotations

import math
import re
from urllib.parse import SplitResult, urlsplit

from rsf_core.domain.errors import ScorerError
from rsf_core.domain.sent_keys import SentKey
from rsf_core.scorers import key_names

MOST_AT_ONCE = 64
MOST_SECONDS = 3_600.0
MOST_TOKENS = 100_000
PATH = "/chat/completions"


class JudgeCheck:
    """See `LlmJudge` for the options. `url` is the address of requests, `bounds` the scale. Raises ScorerError for options
    that are not allowed."""

    name = "llm_judge"

    def __init__(
        self,
        endpoint: str,
        model: str,
        rubric: str,
        lowest: float = 1,
        highest: float = 10,
        whole: bool = True,
        show_prompt: bool = True,
        show_reference: bool = False,
        key: str = "",
        max_tokens: int = 256,
        seconds: float = 30.0,
        at_once: int = 4,
        structured: bool = True,
        seed: int = 0,
    ) -> None:
        self.url = self._url(endpoint)
        self.bounds = (float(lowest), float(highest))
        if not (math.isfinite(lowest) and math.isfinite(highest) and lowest < highest):
            raise self._wrong(f"a scale from a lower to a higher number, not from {lowest} to {highest}")
        if whole and not (float(lowest).is_integer() and float(highest).is_integer()):
            raise self._wrong(f"whole ends of its scale, not {lowest} and {highest}, or whole=false")
        if not isinstance(rubric, str) or not rubric.strip():
            raise self._wrong('a rubric: what makes a completion good, as in rubric="How polite is it?"')
        if not isinstance(model, str) or not model.strip():
            raise self._wrong('the name of the model that the endpoint has, as in model="qwen3-8b"')
        if not isinstance(key, str) or (key and not key_names.is_name(key)):  # the message must not repeat it
            raise self._wrong(
                "as key the NAME of an environment variable that holds the key, such as OPENAI_API_KEY. What is given is "
                "no such name, or looks like a key itself: take that out, for settings are no place for it"
            )
        for option, value, least, most in (
            ("max_tokens", max_tokens, 1, MOST_TOKENS),
            ("at_once", at_once, 1, MOST_AT_ONCE),
            ("seed", seed, 0, 2**31 - 1),
        ):
            if not isinstance(value, int) or not least <= value <= most:
                raise self._wrong(f"as {option} a whole number from {least:,} to {most:,}, not {value!r:.40}")
        if not 0 < seconds <= MOST_SECONDS:
            raise self._wrong(f"seconds above 0, up to {MOST_SECONDS:,g}, not {seconds!r:.40}")
        self._model, self._rubric, self._whole = model.strip(), rubric, whole
        self._show_prompt, self._show_reference, self._key = show_prompt, show_reference, key
        self._max_tokens, self._seconds, self._at_once = max_tokens, float(seconds), at_once
        self._structured, self._seed = structured, seed

    @property
    def sent_key(self) -> SentKey | None:
        """The key to send and its address; None if no key is sent."""
        return SentKey(self._key, self.url) if self._key else None

    def reference_problem(self, reference: str | None) -> str | None:
        if not self._show_reference or (reference and reference.strip()):
            return None
        return "shows the reference to the judge, and there is none"

    def _url(self, endpoint: str) -> str:
        """The address of requests. Raises ScorerError, whose message repeats no part of an address that may hold a secret."""
        example = '"http://127.0.0.1:8080/v1"'
        try:
            parts = urlsplit(endpoint)
            port = parts.port  # ValueError if it is not valid
        except (ValueError, TypeError, AttributeError):
            parts, port = SplitResult("", "", "", "", ""), None
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise self._wrong(
                f"as endpoint an address alone, such as {example}: no name, password, ? or # in it, for settings are kept "
                "and shown. A key is given by the option key, the name of an environment variable"
            )
        if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or re.search(r"[\s\\]", endpoint):
            raise self._wrong(f"as endpoint an address that begins with http:// or https://, such as {example}")
        path = parts.path.rstrip("/")
        return f"{parts.scheme}://{parts.netloc}{path if path.endswith(PATH) else path + PATH}"

    def _wrong(self, need: str) -> ScorerError:
        return ScorerError(f"the scorer {self.name!r} needs {need}")
