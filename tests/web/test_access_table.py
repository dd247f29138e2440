"""Who has access to what: a real server for each way of being open, each kind of person, each request.

yes   answered                  401   no access: only the page that explains access (a message for a program)
403   refused                   no    the websocket is not accepted
"""

from __future__ import annotations

import http.client
import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from rsf_core.domain import Action, Choice, ChoiceKind, Scope, Verdict, access
from rsf_core.domain.access import Actor, Role, person
from rsf_core.domain.errors import AccessError, RsfError
from rsf_core.project import Project
from rsf_core.project.commands import COMMANDS, execute
from rsf_core.project.guarded import guarded
from rsf_core.project.invites import _digest
from rsf_core.rounds.stages import Stage
from tests.support.app_server import AppServer
from tests.support.seeding import add_candidates, add_scores, candidates, decide

WAIT = 60  # seconds, the limit of every wait for the server
EXPIRED = "a-secret-of-long-ago"


@dataclass
class Servers:
    """Two apps, one for each way of being open, and the secrets of the second."""

    local: AppServer
    links: AppServer
    secrets: dict[str, str | None]
    cookie: str

    def of(self, who: str) -> tuple[AppServer, dict[str, str]]:
        if who == "local":
            return self.local, {}
        secret = self.secrets[who]
        return self.links, {} if secret is None else {"Cookie": f"{self.cookie}={secret}"}

    def ask(
        self, who: str, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        server, cookie = self.of(who)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT)
        sent = {"Origin": server.url, "Content-Type": "application/json"} if method == "POST" else {}
        connection.request(method, path, None if body is None else json.dumps(body), sent | cookie | headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text

    def tab(self, who: str) -> ClientConnection:
        server, cookie = self.of(who)
        address = f"ws://127.0.0.1:{server.port}/_stcore/stream"
        return connect(
            address,
            origin=Origin(server.url),
            additional_headers=cookie,
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
            open_timeout=WAIT,
        )

    def token(self, who: str, query: str = "") -> str:
        """The token in the review card of this person's tab."""
        with self.tab(who) as tab:
            return re.findall(rb'"token": ?"([^"]+)"', draw(tab, "review", query))[-1].decode()


def draw(tab: ClientConnection, page: str, query: str = "") -> bytes:
    """Everything that the server sends to a tab for a page."""
    asked = BackMsg()
    asked.rerun_script.page_name, asked.rerun_script.query_string = page, query
    tab.send(asked.SerializeToString())
    got = b""
    while True:
        raw = tab.recv(timeout=WAIT)
        assert isinstance(raw, bytes)
        got += raw
        if ForwardMsg.FromString(raw).WhichOneof("type") == "script_finished":
            return got


def named(token: str) -> Any:
    payload = token.split(".")[0]
    return json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def seed(folder: Path, task: Path) -> Project:
    project = Project.create(folder, str(task), seed=1)
    rows = candidates(2, 3)
    add_candidates(project.store, rows)
    add_scores(project.store, rows, {"sentiment": 0.5})
    decide(project.store, rows, 0.0, -9.0)
    return project


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory, small_task: Path) -> Iterator[Servers]:
    from rsf_core.web import session

    folder = tmp_path_factory.mktemp("access")
    seed(folder / "local" / "p", small_task).close()
    with seed(folder / "links" / "p", small_task) as project:
        made = {
            "owner": project.invites.invite("The boss", person("ann"), owner=True),
            "reviewer": project.invites.invite("ben", person("ann")),
            "revoked": project.invites.invite("cleo", person("ann")),
        }
        project.invites.revoke("cleo", person("ann"))
        long_ago = datetime(2020, 1, 1)
        project.store.links.add("0ld", "dora", Role.OWNER, _digest(EXPIRED), "ann", long_ago + timedelta(days=30))
    secrets: dict[str, str | None] = {who: link.path.partition("key=")[2] for who, link in made.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(session.FOLDER_VARIABLE, str(folder / "links" / "p"))
        cookie = session.cookie_name()
    local = AppServer(folder / "local" / "p", {"RSF_REVIEWER": "ann"})
    links = AppServer(folder / "links" / "p", {"RSF_REVIEWER": "ann"}, "--access", "links")
    try:
        local.start()
        links.start()
        yield Servers(local, links, secrets | {"expired": EXPIRED, "none": None, "forged": "x" * 43}, cookie)
    finally:
        local.stop()
        links.stop()


# fmt: off
TABLE = {
    #                      local  reviewer  owner  revoked  expired  forged  none
    "page /":             ("yes", "yes",    "yes", 401,     401,     401,    401),
    "page /review":       ("yes", "yes",    "yes", 401,     401,     401,    401),
    "page /train":        ("yes", "yes",    "yes", 401,     401,     401,    401),
    "file /favicon.png":  ("yes", "yes",    "yes", 401,     401,     401,    401),
    "file /_stcore/health":      ("yes", "yes", "yes", 401, 401,     401,    401),
    "file /_stcore/host-config": ("yes", "yes", "yes", 401, 401,     401,    401),
    "file /media/x.png":  (404,   404,      404,   401,     401,     401,    401),
    "websocket":          ("yes", "yes",    "yes", "no",    "no",    "no",   "no"),
    "/api/review/queue":  ("yes", "yes",    "yes", 401,     401,     401,    401),
    "/api/review/say":    ("yes", "yes",    "yes", 401,     401,     401,    401),
    "/api/review/text":   ("yes", "yes",    "yes", 401,     401,     401,    401),
    "/api/review/rendered": ("yes", "yes",  "yes", 401,     401,     401,    401),
    "/api/review/gold":   ("yes", 403,      "yes", 401,     401,     401,    401),
}
WHO = ("local", "reviewer", "owner", "revoked", "expired", "forged", "none")
BODIES: dict[str, dict[str, Any]] = {
    "/api/review/queue": {}, "/api/review/say": {"acts": []}, "/api/review/text": {"candidate": "1.1.0"},
    "/api/review/rendered": {"texts": ["**a**"]}, "/api/review/gold": {"candidate": "1.2.0", "action": "accept"},
}
# fmt: on


@pytest.mark.parametrize(
    ("what", "who", "answer"), [(w, p, a) for w, row in TABLE.items() for p, a in zip(WHO, row, strict=True)]
)
def test_who_gets_what(servers: Servers, what: str, who: str, answer: str | int) -> None:
    if what == "websocket":
        try:
            with servers.tab(who):
                passed = "yes"
        except InvalidStatus:
            passed = "no"
        assert passed == answer
        return
    if what.startswith("/api"):
        token = servers.token(who) if answer in ("yes", 403) else "forged"
        status, headers, text = servers.ask(who, "POST", what, {"token": token, "round": 1} | BODIES[what])
    else:
        status, headers, text = servers.ask(who, "GET", what.split()[1])
    assert status == (200 if answer == "yes" else answer), text
    assert headers["x-frame-options"] == "DENY" and "frame-ancestors 'none'" in headers["content-security-policy"]
    if status == 401:
        message = json.loads(text)["error"] if what.startswith("/api") else text
        assert {"none": "no link", "forged": "cut off", "revoked": "revoked", "expired": "expired"}[who] in message
        assert "small_reviews" not in text and "Review" not in text.replace("Invite a\nreviewer", "")


def test_a_token_is_of_a_link_and_of_no_name_in_the_url(servers: Servers) -> None:
    assert named(servers.token("reviewer", "reviewer=The+boss"))[0] == "ben"
    assert named(servers.token("reviewer", "reviewer=The+boss&seal=" + "0" * 20))[0] == "ben"
    assert named(servers.token("owner"))[0] == "The boss"
    assert named(servers.token("local", "reviewer=the+boss"))[0] == "ann"


def test_decisions_carry_the_name_of_the_link(servers: Servers) -> None:
    bosses, mine = servers.token("owner"), servers.token("reviewer")
    act = {"act": "act-of-ben", "kind": "decide", "candidates": ["1.1.0"], "action": "reject"}
    status, _, text = servers.ask("reviewer", "POST", "/api/review/say", {"token": bosses, "round": 1, "acts": [act]})
    assert status == 401 and "reload" in text  # another person's token
    status, _, text = servers.ask(
        "reviewer", "POST", "/api/review/say?reviewer=The+boss", {"token": mine, "round": 1, "acts": [act]}
    )
    assert status == 200, text
    _, _, text = servers.ask(
        "owner", "POST", "/api/review/queue", {"token": bosses, "round": 1, "view": "all", "order": "prompt"}
    )
    opinions = json.loads(text)["prompts"][0]["candidates"][0]["opinions"]
    assert [one["reviewer"] for one in opinions] == ["ben"]


def test_a_link_becomes_a_cookie_and_leaves_the_url(servers: Servers) -> None:
    status, headers, _ = servers.ask("none", "GET", f"/enter?key={servers.secrets['reviewer']}")
    assert status == 303 and headers["location"] == "/" and headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"
    cookie = headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "path=/" in cookie and "domain" not in cookie
    for who in ("revoked", "expired", "forged"):
        status, headers, _ = servers.ask("none", "GET", f"/enter?key={servers.secrets[who]}")
        assert status == 401 and "set-cookie" not in headers


def test_a_link_that_is_revoked_is_out_at_once_in_open_tabs_too(servers: Servers) -> None:
    folder = str(servers.links.folder)
    made = servers.links.rsf("invite", folder, "dan")
    assert made["url"].startswith(servers.links.url) and made["open"]
    servers.secrets["dan"] = made["url"].partition("key=")[2]
    token = servers.token("dan")
    with servers.tab("dan") as tab:
        draw(tab, "review")
        servers.links.rsf("invite", folder, "--revoke", "dan")
        with pytest.raises(ConnectionClosed):
            draw(tab, "review")
    status, _, text = servers.ask("dan", "POST", "/api/review/say", {"token": token, "round": 1, "acts": []})
    assert status == 401 and "revoked" in text


def test_the_secret_of_a_link_is_kept_nowhere(servers: Servers) -> None:
    for secret in filter(None, (servers.secrets["owner"], servers.secrets["reviewer"])):
        for path in servers.links.folder.rglob("*"):
            assert not path.is_file() or secret.encode() not in path.read_bytes(), path


# -- what each role may do ---------------------------------------------------------------------------------------------

OWNER, REVIEWER = Actor("ann", Role.OWNER, "1"), Actor("ben", Role.REVIEWER, "2")
Do = Callable[[Project], Any]

# fmt: off
ACTIONS: dict[str, tuple[bool, Do]] = {
    #                          a reviewer may
    "look at the candidates": (True,  lambda p: p.candidates(1)),
    "look at the queue":      (True,  lambda p: p.review.queue(1, person("x"))),
    "look at the prompts":    (True,  lambda p: p.prompts()),
    "look at the settings":   (True,  lambda p: p.settings),
    "look at the models":     (True,  lambda p: p.lineage.models()),
    "decide":                 (True,  lambda p: p.override("1.1.0", Action.REJECT)),
    "take back":              (True,  lambda p: p.undo()),
    "say acts":               (True,  lambda p: p.review.say(1, person("The boss"), [])),
    "change a setting":       (False, lambda p: p.set("generate.candidates", "2")),
    "unset a setting":        (False, lambda p: p.unset("generate.candidates")),
    "see what fits":          (True,  lambda p: p.prompt_lengths.counts()),
    "add prompts":            (False, lambda p: p.import_prompts([], "x")),
    "check what fits":        (False, lambda p: p.imports.lengths("x", "y")),
    "draw":                   (False, lambda p: p.generate()),
    "score":                  (False, lambda p: p.score()),
    "choose M":               (False, lambda p: p.set_threshold(0.0, Scope.GLOBAL)),
    "undo M":                 (False, lambda p: p.undo_threshold()),
    "freeze":                 (False, lambda p: p.freeze()),
    "train":                  (False, lambda p: p.train()),
    "train a control":        (False, lambda p: p.train_control()),
    "evaluate":               (False, lambda p: p.evaluate()),
    "draw a typed prompt":    (False, lambda p: p.try_out(["base"], "x")),
    "see what comes next":    (True, lambda p: p.next_step()),
    "do what comes next":     (False, lambda p: p.advance(person("x"))),
    "start a stage":          (False, lambda p: p.start_stage(Stage.SCORE, person("x"))),
    "start the next round":   (False, lambda p: p.draw_next_round()),
    "choose the proposal":    (False, lambda p: p.set_proposal("base")),
    "delete a model":         (False, lambda p: p.lineage.delete("m1-1", person("x"))),
    "cancel a job":           (False, lambda p: p.cancel("r1-generate-1")),
    "start the autopilot":    (False, lambda p: p.autopilot.start(1, False, person("x"))),
    "invite":                 (False, lambda p: p.invites.invite("eve", person("x"))),
    "see the links":          (False, lambda p: p.invites.links()),
    "revoke":                 (False, lambda p: p.invites.revoke("ben", person("x"))),
    "reach the database":     (False, lambda p: p.store._db),
    "reach the links' table": (False, lambda p: p.store.links),
    "say as anybody":         (False, lambda p: p.store.acts.say([], 1, "x")),
    "look at a pair":         (True,  lambda p: p.comparing.upcoming(1, person("x"), 1)),
    "choose between pairs":   (True,  lambda p: p.comparing.say_all([Choice("a", ChoiceKind.UNDO)], 1)),
    "compare two":            (True,  lambda p: p.comparing.say(1, "1.1.0", "1.1.1", Verdict.TIE)),
    "take a comparison back": (True,  lambda p: p.comparing.undo(1)),
    "look at a ranking":      (True,  lambda p: p.ranking.upcoming(1, person("x"), 1)),
    "rank":                   (True,  lambda p: p.ranking.say(1, [["1.1.0"], ["1.1.1"]])),
    "rank several":           (True,  lambda p: p.ranking.say_all([Choice("a", ChoiceKind.UNDO)], 1)),
    "take a ranking back":    (True,  lambda p: p.ranking.undo(1)),
    "see the win rates":      (True,  lambda p: p.comparing.win_rates(1)),
    "see one's own progress": (True,  lambda p: p.progress.mine(1, person("x"))),
    "set one's own goal":     (True,  lambda p: p.progress.set_goal(5, None)),
    "see all progress":       (False, lambda p: p.progress.everybody(1)),
    "set another's goal":     (False, lambda p: p.progress.set_goal_of("x", 5, None)),
    "see the gold items":     (False, lambda p: p.gold.report(1)),
    "see their decisions":    (False, lambda p: p.gold.decisions(1, person("x"))),
    "mark a gold item":       (False, lambda p: p.gold.mark("1.1.0", "accept")),
    "unmark a gold item":     (False, lambda p: p.gold.unmark("1.1.0")),
    "reach their table":      (False, lambda p: p.store.gold),
    "read the guide":         (True,  lambda p: p.guide_book.current()),
    "say that it is read":    (True,  lambda p: p.guide_book.read(1, person("x"))),
    "write the guide":        (False, lambda p: p.guide_book.save("x")),
    "close the project":      (False, lambda p: p.close()),
}
REVIEWERS_COMMANDS = {name.partition(".")[2] for name in access.REVIEWERS if name.startswith("commands.")}
# fmt: on


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory, small_task: Path) -> Iterator[Project]:
    with seed(tmp_path_factory.mktemp("reviewed") / "p", small_task) as project:
        yield project


def refused(do: Callable[[], Any]) -> bool:
    try:
        do()
    except AccessError:
        return True
    except RsfError:  # allowed, but not possible here
        return False
    return False


@pytest.mark.parametrize("what", ACTIONS)
def test_what_a_reviewer_may_do(reviewed: Project, what: str) -> None:
    may, do = ACTIONS[what]
    assert refused(lambda: do(guarded(reviewed, lambda: REVIEWER))) is not may


@pytest.mark.parametrize("name", COMMANDS)
def test_which_commands_a_reviewer_may_give(reviewed: Project, name: str) -> None:
    import inspect

    given = {"job_id": "r1-generate-1", "candidate_id": "1.1.0", "action": "accept", "scope": "global", "log_m": 0.0,
             "rounds": 1, "days": 1, "owner": False, "pause": False, "key": "generate.candidates", "value": "2",
             "round_number": None, "split": None, "retired": None, "limit": 1, "offset": 0, "prompt_ids": [1],
             "prompt_id": 1, "control": "random", "request": {"what": "all"}}  # fmt: skip
    parameters = list(inspect.signature(COMMANDS[name]).parameters)[1:]
    arguments = {argument: given.get(argument, "x") for argument in parameters}
    within = refused(lambda: execute(guarded(reviewed, lambda: REVIEWER), name, arguments, OWNER))
    assert within is (name not in REVIEWERS_COMMANDS), "the table of commands and what they ask of the project differ"
    assert refused(lambda: execute(reviewed, name, arguments, REVIEWER)) is within


def test_a_command_that_is_the_owners_does_nothing_at_all_for_a_reviewer(
    reviewed: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []
    monkeypatch.setitem(COMMANDS, "of_tomorrow", lambda project: done.append(project.counts()))
    with pytest.raises(AccessError, match=r"only an owner .*commands: of tomorrow.*“ben”"):
        execute(reviewed, "of_tomorrow", {}, REVIEWER)
    assert not done
    execute(reviewed, "of_tomorrow", {}, OWNER)
    assert len(done) == 1


def test_a_command_acts_for_its_sender_whatever_name_is_in_it(reviewed: Project) -> None:
    given = {"candidate_id": "1.1.2", "action": "accept", "reviewer": "The boss"}
    execute(reviewed, "override", given, REVIEWER)
    execute(reviewed, "override", given)
    assert [one.reviewer for one in reviewed.store.overrides()[-2:]] == ["ben", "The boss"]


@pytest.mark.parametrize("action", ["own_scorers.allow_key", "own_scorers.trust"])
def test_what_concerns_the_machine_is_done_at_the_machine_and_by_no_link(action: str) -> None:
    access.check(Actor("ann", Role.OWNER), action)
    for link in (Actor("ann", Role.OWNER, "a"), Actor("ben", Role.REVIEWER, "b")):
        assert not access.may(link, action)
        with pytest.raises(AccessError, match="the person who runs the app"):
            access.check(link, action)
    assert access.may(Actor("ann", Role.OWNER, "a"), "own_scorers.save"), "the rest is an owner's by a link too"


def test_what_is_not_in_the_table_is_the_owners_alone() -> None:
    assert access.allowed(Role.OWNER, "a method of tomorrow") and not access.allowed(
        Role.REVIEWER, "a method of tomorrow"
    )


def test_every_name_in_the_table_is_there(reviewed: Project) -> None:
    from rsf_core.web import api

    for action in access.REVIEWERS:
        kind, _, name = action.partition(".")
        if kind in ("commands", "routes"):
            assert name in COMMANDS if kind == "commands" else callable(getattr(api, name)), action
            continue
        target: Any = reviewed
        for part in action.split("."):
            assert hasattr(type(target), part) or part in vars(target), action
            target = getattr(target, part, None) if "." in action else None


def test_acts_are_saved_under_the_name_of_the_actor(reviewed: Project) -> None:
    guarded(reviewed, lambda: REVIEWER).override("1.1.0", Action.REJECT, person("The boss"))
    guarded(reviewed, lambda: REVIEWER).override("1.1.1", Action.REJECT, reviewer=access.RULE)
    assert [override.reviewer for override in reviewed.store.overrides()[-2:]] == ["ben", "ben"]


def test_an_actor_whose_link_ends_is_refused_at_the_next_call(reviewed: Project) -> None:
    made = reviewed.invites.invite("eve", person("ann"))
    secret = made.path.partition("key=")[2]
    theirs = guarded(reviewed, lambda: reviewed.invites.actor(secret))
    look = theirs.counts
    assert look().candidates == 6
    reviewed.invites.revoke("eve", person("ann"))
    with pytest.raises(AccessError, match="revoked"):
        look()


def test_a_reviewer_reads_what_is_refused_and_what_to_do(reviewed: Project) -> None:
    with pytest.raises(AccessError, match=r"only an owner .*“ben”.*Ask the owner"):
        guarded(reviewed, lambda: REVIEWER).set("generate.candidates", "2")
