"""Pages of the app as Streamlit's AppTest draws them, within the app's shell."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from rsf_core.web import session

SHELL = Path(session.__file__).with_name("shell.py")


def page_of(name: str, **query: str) -> AppTest:
    """The page of `pages/NAME.py` at an address with `query`, drawn once; it must draw without an exception."""
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    app.switch_page(f"../../pages/{name}.py")
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def words_of(drawn: AppTest | Iterable[Any]) -> str:
    """All texts of a page, or of some of its elements, as a person reads them: without the marks that keep text literal."""
    elements: list[Any] = list(drawn)
    labels: list[str] = []
    if isinstance(drawn, AppTest):
        kinds = ["header", "markdown", "caption", "text", "metric", "info", "success", "warning", "error"]
        elements = [element for kind in kinds for element in getattr(drawn, kind)]
        labels = [expander.label for expander in drawn.expander]
    texts = [*(str(element.value) for element in elements), *labels]
    return "\n".join(texts).replace("\\", "").replace("\u2060", "")


def labelled(elements: Iterable[Any], label: str) -> Any:
    """The element with this label, else the first whose label begins with it."""
    candidates = [element for element in elements if element.label.startswith(label)]
    return next((element for element in candidates if element.label == label), candidates[0])
