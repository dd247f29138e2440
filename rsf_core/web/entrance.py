"""Entering by a link: its secret becomes a cookie and leaves the URL. Without a link there is one page, which explains how to
get in.

The cookie is HttpOnly and SameSite=Lax. A Strict cookie would not be sent when a link in a chat or a mail is clicked, which is
how people come in. A GET changes nothing, and all other requests must come from our own pages (gate.py), so Lax is safe."""

from __future__ import annotations

import html
from http import HTTPStatus

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import Scope

from rsf_core.domain.access import Actor
from rsf_core.domain.errors import AccessError
from rsf_core.project.invites import ENTRANCE
from rsf_core.web import palette, session

PATH = ENTRANCE
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>RSF Studio</title><style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.55 system-ui, sans-serif; margin: 0; display: grid; place-items: center; min-height: 100vh;
  background: light-dark({light.sidebar}, {dark.background}); color: light-dark({light.text}, {dark.text}) }}
main {{ max-width: 34rem; margin: 2rem; padding: 2rem 2.25rem; border-radius: .5rem; border: 1px solid
  light-dark({light.border}, {dark.border}); background: light-dark({light.background}, {dark.secondary}) }}
h1 {{ font-size: 1.35rem; margin: 0 0 .75rem }} p {{ margin: .6rem 0 }}
.why {{ color: light-dark({warning[0]}, {warning[1]}) }}
code {{ background: light-dark({light.secondary}, {dark.background}); padding: .1rem .35rem; border-radius: .25rem }}
</style></head><body><main><h1>This project is open by a link</h1>
<p class="why">{why}</p>
<p>Open the link that you were given. This browser then remembers it until it expires.</p>
<p>If you have none, ask the project's owner for one. The owner makes it in the app (“Invite a
reviewer”) or with <code>rsf invite DIR NAME</code>.</p>
</main></body></html>
"""


def secret(scope: Scope) -> str | None:
    """The secret in this browser's cookie, if it has one."""
    return HTTPConnection(scope).cookies.get(session.cookie_name())


def actor(secret: str | None) -> Actor:
    """The holder of the link with this secret. Raises AccessError, with the reason, if it lets nobody in."""
    return session.open_project().invites.actor(secret)


def enter(scope: Scope) -> Response:
    """The response to somebody who opens a link: a cookie and the first page, or why the link lets nobody in."""
    secret = HTTPConnection(scope).query_params.get("key", "")
    if scope["method"] not in ("GET", "HEAD"):
        return closed(scope, "A link has to be opened with GET.", HTTPStatus.METHOD_NOT_ALLOWED)
    try:
        link = session.open_project().invites.find(secret)
    except AccessError as error:
        return closed(scope, str(error))
    response = RedirectResponse("/", HTTPStatus.SEE_OTHER, {"cache-control": "no-store"})
    response.set_cookie(
        session.cookie_name(),
        secret,
        max_age=link.seconds_left,
        path="/",
        secure=scope.get("scheme") in ("https", "wss"),
        httponly=True,
        samesite="lax",
    )
    return response


def closed(scope: Scope, why: str, status: HTTPStatus = HTTPStatus.UNAUTHORIZED) -> Response:
    """The only response to somebody who is not let in: a page for a person, JSON for a program."""
    headers = {"cache-control": "no-store"}
    if scope["path"].startswith("/api/"):
        return JSONResponse({"error": why}, status, headers)
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    colors = {"light": palette.LIGHT, "dark": palette.DARK, "warning": palette.WARNING}
    page = _PAGE.format(why=html.escape(why[:1].upper() + why[1:]), **colors)
    return HTMLResponse(page, status, headers | {"content-security-policy": policy})
