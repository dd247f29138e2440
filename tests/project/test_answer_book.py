"""People's answers as a scorer: candidates with an answer get a score, others stay undecided, no reviewer is revealed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rsf_core.domain import Act, Action, ActKind, Asked
from rsf_core.domain.access import person
from rsf_core.domain.errors import QuestionError, ScorerError, StoreError, TargetError
from rsf_core.evaluation import metrics
from rsf_core.evaluation.metrics import HeldOutSamples
from rsf_core.project import Project
from rsf_core.review.filters import CandidateFilter
from rsf_core.scorers import answered, registry
from rsf_core.scorers.answered import Answered

CLEAR = {"name": "clear", "kind": "rating", "text": "How clear?"}


def say(project: Project, on: str, value: int | None, who: str = "ann", version: int = 1) -> None:
    text = None if value is None else json.dumps(value)
    act = Act(f"{on} {value} {who} {version}", ActKind.ANSWER, (on,), value=text, asked=Asked("clear", version))
    (outcome,) = project.review.say(1, person(who), [act])
    assert outcome.refused is None


def names(project: Project) -> list[str]:
    records = [c for p in project.prompts_in_round(1) for c in project.candidates(p.prompt_id, 1)]
    return [candidate.candidate_id for candidate in records]


def scores(project: Project, scorer: str) -> dict[str, float]:
    records = [c for p in project.prompts_in_round(1) for c in project.candidates(p.prompt_id, 1)]
    return {c.candidate_id: c.scores[scorer] for c in records if scorer in c.scores}


@pytest.fixture
def asked(complete: Project) -> Project:
    complete.question_book.put(CLEAR, author=person("ann"))
    return complete


def test_what_people_answered_is_shown_with_how_many_have_it_before_anything_is_kept(asked: Project) -> None:
    first, second, third = names(asked)[:3]
    (one,) = asked.answers.of_round(1)
    assert (one.scores.count, one.scores.missing, one.elsewhere) == (0, len(names(asked)), 0)
    say(asked, first, 5)
    say(asked, first, 2, "ben")
    say(asked, second, 4)
    say(asked, second, 1)
    say(asked, third, 3)
    say(asked, third, None)
    (one,) = asked.answers.of_round(1)
    assert (one.scores.count, one.scores.missing) == (2, len(names(asked)) - 2)
    assert (one.scores.low, one.scores.high, sum(one.scores.counts)) == (1.0, 3.5, 2)
    assert not (asked.folder / answered.FOLDER).exists()


def test_it_scores_those_with_an_answer_and_later_answers_are_another_scorer(asked: Project) -> None:
    first, second, *_, last = names(asked)
    with pytest.raises(QuestionError, match="nobody has answered 'clear' yet"):
        asked.answers.use("clear")
    say(asked, first, 5)
    say(asked, last, 2)
    say(asked, last, 3, "ben")
    scorer = asked.answers.use("clear", person("ann"))
    assert scorer == asked.answers.use("clear", person("ann")) and registry.bounds(scorer) == (1.0, 5.0)
    assert asked.answers.score("clear", author=person("ann"))
    asked.wait()
    assert scores(asked, scorer) == {first: 5.0, last: 2.5}
    about = next(one for one in asked.scorer_book.of_round(1).scorers if one.scorer == scorer)
    assert (about.count, about.missing) == (2, len(names(asked)) - 2)
    assert asked.counts(1).undecided == 0, "nothing is decided by it"
    say(asked, second, 1)
    other = asked.answers.use("clear", person("ann"))
    assert other != scorer and registry.bounds(other) == (1.0, 5.0)
    assert answered.known("clear", other.split('"')[3]).means == {first: 5.0, second: 1.0, last: 2.5}
    assert answered.known("clear", scorer.split('"')[3]).means == {first: 5.0, last: 2.5}


@pytest.mark.parametrize("at_least", [None, 3.0])
def test_a_target_with_it_decides_nothing_of_the_candidates_without_an_answer(
    asked: Project, at_least: float | None
) -> None:
    some = names(asked)[:4]
    for on, value in zip(some, (5, 4, 3, 1), strict=True):
        say(asked, on, value)
    scorer = asked.answers.use("clear", person("ann"))
    draft = asked.answers.draft(scorer, at_least)
    assert (scorer in draft.target.rewards) == (at_least is None)
    asked.target_book.use(draft, "clear ones", asked.target_book.draft(), decide=True, author=person("ann"))
    asked.wait()
    counts = asked.counts(1)
    assert counts.unscored == len(names(asked)) - 4 and counts.decided <= 4
    assert {one.reason for one in asked.without_score(1)} == {"nobody has answered it"}
    ratios = asked.store.ratios(1)
    decided = set(ratios["candidate_id"].to_pylist()) - {one.candidate_id for one in asked.without_score(1)}
    assert decided <= set(some)
    if at_least is not None:
        accepted = [
            name
            for name, yes in zip(ratios["candidate_id"].to_pylist(), ratios["accepted"].to_pylist(), strict=True)
            if yes
        ]
        assert some[3] not in accepted
    say(asked, names(asked)[5], 2)
    newer = asked.answers.draft(asked.answers.use("clear", person("ann")), at_least).target
    assert [one for one in newer.scorers if answered.is_one(one)] != [scorer] and scorer not in newer.scorers


def test_card_filter_and_learning_ignore_it(asked: Project) -> None:
    first = names(asked)[0]
    say(asked, first, 5, "ben")
    scorer = asked.answers.use("clear", person("ann"))
    asked.answers.score("clear", author=person("ann"))
    asked.wait()
    (prompt,) = asked.review.candidates(1, [first], person("ann"))
    assert all(scorer not in one.scores and one.scores for one in prompt.candidates)
    with pytest.raises(StoreError, match="tells a reviewer what others have answered"):
        asked.review.queue(1, person("ann"), CandidateFilter.from_query({f"score.{scorer}": "1..5"}))
    asked.target_book.use(asked.answers.draft(scorer), author=person("ann"))
    assert scorer in asked.settings.target.scorers and scorer not in asked.taste._others()
    asked.override(first, Action.ACCEPT, person("ann"))
    assert scorer not in asked.review._columns.scorers(1, asked.store.review_version(1))


def test_a_card_does_not_say_that_nobody_has_answered_and_no_weights_are_suggested(asked: Project) -> None:
    first, second = names(asked)[:2]
    say(asked, first, 5, "ben")
    asked.target_book.use(asked.answers.draft(asked.answers.use("clear")), decide=True, author=person("ann"))
    asked.wait()
    assert second in {one.candidate_id for one in asked.without_score(1)}
    shown = [one for on in (first, second) for one in asked.review.candidates(1, [on], person("ann"))]
    assert shown and not any(one.no_score for prompt in shown for one in prompt.candidates)
    with pytest.raises(
        TargetError, match=r"has answers to clear, .* as a reward\. Suggested weights do not use answers"
    ):
        asked.review.suggest(1)


def test_answers_about_candidates_made_elsewhere_are_kept_apart(asked: Project, tmp_path: Path) -> None:
    drawn, total = names(asked)[0], asked.counts(1).candidates
    file = tmp_path / "made.jsonl"
    file.write_text(json.dumps({"prompt": asked.prompts()[0].text, "completion": "It is made elsewhere."}))
    asked.import_candidates(file, "a teacher", author=person("ann"))
    (made,) = asked.candidates_elsewhere()
    elsewhere = made.candidate_id
    for on in (drawn, elsewhere):
        say(asked, on, 4)
    (one,) = asked.answers.of_round(1)
    assert (one.scores.count, one.scores.missing, one.elsewhere) == (1, total - 1, 1)


def test_a_copy_that_is_gone_takes_no_version_of_the_original_with_it(tmp_path: Path) -> None:
    original = Answered("q", (1.0, 5.0), {"1.1.0": 3.5})
    for folder in ("original", "copy"):
        (tmp_path / folder).mkdir()
        version = answered.keep(tmp_path / folder, original)
    shutil.rmtree(tmp_path / "copy")
    assert answered.known("q", version) == original
    shutil.rmtree(tmp_path / "original")
    with pytest.raises(ScorerError, match="nobody has put answers"):
        answered.known("q", version)


def test_a_gold_item_counts_as_any_other(asked: Project) -> None:
    first, second = names(asked)[:2]
    say(asked, first, 4)
    say(asked, second, 2)
    before = asked.answers.use("clear", person("ann"))
    asked.gold.mark(first, Action.ACCEPT, person("owner"))
    assert asked.answers.use("clear", person("ann")) == before


def test_answers_under_another_meaning_are_left_out_and_other_words_change_nothing(asked: Project) -> None:
    first, second = names(asked)[:2]
    say(asked, first, 4)
    asked.question_book.put(CLEAR | {"text": "How clear is it?"}, "clear", person("ann"))
    say(asked, second, 2, version=2)
    assert asked.answers.of_round(1)[0].scores.count == 2
    asked.question_book.put(CLEAR | {"points": 9}, "clear", person("ann"))
    assert asked.answers.of_round(1)[0].scores.count == 0
    say(asked, second, 9, "ben", version=3)
    (one,) = asked.answers.of_round(1)
    assert (one.scores.count, one.scores.high, one.bounds) == (1, 9.0, (1.0, 9.0))


def test_a_version_that_is_gone_from_the_folder_is_made_again_unchanged(asked: Project) -> None:
    first, second = names(asked)[:2]
    say(asked, first, 4)
    scorer = asked.answers.use("clear", person("ann"))
    version = scorer.split('"')[3]
    say(asked, first, 1)
    say(asked, second, 5)
    folder = asked.folder
    asked.close()
    shutil.rmtree(folder / answered.FOLDER)
    with Project.open(folder):
        assert answered.known("clear", version).means == {first: 4.0}
        assert (folder / answered.FOLDER / f"{version}.json").is_file()


def test_a_question_whose_answers_are_not_numbers_is_refused(asked: Project) -> None:
    asked.question_book.put({"name": "why", "kind": "text", "text": "Why?"}, author=person("ann"))
    for name in ("why", "gone"):
        with pytest.raises(QuestionError, match=r"whose answers are numbers: clear\. Ratings"):
            asked.answers.use(name, person("ann"))
    assert [one.question.name for one in asked.answers.of_round(1)] == ["clear"]


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        '{"question": "q", "bounds": [1, 5], "means": {"1.1.0": 6}}',
        '{"question": "q", "bounds": [1, 5], "means": {"1.1.0": 2}}',
    ],
)
def test_a_damaged_file_says_so_and_what_to_do(tmp_path: Path, body: str) -> None:
    version = answered.keep(tmp_path, Answered("q", (1.0, 5.0), {f"1.{len(body)}.0": 3.0}))
    answered.path_of(tmp_path, version).write_text(body)
    with pytest.raises(ScorerError, match=r"is damaged .*delete it and open the project again"):
        answered.known("q", version)


def test_a_scorer_that_nobody_has_put_to_use_is_refused_before_anything_is_started() -> None:
    with pytest.raises(ScorerError, match=r"nobody has put answers to 'clear' to use as version 'ffffffff'"):
        registry.bounds('answer(question="clear", version="ffffffff")')
    with pytest.raises(ScorerError, match="needs options"):
        registry.bounds("answer")


def test_held_out_completions_have_no_answers_so_their_measures_are_left_out(asked: Project) -> None:
    say(asked, names(asked)[0], 4)
    scorer = asked.answers.use("clear", person("ann"))
    target = asked.answers.draft(scorer).target
    count = 6
    samples = HeldOutSamples(
        prompt_ids=np.repeat([1, 2, 3], 2).astype(np.int64),
        completions=["a b c"] * count,
        finish=["eos"] * count,
        token_counts=np.ones(count),
        log_q=np.full(count, -2.0),
        log_base=np.full(count, -2.5),
        log_reference=np.full(count, -2.5),
        scores={name: np.full(count, np.nan if name == scorer else 0.5) for name in target.scorers},
    )
    metric_values = metrics.summarise(samples, target, 0.0)
    assert "reward" not in metric_values and np.isfinite(metric_values["KL to base"].value)
    assert "reward" not in metrics.compare(samples, samples, target, 0.0)
