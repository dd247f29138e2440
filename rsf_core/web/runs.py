"""What an interval is about: this one tuned model, or another run of the procedure; and the results of replicates."""

from __future__ import annotations

import streamlit as st

from rsf_core.domain.errors import ReplicateError, SettingsError
from rsf_core.domain.words import SHARES, number
from rsf_core.project import Project
from rsf_core.rounds.replicates import Procedure
from rsf_core.web import estimates, ui
from rsf_core.web.literal import literal

ONE_MODEL = (
    "Each interval is over prompts, for this one tuned model; `rsf replicate` measures what another run of the same "
    "procedure would gain."
)


def procedure(project: Project) -> None:
    """The results of this project's replicates, if there are any; else how to make them."""
    try:
        procedure = project.replicated()
        digest = project.replicate_template().digest if procedure else ""
    except (ReplicateError, SettingsError) as error:
        ui.problem(str(error))
        return
    if not procedure:
        st.caption(ONE_MODEL)
        return
    with st.container(border=True):
        st.markdown("**Another run of the procedure** (`rsf replicate`)")
        ui.grid([_row(result, digest) for result in reversed(procedure)])
        st.caption(
            "These intervals are for the procedure: another run, with another seed and other prompts. The intervals of "
            "the models above and below are over prompts, for one tuned model each, and say nothing about another run."
        )
        if procedure[-1].digest != digest:
            st.caption(
                literal(
                    "The settings, the prompts or the version have changed since: rsf replicate runs the new procedure."
                )
            )


def _row(result: Procedure, digest: str) -> dict[str, str | int]:
    gains = {
        "gain over the base": result.gain,
        "random control": result.control,
        "over the control": result.selection,
        "sealed gain": result.sealed,
    }
    return {
        "procedure": "current" if result.digest == digest else f"earlier ({result.digest[:6]})",
        "rounds": result.rounds,
        "runs": result.runs,
        "prompts": result.prompts,
        "metric": result.metric,
        **{
            name: "–" if gain is None else estimates.interval(gain, result.metric, signed=True)
            for name, gain in gains.items()
        },
    }


def curse(project: Project) -> None:
    """What choosing the best of several rounds by the held-out prompts adds to its gain, if there are several."""
    curse = project.winners_curse()
    if curse is None:
        return
    shown = number(curse.overstatement, curse.metric) + (" points" if curse.metric in SHARES else "")
    st.caption(
        literal(
            f"Winner's curse: if all {curse.looks} rounds were equally good, the best of them on these held-out "
            f"prompts would still look better than it is, by {shown} on average, because it was chosen on them. Sealed "
            "prompts do not have this bias."
        )
    )


def looked_at_sealed(project: Project) -> int:
    """How many replicates of this project have opened their sealed prompts, which are the same."""
    try:
        return sum(result.runs for result in project.replicated() if result.sealed is not None)
    except ReplicateError:  # `procedure` reports it
        return 0
