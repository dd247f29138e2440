"""What the `rsf` command prints: progress, tables, panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.box import SIMPLE
from rich.console import Console, Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from rsf_core.cli.output import escape
from rsf_core.domain.words import ago, fixed, in_percent, number, percent, plural, seconds, significant, size, unit
from rsf_core.evaluation.forgetting import PER_TOKEN
from rsf_core.project.doctor import Check
from rsf_core.project.workspace import Entry
from rsf_core.rounds.replicates import Gain, Procedure, Replicate
from rsf_core.sampling.intervals import Interval
from rsf_core.sampling.judging import ENOUGH
from rsf_core.store.records import Fit

_MARKS = {"done": "[green]✓[/]", "running": "[cyan]▶[/]", "ready": "○", "waiting": "[dim]·[/]", "failed": "[red]✗[/]"}


def agreement_words(agreement: dict[str, Any]) -> str:
    """`agreement` from the command `judging`, in a sentence or two."""
    by, kappa, auc = plural(agreement["decisions"], "decision"), agreement["kappa"], agreement["auc"]
    if kappa is None or auc is None:
        return f"{agreement['scorer']} has scored. By {by} by people its agreement with them cannot be measured yet."
    figures = f"κ {_limits(kappa)}, AUC {_limits(auc)}, by {by} of people on {plural(agreement['prompts'], 'prompt')}"
    if not agreement["enough"]:
        return (
            f"{agreement['scorer']} has scored: {figures}. That is too few to use it as a target: {ENOUGH} are needed."
        )
    verdict = "agrees with people beyond chance" if agreement["agrees"] else "is not shown to agree with people"
    return f"{agreement['scorer']} {verdict}: {figures}."


def _limits(interval: dict[str, Any]) -> str:
    value, low, high = (fixed(interval[name], 2) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


class ProgressLine:
    """One bar for each job, with the progress and the time left; nothing is shown if `quiet`."""

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
            self._progress.update(bar, completed=total if error is None else None, left="")
        self._progress.stop()

    def show(self, job: dict[str, Any]) -> None:
        """Show the progress of `job`, from the command `active_job`."""
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


def gained(gain: dict[str, Any] | None, name: str) -> str:
    """A gain with its 95 % interval."""
    if gain is None:
        return "–"
    return f"{number(gain['value'], name, signed=True)} [{number(gain['low'], name)}, {number(gain['high'], name)}]"


def comparison_table(comparisons: Sequence[dict[str, Any]]) -> Table:
    """Held-out results over the rounds: a block for each round, with a row for each metric and for each control. The intervals
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
    for comparison in comparisons:
        table.add_row(f"[bold]round {comparison['round']}[/]  {comparison['before_id']} → {comparison['after_id']}")
        for name, after in comparison["after"].items():
            before = comparison["before"].get(name)
            table.add_row(
                escape(f"{name} {unit(name)}".strip()),  # a scorer's options may look like markup
                number(before["value"], name) if before else "–",
                "none" if after is None else number(after["value"], name),  # constraints met: there is no constraint
                gained(comparison["gain"].get(name), name),
                gained(comparison["gain_over_base"].get(name), name),
            )
        _add_forgotten(table, comparison)
        _add_control(table, comparison)
        table.add_section()
    return table


def _add_forgotten(table: Table, comparison: dict[str, Any]) -> None:
    """What the model has forgotten, if that was measured: nats a token from the base, with the interval in the last column."""
    for name, measure in PER_TOKEN.items():
        after, before = comparison["forgotten"].get(measure), comparison["forgotten_before"].get(measure)
        if after is None:
            continue
        was = "0" if comparison["before_id"] == "base" else _short(before["value"]) if before else "?"
        limits = f"[{_short(after['low'])}, {_short(after['high'])}]"
        table.add_row(f"forgotten a token, {name}", was, _short(after["value"]), "", limits)


def _short(value: float | None) -> str:
    """Three digits; "?" if it is not known."""
    return "?" if value is None else significant(value)


def _add_control(table: Table, comparison: dict[str, Any]) -> None:
    """The controls of a round by its headline metric: the control is in column `before`, the model's gain over it in
    `gain`."""
    for label, metrics, over in (
        ("a random control", "control", "selection"),
        ("the constraints alone", "constraints", "beyond_constraints"),
    ):
        measured = comparison[metrics].keys() & comparison["after"].keys()  # without scores it lacks the reward
        name = next((name for name in ("reward", "pass@1") if name in measured), None)
        if name is not None:
            control = number(comparison[metrics][name]["value"], name)
            cells = control, number(comparison["after"][name]["value"], name), gained(comparison[over].get(name), name)
            table.add_row(f"against {label}", *cells, "")


def replicate_line(replicate: Replicate) -> str:
    """The line of a complete replicate."""
    return (
        f"replicate {replicate.replicate}: {replicate.metric} {of_gain(replicate.gain, replicate.metric)} over the base"
    )


def of_gain(gain: Gain | None, name: str) -> str:
    return gained(None if gain is None else gain.model_dump(), name)


def of_interval(interval: Interval | None, name: str) -> str:
    """A gain with its limits, "?" for those if one run cannot tell about another; "–" if there is no gain."""
    if interval is None:
        return "–"
    limits = (interval.low, interval.high) if interval.known else (None, None)
    return gained({"value": interval.value, "low": limits[0], "high": limits[1]}, name)


def replicates_table(replicates: Sequence[Replicate], procedure: Procedure) -> Table:
    """The replicates of one procedure, a row for each, and the interval of the procedure."""
    table = Table(
        title=escape(
            f"{procedure.task}: {procedure.metric} after round {procedure.rounds}; gains with 95 % intervals over prompts"
        ),
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
        gains = (of_gain(gain, procedure.metric) for gain in (one.gain, one.control, one.selection, one.sealed))
        rest = (percent(one.acceptance_rate, 1), fixed(one.kl, 2), f"{one.tokens_drawn:,}", seconds(one.seconds))
        table.add_row(str(one.replicate), str(one.seed), *gains, *rest)
    table.add_section()
    intervals = (
        of_interval(interval, procedure.metric)
        for interval in (procedure.gain, procedure.control, procedure.selection, procedure.sealed)
    )
    table.add_row("[bold]all[/]", "", *intervals)
    table.caption = (
        f"A run's interval is over {plural(procedure.prompts, 'prompt')} for its one tuned model. The last row's is "
        "for the procedure: another run, on other prompts."
        if procedure.runs > 1
        else "An interval over prompts for one tuned model. One run says nothing about another: use --seeds 3."
    )
    table.caption_justify = "left"
    return table


def sealed_text(report: dict[str, Any]) -> str:
    """`report` from the command `sealed`, in a few lines."""
    opening, compared = report["opening"], report["comparison"]
    if opening is None:
        many = plural(report["prompts"], "sealed prompt") if report["prompts"] else "There are no sealed prompts"
        return f"{many}. `rsf sealed DIR --open` opens them, once." if report["prompts"] else f"{many}."
    who, model = escape(opening["author"]), escape(opening["model_id"])
    lines = [f"Opened by {who} on {opening['opened_at'][:10]} for {model}: {plural(opening['prompts'], 'prompt')}."]
    if compared is None:
        return lines[0] + " Not compared yet: `rsf sealed DIR --open` continues."
    name = next((name for name in ("reward", "pass@1") if name in compared["gain_over_base"]), None)
    if name is None:
        return lines[0] + " No completion on them has a score of every scorer in the target, so the gain is unknown."
    lines.append(
        f"[bold]{name} {gained(compared['gain_over_base'][name], name)} over the base[/]: the figure to publish."
    )
    if compared["control_over_base"]:
        control, over = (gained(compared[which].get(name), name) for which in ("control_over_base", "selection"))
        lines.append(f"Its random control: {control} over the base; over the control: {over}.")
    return "\n".join(lines)


def until_line(so_far: dict[str, Any]) -> str:
    """How far drawing until enough are accepted has come, from the command `drawn_until`."""
    return (
        f"{so_far['accepted']:,} of {plural(so_far['drawn'], 'candidate')} for {plural(so_far['prompts'], 'prompt')} "
        f"are accepted; rate between {in_percent(so_far['low'], 1)} and {in_percent(so_far['high'], 1)}, "
        "at every moment together (95 %)"
    )


def status_panel(state: dict[str, Any]) -> Table:
    table = Table(
        title=escape(f"{state['task']} · round {state['round']} · proposal {state['proposal']}"), title_justify="left"
    )
    for column in ("", "stage", "what"):
        table.add_column(column)
    for stage in state["stages"]:
        table.add_row(
            _MARKS[stage["progress"]],
            stage["stage"],
            escape(" · ".join(filter(None, (stage["detail"], stage["note"])))),
        )
    active = state.get("active")
    caption = [f"[yellow]{escape(active['job_id'])}: {escape(active['note'])}[/]"] if active and active["note"] else []
    caption += [f"[yellow]{escape(state['compounding'])}[/]"] if state.get("compounding") else []
    problems = [problem for problem in (state.get("problem"), *state.get("settings_problems", ())) if problem]
    caption += [f"[red]{escape(problem)}[/]" for problem in problems]
    if caption:
        table.caption = "\n".join(caption)
    return table


def projects_table(workspace: Path, entries: Sequence[Entry]) -> Table | str:
    """The projects of a folder, a row for each, the one that changed last first."""
    if not entries:
        return f"There is no project in {escape(str(workspace))}. `rsf init DIR --task NAME` makes one."
    table = Table(box=SIMPLE, show_edge=False, pad_edge=False)
    table.padding = (0, 1, 0, 0)
    for column in ("name", "task", "model"):
        table.add_column(column, overflow="fold")  # a narrow terminal wraps names, and cuts no number off
    for column in ("round", "gain", "changed", "size"):
        table.add_column(column, justify="right", no_wrap=True)
    for entry in entries:
        round_number = "?" if entry.summary is None else str(entry.summary.round)
        gain = None if entry.summary is None else entry.summary.gain
        gained_words = "–" if gain is None else f"{gain.metric} {gained(asdict(gain), gain.metric)}"
        cells = (entry.name, entry.task, entry.model.rstrip("/").rpartition("/")[2], round_number, gained_words)
        table.add_row(*map(escape, cells), ago(entry.seconds_ago), size(entry.bytes))
    running = [f"[bold]{escape(entry.name)}[/] {escape(_now(entry))}" for entry in entries if _now(entry)]
    if running:
        table.caption, table.caption_justify = "\n".join(running), "left"
    return table


def _now(entry: Entry) -> str:
    """What is wrong with a project, else the job that runs, else the process that has it open."""
    if entry.problem:
        return entry.problem
    if entry.running is not None:
        return f"runs {entry.running.line}"
    return "" if entry.held_by is None else f"is open in {entry.held_by.get('what')} (pid {entry.held_by.get('pid')})"


def prompts_table(page: dict[str, Any]) -> Table:
    """A page of prompts from the command `prompts`; texts are on one line, cut so that the other columns have room."""
    table = Table(box=SIMPLE, show_edge=False, pad_edge=False, expand=True)
    for column in ("no.", "tokens"):
        table.add_column(column, justify="right", no_wrap=True)
    for column, ratio in (("split", None), ("prompt", 3), ("reference", 1), ("state", None)):
        table.add_column(column, overflow="ellipsis", no_wrap=True, ratio=ratio)
    for prompt in page["prompts"]:
        state = {None: "", "retire": "retired", "replace": f"now {prompt['replaced_by']}"}[prompt["retired"]]
        if prompt["fit"] in (Fit.TOO_LONG, Fit.REFUSED):
            state = ", ".join(filter(None, (state, prompt["fit"].replace("_", " "))))
        tokens = "" if prompt["tokens"] is None else f"{prompt['tokens']:,}"
        texts = (" ".join((prompt[name] or "").split())[:200] for name in ("text", "reference"))
        table.add_row(str(prompt["prompt_id"]), tokens, prompt["split"].replace("_", " "), *map(escape, texts), state)
    counts = [f"{page['fits'][fit]:,} {fit.replace('_', ' ')}" for fit in Fit if page["fits"].get(fit)]
    table.caption = f"{len(page['prompts']):,} of {page['total']:,}"
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
    does = "owner: can do everything" if made["role"] == "owner" else "reviewer: can look and review"
    lines = [
        (
            f"A link for {made['name']} ({does}), valid until {made['expires_at'][:10]}. It is shown only once: send it to "
            "nobody else."
        ),
        f"  {made['url']}",
    ]
    if not made["open"]:
        lines.append(f"The app does not accept links now: rsf app {folder} --access links")
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


def target_text(report: dict[str, Any], folder: Path) -> Group:
    """The current target, the one that the newest round is decided by, and every version, from the command `target`."""
    now, number = report["versions"][0], report["round"]
    if report["decided_by"] is None:
        decided_by = f"Round {number} is not decided yet."
    elif report["decided_by_this"]:
        decided_by = f"Round {number} was decided by it."
    else:
        decided_by = (
            f"Round {number} was decided by another: {report['decided_by']}. `rsf score {folder}` decides it by the "
            "target above. Frozen curated sets stay as they are."
        )
    table = Table(title="Versions", title_justify="left", box=SIMPLE, show_edge=False)
    for name in ("version", "what changed", "why", "by", "when (UTC)"):
        table.add_column(name, justify="right" if name == "version" else "left", overflow="fold")
    for version in report["versions"]:
        table.add_row(
            "not recorded yet" if version["number"] is None else str(version["number"]),
            escape(version["changed"] or version["what"]),
            escape(version["reason"]),
            escape(version["author"]),
            (version["created_at"] or "")[:16].replace("T", " "),
        )
    return Group(Text(now["what"], style="bold"), Text(decided_by), table)
