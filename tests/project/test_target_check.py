"""A target's scorers must exist and its constraints must be reachable: checked wherever it is entered, for its new parts."""

from __future__ import annotations

import pytest

from rsf_core.acceptance.preview import Draft
from rsf_core.domain import settings_file
from rsf_core.domain.errors import RsfError, ScorerError, TargetError
from rsf_core.domain.settings import Target
from rsf_core.project import Project
from rsf_core.scorers import own

OWN = "def score(completion, prompt, reference):\n    return 0.5\n"
ELSEWHERE = "of_a_plug_in"  # from a package that is not installed here


def toml(project: Project) -> str:
    return (project.folder / "project.toml").read_text()


@pytest.mark.parametrize(
    ("key", "value", "error", "words"),
    [
        (
            "target.rewards",
            "{ nope = 1 }",
            ScorerError,
            r"no scorer 'nope'\. There are: .*sentiment.*of this project's own: mine",
        ),
        ("target.rewards", "{ sentimant = 1 }", ScorerError, r"did you mean 'sentiment'\?"),
        ("target.rewards", "{ mime = 1 }", ScorerError, r"did you mean 'mine'\?"),
        ("target.rewards.nope", "1", ScorerError, "no scorer 'nope'"),
        ("target.rewards", "{ \"contains(txt='a')\" = 1 }", ScorerError, "did you mean 'text'"),
        ("target.rewards", "{ contains = 1 }", ScorerError, "needs options"),
        ("target.rewards", '{ "nope(x=1)" = 1 }', ScorerError, "no scorer 'nope'"),
        ("target.rewards", '{ "mine@00000000" = 1 }', ScorerError, "mine@00000000"),
        ("target.constraints", '[{ scorer = "nope", at_least = 1 }]', ScorerError, "no scorer 'nope'"),
        (
            "target.constraints",
            '[{ scorer = "ended", at_least = 1.5 }]',
            TargetError,
            "lie between 0 and 1, so none is at least 1.5",
        ),
        ("target.constraints", '[{ scorer = "ended", at_most = -0.5 }]', TargetError, "so none is at most -0.5"),
        (
            "target.constraints",
            '[{ scorer = "ended", at_least = 1.0000001 }]',
            TargetError,
            "so none is at least 1.0000001:",
        ),
        ("target", "{ rewards = { nope = 1 } }", ScorerError, "no scorer 'nope'"),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_is_entered_and_nothing_is_written(
    project: Project, key: str, value: str, error: type[RsfError], words: str
) -> None:
    own.save(project.folder, "mine", OWN)
    before = toml(project)
    with pytest.raises(error, match=words):
        project.set(key, value)
    assert toml(project) == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("target.rewards", '{ mine = 1, "mine.key" = 2 }'),
        ("target.rewards", "{ \"contains(text='a')\" = 1 }"),
        ("target.constraints", '[{ scorer = "ended", at_least = 1, at_most = 1 }]'),
        ("target.constraints", '[{ scorer = "ended", at_least = -5 }, { scorer = "words", at_most = 1e6 }]'),
        ("target.rewards", "{}"),
    ],
)
def test_what_can_be_meant_is_taken(project: Project, key: str, value: str) -> None:
    own.save(project.folder, "mine", OWN)
    project.set(key, value)


def test_a_scorer_that_this_machine_lacks_stays_in_the_target_that_names_it(project: Project) -> None:
    settings_file.change(project.folder, "target.rewards", f"{{ {ELSEWHERE} = 1 }}")
    project.set("generate.candidates", "4")
    project.set("target.rewards", f"{{ {ELSEWHERE} = 2, words = 1 }}")
    project.set("target.constraints", f'[{{ scorer = "{ELSEWHERE}", at_least = 3 }}]')
    now = project.target_book.draft()
    with pytest.raises(ScorerError, match="no scorer 'nope'"):
        project.target_book.use(
            Draft(now.target.model_copy(update={"rewards": {ELSEWHERE: 2.0, "nope": 1.0}}), now.accept)
        )
    project.target_book.use(Draft(now.target.model_copy(update={"beta": 0.25}), now.accept))
    assert project.settings.target == Target.model_validate(now.target.model_dump() | {"beta": 0.25})


def test_a_project_whose_constraints_no_score_can_meet_opens_and_is_mended(project: Project) -> None:
    project.set("target.constraints", '[{ scorer = "ended", at_least = 1 }]')
    path = project.folder / "project.toml"
    path.write_text(toml(project).replace("at_least = ", "at_most = 0\nat_least = "))
    folder = project.folder
    project.close()
    with Project.open(folder) as again:
        (problem,) = again.settings_problems()
        assert problem.key == "target.constraints.0" and "at least 1.0 and at most 0.0" in problem.message
        again.set("target.constraints", '[{ scorer = "ended", at_least = 1 }]')
        assert not again.settings_problems()
