"""The HTML document of the app's pages: Streamlit's own, with the app's styles in it. Those that a page draws come after its
first elements, which they would move. An address that is no page of the app gets Streamlit's document without them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from rsf_core.web import palette
from rsf_core.web.gate import Gate
from rsf_core.web.navigation import PAGES, WORKSPACE_PAGES

END = "</body>"  # the styles come last, after Streamlit's, so that of two equal rules the app's holds


def routes() -> list[Route]:
    """A route for each address of a page."""
    gate = [Middleware(Gate)]
    addresses = ["/", *(f"/{name}" for name, *_ in (*PAGES, *WORKSPACE_PAGES))]
    return [Route(address, _page, methods=["GET"], middleware=gate) for address in addresses]


async def _page(request: Request) -> HTMLResponse:
    return HTMLResponse(document(), headers={"cache-control": "no-cache"})


@cache
def styles() -> str:
    """The style sheet of all pages, with the colours it uses."""
    return palette.rule(":root") + Path(__file__).with_name("style.css").read_text(encoding="utf-8")


@cache
def document() -> str:
    """Streamlit's index.html with the styles. Raises ValueError if it has no end of a body to put them before."""
    import streamlit

    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    before, end, after = page.rpartition(END)
    if not end:
        raise ValueError(f"Streamlit's index.html has no {END}")
    return f"{before}<style>{styles()}</style>{end}{after}"
