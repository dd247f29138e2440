"""The parts of pages that must respond at the browser's speed, as Streamlit components. Each has a folder with its HTML, CSS
and JavaScript; its entry is the JavaScript module with the folder's name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from rsf_core.web import palette
from rsf_core.web.components import modules

FOLDER = Path(__file__).parent


def declare(name: str, styled_like: str | None = None) -> Any:
    """The component whose files are in the folder `name`; it also has the style of the component `styled_like`."""
    folder = FOLDER / name
    html = folder.joinpath(f"{name}.html").read_text(encoding="utf-8")
    css = "".join(FOLDER.joinpath(one, f"{one}.css").read_text(encoding="utf-8") for one in (styled_like, name) if one)
    script = modules.script(folder / f"{name}.js")
    return st.components.v2.component(f"rsf_{name}", html=html, css=palette.rule(":host") + css, js=script)
