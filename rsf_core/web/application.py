"""The ASGI application: Streamlit's pages, with their projects held open for as long as it is served."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import plotly.graph_objects
import pyarrow as pa
import streamlit as st
from starlette.middleware import Middleware
from streamlit import config

from rsf_core.domain.access import Role, person, usual_name
from rsf_core.project.invites import DAYS
from rsf_core.web import api, document, own, session
from rsf_core.web.ending import TEARDOWN_SECONDS, within
from rsf_core.web.gate import Gate

SHELL = Path(__file__).with_name("shell.py")
# Importing the shell runs a page; what renders Markdown runs in a process of its own.
_NOT_LOADED = ("rsf_core.web.shell", "rsf_core.web.markup.")


@asynccontextmanager
async def _lifespan(app: Any) -> AsyncIterator[dict[str, Any] | None]:
    own.check(config.get_option("server.address") or "0.0.0.0", own.access(), own.url())
    session.begin()
    await asyncio.to_thread(_open)
    try:
        yield None
    finally:
        await asyncio.to_thread(within, TEARDOWN_SECONDS, session.end, "closing what is open")


def _open() -> None:
    """Open what is served. With links, make sure that an owner can get in."""
    _load()
    session.prepare()
    if own.access() is not own.Access.LINKS:
        return
    invites = session.open_project().invites
    invites.address = own.address()
    owners = [link for link in invites.links() if link.role is Role.OWNER and link.state == "open"]
    if owners:
        names = ", ".join(sorted({link.name for link in owners}))
        print(f"Access by links. Owners: {names}. rsf invite makes another link, --list shows all.", flush=True)
    else:
        name = usual_name()
        invitation = invites.invite(name, person(name), owner=True)
        print(f"The owner's link, shown only once, valid for {DAYS} days:\n  {invites.url(invitation)}", flush=True)


def _load() -> None:
    """Import what the pages draw with before any page runs. Pages that are opened at the same time run in threads of their
    own, which could see modules that import each other half initialised."""
    # first, and completely: Plotly uses pandas as it is in sys.modules, even if a thread of Streamlit has half imported it
    importlib.import_module("pandas")
    for name in drawn_with():
        importlib.import_module(name)
    plotly.graph_objects.Figure(plotly.graph_objects.Bar(x=[0], y=[0])).to_json()  # Plotly imports more as it is used
    pa.Table.from_pydict({"x": [0]}).to_pandas()


def drawn_with() -> Iterator[str]:
    """The names of the modules that pages draw with, each before those below it."""
    for module in pkgutil.walk_packages([str(SHELL.parent)], "rsf_core.web."):
        if not module.name.startswith(_NOT_LOADED):
            yield module.name


def parts() -> dict[str, Any]:
    """The arguments of st.App. `streamlit run` looks for a call of st.App in app.py itself, and serves that with the gate."""
    return {
        "script_path": SHELL,
        "lifespan": _lifespan,
        "routes": [*api.routes(), *document.routes()],
        "middleware": [Middleware(Gate)],
    }


def create_app() -> st.App:
    return st.App(**parts())
