"""Who may act, under which name, and what each role may do. Pure rules: no I/O, no web."""

from __future__ import annotations

import getpass
import inspect
import os
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

from rsf_core.domain.errors import AccessError

P = ParamSpec("P")
R = TypeVar("R")
LONGEST_NAME = 60
NOBODY = "local"  # the name of who acts through the Python API without giving one
SPEAKERS = ("author", "reviewer")  # the parameters that name who acts
# Names under which the system itself acts and decides.
RESERVED = frozenset({"rule", "undo", "redo", "random", "auto", "autopilot", NOBODY, "system", "rsf"})
# scripts with letters that look alike: "rulе" with a Cyrillic е is not "rule", and nobody could see that
_LOOKALIKE = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
_UNSEEN = (
    "Cc",
    "Cf",
    "Cs",
    "Co",
    "Cn",
    "Zl",
    "Zp",
)  # control, format (zero width, bidi), surrogate, private, unassigned


class Role(StrEnum):
    """The owner of a project may do everything; a reviewer may look at everything and review candidates."""

    OWNER = "owner"
    REVIEWER = "reviewer"


class ActorKind(StrEnum):
    """What kind of actor it is: a person, the rule that chooses M, or the autopilot."""

    PERSON = "person"
    RULE = "rule"
    AUTOPILOT = "autopilot"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. It is made where the call comes in: by a link, `rsf`, Python, the autopilot or the rule. The role decides what
    they may do and has no default. The name is stored with each act; the autopilot has the name of the person who started it.
    `link_id` is the link they came in by; it is None if the name is only a label, which anybody on this machine may choose.
    Raises AccessError for a name that is not a person's."""

    name: str
    role: Role
    link_id: str | None = None
    kind: ActorKind = ActorKind.PERSON

    def __post_init__(self) -> None:
        if self.kind is not ActorKind.RULE:
            object.__setattr__(self, "name", speaker(self.name))


def person_name(text: str) -> str:
    """`text` as the name of a person: NFKC, single spaces. Raises AccessError for a name that is empty or too long, has
    invisible characters, mixes scripts that look alike, or is reserved for the system."""
    if len(text) > 10 * LONGEST_NAME:  # before it is normalised, which can make it 18 times as long
        raise AccessError(f"a name has at most {LONGEST_NAME} characters: choose a shorter one")
    hidden = next((c for c in text.strip() if unicodedata.category(c) in _UNSEEN), None)
    if hidden is not None:
        raise AccessError(f"the name {_shown(text)} has an invisible character (U+{ord(hidden):04X}): write it without")
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    if not any(unicodedata.category(c)[0] in "LN" for c in name):
        raise AccessError(f"{_shown(text)} is not a valid name: it needs a letter or a digit")
    if len(name) > LONGEST_NAME:
        raise AccessError(f"a name has at most {LONGEST_NAME} characters: {_shown(name)} has {len(name)}")
    for word in name.split():
        scripts = {unicodedata.name(c, "").split()[0] for c in word if unicodedata.category(c)[0] == "L"}
        alike = sorted(scripts.intersection(_LOOKALIKE))
        if len(alike) > 1:
            letters = " and ".join(script.capitalize() for script in alike)
            raise AccessError(
                f"the name {_shown(name)} mixes {letters} letters, which look alike: write it in one script"
            )
    if alike_name(name) in RESERVED:
        raise AccessError(f"{_shown(name)} is reserved for the system: choose another name, such as your own")
    return name


def speaker(name: object) -> str:
    """`name` as it is stored with an act: `NOBODY`, or a person's name. Raises AccessError."""
    if not isinstance(name, str):  # it may come from JSON
        raise AccessError(f"{name!r:.80} is not a valid name: it needs a letter or a digit")
    return _kept(name)


@lru_cache(maxsize=1024)
def _kept(name: str) -> str:
    return name if name == NOBODY else person_name(name)


RULE = Actor("rule", Role.OWNER, kind=ActorKind.RULE)  # chooses M if no person has
LOCAL = Actor(NOBODY, Role.OWNER)  # acts through the Python API if nobody is named: it opens the folder itself


def person(name: object) -> Actor:
    """The user of this machine, who owns the project, under `name`, or under no name in particular (`NOBODY`). Raises
    AccessError."""
    return Actor(speaker(name), Role.OWNER)


def requires_actor(method: Callable[P, R]) -> Callable[P, R]:
    """Decorator of a method by which somebody acts: its `author` or `reviewer` must be an Actor, not a bare name, whether the
    web, a command or Python calls it. The method raises AccessError before it does anything."""
    return _checking(method, _acting)


def checks_name(method: Callable[P, R]) -> Callable[P, R]:
    """Decorator of a method of the store that saves something under a name: the name in its `author` or `reviewer` is checked,
    and stored as `speaker` returns it. The method raises AccessError before it does anything."""
    return _checking(method, speaker)


def _acting(actor: object) -> Actor:
    if not isinstance(actor, Actor):
        raise AccessError(f"{actor!r:.80} does not say who acts: give person(name), of rsf_core.domain.access")
    if actor.kind is ActorKind.RULE:
        raise AccessError("the rule does not do this by itself: a person does it")
    return actor


def _checking(method: Callable[P, R], check: Callable[[object], object]) -> Callable[P, R]:
    signature = inspect.signature(method)
    names = [name for name in SPEAKERS if name in signature.parameters]
    assert names, f"{method.__qualname__} names nobody"

    @wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = signature.bind(*args, **kwargs)
        for name in names:
            if name in bound.arguments:
                bound.arguments[name] = check(bound.arguments[name])
        return method(*bound.args, **bound.kwargs)

    return call


def usual_name() -> str:
    """The name of who acts if no other is given: RSF_REVIEWER, or the user who runs this process. Raises AccessError, with
    what to do about it, if that is not a valid name of a person."""
    from_environment = os.environ.get("RSF_REVIEWER")
    try:
        return _checked(from_environment or _login(*map(os.environ.get, _LOGIN)))
    except AccessError as error:
        raise AccessError(
            f"{error}. It is in {'RSF_REVIEWER' if from_environment else 'your user name: set RSF_REVIEWER'}"
        ) from error


_LOGIN = ("LOGNAME", "USER", "LNAME", "USERNAME")  # where getpass looks before it asks the system
_checked = lru_cache(maxsize=64)(person_name)  # asked for many times at each run of a page


@lru_cache(maxsize=8)
def _login(*names: str | None) -> str:
    """The name of the user who runs this process. `names` are those in the environment: the cache misses when one changes."""
    return getpass.getuser()


def alike_name(name: str) -> str:
    """The letters and digits of a name alone, in lower case: equal for two names that a reader would take for the same."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LMN")


def _shown(text: str) -> str:
    return ascii(text) if any(unicodedata.category(c) in _UNSEEN for c in text) else f"“{text}”"


# What a reviewer may do, by the names of Project and its parts; everything else is for owners only.
_REVIEWS = (
    "review.say",
    "review.bulk",
    "override",
    "undo",
    "lineage.vote",
    "guide_book.read",
    "comparing.say",
    "comparing.say_all",
    "comparing.undo",
    "ranking.say",
    "ranking.say_all",
    "ranking.undo",
    "progress.set_goal",
)
_LOOKS_AT = {
    "": (
        *(
            "folder",
            "settings",
            "settings_problems",
            "summary",
            "running",
            "current_round",
            "rounds",
            "stages",
            "next_step",
            "counts",
            "jobs",
            "status",
            "metrics",
            "bands",
            "rates",
            "none_of",
            "starving_plan",
            "without_score",
            "drawn_until",
            "prompts",
            "prompt_page",
            "prompt_counts",
            "prompt_texts",
            "latest_completions",
        ),
        *(
            "prompts_in_round",
            "candidates",
            "candidates_elsewhere",
            "elsewhere_counts",
            "next_proposal",
            "chosen_proposal",
            "tuned_model",
            "control_is_deleted",
            "control_job",
            "control_leaves_a_choice",
        ),
        *("models", "threshold", "thresholds", "target", "landscape", "marks", "generation_speed", "scorers", "scores"),
        *("reward", "ratios", "compare_rules", "curated_sets", "curated_samples", "comparison", "held_out_examples"),
        *(
            "gains",
            "replicated",
            "replicate_template",
            "sealed_opening",
            "sealed_job",
            "sealed_comparison",
            "winners_curse",
        ),
    ),
    "autopilot.": ("latest_run",),
    "progress.": ("mine", "with_others"),
    "comparing.": ("upcoming", "count", "undoable", "shown", "win_rates"),
    "ranking.": ("upcoming", "count", "undoable", "shown"),
    "guide_book.": ("versions", "current", "unread"),
    "question_book.": ("current", "summaries", "versions"),
    "answers.": ("of_round", "draft"),
    "exports.": ("preview", "finished", "state", "running"),
    "supervisor.": ("problem",),
    "prompt_book.": ("unusable", "with_reference", "version"),
    "prompt_lengths.": ("counts",),
    "target_book.": ("draft", "pinned", "check", "preview", "reward_now", "scores", "examples", "fate", "versions"),
    "own_scorers.": ("files", "is_trusted", "key_to_allow"),
    "taste.": ("decisions", "versions", "version", "current", "scored", "draft", "disagreements", "running"),
    "features.": ("counts", "has", "of", "of_round"),
    "scorer_book.": ("cards", "milliseconds", "of_round", "spent", "card", "current", "scored_by", "judging"),
    "lineage.": (
        *("models", "graph", "pairing", "completions", "trials", "ballot", "stale_proposal", "changed_settings"),
        "curated_change",
    ),
    "review.": (
        *("queue", "counts", "candidates", "page", "index", "version", "mask", "ready", "check_text"),
        *("agreement", "audited", "suggest", "can_walk"),
    ),
    "store.": ("job",),
    # commands and routes are checked by their own names too, before they call the project
    "commands.": (
        *("active_job", "comparisons", "drawn_until", "export_state", "features", "guide", "has_control", "job"),
        "judging",
        *("override", "prompts", "replicate_template", "round_complete", "sealed", "status", "target", "taste"),
    ),
    "routes.": ("queue", "say", "text", "render", "pairs", "compare", "sets", "rank", "summary"),
}
REVIEWERS = frozenset(_REVIEWS) | {part + name for part, names in _LOOKS_AT.items() for name in names}

# What the rule and the autopilot may do. Sealed prompts, settings, links and review are for people.
_BY_ITSELF = {
    ActorKind.RULE: frozenset(),  # it chooses M while a round is decided, and calls nothing
    ActorKind.AUTOPILOT: frozenset({"start_stage", "freeze", "train_control"}),
}


# Permissions that concern this machine, not the project: only its user gives them. No link does, not even an owner's.
_AT_THE_MACHINE = frozenset({"own_scorers.allow_key", "own_scorers.trust"})


def allowed(role: Role, action: str) -> bool:
    """Whether a role may do `action`: the name of a method or property of Project, of a part of it (`review.say`), of a
    command (`commands.status`) or of a route (`routes.queue`)."""
    return role is Role.OWNER or action in REVIEWERS


def may(actor: Actor, action: str) -> bool:
    """Whether a person may do this, by the same rules as `check`."""
    return allowed(actor.role, action) and _is_there(actor, action)


def _is_there(actor: Actor, action: str) -> bool:
    return actor.link_id is None or action not in _AT_THE_MACHINE


def check(actor: Actor, action: str) -> None:
    """Raises AccessError if `actor` may not do this. Every command, route and call of a page is checked here first."""
    if actor.kind is not ActorKind.PERSON and action not in _BY_ITSELF[actor.kind]:
        raise AccessError(f"the {actor.kind} does not do this by itself ({_words(action)}): a person does it")
    if not _is_there(actor, action):
        raise AccessError(
            f"only the person who runs the app can do this, on its machine ({_words(action)}), and you came in by a "
            "link: ask them to allow it there"
        )
    if not allowed(actor.role, action):
        raise AccessError(
            f"only an owner of the project can do this ({_words(action)}): you are here as the reviewer "
            f"“{actor.name}”, and can see everything and review. Ask the owner to do it"
        )


def _words(action: str) -> str:
    return action.replace("_", " ").replace(".", ": ")
