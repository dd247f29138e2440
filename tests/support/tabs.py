"""Tabs without a browser: the messages of a page's websocket, and connections that misbehave."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

PATIENCE_SECONDS = 60.0


class Tab:
    """A tab of the app on one of its pages, open until the server ends it."""

    def __init__(self, port: int, page: str) -> None:
        self._page = page
        self._open = contextlib.ExitStack()
        socket = connect(
            f"ws://127.0.0.1:{port}/_stcore/stream",
            origin=Origin(f"http://127.0.0.1:{port}"),
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
            open_timeout=PATIENCE_SECONDS,
            close_timeout=1,
            proxy=None,
        )
        self._socket: ClientConnection = self._open.enter_context(socket)

    def load(self) -> None:
        """Request the page without waiting for it."""
        self._rerun("")

    def read(self) -> str:
        """Read all messages up to the end of a run; returns the id of the page's fragment that runs every second."""
        fragment = ""
        while True:
            message = ForwardMsg.FromString(bytes(self._socket.recv(PATIENCE_SECONDS)))  # type: ignore[arg-type]
            if message.WhichOneof("type") == "auto_rerun":
                fragment = message.auto_rerun.fragment_id
            if message.WhichOneof("type") == "script_finished":
                return fragment

    def go_on(self, fragment: str) -> threading.Thread:
        """Run a fragment repeatedly, as an open page does, but without a pause."""

        def again() -> None:
            with contextlib.suppress(WebSocketException, OSError):  # the server has ended
                while True:
                    self._rerun(fragment)
                    self.read()

        thread = threading.Thread(target=again, daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        with contextlib.suppress(WebSocketException, OSError):
            self._open.close()

    def _rerun(self, fragment: str) -> None:
        state = ClientState(page_name=self._page, fragment_id=fragment)
        self._socket.send(BackMsg(rerun_script=state).SerializeToString())


def deaf(port: int) -> socket.socket:
    """A tab that requests page after page and reads nothing, so that the server's buffers fill."""
    raw = _dial(port)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.sendall(
        f"GET /_stcore/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: streamlit\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += raw.recv(1)
    assert answer.startswith(b"HTTP/1.1 101"), answer
    payload = BackMsg(rerun_script=ClientState(page_name="prompts")).SerializeToString()
    assert len(payload) < 126
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    for _ in range(10):
        raw.sendall(bytes([0x82, 0x80 | len(payload)]) + mask + masked)
    return raw


def half_open(port: int, text: str = "") -> socket.socket:
    """A connection that has sent `text`, the beginning of a request, and sends no more."""
    raw = _dial(port)
    raw.sendall(text.encode())
    return raw


def half_a_request(port: int) -> socket.socket:
    """A request to the review card's routes whose body never ends."""
    return half_open(
        port,
        f"POST /api/review/say HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
        'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"round": 1, ',
    )


@contextlib.contextmanager
def left_open(*open_things: Tab | socket.socket) -> Iterator[None]:
    """Close these at the end of the block, however it ends."""
    try:
        yield
    finally:
        for thing in open_things:
            thing.close()


def _dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
