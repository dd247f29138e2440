"""How far a model has moved from the base: the estimate against the exact KL by enumeration; results are stored, and an
interrupted measurement is resumed."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

from rsf_core.domain import JobKind, JobState, Prompt, Split
from rsf_core.domain.access import person
from rsf_core.domain.errors import SettingsError
from rsf_core.domain.settings import Sampling, Settings
from rsf_core.domain.specs import EvaluateSpec
from rsf_core.evaluation import forgetting, gauges
from rsf_core.evaluation.forgetting import PER_COMPLETION, PER_TOKEN, forgotten
from rsf_core.evaluation.gauges import HELD_OUT, UNRELATED
from rsf_core.jobs.work import gauging
from rsf_core.models.log_probs import token_kl
from rsf_core.project import Project
from rsf_core.proposals.local import LocalProposal
from tests.simulations import losing
from tests.support.tiny_models import build, build_encoder_decoder

EVERY = [*PER_TOKEN.values(), *PER_COMPLETION.values()]


@pytest.fixture(scope="module", params=[build, build_encoder_decoder], ids=["causal", "encoder-decoder"])
def two(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[LocalProposal, LocalProposal]:
    """A tiny model, and a copy of it with slightly changed weights."""
    base = request.param(tmp_path_factory.mktemp("base"))
    moved = request.param(tmp_path_factory.mktemp("moved"))
    of = AutoModelForSeq2SeqLM if request.param is build_encoder_decoder else AutoModelForCausalLM
    model = of.from_pretrained(moved)
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.02 * torch.randn_like(weight))
    model.save_pretrained(moved)
    return LocalProposal(base), LocalProposal(moved)


@pytest.mark.parametrize("seed", range(3))
def test_the_kl_of_two_laws_is_their_sum_over_the_vocabulary(seed):
    p, q = (torch.randn(7, 33, generator=torch.Generator().manual_seed(seed + i)) * 3 for i in (0, 10))
    p[2, 5] = -math.inf  # a token that p never draws
    one, other = p.double().softmax(-1).numpy(), q.double().softmax(-1).numpy()
    exact = [
        sum(a * math.log(a / b) for a, b in zip(x, y, strict=True) if a > 0) for x, y in zip(one, other, strict=True)
    ]
    assert token_kl(p, q).numpy() == pytest.approx(exact, abs=1e-12)
    assert token_kl(p, p).tolist() == [0.0] * 7
    q[3, 1] = -math.inf  # a token that p can draw and q cannot
    assert token_kl(p, q)[3] == math.inf


def test_its_mean_over_all_completions_is_the_exact_kl(two):
    """Every completion of up to two tokens, weighted by its probability under the base: the sum of p·(log p − log q)."""
    base, moved = two
    prompt = base.prompt_token_ids(Prompt(1, "Say a."))
    vocabulary = base.model.get_input_embeddings().num_embeddings
    ends = [(token,) for token in range(vocabulary) if token in base.eos]
    goes_on = [token for token in range(vocabulary) if token not in base.eos]
    few = goes_on[:: len(goes_on) // 6]
    # second tokens are enumerated for some first tokens; given the first token, the second's contribution is exact
    for first in few:
        every = [(first, second) for second in range(vocabulary)]
        log_p, log_q = (m.log_prob([(prompt, c) for c in every]) for m in (base, moved))
        of_first = base.log_prob([(prompt, (first,))])[0], moved.log_prob([(prompt, (first,))])[0]
        conditional = np.exp(log_p - of_first[0])
        exact = float(conditional @ ((log_p - of_first[0]) - (log_q - of_first[1])))
        divergence = base.divergence(moved, [(prompt, every[0]), (prompt, (first,))])
        assert divergence[0] - divergence[1] == pytest.approx(exact, rel=1e-3, abs=1e-6)
    ones = [(token,) for token in range(vocabulary)]
    log_p, log_q = (m.log_prob([(prompt, c) for c in ones]) for m in (base, moved))
    exact = float(np.exp(log_p) @ (log_p - log_q))
    assert base.divergence(moved, [(prompt, ends[0])])[0] == pytest.approx(exact, rel=1e-3)
    assert exact > 1e-4


def test_it_agrees_with_the_log_ratio_of_what_was_drawn_and_varies_less(two):
    base, moved = two
    prompts = [Prompt(i, text) for i, text in enumerate(["Say a.", "Name a colour.", "x" * 30])]
    requests = [(prompt, k, f"{prompt.prompt_id}.{k}") for prompt in prompts for k in range(120)]
    drawn = list(base.draw(requests, Sampling(max_new_tokens=6), 64))
    pairs = [(c.prompt_token_ids, c.token_ids) for c in drawn]
    ratio = base.log_prob(pairs) - moved.log_prob(pairs)
    kl = base.divergence(moved, pairs)
    assert (kl >= 0).all()
    error = math.sqrt(ratio.var() / len(ratio) + kl.var() / len(kl))
    assert abs(kl.mean() - ratio.mean()) < 4 * error
    assert kl.std() < 0.8 * ratio.std()


def test_whatever_is_judged_together_gives_the_same(two):
    base, moved = two
    requests = [(Prompt(i, "Say " + "a" * i), k, f"{i}.{k}") for i in range(5) for k in range(2)]
    pairs = [(c.prompt_token_ids, c.token_ids) for c in base.draw(requests, Sampling(max_new_tokens=9), 64)]
    alone = np.concatenate([base.divergence(moved, [pair]) for pair in pairs])
    assert base.divergence(moved, pairs) == pytest.approx(alone, abs=1e-4)
    assert base.divergence(moved, pairs[::-1])[::-1] == pytest.approx(alone, abs=1e-4)
    assert base.divergence(moved, []).shape == (0,)


def test_a_model_that_is_the_base_has_forgotten_nothing_and_no_interval_is_claimed(two):
    base, _ = two
    requests = [(Prompt(i, f"Say {i}."), 0, f"{i}") for i in range(6)]
    drawn = list(base.draw(requests, Sampling(max_new_tokens=5), 64))
    kl = base.divergence(base, [(c.prompt_token_ids, c.token_ids) for c in drawn])
    assert kl.tolist() == [0.0] * 6
    forgetting = forgotten(kl, np.full(6, 5.0), np.arange(6))
    assert [(each.value, each.known) for each in forgetting] == [(0.0, False)] * 2


def test_nats_a_token_are_all_nats_over_all_tokens():
    kl, tokens = np.array([1.0, 2.0, 6.0, 1.0, 2.0, 0.0]), np.array([10.0, 10.0, 40.0, 20.0, 10.0, 10.0])
    token, completion = forgotten(kl, tokens, np.arange(6))
    assert token.value == pytest.approx(12 / 100) and completion.value == pytest.approx(2.0)
    assert 0 <= token.low < token.value < token.high and token.groups == 6
    infinite = forgotten(np.array([1.0, math.inf]), np.ones(2), np.arange(2))[0]
    assert infinite.value == math.inf and not infinite.known


@pytest.mark.parametrize(("spread", "tokens"), [(0.3, 1.0), (1.2, 0.1)])
def test_its_interval_covers_what_it_says(spread: float, tokens: float) -> None:
    """A completion's KL is skewed and depends on its length; `make simulations` runs all cells."""
    cell = {"prompts": 40, "spread": spread, "tokens": tokens, "lengths": "ends", "slope": 0.0}
    losses = losing.coverage(cell, 100, np.random.default_rng(3))
    assert min(losses["token"], losses["completion"]) >= 0.89  # the true coverage is ≥ 93 %; 100 sets: ±4 points


# -- in a project ----------------------------------------------------------------------------------------------------------


def last(project: Project) -> dict[str, list[str]]:
    job = [job for job in project.jobs() if job.kind is JobKind.EVALUATE][-1]
    return {gauge.name: list(gauge.models) for gauge in job.spec_of(EvaluateSpec).gauges}


@pytest.fixture(scope="module")
def measured(jobs_in_threads: None, tmp_path_factory, small_task: Path, tiny_model: Path):
    """One round, then its control."""
    with Project.create(tmp_path_factory.mktemp("p") / "p", str(small_task), str(tiny_model), seed=7) as project:
        project.run(1)
        assert last(project) == {HELD_OUT: ["base", "m1-1"], UNRELATED: ["base", "m1-1"]}
        project.train_control(person("ann"))
        project.wait()
        yield project


def test_each_round_says_what_was_lost_beside_what_was_gained_and_so_does_its_control(measured: Project):
    comparison = measured.comparison(1)
    assert comparison is not None
    assert list(comparison.forgotten) == list(comparison.forgotten_control) and set(comparison.forgotten) == set(EVERY)
    assert not comparison.forgotten_before  # the round drew from the base
    for each in (*comparison.forgotten.values(), *comparison.forgotten_control.values()):
        assert each.value > 0 and (each.low >= 0 or not each.known)
    assert comparison.forgotten[PER_TOKEN[UNRELATED]].groups == 40
    assert comparison.forgotten[PER_TOKEN[HELD_OUT]].groups == 4
    views = {view.model.model_id: view.forgotten for view in measured.lineage.models()}
    assert views["m1-1"][PER_TOKEN[UNRELATED]] == comparison.forgotten[PER_TOKEN[UNRELATED]]
    assert not views["base"]


def test_the_base_draws_once_and_each_model_judges_what_it_drew(measured: Project):
    assert last(measured) == {HELD_OUT: ["m1-1-random"], UNRELATED: ["m1-1-random"]}
    assert measured.evaluate() is None
    keys = {
        gauge.name: gauge.key
        for gauge in gauges.of_project(measured.folder, measured.settings, measured._project_state.held_out())
    }
    for key in keys.values():
        jobs = gauges.measured(measured.store, key)
        base = measured.store.gauge_samples(jobs["base"], key, "base")
        assert base["kl"].to_pylist() == [0.0] * base.num_rows
        for model_id in ("m1-1", "m1-1-random"):
            judged = measured.store.gauge_samples(jobs[model_id], key, model_id)
            assert judged["prompt_id"].to_pylist() == base["prompt_id"].to_pylist()
            assert judged["token_count"].to_pylist() == base["token_count"].to_pylist()
            assert judged["token_ids"].to_pylist() == [[]] * judged.num_rows  # stored once, for the base


def test_other_settings_do_not_undo_what_was_measured(measured: Project):
    before = measured.comparison(1)
    assert before is not None
    measured.set("evaluate.forgetting", "false")
    try:
        after = measured.comparison(1)
        assert after is not None and after.forgotten == before.forgotten
    finally:
        measured.unset("evaluate.forgetting")


def test_a_file_of_ones_own_takes_the_place_of_the_bundled_prompts(measured: Project):
    (measured.folder / "mine.jsonl").write_text('{"text": "What is tea?"}\n{"text": "Und Kaffee?"}\n', encoding="utf-8")
    measured.set("evaluate.unrelated", "mine.jsonl")
    try:
        assert measured.evaluate() is not None
        measured.wait()
        assert last(measured) == {UNRELATED: ["base", "m1-1", "m1-1-random"]}  # the held-out prompts did not change
        comparison = measured.comparison(1)
        assert comparison is not None and comparison.forgotten[PER_TOKEN[UNRELATED]].groups == 2
        (measured.folder / "mine.jsonl").write_text("", encoding="utf-8")
        for start in (measured.evaluate, measured.train):
            with pytest.raises(SettingsError, match=r"evaluate\.unrelated: .*mine\.jsonl"):
                start()
        assert measured.comparison(1) == comparison  # earlier measurements are still shown
    finally:
        measured.unset("evaluate.unrelated")


@pytest.mark.parametrize("name", ["nowhere.jsonl", "."], ids=["not there", "a folder"])
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, name: str):
    settings = Settings(task="t").model_copy(
        update={"evaluate": Settings(task="t").evaluate.model_copy(update={"unrelated": name})}
    )
    with pytest.raises(SettingsError, match=r"evaluate\.unrelated: "):
        gauges.of_project(tmp_path, settings, [])


def test_a_file_that_cannot_be_used_is_not_set(project: Project):
    (project.folder / "mine.jsonl").write_text('{"text": "What is tea?"}\nno JSON\n', encoding="utf-8")
    for name, problem in (("nowhere.jsonl", "No such file"), ("mine.jsonl", "line 2")):
        with pytest.raises(SettingsError, match=rf"evaluate\.unrelated: .*{problem}"):
            project.set("evaluate.unrelated", name)
    assert project.settings.evaluate.unrelated is None
    (project.folder / "mine.jsonl").write_text('{"text": "What is tea?"}\n', encoding="utf-8")
    assert project.set("evaluate.unrelated", "mine.jsonl").evaluate.unrelated == "mine.jsonl"


def test_a_round_of_an_earlier_version_is_not_measured_until_it_is_compared_again(complete: Project):
    complete.store._db._cursor().execute(
        'UPDATE jobs SET spec = json_merge_patch(spec, \'{"gauges": null, "judged": null, "version": null}\')'
    )
    complete.store._jobs._job_spec.cache_clear()
    complete.store._kept._answers.clear()
    comparison = complete.comparison(1)
    assert comparison is not None and comparison.after and not comparison.forgotten
    assert complete.evaluate() is not None  # draws only what measures forgetting
    complete.wait()
    compared = complete.comparison(1)
    assert compared is not None and set(compared.forgotten) == set(EVERY)
    assert (compared.after, compared.gain) == (comparison.after, comparison.gain)


def test_switched_off_it_costs_nothing(project: Project, jobs_in_threads: None):
    project.set("evaluate.forgetting", "false")
    project.run(1)
    assert last(project) == {} and project.evaluate() is None
    comparison = project.comparison(1)
    assert comparison is not None and comparison.after and not comparison.forgotten


def test_a_prompt_that_is_too_long_is_left_out_by_all(project: Project, jobs_in_threads: None):
    rows = ['{"text": "What is tea?"}', '{"text": "%s"}' % ("long " * 300), '{"text": "Und Kaffee?"}']
    (project.folder / "mine.jsonl").write_text("\n".join(rows), encoding="utf-8")
    project.set("evaluate.unrelated", "mine.jsonl")
    project.run(1)
    comparison = project.comparison(1)
    assert comparison is not None and comparison.forgotten[PER_TOKEN[UNRELATED]].groups == 2
    assert project.evaluate() is None


def test_an_interrupted_measurement_continues_with_what_is_there(
    project: Project, jobs_in_threads: None, monkeypatch: pytest.MonkeyPatch
):
    """Completions that the base has drawn and a model has judged are neither drawn nor judged again."""
    judged: list[str] = []
    judge = gauging.Gauging._judge

    def failing(self, model_id, *rest):
        judged.append(self.spec.name)
        if len(judged) == 2:
            raise RuntimeError("the lights went out")
        return judge(self, model_id, *rest)

    monkeypatch.setattr(gauging.Gauging, "_judge", failing)
    with pytest.raises(Exception, match="the lights went out"):
        project.run(1)
    job = project.jobs()[-1]
    assert job.kind is JobKind.EVALUATE and job.state is JobState.FAILED
    drawn: list[int] = []
    monkeypatch.setattr(gauging.Gauging, "_draw", lambda *args: drawn.append(1))
    project.resume(job.job_id)
    project.wait()
    assert judged == [HELD_OUT, UNRELATED, UNRELATED] and not drawn
    comparison = project.comparison(1)
    assert comparison is not None and set(comparison.forgotten) == set(EVERY)
    assert project.status(project.jobs()[-1]).done == project.status(project.jobs()[-1]).total


def test_the_bundled_prompts_are_few_short_and_in_several_scripts():
    (unrelated,) = gauges.of_project(Path("/nowhere"), Settings(task="t"), [])
    texts = [prompt.text for prompt in unrelated.prompts]
    assert 24 <= len(texts) <= 48 and len(set(texts)) == len(texts) and max(map(len, texts)) <= 100
    assert (
        len({script for text in texts for script in ("latin", "other") if text.isascii() == (script == "latin")}) == 2
    )


def test_the_key_changes_with_prompts_and_law_alone():
    settings = Settings(task="t")

    def keys(settings: Settings, *texts: str) -> list[str]:
        held_out = [Prompt(i, text, split=Split.HELD_OUT) for i, text in enumerate(texts)]
        return [gauge.key for gauge in gauges.of_project(Path("/nowhere"), settings, held_out)]

    def changed(section: str, **values: object) -> Settings:
        return settings.model_copy(update={section: getattr(settings, section).model_copy(update=values)})

    usual = keys(settings, "a", "b")
    assert len(set(usual)) == 2
    assert keys(changed("generate", temperature=0.5, top_k=3, seed=4, batch_size=2), "a", "b") == usual
    assert keys(changed("evaluate", candidates=9), "a", "b") == usual
    for other in (keys(settings, "a", "c"), keys(changed("generate", max_new_tokens=5), "a", "b")):
        assert other[0] != usual[0] and other[1] == usual[1]
    masked = keys(changed("generate", model_masks=True), "a", "b")
    assert all(a != b for a, b in itertools.zip_longest(masked, usual))


def test_models_that_were_not_measured_are_not_mentioned(store):
    assert forgetting.of_models(store, ["base", "m1-1"]) == {"base": {}, "m1-1": {}}
