"""A page of the app as Streamlit's AppTest draws it, within the shell that the app starts."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from rsf_core.web import session

SHELL = Path(session.__file__).with_name("shell.py")


def page_of(name: str, **query: str) -> AppTest:
    """The page of `pages/NAME.py` at an address with `query`, drawn once, without an exception."""
    app = AppTest.from_file(str(SHELL), default_timeout=60)
    app.switch_page(f"../../pages/{name}.py")
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app
