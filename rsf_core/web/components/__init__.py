"""The parts of pages that need a browser's speed, as components of Streamlit; each has its html, css and js beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st


def declare(name: str) -> Any:
    """The component whose files are in the folder `name`."""
    folder = Path(__file__).parent / name
    html, css, js = (folder.joinpath(f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js"))
    return st.components.v2.component(f"rsf_{name}", html=html, css=css, js=js)
