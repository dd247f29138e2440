"""Whether a target is possible: its scorers exist and accept their options, so do the models that these name, as far as this
machine can tell, and some score can meet each of its constraints.
What the previous target already has is not checked: a scorer of a package that this machine lacks may stay in it."""

from __future__ import annotations

import difflib
import math
from dataclasses import replace
from pathlib import Path

from rsf_core.domain.errors import ScorerError, TargetError
from rsf_core.domain.scorer_ref import ScorerRef, label
from rsf_core.domain.settings import Constraint, Target
from rsf_core.project import model_names
from rsf_core.rounds import versions
from rsf_core.scorers import own, registry


def check(project: Path, target: Target, before: Target) -> None:
    """Raises ScorerError for a scorer of `target` that is not in `before` and does not exist or lacks these options,
    SettingsError for a model that it names; TargetError for a constraint that is not in `before` and that no score can
    meet."""
    now, known = versions.pinned(project, target), versions.pinned(project, before)
    new = [constraint for constraint in now.constraints if constraint not in known.constraints]
    for name in now.scorers:
        if name in known.scorers and not any(one.scorer == name for one in new):
            continue
        try:
            bounds = bounds_of(project, name)
            if name not in known.scorers:
                _check_model(name)
        except ScorerError:
            if name in known.scorers:  # of a package that this machine lacks
                continue
            raise
        for one in new:
            if one.scorer == name and (problem := beyond(one, *bounds)) is not None:
                raise TargetError(problem)


def bounds_of(project: Path, scorer: str) -> tuple[float, float]:
    """The closed range of the scores of `scorer`, by its name in `project`. Raises ScorerError, which lists the scorers if
    this one does not exist."""
    try:
        registry.reference_problems([scorer], [])  # raises if it does not exist or does not accept these options
        return registry.bounds(scorer)
    except ScorerError:
        name, names = registry.plain_name(ScorerRef.parse(scorer).name), registry.names()
        mine = own.reference(name)
        if name in names or (mine is not None and mine.version is not None):
            raise
    files = [file.name for file in own.files(project)]
    near = difflib.get_close_matches(name, [*names, *files], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    own_ones = f"; of this project's own: {', '.join(files)}" if files else ""
    raise ScorerError(
        f"there is no scorer {label(name)!r}{hint} There are: {', '.join(sorted(names)) or 'none'}{own_ones}. A package's has "
        f"to be installed first, one of your own is the file {own.FOLDER}/NAME{own.CODE}"
    )


def _check_model(scorer: str) -> None:
    ref = ScorerRef.parse(scorer)
    if (
        mine := own.reference(ref.name)
    ) is not None and mine.version is not None:  # a judge of the project names the model of another server
        return
    model = versions.named_model(str(replace(ref, name=registry.plain_name(ref.name))))
    if model is not None:
        model_names.check_model(f"the scorer {label(scorer)}", model.strip())


def beyond(constraint: Constraint, low: float, high: float) -> str | None:
    """Why no score within these bounds can meet a constraint; None if one can."""
    least = -math.inf if constraint.at_least is None else constraint.at_least
    most = math.inf if constraint.at_most is None else constraint.at_most
    if least <= high and low <= most:
        return None
    bound = f"at least {least:.15g}" if least > high else f"at most {most:.15g}"  # 15 digits show a tiny excess too
    scores = f"the scores of {label(constraint.scorer)} lie between {low:.15g} and {high:.15g}"
    return f"{scores}, so none is {bound}: correct the constraint"
