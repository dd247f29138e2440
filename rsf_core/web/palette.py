"""All colours of the app: one meaning per colour, in every page, chart and component. None is shown by colour alone:
each comes with its word (and, on the review card, a sign). Style sheets and scripts use them as custom properties."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    word: str
    color: str


@dataclass(frozen=True, slots=True)
class Theme:
    """The surfaces of the light or the dark theme, as in .streamlit/config.toml."""

    primary: str
    background: str
    secondary: str
    sidebar: str
    text: str
    border: str


ACCEPTED = Meaning("accepted", "#12805c")
REJECTED = Meaning("rejected", "#9aa3ad")
VIOLATED = Meaning("bound violated", "#e08a1e")
OVERRIDDEN = Meaning("overridden", "#6d5bd0")
TRUNCATED = Meaning("truncated", "#c2503c")
FLAGGED = Meaning("flagged", "#2f6fb7")

ACCENT = "#0b6e4f"
MUTED = "#8a949e"
LINE = "#808a94"  # drawn faintly, on light and dark
LEAD_SHARE = (
    72  # % of the text's colour over the background, in the sentence under a heading: no grey is readable on both
)
INK = "#7d8791"  # of a drawing that may be on light or on dark
ON_COLOR = "#ffffff"  # text on a filled colour
ON_VIOLATED = "#1d2426"  # text on the colour of a bound violation and the shares below all, which are light
SHARES = (REJECTED.color, "#c9e4d8", "#8cc9b1", "#46a584", ACCEPTED.color)  # from none accepted to all

LIGHT = Theme(ACCENT, "#ffffff", "#f3f5f4", "#f6f8f7", "#1d2426", "#dfe4e2")
DARK = Theme("#2aa37c", "#14191a", "#1d2425", "#191f20", "#e6ebea", "#333c3d")
WARNING = ("#8a3b12", "#f0a67c")  # text, on light and on dark

# Words of code, which review_card.css mixes with the text's colour: darker on light, lighter on dark
SYNTAX = {
    "comment": "#7f8a93",
    "keyword": "#7c5cd6",
    "string": "#1f8a5b",
    "number": "#b35c1e",
    "name": "#2f6fb7",
    "builtin": "#0f7f8c",
}

PROPERTIES = {
    "accepted": ACCEPTED.color,
    "rejected": REJECTED.color,
    "violated": VIOLATED.color,
    "overridden": OVERRIDDEN.color,
    "truncated": TRUNCATED.color,
    "flagged": FLAGGED.color,
    "muted": MUTED,
    "line": LINE,
    "lead": f"color-mix(in srgb, currentcolor {LEAD_SHARE}%, transparent)",
    "on-color": ON_COLOR,
    "on-violated": ON_VIOLATED,
} | {f"code-{kind}": color for kind, color in SYNTAX.items()}


def rule(selector: str) -> str:
    """A rule of a style sheet that defines each colour by its name: var(--rsf-accepted) and so on."""
    return f"{selector} {{ {' '.join(f'--rsf-{name}: {color};' for name, color in PROPERTIES.items())} }}\n"


def faded(color: str, opacity: float) -> str:
    """A colour with an opacity from 0 to 1, as Plotly takes it."""
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return f"rgba({red},{green},{blue},{opacity:g})"
