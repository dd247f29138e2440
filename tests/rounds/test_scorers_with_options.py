"""A target whose scorers have options goes through a round like any other: each set of options is a scorer of its own."""

from __future__ import annotations

import pytest

from rsf_core.domain import settings_file
from rsf_core.domain.errors import ScorerError
from rsf_core.project import Project

LETTERS = "regex(pattern='[a-z]')"


def test_a_round_is_decided_by_them_and_other_options_are_scored_again(jobs_in_threads: None, project: Project) -> None:
    project.set("target.rewards", "{ \"contains(text='a')\" = 1.0 }")
    project.set("target.constraints", f'[{{ scorer = "{LETTERS}", at_least = 1 }}]')
    project.generate()
    project.wait()
    assert project.scorers() == ['contains(text="a")', 'regex(pattern="[a-z]")']
    texts = [c.completion for number in range(1, 9) for c in project.candidates(number)]
    assert project.scores('contains(text="a")').tolist() == [float("a" in text) for text in texts]
    lower = [float(any("a" <= letter <= "z" for letter in text)) for text in texts]
    assert project.scores('regex(pattern="[a-z]")').tolist() == lower
    assert project.counts().undecided == 0
    project.set("target.rewards", "{ \"contains(text='e')\" = 1.0 }")
    project.score()
    project.wait()
    assert 'contains(text="a")' in project.scorers() and 'contains(text="e")' in project.scorers()


def test_options_that_a_scorer_has_not_stop_the_round_before_anything_is_drawn(project: Project) -> None:
    settings_file.change(project.folder, "target.rewards", "{ \"contains(txt='a')\" = 1.0 }")  # by hand
    with pytest.raises(ScorerError, match="did you mean 'text'"):
        project.generate()
    assert project.counts().candidates == 0
