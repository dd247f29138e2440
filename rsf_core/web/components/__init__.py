"""The parts of pages that need a browser's speed, as components of Streamlit. Each has its html, css and js in a folder; it
begins at the js module that is named like it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from rsf_core.web import palette
from rsf_core.web.components import modules

FOLDER = Path(__file__).parent


def declare(name: str, dressed_like: str | None = None) -> Any:
    """The component whose files are in the folder `name`; it has the style of the component `dressed_like` too."""
    folder = FOLDER / name
    html = folder.joinpath(f"{name}.html").read_text(encoding="utf-8")
    css = "".join(FOLDER.joinpath(one, f"{one}.css").read_text(encoding="utf-8") for one in (dressed_like, name) if one)
    script = modules.script(folder / f"{name}.js")
    return st.components.v2.component(f"rsf_{name}", html=html, css=palette.rule(":host") + css, js=script)
