"""A name for the browser, a random cookie: what a tab has put into its URL counts in this browser alone."""

from __future__ import annotations

import secrets

from starlette.requests import HTTPConnection
from starlette.types import Message, Scope, Send

COOKIE = "rsf_browser"


def give_name(scope: Scope, send: Send) -> Send:
    """`send` that gives the browser its name with the answer to the first request it makes without one."""
    if scope["type"] != "http" or COOKIE in HTTPConnection(scope).cookies:
        return send
    cookie = f"{COOKIE}={secrets.token_hex(16)}; Path=/; HttpOnly; SameSite=Lax".encode()

    async def send_named(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), (b"set-cookie", cookie)]}
        await send(message)

    return send_named
