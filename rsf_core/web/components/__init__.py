"""The parts of pages that need a browser's speed, as components of Streamlit; each has its html, css and js beside it. A
script may be in several files, of which the one named like the component comes last: they are one module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st


def declare(name: str) -> Any:
    """The component whose files are in the folder `name`."""
    folder = Path(__file__).parent / name
    html, css = (folder.joinpath(f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css"))
    scripts = sorted(folder.glob("*.js"), key=lambda path: (path.stem == name, path.name))
    js = "\n".join(path.read_text(encoding="utf-8") for path in scripts)
    return st.components.v2.component(f"rsf_{name}", html=html, css=css, js=js)
