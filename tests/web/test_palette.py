"""All colours come from palette.py: none is written anywhere else, and each name in style sheets and scripts exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import pages
import rsf_core
from rsf_core.domain import bundled
from rsf_core.web import components, palette

PACKAGE = Path(rsf_core.__file__).parent
PALETTE = Path(palette.__file__)
FOLDERS = (PACKAGE, *map(Path, pages.__path__))
SOURCES = sorted(
    file
    for folder in FOLDERS
    for file in folder.rglob("*")
    if file.suffix in {".py", ".js", ".css", ".html"} and file != PALETTE
)
NAMES = (
    "aqua|black|blue|brown|coral|crimson|cyan|fuchsia|gold|gr[ae]y|green|indigo|ivory|khaki|lavender|lime|magenta|maroon|"
    "navy|olive|orange|orchid|pink|plum|purple|red|salmon|seagreen|sienna|silver|snow|tan|teal|tomato|turquoise|violet|"
    "wheat|white|whitesmoke|yellow"
)
LITERAL = re.compile(
    r"#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b"
    r"|\b(?:rgba?|hsla?|hwb|oklab|oklch|lab|lch)\("
    r"|\bcolor\(\s*(?:srgb|display-p3|rec2020)"
    r"|(?:color|background|border|outline|fill|stroke|shadow|swatch|tone)[\w-]*[\"']?\s*[:=,]\s*[\"'(\[]*"
    rf"(?:[\w.()%-]+ )*(?:(?:dark|deep|dim|hot|light|medium|pale)?(?:{NAMES}))\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: "/".join(file.parts[-3:]))
def test_no_colour_is_written_outside_the_palette(file: Path) -> None:
    assert LITERAL.findall(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "a { color: #fff; }",
        "a { color: #12805C80; }",
        "a { background: rgba(1, 2, 3, 0.5); }",
        "a { border: 1px solid white; }",
        "a { box-shadow: 0 0 2px black; }",
        'c.fillStyle = "#8884";',
        'c.strokeStyle = "red";',
        'span.style.setProperty("--tone", "green");',
        'line={"color": "lightgrey"}',
        'marker_color="steelblue", line_color="navy"',
        "'color=\"orange\"'",
        "oklch(0.5 0.1 200)",
    ],
)
def test_a_colour_is_seen_however_it_is_written(line: str) -> None:
    assert LITERAL.search(line)


@pytest.mark.parametrize(
    "line",
    [
        "a { color: var(--rsf-accepted); border: 1px solid currentColor; background: none; }",
        'bars("accepted"); c.fillStyle = color("rejected");',
        '"bgcolor=transparent"',
        'figure_text("#1 of 2")',
        'label(1) or "coloured red"',
        "colors = palette.SHARES",
    ],
)
def test_what_names_no_colour_is_let_be(line: str) -> None:
    assert LITERAL.search(line) is None


def test_the_themes_of_streamlit_are_those_of_the_palette() -> None:
    theme = tomllib.loads(bundled.path(".streamlit", "config.toml").read_text(encoding="utf-8"))["theme"]
    for name, expected in (("light", palette.LIGHT), ("dark", palette.DARK)):
        own = theme[name]
        written = palette.Theme(
            primary=own.get("primaryColor", theme["primaryColor"]),
            background=own["backgroundColor"],
            secondary=own["secondaryBackgroundColor"],
            sidebar=own["sidebar"]["backgroundColor"],
            text=own["textColor"],
            border=own["borderColor"],
        )
        assert written == expected


def test_every_custom_property_that_is_named_is_there_and_every_one_there_is_named() -> None:
    texts = {file: file.read_text(encoding="utf-8") for file in SOURCES if file.suffix in {".js", ".css"}}
    named = {name for text in texts.values() for name in re.findall(r"--rsf-([\w-]+)", text)}
    # the review card and the plot append the name of a meaning to --rsf-
    icons = re.search(r"ICONS = \{(.+?)\}", texts[components.FOLDER / "review_card" / "words.js"], re.DOTALL)
    bars = re.findall(r"(?:bars|color)\(\"(\w+)\"\)", texts[components.FOLDER / "m_tuner" / "plot.js"])
    assert icons is not None and len(bars) == 3
    assert named | set(bars) | set(re.findall(r"(\w+):", icons[1])) == set(palette.PROPERTIES)


def test_a_rule_gives_each_colour_under_its_name() -> None:
    rule = palette.rule(":host")
    assert rule.startswith(":host { ") and rule.endswith(" }\n")
    assert f"--rsf-accepted: {palette.ACCEPTED.color};" in rule
    assert rule.count("--rsf-") == len(palette.PROPERTIES)


def test_each_meaning_has_a_colour_of_its_own() -> None:
    meanings = [meaning for meaning in vars(palette).values() if isinstance(meaning, palette.Meaning)]
    assert len(meanings) == 6
    assert len({meaning.color for meaning in meanings}) == len({meaning.word for meaning in meanings}) == 6


@pytest.mark.parametrize(
    ("color", "opacity", "expected"),
    [("#12805c", 0.3, "rgba(18,128,92,0.3)"), ("#000000", 1, "rgba(0,0,0,1)"), ("#FFFFFF", 0, "rgba(255,255,255,0)")],
)
def test_a_faded_colour_is_written_as_plotly_takes_it(color: str, opacity: float, expected: str) -> None:
    assert palette.faded(color, opacity) == expected


def _luminance(color: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [value / 255 for value in bytes.fromhex(color.removeprefix("#"))]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _mixed(color: str, other: str, share: float) -> str:
    pairs = zip(bytes.fromhex(color[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(share * one + (1 - share) * two) for one, two in pairs).hex()


@pytest.mark.parametrize("theme", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
@pytest.mark.parametrize("kind", palette.SYNTAX)
def test_words_of_code_can_be_read_on_light_and_on_dark(kind: str, theme: palette.Theme) -> None:
    word = _mixed(palette.SYNTAX[kind], theme.text, _syntax_shares()[kind])
    for surface in (theme.background, theme.secondary):
        light, dark = sorted((_luminance(word), _luminance(surface)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def _syntax_shares() -> dict[str, float]:
    """How much of its own colour a word of code keeps on the review card, by kind."""
    sheet = (components.FOLDER / "review_card" / "review_card.css").read_text(encoding="utf-8")
    mixed = re.findall(r"var\(--rsf-code-(\w+)\) (\d+)%, var\(--st-text-color\)", sheet)
    return {kind: int(share) / 100 for kind, share in mixed}


def test_the_card_colours_every_kind_of_word_of_code() -> None:
    assert _syntax_shares().keys() == palette.SYNTAX.keys()


@pytest.mark.parametrize("theme", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
def test_the_sentence_under_a_heading_can_be_read_on_light_and_on_dark(theme: palette.Theme) -> None:
    for surface in (theme.background, theme.secondary, theme.sidebar):
        light, dark = sorted(
            (_luminance(_mixed(theme.text, surface, palette.LEAD_SHARE / 100)), _luminance(surface)), reverse=True
        )
        assert (light + 0.05) / (dark + 0.05) >= 4.5
