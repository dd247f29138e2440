"""A scorer's card: everything known about a scorer without loading it. It is plain data for pages, settings and bounds on
M."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rsf_core.domain.errors import ScorerError
from rsf_core.domain.scorer_ref import format_value

REQUIRED = object()  # marks an option without a default
_KINDS = (
    (bool, "true or false"),
    ((int, float), "a number"),
    (str, "a text"),
)  # types of options; bool comes first because it is a subclass of int


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a scorer; `default` is REQUIRED if it must be given."""

    name: str
    default: Any = REQUIRED

    def __str__(self) -> str:
        """The option as it is written in a reference, with its default if it may be left out."""
        return self.name if self.default is REQUIRED else f"{self.name}={format_value(self.default)}"


@dataclass(frozen=True, slots=True)
class ScorerCard:
    """`bounds` is the closed range of its scores (an unknown end is ±inf). `needs` lists the modules that it imports beyond
    those of this app, and `extra` is the extra that installs them. `reference`: it reads the prompt's reference. `check` names
    a light class, "module:Class", that is made with the options in place of the scorer: it raises ScorerError for options that
    are not allowed, has `reference_problem` if references are read, and `bounds` if they depend on the options. `takes_any`:
    its options are not listed. `loaded`: the card could not be read from source, so the scorer was loaded. `problem`: why it
    cannot be used, "" if it can. `own`: it belongs to the project (rsf_core/scorers/own.py). `opinion`: its score is a model's
    opinion, to be compared with people's before it decides. `sends`: texts leave this machine, or this program, for the
    address in its options. `of_draw`: it reads data that only a draw of the project's model has, tokens or how it ended, so it
    does not apply to candidates made elsewhere. `siblings`: it compares a candidate with those drawn before it for its prompt.
    `partial`: it has scores for only some candidates, and it is not an error if most have none."""

    name: str
    description: str
    bounds: tuple[float, float] = (-math.inf, math.inf)
    options: tuple[Option, ...] = ()
    needs: tuple[str, ...] = ()
    extra: str = ""
    version: str = "1"
    reference: bool = False
    check: str = ""
    takes_any: bool = False
    loaded: bool = False
    problem: str = ""
    own: bool = False
    opinion: bool = False
    sends: bool = False
    of_draw: bool = False
    siblings: bool = False
    partial: bool = False

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(option.name for option in self.options if option.default is REQUIRED)

    @property
    def sentence(self) -> str:
        """What it measures, with its options; if it cannot be used, the reason."""
        if self.problem:
            return self.problem
        listed = ", ".join(map(str, self.options))
        return f"{self.description} (options: {listed})" if listed else self.description

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Raises ScorerError for an unknown option, a value of the wrong type, or a missing required option."""
        if self.takes_any:
            return
        known = {option.name: option.default for option in self.options}
        for option, value in options.items():
            if option not in known:
                near = difflib.get_close_matches(option, known, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else "."
                raise ScorerError(
                    f"the scorer {self.name!r} has no option {option!r}{hint} It has: {', '.join(known) or 'none'}"
                )
            kind_words = next((words for kind, words in _KINDS if isinstance(known[option], kind)), None)
            got = next((words for kind, words in _KINDS if isinstance(value, kind)), None)
            if kind_words is not None and kind_words != got:
                raise ScorerError(
                    f"the option {option!r} of the scorer {self.name!r} must be {kind_words}, not {value!r:.80}"
                )
        lacking = [option for option in self.required if option not in options]
        if lacking:
            example = ", ".join(f"{option}=…" for option in lacking)
            raise ScorerError(f"the scorer {self.name!r} needs options: write {self.name}({example})")
