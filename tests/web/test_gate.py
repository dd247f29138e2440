"""The gate in front of everything: only the app's own names and pages, headers on every answer, messages, never a 500."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import streamlit
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit import config

from rsf_core.domain.errors import AccessError
from rsf_core.web import browser, own
from rsf_core.web.gate import Gate

OWN = "127.0.0.1:8501"


async def page(request: Request) -> PlainTextResponse:
    if request.method == "POST" and request.query_params.get("fail"):
        raise ZeroDivisionError("a secret of the server")
    return PlainTextResponse("the page")


async def styled(request: Request) -> HTMLResponse:
    return HTMLResponse("<p>the page")


async def stream(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()


async def closed_twice(websocket: WebSocket) -> None:
    """Close twice, as Streamlit does if a browser leaves while the app ends."""
    await stream(websocket)
    await websocket.close()


def client_at(address: str = f"http://{OWN}") -> TestClient:
    """The gate in front of a page and a websocket; `address` is what the server listens on."""
    app = Starlette(
        routes=[
            Route("/", page, methods=["GET", "POST", "PUT", "DELETE"]),
            Route("/styled", styled),
            WebSocketRoute("/_stcore/stream", stream),
            WebSocketRoute("/closed-twice", closed_twice),
        ]
    )
    return TestClient(Gate(app), base_url=address, raise_server_exceptions=False)


def run(answer: Coroutine[Any, Any, None]) -> None:
    """Run in a separate thread: if browser tests ran before, Playwright's loop is still running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, answer).result(60)


@pytest.fixture(autouse=True)
def local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(own.ACCESS_VARIABLE, raising=False)
    monkeypatch.delenv(own.URL_VARIABLE, raising=False)


def connects(client: TestClient, **headers: str) -> bool:
    try:
        with client.websocket_connect(
            f"ws://{client.base_url.netloc.decode()}/_stcore/stream", headers=headers
        ) as websocket:
            return bool(websocket.receive_text() == "hello")
    except WebSocketDisconnect:
        return False


HEADERS = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-dns-prefetch-control": "off",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 200),
        ("GET", {"host": "evil.example"}, 403),
        ("POST", {}, 403),
        ("POST", {"origin": f"http://{OWN}"}, 200),
        ("POST", {"origin": f"http://{OWN}", "fail": "yes"}, 500),
    ],
)
def test_every_answer_has_the_headers(method, headers, status):
    query = {"fail": headers.pop("fail")} if "fail" in headers else {}
    answer = client_at().request(method, "/", headers=headers, params=query)
    assert answer.status_code == status and "secret" not in answer.text
    assert HEADERS.items() <= dict(answer.headers).items()
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'self'", "img-src 'self' data: blob:", "frame-ancestors 'none'", "object-src 'none'"} <= set(
        policy
    )
    assert not any("unsafe-eval'" in rule.replace("wasm-unsafe-eval'", "") or "*" in rule for rule in policy)
    assert "'unsafe-inline'" not in next(rule for rule in policy if rule.startswith("script-src"))


def test_a_page_loads_the_part_that_brings_its_styles_at_once():
    files = re.findall(r"</([^>]+)>; rel=modulepreload", client_at().get("/styled").headers["link"])
    assert any("/Html." in file for file in files)
    assert all((Path(streamlit.__file__).parent / "static" / file).is_file() for file in files)
    assert "link" not in client_at().get("/").headers  # plain text


@pytest.mark.parametrize("host", [OWN, "localhost:8501", "[::1]:8501"])
def test_the_app_answers_to_its_own_names(host):
    client = client_at()
    assert client.get("/", headers={"host": host}).status_code == 200
    assert client.post("/", headers={"host": host, "origin": f"http://{host}"}).status_code == 200
    assert connects(client, host=host, origin=f"http://{host}")


@pytest.mark.parametrize(
    "host",
    [
        *("[::1", "[::1]", "[", "]", "[]:8501", "[::1]8501", "::1", "::1:8501", "127.0.0.1", "localhost", "0.0.0.0:8501"),
        *("", " ", ":", ":8501", "127.0.0.1:", "127.0.0.1:8502", "127.0.0.1:99999", "127.0.0.1:-1", "127.0.0.1:²"),
        *("user@127.0.0.1:8501", "user:pw@127.0.0.1:8501", "127.0.0.1:8501@evil.example", "127.0.0.1:8501, evil.example"),
        *("127.0.0.1.:8501", "localhost.:8501", "LOCALHOST:8501", "LocalHost:8501", "127.1:8501", "2130706433:8501"),
        *("127.0.0.1.nip.io:8501", "rebound.evil.example:8501", "xn--lcalhost-rxa:8501", "l\u00f6calhost:8501"),
        *("127.0.0.1:8501/", "127.0.0.1:8501/x", "127.0.0.1:8501?x", "127.0.0.1:8501#x", "127.0.0.1%00:8501"),
        *("%6cocalhost:8501", "a" * 5_000),
    ],
)  # fmt: skip
def test_another_name_is_refused_with_words(host):
    client, name = client_at(), host.encode("latin-1", "replace")
    for method, more in (("GET", {}), ("POST", {"origin": f"http://{OWN}"})):
        answer = client.request(method, "/", headers={"host": name, **more})
        assert 400 <= answer.status_code < 500 and len(answer.json()["error"]) > 20
    assert not connects(client, host=name, origin=b"http://" + name)


@pytest.mark.parametrize("hosts", [[], ["evil.example", OWN], [OWN, OWN]])
def test_a_request_must_name_one_host(hosts):
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", host.encode()) for host in hosts]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "headers": headers,
        "server": ("127.0.0.1", 8501),
        "scheme": "http",
    }
    run(Gate(page)(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 400 and f"names {len(hosts)}".encode() in sent[1]["body"]


@pytest.mark.parametrize(
    "origin",
    [
        *("http://127.0.0.1:9999", "http://localhost:9999", "http://localhost:8501", "http://127.0.0.1", "https://127.0.0.1:8501"),
        *("http://evil.example", "null", "", "127.0.0.1:8501", "http://127.0.0.1:8501/", "http://127.0.0.1:8501@evil.example"),
        *("http://user@127.0.0.1:8501", "HTTP://127.0.0.1:8501", "http://[::1", "file://", "http://127.0.0.1:85011"),
        *("http://evil.example http://127.0.0.1:8501", "http://127.0.0.1.:8501", "chrome-extension://abc"),
    ],
)  # fmt: skip
def test_a_page_from_elsewhere_drives_nothing(origin):
    client = client_at()
    for method in ("GET", "POST", "PUT", "DELETE"):
        answer = client.request(method, "/", headers={"origin": origin})
        assert answer.status_code == 403 and "page of this server" in answer.json()["error"]
    assert not connects(client, origin=origin)


def test_what_changes_something_says_where_it_is_from():
    client = client_at()
    assert client.post("/").status_code == 403 and client.delete("/").status_code == 403
    assert not connects(client)


@given(st.text(st.characters(max_codepoint=255), max_size=60), st.text(st.characters(max_codepoint=255), max_size=60))
def test_no_header_makes_it_fail(host, origin):
    headers = {"host": host.encode("latin-1"), "origin": origin.encode("latin-1")}
    assert client_at().post("/", headers=headers).status_code in (400, 403)


def test_without_links_nobody_from_another_machine_is_answered(monkeypatch):
    client = client_at("http://192.0.2.7:8501")
    assert client.get("/", headers={"host": OWN}).status_code == 403
    assert "--access links" in client.get("/").json()["error"]
    assert not connects(client, host=OWN, origin=f"http://{OWN}")


def test_an_address_that_was_named_is_its_own_too(monkeypatch):
    monkeypatch.setenv(own.URL_VARIABLE, "https://rsf.example.org")
    client = client_at()
    assert client.post("/", headers={"host": "rsf.example.org", "origin": "https://rsf.example.org"}).status_code == 200
    assert (
        client.post("/", headers={"origin": "https://rsf.example.org"}).status_code == 200
    )  # a proxy that changes the host
    assert client.post("/", headers={"host": "rsf.example.org", "origin": f"http://{OWN}"}).status_code == 403
    assert client.get("/", headers={"host": "rsf.example.org:8501"}).status_code == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "rsf.lab", "", "127.0.0.1.nip.io"])
def test_another_address_is_refused_without_links_and_says_what_to_do(host):
    with pytest.raises(AccessError, match="--access links"):
        own.check(host, own.Access.LOCAL, None)
    own.check(host, own.Access.LINKS, None)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "::1", "[::1]", "localhost"])
def test_the_own_machine_needs_no_links(host):
    own.check(host, own.Access.LOCAL, None)


@pytest.mark.parametrize(
    "url", ["rsf.lab", "ftp://rsf.lab", "http://rsf.lab/path", "http://u@rsf.lab", "http://rsf.lab:x", ""]
)
def test_an_invalid_address_is_refused(url):
    with pytest.raises(AccessError, match="is no address"):
        own.check("127.0.0.1", own.Access.LINKS, url)


def test_a_public_address_without_links_is_refused():
    own.check("127.0.0.1", own.Access.LOCAL, "http://localhost:9000")
    with pytest.raises(AccessError, match="--access links"):
        own.check("127.0.0.1", own.Access.LOCAL, "https://rsf.example.org")


@pytest.mark.parametrize(
    ("listening", "own_ones", "others"),
    [
        (
            "0.0.0.0",
            [OWN, "localhost:8501", f"{socket.gethostname().lower()}:8501"],
            ["0.0.0.0:8501", "evil.example:8501"],
        ),
        ("192.0.2.7", ["192.0.2.7:8501", OWN], ["192.0.2.8:8501", "192.0.2.7", "192.0.2.7:8502"]),
        ("2001:db8::7", ["[2001:db8::7]:8501"], ["2001:db8::7:8501", "[2001:db8::8]:8501", "[2001:db8::7]"]),
        ("rsf.lab", ["rsf.lab:8501"], ["RSF.lab:8501", "x.rsf.lab:8501", "rsf.lab.:8501"]),
    ],
)
def test_by_links_the_app_has_the_names_of_the_address_it_listens_on(monkeypatch, listening, own_ones, others):
    monkeypatch.setenv(own.ACCESS_VARIABLE, own.Access.LINKS)
    options = {"server.address": listening, "server.port": 8501}
    monkeypatch.setattr(config, "get_option", options.__getitem__)
    scope = {"server": ("192.0.2.7", 8501)}
    assert [host for host in own_ones if not own.answers_to(host, scope)] == []
    assert [host for host in others if own.answers_to(host, scope)] == []
    monkeypatch.setenv(own.ACCESS_VARIABLE, own.Access.LOCAL)
    assert not own.answers_to(own_ones[-1], scope) or own_ones[-1] in (OWN, "localhost:8501")


def test_the_default_port_of_the_web_may_be_omitted():
    client = client_at("http://127.0.0.1:80")
    assert client.get("/", headers={"host": "127.0.0.1"}).status_code == 200
    assert client.get("/", headers={"host": "127.0.0.1:80"}).status_code == 200
    assert client.get("/", headers={"host": "[::1]"}).status_code == 200
    assert client_at().get("/", headers={"host": "[::1]"}).status_code == 403


def test_a_browser_is_given_a_name_once() -> None:
    scope = {"type": "http", "headers": [], "method": "GET", "path": "/"}
    given: list[Message] = []

    async def send(message: Message) -> None:
        given.append(message)

    async def answer(scope: dict[str, Any]) -> None:
        await browser.give_name(scope, send)({"type": "http.response.start", "status": 200, "headers": []})

    run(answer(scope))
    (header,) = given[0]["headers"]
    cookie = header[1].split(b";")[0]
    assert cookie.startswith(b"rsf_browser=") and b"HttpOnly" in header[1] and b"SameSite=Lax" in header[1]
    run(answer(scope | {"headers": [(b"cookie", cookie)]}))
    assert given[1]["headers"] == []


def test_a_browser_that_has_left_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    client = client_at()
    with client.websocket_connect(
        f"ws://{OWN}/closed-twice", headers={"host": OWN, "origin": f"http://{OWN}"}
    ) as websocket:
        assert websocket.receive_text() == "hello"
        with pytest.raises(WebSocketDisconnect):
            websocket.receive_text()
    assert not caplog.records
