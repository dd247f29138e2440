"""What the `rsf` command prints: progress, tables, panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.box import SIMPLE
from rich.console import Console, Group
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from rsf_core.domain.words import SHARES, ago, number, plural, seconds, size
from rsf_core.evaluation.forgetting import PER_TOKEN
from rsf_core.project.doctor import Check
from rsf_core.project.workspace import Entry
from rsf_core.rounds.replicates import Gain, Procedure, Replicate
from rsf_core.sampling.intervals import Interval
from rsf_core.sampling.judging import ENOUGH
from rsf_core.store.records import Fit

_MARKS = {"done": "[green]✓[/]", "running": "[cyan]▶[/]", "ready": "○", "waiting": "[dim]·[/]", "failed": "[red]✗[/]"}


def agreement_words(found: dict[str, Any]) -> str:
    """`found` as the command `judging` gives it."""
    by, kappa, auc = plural(found["decisions"], "decision"), found["kappa"], found["auc"]
    if kappa is None or auc is None:
        return f"{found['scorer']} has scored. By {by} of people nothing can be said of its agreement with them yet."
    figures = f"κ {_limits(kappa)}, AUC {_limits(auc)}, by {by} of people on {plural(found['prompts'], 'prompt')}"
    if not found["enough"]:
        return f"{found['scorer']} has scored: {figures}. That is too few to use it as a target: {ENOUGH} are needed."
    verdict = "agrees with people beyond chance" if found["agrees"] else "is not shown to agree with people"
    return f"{found['scorer']} {verdict}: {figures}."


def _limits(found: dict[str, Any]) -> str:
    return f"{found['value']:.2f} ({found['low']:.2f} to {found['high']:.2f})"


class ProgressLine:
    """One bar for each job, with what is done and the time left; silent when `quiet`."""

    def __init__(self, console: Console, quiet: bool) -> None:
        self._progress = Progress(
            TextColumn("[bold]{task.fields[kind]}[/]"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            TimeElapsedColumn(),
            console=console,
            disable=quiet,
        )
        self._bars: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for bar in self._bars.values():
            total = self._progress.tasks[bar].total
            self._progress.update(bar, left="", **({"completed": total} if error is None else {}))  # type: ignore[arg-type]
        self._progress.stop()

    def show(self, job: dict[str, Any]) -> None:
        """`job` as the command `active_job` gives it."""
        if job["job_id"] not in self._bars:
            self._bars[job["job_id"]] = self._progress.add_task("", total=None, kind=job["job_id"], left="")
        left = job["remaining_seconds"]
        self._progress.update(
            self._bars[job["job_id"]],
            description=escape(job["problem"] or " · ".join(filter(None, (job["message"], job["note"])))),
            completed=job["done"],
            total=job["total"] or None,
            left=f"{seconds(left)} left" if left is not None else "",
        )


def gained(found: dict[str, Any] | None, name: str) -> str:
    """A gain with its 95 % interval."""
    if found is None:
        return "–"
    return f"{number(found['value'], name, signed=True)} [{number(found['low'], name)}, {number(found['high'], name)}]"


def comparison_table(comparisons: Sequence[dict[str, Any]]) -> Table:
    """Held-out results over the rounds: one block a round, one row a metric, and one for its random control. The intervals
    of the means are in --json."""
    table = Table(
        title="Held-out prompts; gains with 95 % intervals paired by prompt",
        title_justify="left",
        box=SIMPLE,
        show_edge=False,
        pad_edge=False,
    )
    table.padding = (0, 1, 0, 0)
    table.add_column("metric", no_wrap=True, max_width=48)
    for column in ("before", "after"):
        table.add_column(column, justify="right", no_wrap=True, min_width=7)
    for column in ("gain", "over the base"):  # on a narrow terminal an interval takes two lines: no number is cut off
        table.add_column(column, justify="right", overflow="fold")
    for found in comparisons:
        table.add_row(f"[bold]round {found['round']}[/]  {found['before_id']} → {found['after_id']}")
        for name in found["after"]:
            before = found["before"].get(name)
            table.add_row(
                f"{name} %" if name in SHARES else escape(name),  # a scorer's options may look like markup
                number(before["value"], name) if before else "–",
                number(found["after"][name]["value"], name),
                gained(found["gain"].get(name), name),
                gained(found["gain_over_base"].get(name), name),
            )
        _add_forgotten(table, found)
        _add_control(table, found)
        table.add_section()
    return table


def _add_forgotten(table: Table, found: dict[str, Any]) -> None:
    """What was lost, where that was measured: nats a token from the base, with its interval in the last column."""
    for name, measure in PER_TOKEN.items():
        after, before = found["forgotten"].get(measure), found["forgotten_before"].get(measure)
        if after is None:
            continue
        was = "0" if found["before_id"] == "base" else _short(before["value"]) if before else "?"
        limits = f"[{_short(after['low'])}, {_short(after['high'])}]"
        table.add_row(f"forgotten a token, {name}", was, _short(after["value"]), "", limits)


def _short(value: float | None) -> str:
    """Three digits; "?" where it is not known."""
    return "?" if value is None else f"{value:.3g}"


def _add_control(table: Table, found: dict[str, Any]) -> None:
    """The controls of a round by its headline metric: `before` is the control, `gain` what the model gained over it."""
    for label, metrics, over in (
        ("a random control", "control", "selection"),
        ("the constraints alone", "constraints", "beyond_constraints"),
    ):
        name = next((name for name in ("reward", "pass@1") if name in found[metrics]), None)
        if name is not None:
            control = number(found[metrics][name]["value"], name)
            cells = control, number(found["after"][name]["value"], name), gained(found[over].get(name), name)
            table.add_row(f"against {label}", *cells, "")


def replicate_line(found: Replicate) -> str:
    """One replicate, as it is complete."""
    return f"replicate {found.replicate}: {found.metric} {of_gain(found.gain, found.metric)} over the base"


def of_gain(found: Gain | None, name: str) -> str:
    return gained(None if found is None else found.model_dump(), name)


def of_interval(found: Interval | None, name: str) -> str:
    """A gain with its limits; "?" where one run says nothing of another."""
    if found is None:
        return "–"
    limits = (found.low, found.high) if found.known else (None, None)
    return gained({"value": found.value, "low": limits[0], "high": limits[1]}, name)


def replicates_table(replicates: Sequence[Replicate], told: Procedure) -> Table:
    """The replicates of one procedure, a row each, and the interval of the procedure."""
    table = Table(
        title=f"{told.task}: {told.metric} after round {told.rounds}; gains with 95 % intervals over prompts",
        title_justify="left",
        box=SIMPLE,
        show_edge=False,
        pad_edge=False,
    )
    table.padding = (0, 1, 0, 0)
    columns = ("run", "seed", "gain over the base", "random control", "over the control", "sealed gain")
    for column in (*columns, "accepted %", "KL", "tokens", "time"):
        table.add_column(column, justify="right", no_wrap=True)
    for one in replicates:
        gains = (of_gain(gain, told.metric) for gain in (one.gain, one.control, one.selection, one.sealed))
        rest = (f"{one.acceptance_rate:.1%}"[:-1], f"{one.kl:.2f}", f"{one.tokens_drawn:,}", seconds(one.seconds))
        table.add_row(str(one.replicate), str(one.seed), *gains, *rest)
    table.add_section()
    intervals = (of_interval(found, told.metric) for found in (told.gain, told.control, told.selection, told.sealed))
    table.add_row("[bold]all[/]", "", *intervals)
    table.caption = (
        f"A run's interval is over {plural(told.prompts, 'prompt')} for its one tuned model. That of the last row is the "
        "procedure's: "
        "another run, on other prompts."
        if told.runs > 1
        else "An interval over prompts for one tuned model. One run says nothing of another: --seeds 3 does."
    )
    table.caption_justify = "left"
    return table


def sealed_text(found: dict[str, Any]) -> str:
    """What is to say of the sealed prompts, as the command `sealed` gives it."""
    opening, compared = found["opening"], found["comparison"]
    if opening is None:
        many = plural(found["prompts"], "sealed prompt") if found["prompts"] else "There are no sealed prompts"
        return f"{many}. `rsf sealed DIR --open` opens them, once." if found["prompts"] else f"{many}."
    who, model = escape(opening["author"]), escape(opening["model_id"])
    lines = [f"Opened by {who} on {opening['opened_at'][:10]} for {model}: {plural(opening['prompts'], 'prompt')}."]
    if compared is None:
        return lines[0] + " Not compared yet: `rsf sealed DIR --open` goes on."
    name = next(name for name in ("reward", "pass@1") if name in compared["after"])
    lines.append(
        f"[bold]{name} {gained(compared['gain_over_base'][name], name)} over the base[/]: the figure to publish."
    )
    if compared["control_over_base"]:
        control, over = (gained(compared[which][name], name) for which in ("control_over_base", "selection"))
        lines.append(f"Its random control: {control} over the base; over the control: {over}.")
    return "\n".join(lines)


def until_line(found: dict[str, Any]) -> str:
    """How far drawing until enough are accepted has come, as the command `drawn_until` gives it."""
    return (
        f"{found['accepted']:,} of {plural(found['drawn'], 'candidate')} for {plural(found['prompts'], 'prompt')} "
        f"are accepted; rate between {found['low']:.1%} and {found['high']:.1%}, at every moment together (95 %)"
    )


def status_panel(found: dict[str, Any]) -> Table:
    table = Table(
        title=f"{found['task']} · round {found['round']} · proposal {found['proposal']}", title_justify="left"
    )
    for column in ("", "stage", "what"):
        table.add_column(column)
    for stage in found["stages"]:
        table.add_row(
            _MARKS[stage["progress"]],
            stage["stage"],
            escape(" · ".join(filter(None, (stage["detail"], stage["note"])))),
        )
    active = found.get("active")
    said = [f"[yellow]{escape(active['job_id'])}: {escape(active['note'])}[/]"] if active and active["note"] else []
    said += [f"[yellow]{escape(found['compounding'])}[/]"] if found.get("compounding") else []
    problems = [problem for problem in (found.get("problem"), *found.get("settings_problems", ())) if problem]
    said += [f"[red]{escape(problem)}[/]" for problem in problems]
    if said:
        table.caption = "\n".join(said)
    return table


def projects_table(workspace: Path, entries: Sequence[Entry]) -> Table | str:
    """The projects of a folder, a row each, the one that changed last first."""
    if not entries:
        return f"There is no project in {escape(str(workspace))}. `rsf init DIR --task NAME` makes one."
    table = Table(box=SIMPLE, show_edge=False, pad_edge=False)
    table.padding = (0, 1, 0, 0)
    for column in ("name", "task", "model"):
        table.add_column(column, overflow="ellipsis", no_wrap=True, min_width=8)
    for column in ("round", "gain", "changed", "size"):
        table.add_column(column, justify="right", no_wrap=column != "gain")
    for entry in entries:
        round_number = "?" if entry.summary is None else str(entry.summary.round)
        gain = None if entry.summary is None else entry.summary.gain
        gained_words = "–" if gain is None else f"{gain.metric} {gained(asdict(gain), gain.metric)}"
        cells = (entry.name, entry.task, entry.model.rstrip("/").rpartition("/")[2], round_number, gained_words)
        table.add_row(*map(escape, cells), ago(entry.seconds_ago), size(entry.bytes))
    told = [f"[bold]{escape(entry.name)}[/] {escape(_now(entry))}" for entry in entries if _now(entry)]
    if told:
        table.caption, table.caption_justify = "\n".join(told), "left"
    return table


def _now(entry: Entry) -> str:
    """What goes on in a project, who has it open, or what is wrong with it."""
    if entry.problem:
        return entry.problem
    if entry.running is not None:
        return f"runs {entry.running.line}"
    return "" if entry.held_by is None else f"is open in {entry.held_by.get('what')} (pid {entry.held_by.get('pid')})"


def prompts_table(found: dict[str, Any]) -> Table:
    """Some prompts, as the command `prompts` gives them; texts on one line, cut so that the other columns have room."""
    table = Table(box=SIMPLE, show_edge=False, pad_edge=False, expand=True)
    for column in ("no.", "tokens"):
        table.add_column(column, justify="right", no_wrap=True)
    for column, ratio in (("split", None), ("prompt", 3), ("reference", 1), ("state", None)):
        table.add_column(column, overflow="ellipsis", no_wrap=True, ratio=ratio)
    for prompt in found["prompts"]:
        state = {None: "", "retire": "retired", "replace": f"now {prompt['replaced_by']}"}[prompt["retired"]]
        if prompt["fit"] in (Fit.TOO_LONG, Fit.REFUSED):
            state = ", ".join(filter(None, (state, prompt["fit"].replace("_", " "))))
        tokens = "" if prompt["tokens"] is None else f"{prompt['tokens']:,}"
        texts = (" ".join((prompt[name] or "").split())[:200] for name in ("text", "reference"))
        table.add_row(str(prompt["prompt_id"]), tokens, prompt["split"].replace("_", " "), *map(escape, texts), state)
    counts = [f"{found['fits'][fit]:,} {fit.replace('_', ' ')}" for fit in Fit if found["fits"].get(fit)]
    table.caption = f"{len(found['prompts']):,} of {found['total']:,}"
    if counts:
        table.caption += f". Of those in use, for the model: {', '.join(counts)}"
    return table


def doctor_table(checks: Sequence[Check]) -> Table:
    table = Table(show_header=False, box=None)
    for check in checks:
        table.add_row(_MARKS["done" if check.ok else "failed"], check.name, escape(check.detail))
    return table


def invitation_text(made: dict[str, Any], folder: Path) -> str:
    """The link on a line of its own, so that it can be copied."""
    does = "owner: may do everything" if made["role"] == "owner" else "reviewer: looks and reviews"
    lines = [
        f"A link for {made['name']} ({does}), good until {made['expires_at'][:10]}. It is told once: send it to nobody else.",
        f"  {made['url']}",
    ]
    if not made["open"]:
        lines.append(f"The app is not open by links now: rsf app {folder} --access links")
    return "\n".join(lines)


def links_table(links: Sequence[dict[str, Any]]) -> Table | str:
    if not links:
        return "There is no link yet."
    table = Table(box=SIMPLE)
    for column in ("id", "name", "role", "state", "until", "made by"):
        table.add_column(column, no_wrap=True)
    for link in links:
        shown = (
            link["link_id"],
            link["name"],
            link["role"],
            link["state"],
            link["expires_at"][:10],
            link["created_by"],
        )
        table.add_row(*(escape(cell) for cell in shown))
    return table


def target_text(found: dict[str, Any], folder: Path) -> Group:
    """The target in force, what the newest round is decided by, and every version, as the command `target` gives them."""
    now, number = found["versions"][0], found["round"]
    if found["decided_by"] is None:
        said = f"Round {number} is not decided yet."
    elif found["decided_by_this"]:
        said = f"Round {number} is decided by it."
    else:
        said = (
            f"Round {number} is still decided by another: {found['decided_by']}. `rsf score {folder}` decides it by the "
            "target above. Frozen curated sets stay as they are."
        )
    table = Table(title="Versions", title_justify="left", box=SIMPLE, show_edge=False)
    for name in ("version", "what changed", "why", "by", "when (UTC)"):
        table.add_column(name, justify="right" if name == "version" else "left", overflow="fold")
    for version in found["versions"]:
        table.add_row(
            "not kept yet" if version["number"] is None else str(version["number"]),
            escape(version["changed"] or version["what"]),
            escape(version["reason"]),
            escape(version["author"]),
            (version["created_at"] or "")[:16].replace("T", " "),
        )
    return Group(Text(now["what"], style="bold"), Text(said), table)
