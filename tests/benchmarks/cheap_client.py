"""A client that costs almost nothing, so that a benchmark on the same cores as its server measures the server: one request on
a kept connection, the whole answer read by one system call and decompressed only as far as it is used."""

from __future__ import annotations

import json
import socket
import time
import zlib
from dataclasses import dataclass
from typing import Any, Self

HEAD = 4096  # bytes of a decompressed answer that contain its beginning
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer, and the seconds from the first byte sent to the last byte received."""

    seconds: float
    body: bytes
    packed: bool

    def beginning(self) -> str:
        """The first characters of the answer; a real client reads all of it, on its own machine."""
        text = zlib.decompressobj(_GZIP).decompress(self.body, HEAD) if self.packed else self.body[:HEAD]
        return text.decode("ascii", "replace")

    def json(self) -> Any:
        return json.loads(zlib.decompress(self.body, _GZIP) if self.packed else self.body)


class CheapClient:
    """Sends requests as a page of the app does: from its own origin, and with gzip, as every browser does."""

    def __init__(self, port: int, limit_s: float) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=limit_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._headers = (
            f"host: 127.0.0.1:{port}\r\norigin: http://127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
            "accept-encoding: gzip, deflate, br, zstd\r\ncookie: rsf_browser=benchmark\r\n"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def post(self, path: str, content: dict[str, Any]) -> Answer:
        """Post `content` and return the answer. Raises AssertionError for any status but 200."""
        body = json.dumps(content).encode()
        head = f"POST {path} HTTP/1.1\r\n{self._headers}content-length: {len(body)}\r\n\r\n".encode()
        start = time.perf_counter()
        self._socket.sendall(head + body)
        read = b""
        while b"\r\n\r\n" not in read:
            part = self._socket.recv(HEAD)
            assert part, "the server closed the connection"
            read += part
        top, _, first = read.partition(b"\r\n\r\n")
        status, *lines = top.decode("latin-1").lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        answer = bytearray(int(headers["content-length"]))
        answer[: len(first)] = first
        rest = memoryview(answer)[len(first) :]
        while rest:
            count = self._socket.recv_into(rest, len(rest), socket.MSG_WAITALL)
            assert count, "the server closed the connection"
            rest = rest[count:]
        seconds = time.perf_counter() - start
        whole = Answer(seconds, bytes(answer), headers.get("content-encoding") == "gzip")
        assert " 200 " in status, whole.json()
        return whole
