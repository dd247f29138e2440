"""A project's own scorer from writing to deciding: nothing runs before somebody allows it, a changed file is another
version, and only candidates that lack its score are scored."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rsf_core import scorer
from rsf_core.domain import JobState, trust
from rsf_core.domain.access import person
from rsf_core.domain.errors import JobError, RsfError, ScorerError
from rsf_core.project import Project
from rsf_core.scorers import own_calls
from rsf_core.store import backup

SHORT = """from rsf_core import scorer


@scorer(bounds=(0, 1))
def short(completion, prompt, reference):
    '''Short ones'''
    return 1 / (1 + len(completion))
"""


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSF_CONFIG", str(tmp_path / "config"))
    own_calls._caller.cache_clear()


def texts(project: Project) -> list[str]:
    return [c.completion for p in project.prompts() for c in project.candidates(p.prompt_id)]


def test_it_is_tried_saved_and_used_and_scores_again_only_where_it_changed(complete: Project) -> None:
    before = complete.scorers(1)
    with pytest.raises(ScorerError, match="may not run here"):
        complete.own_scorers.try_out("short", SHORT, 1)
    complete.own_scorers.trust()
    tried = complete.own_scorers.try_out("short", SHORT, 1)
    assert len(tried) == 20 and not any(one.error for one in tried)
    assert all(one.scores[""] == 1 / (1 + len(one.candidate.completion)) for one in tried)
    assert len({one.candidate.candidate_id.split(".")[1] for one in tried}) == 8, "of as many prompts as there are"
    assert complete.scorers(1) == before and complete.own_scorers.files() == []

    first = complete.own_scorers.save("short", SHORT)
    complete.own_scorers.use("short", 2.0, author=person("ann"))
    assert complete.settings.target.rewards[f"short@{first.version}"] == 2.0
    assert "@" not in (complete.folder / "project.toml").read_text(), "settings say the file, of whatever version"
    complete.score()
    complete.wait()
    scores = complete.store.score_column(1, f"short@{first.version}", everywhere=True)
    assert scores.tolist() == [1 / (1 + len(text)) for text in texts(complete)]
    assert complete.counts(1).undecided == 0 and complete.score() is None, "every score is there"

    second = complete.own_scorers.save("short", SHORT.replace("1 +", "2 +"))
    assert list(complete.settings.target.rewards)[-1] == f"short@{second.version}" != f"short@{first.version}"
    job = complete.score()
    assert job is not None
    missing = complete.supervisor._spool(job).input("candidates")["missing"].to_pylist()
    assert {tuple(names) for names in missing} == {(f"short@{second.version}",)}, "others keep what they have scored"
    complete.wait()
    assert complete.store.score_column(1, f"short@{first.version}", everywhere=True).tolist() == scores.tolist()
    assert set(complete.scorers(1)) == {*before, f"short@{first.version}", f"short@{second.version}"}
    assert complete.scorer_book.milliseconds()[f"short@{second.version}"] > 0


def test_a_project_that_comes_from_elsewhere_runs_nothing_by_itself(complete: Project, tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    (complete.folder / "scorers").mkdir()
    (complete.folder / "scorers" / "evil.py").write_text(
        f"open({str(mark)!r}, 'w')\ndef score(completion): return 1.0\n"
    )
    complete.set("target.rewards", "{ evil = 1.0 }")
    assert next(iter(complete.settings.target.rewards)).startswith("evil@")
    for start in (complete.score, complete.generate):
        with pytest.raises(RsfError, match="may not run here"):
            start()
    assert complete.own_scorers.files()[0].description and not mark.exists()
    complete.own_scorers.trust()
    copy = shutil.copytree(complete.folder, tmp_path / "copy", ignore=shutil.ignore_patterns("owner.*", "rsf.duckdb*"))
    assert (copy / trust.TOKEN).exists() and not trust.is_trusted(copy) and trust.is_trusted(complete.folder)
    complete.score()
    complete.wait()
    assert mark.exists()


def test_a_job_requested_before_trust_was_revoked_runs_nothing(complete: Project) -> None:
    complete.own_scorers.trust()
    complete.own_scorers.save("short", SHORT)
    complete.own_scorers.use("short", 1.0)
    with complete.supervisor.still():
        job = complete.score()
        assert job is not None
        complete.own_scorers.distrust()
    with pytest.raises(JobError, match="may not run here"):
        complete.wait()
    assert complete.store.job(job).state is JobState.FAILED


def test_one_that_hangs_exits_prints_and_forks_stalls_and_spoils_no_job(
    complete: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_calls, "SECONDS", 1.0)
    hangs, exits, raises, says_nan = list(dict.fromkeys(texts(complete)))[:4]
    complete.own_scorers.trust()
    complete.own_scorers.save(
        "hostile",
        f"""import os, sys, time
def score(completion):
    print("x" * 10_000, flush=True)
    if completion == {hangs!r}:
        time.sleep(1e6)
    if completion == {exits!r}:
        os._exit(7)
    if completion == {raises!r}:
        sys.exit(3)
    if completion == {says_nan!r}:
        return float("nan")
    os.fork()
    return len(completion)
""",
    )
    complete.own_scorers.use("hostile", 1.0)
    job = complete.score()
    complete.wait()
    (name,) = [name for name in complete.scorers(1) if name.startswith("hostile@")]
    by_text = dict(zip(texts(complete), complete.store.score_column(1, name, everywhere=True).tolist(), strict=True))
    bad = {hangs, exits, raises, says_nan}
    assert {text for text, score in by_text.items() if score != score} == bad
    assert all(by_text[text] == len(text) for text in by_text.keys() - bad)
    message = complete.store.job(str(job)).message
    for why in ("did not return within 1 s", "exit status 7", "SystemExit: 3"):
        assert why in message


def test_each_key_of_a_dict_is_a_score_of_its_own(complete: Project) -> None:
    complete.own_scorers.trust()
    complete.own_scorers.save("two", "def score(c): return {'long': len(c), 'pid': 7}")
    complete.own_scorers.use("two.long", 1.0)
    complete.score()
    complete.wait()
    (name,) = [name for name in complete.scorers(1) if name.startswith("two.long@")]
    assert complete.store.score_column(1, name, everywhere=True).tolist() == [float(len(t)) for t in texts(complete)]


def test_a_job_keeps_the_version_that_it_was_started_with(complete: Project) -> None:
    complete.own_scorers.trust()
    file = complete.own_scorers.save("short", SHORT)
    complete.own_scorers.use("short", 1.0)
    with complete.supervisor.still():
        complete.score()
        (complete.folder / "scorers" / "short.py").write_text("def score(c): return 7.0")
    complete.wait()
    scores = complete.store.score_column(1, f"short@{file.version}", everywhere=True)
    assert scores.tolist() == [1 / (1 + len(text)) for text in texts(complete)]
    complete.score()  # None if the follow-up of the job has seen that the current file is another version
    complete.wait()
    (new,) = complete.own_scorers.files()
    assert new.version != file.version
    assert set(complete.store.score_column(1, f"short@{new.version}", everywhere=True)) == {7.0}


def test_what_a_try_shows_of_code_that_fails(complete: Project) -> None:
    complete.own_scorers.trust()
    tried = complete.own_scorers.try_out("bad", "def score(c): return 1 / 0", 1)
    assert {one.error for one in tried} == {"ZeroDivisionError: division by zero (line 1)"}
    tried = complete.own_scorers.try_out("odd", "import random\ndef score(c): return random.random()", 1)
    assert "it must give the same each time" in tried[0].error and not tried[-1].error
    wide = "from rsf_core import scorer\n@scorer(bounds=(0, 1))\ndef wide(c): return 2"
    assert complete.own_scorers.try_out("wide", wide, 1)[0].error == "it gave 2, outside its bounds [0, 1]"
    with pytest.raises(ScorerError, match="not Python"):
        complete.own_scorers.try_out("bad", "def score(", 1)
    assert not list((complete.folder / "scorers").glob(".try*"))


def test_the_same_function_comes_from_python(complete: Project) -> None:
    @scorer(bounds=(0, 1))
    def polite(completion, prompt, reference):
        """Says thanks"""
        return float("thank" in completion.lower())

    assert polite("Thank you", "", None) == 1.0
    name = complete.add_scorer(polite)
    (file,) = complete.own_scorers.files()
    assert name == f"polite@{file.version}" and (file.description, file.bounds) == ("Says thanks", (0.0, 1.0))
    assert file.source.startswith("from rsf_core import scorer\n\n\n@scorer(bounds=(0, 1))\ndef polite(")

    def length(completion):
        return len(completion)

    with pytest.raises(ScorerError, match="installed already"):
        complete.add_scorer(length)
    complete.add_scorer(length, "letters")
    complete.own_scorers.trust()
    assert complete.own_scorers.try_out("letters", complete.own_scorers.files()[0].source, 1)[0].error == ""
    with pytest.raises(ScorerError, match=r"source of .* cannot be read"):
        complete.add_scorer(len, "builtin")


def test_one_that_is_in_the_target_is_not_removed(complete: Project) -> None:
    complete.own_scorers.save("short", SHORT)
    complete.own_scorers.use("short", 1.0)
    with pytest.raises(ScorerError, match="take it out there first"):
        complete.own_scorers.remove("short")
    complete.unset("target.rewards")
    complete.own_scorers.remove("short")
    assert complete.own_scorers.files() == []
    with pytest.raises(ScorerError, match=r"no scorers/short\.py"):
        complete.own_scorers.remove("short")


def test_a_backup_holds_the_scorers_and_no_consent(complete: Project, tmp_path: Path) -> None:
    complete.own_scorers.trust()
    file = complete.own_scorers.save("short", SHORT)
    made = complete.backup(tmp_path / "backup.zip")
    restored = tmp_path / "restored"
    backup.restore(Path(made["file"]), restored)
    assert (restored / "scorers" / "short.py").read_text() == SHORT and not trust.is_trusted(restored)
    assert (restored / "scorers" / "versions" / f"short@{file.version}.py").read_text() == SHORT
