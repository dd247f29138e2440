"""The only entrance to the app: every request for a page, file, websocket or /api route passes through it.

It answers only requests to this app's own names (so that no foreign name can be pointed at it) and from this app's own pages
(so that no other page in the same browser can drive it), and adds the headers to every response. If the app is open by links,
nobody gets in without one, and a person whose link ends is out at once, in open tabs too."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect, WebSocketDisconnected

from rsf_core.domain.access import Actor
from rsf_core.domain.errors import AccessError
from rsf_core.web import browser, entrance, headers, own

log = logging.getLogger(__name__)

ACTOR = "rsf.actor"  # who asks, in the scope of a request that was let in; None if the app is open to its machine
_SAFE = ("GET", "HEAD", "OPTIONS")
_LINK_ENDED = 4401  # the code with which a websocket is closed


@dataclass(frozen=True, slots=True)
class Refusal:
    status: HTTPStatus
    words: str


class Gate:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or ACTOR in scope:
            await self._app(scope, receive, send)
            return
        sender = _Sender(send)
        try:
            await self._pass(scope, receive, sender)
        except (WebSocketDisconnect, WebSocketDisconnected):
            log.debug("a browser left %s while it was answered", scope["path"])
        except Exception:
            log.exception("answering %s %s failed", scope.get("method", "websocket"), scope["path"])
            if sender.started:
                raise
            refusal = Refusal(
                HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong; the server's log has the details"
            )
            await _answer(_refusal(refusal), scope, receive, sender)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = refused(scope)
        if refusal is not None:
            await _answer(_refusal(refusal), scope, receive, send)
        elif own.access() is own.Access.LOCAL:
            await self._app({**scope, ACTOR: None}, receive, browser.give_name(scope, send))
        elif scope["type"] == "http" and scope["path"] == entrance.PATH:
            await _answer(entrance.enter(scope), scope, receive, send)
        else:
            secret = entrance.secret(scope)
            try:
                actor = entrance.actor(secret)
            except AccessError as error:
                await _answer(entrance.closed(scope, str(error)), scope, receive, send)
                return
            if scope["type"] == "websocket":
                receive, send = _while_let_in(secret, receive, send)
            await self._app({**scope, ACTOR: actor}, receive, send)


class _Sender:
    """Adds the headers to every response, and records whether one has begun."""

    def __init__(self, send: Send) -> None:
        self._send = headers.guarded(send)
        self.started = False

    async def __call__(self, message: Message) -> None:
        self.started = True
        await self._send(message)


def refused(scope: Scope) -> Refusal | None:
    """Why a request is not from one of our own pages to this app, or None if it is."""
    server = scope.get("server") or ("", None)
    if own.access() is own.Access.LOCAL and own.is_address(server[0]) and not own.is_loopback(server[0]):
        return Refusal(
            HTTPStatus.FORBIDDEN,
            "this app answers only its own machine: to let others in, start it with rsf app DIR --access links",
        )
    hosts, origins = _values(scope, b"host"), _values(scope, b"origin")
    if len(hosts) != 1:
        return Refusal(HTTPStatus.BAD_REQUEST, f"a request names one host; this one names {len(hosts)}")
    if not own.answers_to(hosts[0], scope):
        return Refusal(
            HTTPStatus.FORBIDDEN,
            f"this server does not answer to the name {_shown(hosts[0])}. Where a tunnel or a proxy leads here under it, "
            "start the app with --url and its address",
        )
    if not origins:
        if scope["type"] == "http" and scope["method"] in _SAFE:
            return None  # a person opens a page or an image, which changes nothing
        return Refusal(HTTPStatus.FORBIDDEN, "this request does not say which page it is from (Origin)")
    if len(origins) > 1 or origins[0] not in own.origins(hosts[0], scope.get("scheme") in ("https", "wss")):
        return Refusal(HTTPStatus.FORBIDDEN, "this request did not come from a page of this server")
    return None


def _while_let_in(secret: str | None, receive: Receive, send: Send) -> tuple[Receive, Send]:
    """`receive` and `send` of a websocket that both end once its link has ended."""
    ended = False

    async def close_if_ended() -> bool:
        nonlocal ended
        if not ended and not _is_let_in(secret):
            ended = True
            await send({"type": "websocket.close", "code": _LINK_ENDED, "reason": "this link has expired"})
        return ended

    async def receive_checked() -> Message:
        message = await receive()
        if message["type"] == "websocket.receive" and await close_if_ended():
            return {"type": "websocket.disconnect", "code": _LINK_ENDED}
        return message

    async def send_checked(message: Message) -> None:
        if message["type"] != "websocket.send" or not await close_if_ended():
            if not ended:
                await send(message)

    return receive_checked, send_checked


def _is_let_in(secret: str | None) -> bool:
    try:
        return isinstance(entrance.actor(secret), Actor)
    except AccessError:
        return False


def _values(scope: Scope, name: bytes) -> list[str]:
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return [value.decode("latin-1") for key, value in headers if key.lower() == name]


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 60 else text[:60] + "…")


def _refusal(refusal: Refusal) -> Response:
    return JSONResponse({"error": refusal.words}, refusal.status)


async def _answer(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the response. A websocket is not opened: no page could read text there, and uvicorn would log it as a fault."""
    if scope["type"] == "http":
        await response(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
