"""A real HTTP server for chat completions, on a port of its own, whose replies a test defines."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG_SECONDS = 30.0  # at most: closing the server ends the wait at once


@dataclass(frozen=True)
class Reply:
    """`body` is sent unchanged; `hang`: nothing is sent until the server is closed; `cut`: the body ends before the length
    that its header promises."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    cut: bool = False


def says(content: object, finish: str = "stop", prompt_tokens: int = 50, answer_tokens: int = 5) -> Reply:
    """A chat completion."""
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": answer_tokens}
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish}
    return Reply(json.dumps({"object": "chat.completion", "choices": [choice], "usage": usage}).encode())


def error(status: int, message: str = "no", **headers: str) -> Reply:
    return Reply(json.dumps({"error": {"message": message}}).encode(), status, headers)


@dataclass
class JudgeServer:
    """`replies` are sent in turn, the last one for ever; `seen` are the posted bodies, `headers` their headers, `most` the
    largest number of requests at the same time."""

    replies: list[Reply | Callable[[dict[str, Any]], Reply]]
    seen: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    port: int = 0
    now: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def name(self, rubric: str = "How polite is it?", **options: Any) -> str:
        """The judge at this server, by its name in a target."""
        written = {"endpoint": self.endpoint, "model": "m", "rubric": rubric, "seconds": 10.0} | options
        return f"llm_judge({', '.join(f'{key}={json.dumps(value)}' for key, value in sorted(written.items()))})"

    def answer(self, body: dict[str, Any]) -> Reply:
        with self.lock:
            number = min(len(self.seen), len(self.replies) - 1)
            self.seen.append(body)
        reply = self.replies[number]
        return reply(body) if callable(reply) else reply


@contextmanager
def serving(*replies: Reply | Callable[[dict[str, Any]], Reply]) -> Iterator[JudgeServer]:
    judge = JudgeServer(list(replies))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with judge.lock:
                judge.now += 1
                judge.most = max(judge.most, judge.now)
                judge.headers.append(dict(self.headers))
                judge.paths.append(self.path)
            try:
                self._reply(judge.answer(json.loads(body)))
            except OSError:  # the client is gone
                self.close_connection = True
            finally:
                with judge.lock:
                    judge.now -= 1

        def _reply(self, reply: Reply) -> None:
            if reply.hang:
                judge.closed.wait(HANG_SECONDS)
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(reply.body) + (100 if reply.cut else 0)))
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = reply.cut

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """Ignores the error: the client was gone."""

    server = Server(("127.0.0.1", 0), Handler)
    judge.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield judge
    finally:
        judge.closed.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
