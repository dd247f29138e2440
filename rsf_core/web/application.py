"""The ASGI application: Streamlit's pages, and the project held open for as long as it is served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st

from rsf_core.web import api, session
from rsf_core.web.ending import TEARDOWN_SECONDS, within

SHELL = Path(__file__).with_name("shell.py")


@asynccontextmanager
async def _lifespan(app: Any) -> AsyncIterator[dict[str, Any] | None]:
    session.begin()
    await asyncio.to_thread(session.project)
    try:
        yield None
    finally:
        await asyncio.to_thread(within, TEARDOWN_SECONDS, session.end, "closing the project")


def create_app() -> st.App:
    return st.App(SHELL, lifespan=_lifespan, routes=api.routes())
