"""Asking an OpenAI-compatible endpoint for chat completions, several at once, each within a time limit.

Redirects are not followed, answers are read only up to a size limit, and everything ends soon after a request to stop. The
requests run in a thread with an event loop of its own, because the caller may already run one."""

from __future__ import annotations

import asyncio
import json
import queue
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from rsf_core.domain.words import one_line
from rsf_core.scorers.host import Stopped
from rsf_core.scorers.kept_answers import Answer

if TYPE_CHECKING:
    import httpx2

TRIES = 5
BACKOFF_SECONDS = 0.5  # after the first try; doubled after each further one
LOOK_SECONDS = 0.1  # interval between checks whether to stop
CONNECT_SECONDS = 10.0
LARGEST_BYTES = 1 << 20  # of an answer
EXCERPT = 200  # characters of an endpoint's error message
MOST_COUNTED = 1 << 40  # tokens
_FOR_ALL = {
    401: "it does not accept the key",
    402: "it requires payment first",
    403: "it does not allow this",
    404: "it has no such address, or no such model",
    405: "it does not accept chat completions there",
    407: "a proxy asks for a password",
    410: "it has been removed",
}
_AGAIN = (408, 425, 429)
_NEVER = (501, 505)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no answer. `final`: no other question would get one either. `passing`: several tries failed, but another
    question may get an answer, or this one later. If neither, the question itself is the cause."""

    reason: str
    final: bool = False
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`key` is sent as a bearer token if it is not empty. It never appears in messages."""

    url: str
    key: str = ""

    def without_key(self, text: str) -> str:
        return text.replace(self.key, "…") if self.key else text


class _Passing(Exception):
    """A failure that is worth another try, after at least `wait` seconds."""

    def __init__(self, reason: str, wait: float = 0.0, final: bool = False) -> None:
        super().__init__(reason)
        self.wait, self.final = wait, final


class _Refused(Exception):
    def __init__(self, reason: str, final: bool = False, passing: bool = False) -> None:
        super().__init__(reason)
        self.failure = Failure(reason, final, passing)


def ask(
    endpoint: Endpoint,
    bodies: Sequence[Mapping[str, Any]],
    at_once: int,
    seconds: float,
    stopping: Callable[[], bool],
    longer: str = "the option seconds",
) -> Iterator[tuple[int, Answer | Failure]]:
    """The index of each of `bodies` with its answer or failure, in the order of arrival. At most `at_once` requests run at a
    time, and each has `seconds` including its further tries; `longer` names the option or setting that raises this limit.
    Raises Stopped when `stopping` returns true."""
    results: queue.SimpleQueue[tuple[int, Answer | Failure] | BaseException] = queue.SimpleQueue()
    stop = threading.Event()
    thread = threading.Thread(
        target=lambda: _run(_all(endpoint, bodies, at_once, seconds, longer, stop, results.put), results.put),
        daemon=True,
    )
    thread.start()
    try:
        for _ in bodies:
            while True:
                if stopping():
                    raise Stopped
                try:
                    one = results.get(timeout=LOOK_SECONDS)
                    break
                except queue.Empty:
                    continue
            if isinstance(one, BaseException):
                raise one
            yield one
    finally:
        stop.set()
        thread.join(10 * LOOK_SECONDS)  # a name lookup cannot be interrupted: it ends by itself


def _run(asking: Any, put: Callable[[BaseException], None]) -> None:
    try:
        asyncio.run(asking)
    except Exception as error:  # passed on to the thread that waits for answers
        put(error)


async def _all(
    endpoint: Endpoint,
    bodies: Sequence[Mapping[str, Any]],
    at_once: int,
    seconds: float,
    longer: str,
    stop: threading.Event,
    put: Callable[[tuple[int, Answer | Failure]], None],
) -> None:
    import httpx2  # loaded only when needed, in jobs

    places = asyncio.Semaphore(at_once)
    local = httpx2.URL(endpoint.url).host in ("localhost", "127.0.0.1", "::1")
    headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    # each question has its own time limit: the client's would restart with every byte. Local addresses need no proxy
    timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)
    async with httpx2.AsyncClient(
        headers=headers,
        timeout=timeout,
        verify=_trusted(endpoint.url.startswith("https:")),
        follow_redirects=False,
        trust_env=not local,
    ) as client:

        async def one(number: int, body: Mapping[str, Any]) -> None:
            async with places:
                put((number, await _within(client, endpoint, body, seconds, longer)))

        tasks = [asyncio.create_task(one(number, body)) for number, body in enumerate(bodies)]
        waiting = asyncio.gather(*tasks)
        try:
            while not waiting.done() and not stop.is_set():
                await asyncio.wait([waiting], timeout=LOOK_SECONDS)
            if waiting.done():
                waiting.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@cache
def _trusted(secure: bool) -> ssl.SSLContext:
    """The trusted certificates, cached because reading them takes a tenth of a second; none without https."""
    import httpx2

    return httpx2.create_ssl_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


async def _within(
    client: httpx2.AsyncClient, endpoint: Endpoint, body: Mapping[str, Any], seconds: float, longer: str
) -> Answer | Failure:
    until = time.monotonic() + seconds
    last: _Passing | None = None
    try:
        async with asyncio.timeout(seconds):
            for number in range(TRIES):
                try:
                    return await _once(client, endpoint, body)
                except _Refused as refused:
                    return refused.failure
                except _Passing as passing:
                    last = passing
                if number + 1 < TRIES:
                    wait = max(last.wait, BACKOFF_SECONDS * 2**number * random.uniform(0.75, 1.25))
                    if wait > until - time.monotonic():
                        break
                    await asyncio.sleep(wait)
    except TimeoutError:
        if last is None:
            return Failure(f"it did not answer within {seconds:.3g} s: raise {longer}", passing=True)
    assert last is not None
    return Failure(f"{last} (tried again and again)", last.final, passing=True)


async def _once(client: httpx2.AsyncClient, endpoint: Endpoint, body: Mapping[str, Any]) -> Answer:
    """The answer to one request. Raises _Passing or _Refused."""
    import httpx2

    content = json.dumps(body).encode("ascii")
    try:
        async with client.stream("POST", endpoint.url, content=content) as response:
            if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
                raise _Refused("its answer is compressed, although it was asked not to compress", passing=True)
            whole, read = await _read(response)
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        raise _Passing(f"it cannot be reached ({_why(error)})", final=True) from error
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError) as error:
        raise _Refused(f"it cannot be asked ({_why(error)})", final=True) from error
    except httpx2.HTTPError as error:
        raise _Passing(f"the connection broke ({_why(error)})") from error
    status = response.status_code
    message = endpoint.without_key(_error_message(read))
    if response.is_redirect or 300 <= status < 400:
        target = endpoint.without_key(one_line(response.headers.get("Location", "nowhere"), EXCERPT))
        raise _Refused(
            f"it redirects to {target}, and redirects are not followed: use that address if it is right", True
        )
    if status in _FOR_ALL:
        raise _Refused(f"{_FOR_ALL[status]} ({status}{message})", final=True)
    if status in _AGAIN or (status >= 500 and status not in _NEVER):
        raise _Passing(f"it answers {status}{message}", _retry_after(response.headers.get("Retry-After")))
    if status != 200:
        raise _Refused(f"it refuses this question ({status}{message})")
    if not whole:
        raise _Refused(f"its answer has more than {LARGEST_BYTES:,} bytes", passing=True)
    answer = read_answer(read)
    if answer is None:
        raise _Refused(f"its answer is not a chat completion{message}", passing=True)
    return answer


async def _read(response: httpx2.Response) -> tuple[bool, bytes]:
    """Whether the whole response was read, and its bytes up to LARGEST_BYTES."""
    read = b""
    async for part in response.aiter_raw():
        read += part
        if len(read) > LARGEST_BYTES:
            return False, read[:LARGEST_BYTES]
    return True, read


def read_answer(data: bytes) -> Answer | None:
    """The first choice of a chat completion; None if these bytes are not one. A missing text counts as empty."""
    try:
        body = json.loads(data)
        choice = body["choices"][0]
        content, finish = choice["message"].get("content"), choice.get("finish_reason")
        usage = body.get("usage")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    if not isinstance(content, str | None):
        return None
    usage = usage if isinstance(usage, dict) else {}
    counts = (_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))
    return Answer(content or "", finish if isinstance(finish, str) else "", *counts)


def _count(value: object) -> int:
    """A number of tokens; 0 if the endpoint does not report it."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_COUNTED else 0


def _error_message(data: bytes) -> str:
    """The error message of an endpoint after a colon, to be appended; "" if there is none."""
    text = data.decode("utf-8", "replace")
    try:
        error = json.loads(text)["error"]
        text = error if isinstance(error, str) else str(error["message"])
    except (ValueError, LookupError, TypeError, RecursionError):
        pass
    text = one_line(text, EXCERPT)
    return f": {text}" if text else ""


def _why(error: Exception) -> str:
    return one_line(str(error) or type(error).__name__, EXCERPT)


def _retry_after(header: str | None) -> float:
    """The Retry-After header in seconds; 0 for a date, which some endpoints send, so that the backoff applies."""
    try:
        seconds = float(header or 0)
    except ValueError:
        return 0.0
    return seconds if 0 <= seconds < 1e6 else 0.0
