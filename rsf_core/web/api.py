"""The routes that the review card calls without running a page: candidates to read, and acts to record.

Every request is a POST of JSON that has passed the gate, with a token that names the reviewer and the project. With links, the
link determines the reviewer, and the token must belong to the same link: a page drawn for another link must be reloaded first.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields
from functools import lru_cache
from typing import Any, Literal, TypeVar

from itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer
from pydantic import BaseModel, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rsf_core.domain import Act, Action, ActKind, Asked, Shown, access
from rsf_core.domain.access import Actor, Role, person_name
from rsf_core.domain.errors import AccessError, ProjectClosedError, RsfError
from rsf_core.domain.files import in_words
from rsf_core.domain.scorer_ref import readable
from rsf_core.domain.settings_reading import describe
from rsf_core.project import Project
from rsf_core.project.guarded import guarded
from rsf_core.review.candidates import ReviewCandidate, ReviewPrompt
from rsf_core.review.filters import CandidateFilter, Order, View
from rsf_core.web import cursors, session
from rsf_core.web.api_body import Body
from rsf_core.web.choosing_api import UpcomingBody
from rsf_core.web.comparing_api import CompareBody, compare, pairs
from rsf_core.web.gate import ACTOR, Gate
from rsf_core.web.markup.rendered import rendered
from rsf_core.web.packed import Part, gzip, part, plain
from rsf_core.web.ranking_api import RankBody, rank, sets
from rsf_core.web.summary_api import SummaryBody, summary

TOKEN_SECONDS = 24 * 3600
LONGEST_BODY = 4 * 1024 * 1024
KEPT_TOKENS = 1_000
KEPT_PROMPTS = 1_000  # as JSON, about 10 kB each
CLIPPED = 4_000  # characters of a completion that are sent at first; the card requests the rest
_COMMA, _END = part(", "), part("]}")
_writing = threading.Lock()
_PROMPT_FIELDS = tuple(field.name for field in fields(ReviewPrompt) if field.name != "candidates")
_CANDIDATE_FIELDS = tuple(field.name for field in fields(ReviewCandidate))
Asking = TypeVar("Asking", bound=Body)


class _Signer(TimestampSigner):
    """Stamps with the monotonic clock. A token is valid in this process only, and a correction of the machine's clock must
    neither expire it nor move it into the future."""

    def get_timestamp(self) -> int:
        return int(time.monotonic())


_signer = URLSafeTimedSerializer(secrets.token_hex(32), salt="reviewer", signer=_Signer)


def token(reviewer: str, link_id: str | None = None, project: tuple[str, int] | None = None) -> str:
    """A token that proves to these routes who acts, and in which project (see session.opening). It is valid for a day and
    in this server process only."""
    signed: str | bytes = _signer.dumps([reviewer, link_id, project])
    return signed if isinstance(signed, str) else signed.decode()


class QueueBody(Body):
    """`filter` is in its URL form; `at` is the candidate to begin with, if it is still in the view. `after` and
    `after_audit` are `last` and `last_audit` of the previous part; `after_audit` is sealed (see cursors)."""

    filter: dict[str, str] = Field(default_factory=dict)
    view: View = View.PENDING
    order: Order = Order.BOUNDARY
    after: str | None = None
    after_audit: str | None = None
    at: str | None = None
    limit: int = Field(50, ge=1, le=200)


class ShownBody(BaseModel):
    """See domain's Shown."""

    candidate: str
    order: Order
    audit: bool


class AskedBody(BaseModel):
    """See domain's Asked."""

    question: str = Field(max_length=100)
    version: int = Field(ge=1, lt=2**31)


class ActBody(BaseModel):
    act: str = Field(min_length=8, max_length=80)
    kind: ActKind
    candidates: tuple[str, ...] = Field((), max_length=2_000)
    action: Action | None = None
    value: str | None = Field(None, max_length=400_000)
    guide: int | None = Field(None, ge=0, lt=2**31)
    shown: ShownBody | None = None
    asked: AskedBody | None = None

    @property
    def as_act(self) -> Act:
        shown = None if self.shown is None else Shown(self.shown.candidate, str(self.shown.order), self.shown.audit)
        asked = None if self.asked is None else Asked(self.asked.question, self.asked.version)
        return Act(self.act, self.kind, self.candidates, self.action, self.value, self.guide, shown, asked)


class SayBody(Body):
    acts: list[ActBody] = Field(max_length=500)


class TextBody(Body):
    candidate: str


class GoldBody(TextBody):
    """`action`: the right decision; None removes the mark."""

    action: Literal[Action.ACCEPT, Action.REJECT] | None


class RenderedBody(Body):
    """Texts as the card has them: a completion, an edit, or a part of either."""

    texts: list[str] = Field(max_length=50)


def queue(body: QueueBody, project: Project, reviewer: Actor) -> dict[str, Any]:
    """Candidates to read, with their prompts and all other candidates of those prompts."""
    review = project.review
    candidate_filter = CandidateFilter.from_query(body.filter)
    audit, gold = cursors.unsealed(body.round, body.after_audit)
    queued = review.queue(
        body.round, reviewer, candidate_filter, body.view, body.order, body.after, body.limit, body.at, audit, gold
    )
    undo, redo = review.can_walk(body.round, reviewer)
    return {
        "queue": queued.candidate_ids,
        "prompts": queued.prompts,
        "audit": queued.audit,
        "last": queued.last,
        "last_audit": cursors.sealed(body.round, queued.last_audit or audit, queued.last_gold or gold),
        "counts": {str(view): count for view, count in queued.counts.items()},
        "undo": undo,
        "redo": redo,
    }


def say(body: SayBody, project: Project, reviewer: Actor) -> dict[str, Any]:
    """Record acts in order. Candidates that an undo or a redo touched are returned in their new state, to be shown."""
    review = project.review
    acts = [act.as_act for act in body.acts]
    outcomes = review.say(body.round, reviewer, acts)
    walked = [s.candidate_ids for s, a in zip(outcomes, acts, strict=True) if a.kind in (ActKind.UNDO, ActKind.REDO)]
    touched = [name for names in walked for name in names][:50]
    undo, redo = review.can_walk(body.round, reviewer)
    return {
        "results": [{"act": s.act, "refused": s.refused, "candidates": s.candidate_ids[:50]} for s in outcomes],
        "prompts": review.candidates(body.round, touched, reviewer) if touched else (),
        "undo": undo,
        "redo": redo,
    }


def text(body: TextBody, project: Project, reviewer: Actor) -> dict[str, Any]:
    """The whole completion of a candidate whose text was clipped."""
    prompts = project.review.candidates(body.round, [body.candidate], reviewer)
    candidates = [c for prompt in prompts for c in prompt.candidates if c.candidate_id == body.candidate]
    if not candidates:
        raise RsfError(f"there is no candidate {body.candidate[:60]!r} in round {body.round}")
    return {"completion": candidates[0].completion}


def gold(body: GoldBody, project: Project, reviewer: Actor) -> dict[str, Any]:
    """Make a candidate a gold item, or an ordinary one again; for owners. Returns the gold items that
    they have marked in the round."""
    if body.action is None:
        project.gold.unmark(body.candidate, reviewer)
    else:
        project.gold.mark(body.candidate, body.action, reviewer)
    return {
        "gold": project.gold.decisions(body.round, reviewer),
        "prompts": project.review.candidates(body.round, [body.candidate], reviewer),
    }


def render(body: RenderedBody, project: Project, reviewer: Actor) -> dict[str, Any]:
    """Each text as a tree to draw; see markup.rendered."""
    return {"texts": rendered.of(body.texts)}


@lru_cache(maxsize=KEPT_PROMPTS)
def _prompt(prompt: ReviewPrompt) -> Part:
    """A prompt as JSON, cached as long as nothing in it changes: many reviewers read the same prompts."""
    text = _dumps({name: getattr(prompt, name) for name in _PROMPT_FIELDS})
    return part(f'{text[:-1]}, "candidates": [{", ".join(map(_candidate, prompt.candidates))}]}}')


@lru_cache(maxsize=16 * KEPT_PROMPTS)
def _candidate(candidate: ReviewCandidate) -> str:
    shown = {name: getattr(candidate, name) for name in _CANDIDATE_FIELDS}
    shown["scores"] = {readable(scorer): score for scorer, score in candidate.scores.items()}
    shown["opinions"] = [asdict(opinion) for opinion in candidate.opinions]
    shown["answers"] = [asdict(answer) | {"value": json.loads(answer.value)} for answer in candidate.answers]
    shown["completion"] = candidate.completion[:CLIPPED]
    shown["clipped"] = max(0, len(candidate.completion) - CLIPPED)
    return _dumps(shown)


def routes() -> list[Route]:
    gate = [Middleware(Gate)]  # the app has it in front of everything; these routes must never answer without it
    return [
        Route("/api/review/queue", _handler(QueueBody, queue), methods=["POST"], middleware=gate),
        Route("/api/review/say", _handler(SayBody, say), methods=["POST"], middleware=gate),
        Route("/api/review/text", _handler(TextBody, text), methods=["POST"], middleware=gate),
        Route("/api/review/gold", _handler(GoldBody, gold), methods=["POST"], middleware=gate),
        Route("/api/review/pairs", _handler(UpcomingBody, pairs), methods=["POST"], middleware=gate),
        Route("/api/review/compare", _handler(CompareBody, compare), methods=["POST"], middleware=gate),
        Route("/api/review/sets", _handler(UpcomingBody, sets), methods=["POST"], middleware=gate),
        Route("/api/review/rank", _handler(RankBody, rank), methods=["POST"], middleware=gate),
        Route("/api/review/summary", _handler(SummaryBody, summary), methods=["POST"], middleware=gate),
        Route("/api/review/rendered", _handler(RenderedBody, render), methods=["POST"], middleware=gate),
    ]


def _handler(
    kind: type[Asking], answer: Callable[[Asking, Project, Actor], dict[str, Any]]
) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            return _error(403, "this request is not JSON")
        raw = bytearray()
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > LONGEST_BODY:
                return _error(413, f"a request may have {LONGEST_BODY} bytes at most")
        try:
            body = kind.model_validate_json(bytes(raw))
        except ValidationError as error:
            return _error(400, describe(error))
        try:
            actor, which = _actor(request, body.token)
            to_pack = "gzip" in request.headers.get("accept-encoding", "")  # the same rule as in the middleware

            def respond() -> Response:
                access.check(actor, f"routes.{answer.__name__}")
                project = guarded(session.project_of_tab(which), lambda: actor)
                with in_words():
                    return _response(answer(body, project, actor), to_pack)

            return await run_in_threadpool(respond)
        except (BadSignature, ProjectClosedError):
            return _error(401, "this page is of an earlier server or a day old: reload it, nothing is lost")
        except AccessError as error:
            return _error(403, str(error))
        except RsfError as error:
            return _error(409, str(error))

    return handle


def _actor(request: Request, token: str) -> tuple[Actor, tuple[str, int] | None]:
    """Who acts, and in which project: the holder of the link or, if the app is open to its machine, the name in the token.
    Raises BadSignature for a token of another server or another link, or one that has expired."""
    name, link_id, project, stamp = _signed(token)
    if not 0 <= int(time.monotonic()) - stamp <= TOKEN_SECONDS:
        raise BadSignature("of another day")
    actor: Actor | None = request.scope[ACTOR]
    if link_id != (None if actor is None else actor.link_id):
        raise BadSignature("of another link")
    return actor or Actor(person_name(name), Role.OWNER), project


@lru_cache(maxsize=KEPT_TOKENS)
def _signed(token: str) -> tuple[str, str | None, tuple[str, int] | None, int]:
    """The name, the link, the project and the time (seconds) that were signed. These never change, so they are cached;
    whether they are still valid does. Raises BadSignature, which is not cached."""
    (name, link_id, project), stamp = _signer.loads(token, return_timestamp=True)
    return name, link_id, None if project is None else (project[0], project[1]), int(stamp.timestamp())


def _dumps(content: Any) -> str:
    return json.dumps(content, ensure_ascii=True, allow_nan=False, default=str)  # a lone surrogate must not break it


def _response(content: dict[str, Any], to_pack: bool) -> Response:
    """As JSON. `prompts` are written separately, and the whole is compressed if the browser accepts it."""
    prompts = content.pop("prompts", None)
    text = _dumps(content)
    headers = {"cache-control": "no-store", "vary": "accept-encoding"}
    if not prompts:
        return _json(text if prompts is None else f'{text[:-1]}, "prompts": []}}', headers)
    with _writing:  # when many request the same prompts, one thread writes them
        written = [_prompt(prompt) for prompt in prompts]
    parts = [part(f'{text[:-1]}, "prompts": ['), written[0]]
    for one in written[1:]:
        parts += (_COMMA, one)
    parts.append(_END)
    return _json(gzip(parts), headers | {"content-encoding": "gzip"}) if to_pack else _json(plain(parts), headers)


def _json(content: str | bytes, headers: dict[str, str]) -> Response:
    return Response(content, media_type="application/json", headers=headers)


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": message}, status)
