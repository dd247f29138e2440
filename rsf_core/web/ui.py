"""The parts that every page is made of: heading, empty state, the round as a path, a running job, texts and numbers."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from rsf_core.acceptance.target import compounding
from rsf_core.domain import JobKind, JobState, access, bundled
from rsf_core.domain.access import Actor
from rsf_core.domain.errors import ProjectClosedError, RsfError, WorkspaceError
from rsf_core.domain.files import in_words
from rsf_core.domain.words import number, percent, seconds, significant, unit
from rsf_core.project import Project
from rsf_core.review.filters import CandidateFilter, View
from rsf_core.rounds.stages import Progress, StageState, stage_type
from rsf_core.sampling.intervals import Interval
from rsf_core.store.records import JobRecord
from rsf_core.web import palette, session
from rsf_core.web.literal import literal

_DOTS = {Progress.DONE: "✓", Progress.FAILED: "!", Progress.RUNNING: "…"}
REFRESH_SECONDS = 1.0
QUIET_SECONDS = 4.0  # between checks for what was begun elsewhere: each costs the server and every open tab a rerun


def style() -> None:
    sheet = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    st.html(f"<style>{palette.rule(':root')}{sheet}</style>")


def heading(title: str, sentence: str) -> None:
    """The page's name and one sentence on what is decided here."""
    st.title(title, anchor=False)
    st.html(f'<p class="rsf-lead">{html.escape(sentence)}</p>')
    if session.actor().role is access.Role.REVIEWER:
        st.caption(
            "You are here as a reviewer: you can see everything and review. Greyed-out controls are for the owner."
        )


def locked(action: str) -> bool:
    """Whether the button of an action is greyed out: the action is for owners and a reviewer is at the page, or it is for the
    person at the machine. The action itself would be refused too."""
    return not access.may(session.actor(), action)


def sidebar(project: Project) -> None:
    """The project that is shown, and the person who came in by a link."""
    with st.sidebar:
        st.caption(f"**{literal(project.folder.name)}** · task {literal(project.settings.task)}")
        if project.supervisor.problem:
            st.error(literal(project.supervisor.problem), icon=":material/error:")
        actor = session.actor()
        if actor.link_id is not None:
            st.text(f"{actor.name} ({actor.role}, by a link)")


def in_url(name: str, allowed: Callable[[str], bool], default: str, draw: Callable[[str], object]) -> str:
    """A widget whose value is the URL parameter `name` (left out if it is `default`). `draw` gets the widget's key and
    returns its value. The widget keeps one identity: with a changing default instead of a key it would be another widget
    after every choice, and the next click would be lost."""
    key, seen, default = f"url-{name}", f"url-seen-{name}", str(default)  # Streamlit mistakes a member of an enum
    value = st.query_params.get(name, default)
    if not allowed(value):
        value = default
    if key not in st.session_state or st.session_state.get(seen) != value:  # the URL was changed from elsewhere
        st.session_state[key] = value
    chosen = str(draw(key))
    st.session_state[seen] = chosen
    if chosen == default:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != chosen:
        st.query_params[name] = chosen
    return chosen


def is_whole_number(text: str, low: int, high: int) -> bool:
    """Whether a text from the URL is a whole number from `low` to `high`, in plain digits. int() refuses other digits, such as
    "²", and thousands of plain ones."""
    return text.isascii() and text.isdigit() and len(text) <= 18 and low <= int(text) <= high


def choice_in_url(name: str, options: Sequence[str], default: str, **more: Any) -> str:
    """Buttons side by side for a few options, the chosen one in the URL."""
    return in_url(
        name,
        options.__contains__,
        default,
        lambda key: st.segmented_control(
            name.capitalize(), options, required=True, label_visibility="collapsed", key=key, **more
        ),
    )


def chosen_round(project: Project) -> int:
    """The round that is shown, kept in the URL as ?round=; the newest by default."""
    newest = project.current_round
    if newest == 1:
        return 1
    names = [str(number) for number in range(newest, 0, -1)]
    with st.sidebar:
        return int(in_url("round", names.__contains__, str(newest), lambda key: st.selectbox("Round", names, key=key)))


def problem(message: str) -> None:
    st.error(literal(message), icon=":material/error:")


def settings_problems(project: Project) -> None:
    """Show which settings are not allowed, with the button that mends each."""
    for place, one in enumerate(project.settings_problems()):
        problem(f"project.toml: {one}. The default applies instead, and no stage starts until this is fixed.")
        help_text = f"Or give it another value: rsf set DIR {literal(one.setting)} VALUE"
        if st.button(
            "Use the default",
            key=f"mend-setting-{place}",
            icon=":material/build:",
            help=help_text,
            disabled=locked("unset"),
        ):
            if attempt(partial(project.unset, one.setting)):
                st.rerun()


def compounding_law(project: Project) -> None:
    """What a temperature other than 1 does to the target over the rounds, if it does something."""
    note = compounding(project.settings.target, project.settings.generate)
    if note:
        st.warning(literal(note), icon=":material/device_thermostat:")


def attempt(action: Callable[[], object]) -> bool:
    """Do what was clicked. Returns whether it succeeded; if not, the page shows the error."""
    try:
        with in_words():
            action()
    except RsfError as error:
        problem(str(error))
        return False
    return True


def save(project: Project, changed: Mapping[str, str]) -> bool:
    """Save settings by their keys, up to the first that is refused, which the page shows. Returns whether all were saved."""
    return all(attempt(partial(project.set, key, value)) for key, value in changed.items())


def empty(message: str, *, page: str | None = None, label: str = "", icon: str = ":material/hourglass_empty:") -> None:
    """What will be here, and a button that leads to it."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f"{icon} {literal(message)}")
        if page is not None:
            if st.button(label, type="primary", key=f"go-{page}"):
                go(page)


def go(page: str, /, **query: str) -> None:
    """Open another page of the app, with `query` in its URL, which names what to show."""
    st.switch_page(bundled.path("pages", f"{page}.py"), query_params={**session.query(), **query})


def review_link(number: int, candidates: CandidateFilter) -> None:
    """A button that opens Review on what was selected."""
    if st.button(f"Review the candidates with {literal(candidates.describe())}", icon=":material/rate_review:"):
        go("review", round=str(number), view=View.ALL, **candidates.to_query())


def actor() -> Actor:
    """Who acts in this tab, without a field that asks for it."""
    return session.actor()


def reviewer() -> Actor:
    """Who acts. With a link it is its holder; else a label, asked for in the sidebar and kept in the session and the URL."""
    actor = session.actor()
    with st.sidebar:
        if actor.link_id is not None:
            return actor
        offered = session.offered()
        typed = st.text_input("Reviewer", actor.name, max_chars=60, help="Every decision records who made it.").strip()
        st.caption("A label, not a login: anybody at this machine can use any name.")
        if typed != actor.name and attempt(lambda: session.speak_as(typed or access.usual_name())):
            return session.actor()
        if offered is not None:
            st.text(f"The address contains the name {offered}. It is not used until you confirm it.")
            st.button("Use this name", on_click=session.speak_as, args=(offered,), icon=":material/badge:")
    return actor


def path(stages: Sequence[StageState]) -> None:
    """The round as a path: what is done, what runs, what comes next."""
    steps = "".join(
        f'<div class="rsf-step {state.progress}" role="listitem" aria-label="{_name(state)}: {state.progress}">'
        f'<div class="rsf-dot">{_DOTS.get(state.progress, number)}</div>'
        f'<div class="rsf-name">{_name(state)}</div>'
        f'<div class="rsf-detail">{html.escape(_in_short(state))}</div></div>'
        for number, state in enumerate(stages, start=1)
    )
    st.html(f'<div class="rsf-path" role="list">{steps}</div>')


def _name(state: StageState) -> str:
    return html.escape(stage_type(state.stage).label)


def _in_short(state: StageState) -> str:
    """A failed stage in one word: the whole message is below the path, with what to do."""
    return str(state.job.state) if state.progress is Progress.FAILED and state.job else state.detail


class Activity(NamedTuple):
    """What goes on in the project: the active jobs, and what the autopilot does. `last_end`, the newest event that ended a
    job, reveals one that started and ended between two checks."""

    jobs: tuple[str, ...]
    autopilot: str
    last_end: int


def activity(project: Project) -> Activity:
    """Read at each check of every open tab: from the jobs in memory, without a query to the database."""
    run = project.autopilot.latest_run()
    return Activity(
        tuple(job.job_id for job in project.jobs(active=True)),
        run.event if run else "",
        max((job.changed_seq for job in project.jobs() if job.state.ended), default=0),
    )


def watch(shown: Activity) -> None:
    """Redraw the page when `activity` differs from `shown`, or the project was closed in another tab: within a second
    while something goes on, else within QUIET_SECONDS. The shell reads it before the page reads anything, so a page that was
    drawn in between is drawn again; it also shows what a colleague or `rsf` has started."""
    busy = bool(shown.jobs or shown.autopilot)
    st.fragment(_watch, run_every=REFRESH_SECONDS if busy else QUIET_SECONDS)(shown)


def _watch(shown: Activity) -> None:
    try:
        now = activity(session.project())
    except (ProjectClosedError, WorkspaceError):  # renamed, archived or deleted
        st.rerun()
    if now != shown:
        st.rerun()


def running_job(project: Project, kinds: Sequence[JobKind]) -> bool:
    """Show the running job of these kinds, live, with a cancel button. Returns whether there is one. A job of another
    kind is only named: the machine does one at a time."""
    active = project.jobs(active=True)
    mine = [job for job in active if job.kind in kinds]
    if mine:
        _live_jobs(project, kinds)
    elif active:
        st.info(
            f"{literal(active[0].job_id)} is {literal(active[0].state)}; the next stage starts after it.",
            icon=":material/schedule:",
        )
    return bool(mine)


@st.fragment(run_every=REFRESH_SECONDS)
def _live_jobs(project: Project, kinds: Sequence[JobKind]) -> None:
    for job in project.jobs(active=True):
        if job.kind in kinds:
            job_card(project, job)


def job_card(project: Project, job: JobRecord) -> None:
    status = project.status(job)
    left = status.remaining_seconds()
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{literal(job.job_id)}** · {literal(status.message or job.message)}", width="stretch")
            label = "Cancelling…" if status.cancelling else "Cancel"
            done = status.cancelling or locked("cancel")
            if st.button(label, key=f"cancel-{job.job_id}", icon=":material/stop_circle:", disabled=done):
                attempt(lambda: project.cancel(job.job_id))
        counted = f"{status.done:,} of {status.total:,} {status.unit_name}" if status.total else "starting"
        st.progress(
            status.fraction, text=literal(counted) + (f" · about {seconds(left)} left" if left is not None else "")
        )
        if status.note:
            st.caption(literal(status.note))
        if project.supervisor.problem:
            problem(project.supervisor.problem)


def left_out(state: StageState) -> None:
    """Show what a stage that is done had to leave out."""
    if state.note:
        st.warning(literal(state.note), icon=":material/content_cut:")


def ended_badly(project: Project, state: StageState) -> None:
    """Show why a stage failed or was cancelled, with the buttons that go on from what is finished or start it again."""
    if state.progress is not Progress.FAILED or state.job is None:
        return
    start_again = partial(project.start_stage, state.stage, actor())
    restarts = stage_type(state.stage).restarts(project.counts())
    job_ended_badly(project, state.job, start_again if restarts else None)


def job_ended_badly(project: Project, job: JobRecord, start_again: Callable[[], object] | None = None) -> None:
    """Show why a job failed or was cancelled, with the buttons that go on from what is finished or, if `start_again` is given,
    start it again."""
    if job.state is JobState.CANCELLED:
        st.warning(literal(job.outcome), icon=":material/stop_circle:")
    else:
        problem(job.outcome)
    with st.container(horizontal=True):
        if st.button(
            "Resume",
            key=f"resume-{job.job_id}",
            type="primary",
            icon=":material/play_arrow:",
            disabled=locked("resume"),
        ):
            if attempt(lambda: project.resume(job.job_id)):
                st.rerun()
        hint = "Uses the current settings and decisions. Resume keeps those that the job started with."
        if start_again is not None and st.button(
            "Start again",
            key=f"start-again-{job.job_id}",
            icon=":material/restart_alt:",
            help=hint,
            disabled=locked("resume"),
        ):
            if attempt(start_again):
                st.rerun()


def stale_proposal(project: Project, number: int) -> None:
    """Show that the newest round's candidates come from a model other than the one in use, and how to draw again."""
    stale = project.lineage.stale_proposal()
    if stale is None or stale.round != number:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        words = (
            f"The candidates of round {number} were drawn from **{literal(stale.drew)}**, and the model in use is now "
            f"**{literal(stale.current)}**. Their log q belongs to {literal(stale.drew)}: to train "
            f"{literal(stale.current)}, draw candidates from it."
        )
        (st.info if stale.trained else st.warning)(words, icon=":material/history:", width="stretch")
        if not project.jobs(active=True):
            if st.button(
                f"Start round {number + 1}",
                icon=":material/replay:",
                help=f"Draws from {literal(stale.current)}.",
                disabled=locked("draw_next_round"),
            ):
                if attempt(project.draw_next_round):
                    st.query_params.pop("round", None)
                    go("generate")


def grid(rows: Any, **options: Any) -> Any:
    """A table as all pages draw them: no column of row numbers, a dash where there is no value. Options are Streamlit's."""
    return st.dataframe(rows, hide_index=True, placeholder="–", **options)


def text(content: str) -> None:
    """Text of a prompt or a completion: untrusted, so shown as text only."""
    if content:
        st.html(f'<div class="rsf-text" dir="auto">{html.escape(content)}</div>')
    else:
        st.html('<div class="rsf-empty">(empty)</div>')


def interval(estimate: Interval | None, name: str, signed: bool = False) -> str:
    """value [low, high] of a metric with its unit; "no interval" if all prompts are equal or there is only one, so that the
    spread is unknown."""
    if estimate is None:
        return "–"
    value = f"{number(estimate.value, name, signed)} {unit(name)}".strip()
    if not estimate.known:
        return f"{value}  (no interval)"
    return f"{value}  [{number(estimate.low, name, signed)}, {number(estimate.high, name, signed)}]"


def beyond_chance(gain: Interval) -> bool:
    """Whether the limits of a gain exclude 0: only then does it have a sign, and an arrow."""
    return gain.known and not gain.low <= 0.0 <= gain.high


def limits(interval: Interval, unit: str = "", scale: float = 1.0) -> str:
    """value [low, high] of any estimate, to three digits."""
    value, low, high = (_three_digits(limit, scale) for limit in (interval.value, interval.low, interval.high))
    return f"{value}{unit}  [{low}, {high}]" if interval.known else f"{value}{unit}  (no interval)"


def _three_digits(value: float, scale: float) -> str:
    """value·scale to three digits; a share in percent (`scale` 100) has more if less than all would read as 100."""
    return percent(value) if scale == 100.0 and not 1e-6 <= abs(value) < 0.9995 else significant(value * scale)
