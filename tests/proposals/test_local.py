"""The proposal's log q is exact, and a draw depends on its seed and name alone."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ModelError
from rsf_core.domain.settings import Sampling
from rsf_core.models import forward
from rsf_core.proposals import local, token_law
from rsf_core.proposals.base import LeftOut
from rsf_core.proposals.local import LocalProposal

PROMPTS = [
    Prompt(i, f"Say {word}.", system="Be brief." if i % 2 else None)
    for i, word in enumerate(["a", "grün", "漢字", "x" * 40])
]
REQUESTS = [(prompt, k, f"1.{prompt.prompt_id}.{k}") for prompt in PROMPTS for k in range(6)]


@pytest.fixture(scope="module")
def proposal(any_model: Path) -> LocalProposal:
    return LocalProposal(any_model)


def drawn(proposal, sampling, batch_size=64, requests=REQUESTS):
    return {c.candidate_id: c for c in proposal.draw(requests, sampling, batch_size)}


@pytest.mark.parametrize(
    "sampling", [Sampling(max_new_tokens=12), Sampling(max_new_tokens=9, temperature=0.8, top_k=30)], ids=str
)
def test_the_same_candidates_come_for_any_batch_size_and_order(proposal, sampling):
    expected = drawn(proposal, sampling)
    shuffled = random.Random(0).sample(REQUESTS, len(REQUESTS))
    for candidates in (
        drawn(proposal, sampling, 1),
        drawn(proposal, sampling, 5),
        drawn(proposal, sampling, 64, shuffled),
    ):
        assert candidates.keys() == expected.keys()
        for name, candidate in candidates.items():
            assert candidate.token_ids == expected[name].token_ids
            assert candidate.log_q == pytest.approx(expected[name].log_q, abs=1e-4)


def test_none_is_drawn_far_from_its_turn(proposal):
    """Whatever the prompt's length: a stopped job keeps its finished units, which are runs of consecutive requests."""
    prompts = [Prompt(number, "word " * (1 + 7 * number % 5)) for number in range(8)]
    requests = [(prompt, k, f"1.{prompt.prompt_id}.{k}") for prompt in prompts for k in range(2)]
    order = [int(c.candidate_id.split(".")[1]) for c in proposal.draw(requests, Sampling(max_new_tokens=4), 2)]
    assert order != sorted(order)
    assert all(abs(prompt - sorted(order)[at]) < 2 for at, prompt in enumerate(order))


def test_another_seed_or_name_gives_another_draw(proposal):
    first = drawn(proposal, Sampling(max_new_tokens=12))
    other = drawn(proposal, Sampling(max_new_tokens=12, seed=1))
    assert sum(first[name].token_ids != other[name].token_ids for name in first) > len(first) / 2
    assert len({c.token_ids for c in first.values()}) > len(first) / 2


def test_log_prob_of_a_completion_is_the_log_model_it_was_drawn_with(proposal):
    candidates = list(drawn(proposal, Sampling(max_new_tokens=16, temperature=1.3, top_k=40)).values())
    judged = proposal.log_prob([(c.prompt_token_ids, c.token_ids) for c in candidates])
    np.testing.assert_allclose(judged, [c.log_model for c in candidates], atol=1e-4)
    assert all(c.log_q != c.log_model for c in candidates)


def test_a_larger_vocabulary_is_scored_in_smaller_batches_with_the_same_result(proposal, monkeypatch):
    pairs = [(c.prompt_token_ids, c.token_ids) for c in drawn(proposal, Sampling(max_new_tokens=16)).values()]
    expected = proposal.log_prob(pairs)
    sizes, log_prob = [], proposal._log_prob

    def counted(some, *law):
        sizes.append(len(some))
        return log_prob(some, *law)

    monkeypatch.setattr(proposal, "_log_prob", counted)
    vocabulary = proposal.model.get_input_embeddings().num_embeddings
    for allowed in (1, 3 * 16 * vocabulary):  # room for less than one row, and for three of the longest
        monkeypatch.setattr(local, "SCORED_LOGITS", allowed)
        np.testing.assert_allclose(proposal.log_prob(pairs), expected, atol=1e-4)
    assert sizes[: len(pairs)] == [1] * len(pairs) and 1 < max(sizes[len(pairs) :]) < 32


@pytest.mark.parametrize("empty", [1, 32, 33, 70])  # a part of a batch, one, and more
def test_an_empty_completion_has_probability_1_and_costs_no_divergence(proposal, empty):
    pairs = [(c.prompt_token_ids, c.token_ids) for c in drawn(proposal, Sampling(max_new_tokens=4)).values()][:3]
    prompt = pairs[0][0]
    for others in ([], pairs):
        mixed = [(prompt, ())] * empty + others
        np.testing.assert_array_equal(proposal.log_prob(mixed)[:empty], 0.0)
        np.testing.assert_allclose(proposal.log_prob(mixed)[empty:], proposal.log_prob(pairs)[: len(others)], atol=1e-4)
        np.testing.assert_array_equal(proposal.divergence(proposal, mixed)[:empty], 0.0)
        assert np.isfinite(proposal.hidden_states(mixed)).all()
    assert (proposal.log_prob(pairs) < 0).all()


def test_without_truncation_or_temperature_log_q_is_log_model(proposal):
    assert all(c.log_q == c.log_model for c in drawn(proposal, Sampling(max_new_tokens=8)).values())


def test_eos_is_a_token_of_the_completion_and_its_finish(proposal):
    candidates = drawn(proposal, Sampling(max_new_tokens=12)).values()
    assert {c.finish for c in candidates} == {Finish.EOS, Finish.LENGTH}
    for candidate in candidates:
        assert (candidate.token_ids[-1] in proposal.eos) == (candidate.finish is Finish.EOS)
        assert not set(candidate.token_ids[:-1]) & proposal.eos
        assert candidate.finish is Finish.EOS or len(candidate.token_ids) == 12


def next_logits(proposal: LocalProposal, prompt: tuple[int, ...], prefix: tuple[int, ...]) -> torch.Tensor:
    """The logits of transformers itself, without padding or cache, (V,)."""
    model = proposal.model
    with torch.no_grad():
        if model.config.is_encoder_decoder:
            start = model.generation_config.decoder_start_token_id
            result = model(input_ids=torch.tensor([prompt]), decoder_input_ids=torch.tensor([[start, *prefix]]))
        else:
            result = model(torch.tensor([[*prompt, *prefix]]))
    return result.logits[0, -1]


def test_the_probabilities_of_all_sequences_sum_to_one(proposal):
    """Enumerates every completion of at most two tokens under top-k 3."""
    sampling = Sampling(max_new_tokens=2, top_k=3, temperature=0.9)
    prompt = proposal.prompt_token_ids(PROMPTS[0])

    def next_law(prefix: tuple[int, ...]) -> dict[int, float]:
        top = (next_logits(proposal, prompt, prefix).double() / sampling.temperature).topk(3)
        return dict(zip(top.indices.tolist(), torch.softmax(top.values, 0).tolist(), strict=True))

    law: dict[tuple[int, ...], float] = {}
    for first, p in next_law(()).items():
        if first in proposal.eos:
            law[first,] = p
        else:
            law |= {(first, second): p * q for second, q in next_law((first,)).items()}
    assert sum(law.values()) == pytest.approx(1)

    count = 3000
    candidates = list(proposal.draw([(PROMPTS[0], k, f"enumeration.{k}") for k in range(count)], sampling, 1000))
    for candidate in candidates:
        assert candidate.log_q == pytest.approx(np.log(law[candidate.token_ids]), abs=1e-4)
    sequences = list(law)
    observed = [sum(c.token_ids == sequence for c in candidates) for sequence in sequences]
    assert chisquare(observed, [count * law[s] for s in sequences]).pvalue > 0.001


def test_stopping_yields_nothing_unfinished(proposal):
    steps = iter([False] * 4 + [True] * 100)
    candidates = list(proposal.draw(REQUESTS, Sampling(max_new_tokens=30), 64, lambda: next(steps)))
    assert len(candidates) < len(REQUESTS)
    assert all(c.finish is Finish.EOS for c in candidates)


def test_a_prompt_that_does_not_fit_is_named(proposal):
    with pytest.raises(ModelError, match=r"prompt 9 has \d+ tokens"):
        list(proposal.draw([(Prompt(9, "word " * 400), 0, "1.9.0")], Sampling(max_new_tokens=40), 8))


def test_prompts_that_fit_are_separated_from_those_that_do_not(proposal):
    long = [Prompt(number, "word " * 400) for number in range(9, 17)]
    good, left_out = proposal.fitting([PROMPTS[0], *long, PROMPTS[1]], 40)
    assert good == PROMPTS[:2] and list(left_out.problems) == list(range(9, 17))
    assert left_out.named().startswith("prompt 9 has ") and left_out.named().endswith("; and 3 more")
    assert list(proposal.draw([(good[0], 0, "1.1.0")], Sampling(max_new_tokens=2), 8))
    with pytest.raises(ModelError, match=r"no prompt can be drawn from: prompt 9 has .* retire it"):
        proposal.fitting(long, 40)
    assert proposal.fitting([], 40) == ([], LeftOut({}))


def test_noise_is_made_as_a_row_s_turn_comes(proposal, monkeypatch):
    """The noise of 100,000 requests of 1,024 tokens would take gigabytes."""
    noises, noise = [], token_law.Noise

    def counted(*given):
        noises.append(given)
        return noise(*given)

    monkeypatch.setattr(local, "Noise", counted)
    drawing = proposal.draw(REQUESTS, Sampling(max_new_tokens=4), 2)
    next(drawing)
    assert 0 < len(noises) <= 2 * local.BATCHES_AHEAD
    assert len([*drawing]) == len(REQUESTS) - 1 and len(noises) == len(REQUESTS)


def test_what_another_tokenizer_drew_or_what_is_too_long_is_not_judged(proposal):
    (candidate,) = drawn(proposal, Sampling(max_new_tokens=8), requests=REQUESTS[:1]).values()
    prompt, ids, text = candidate.prompt_token_ids, candidate.token_ids, candidate.completion
    proposal.check([(prompt, ids, text)])
    for wrong, reason in (
        ((prompt, ids, text + "!"), "was drawn as"),
        ((prompt, (*ids, 10**6), text), "has the token 1000000, and this model knows"),
        ((prompt * 200, ids * 200, proposal.tokenizer.decode(ids * 200, skip_special_tokens=True)), "longer than its"),
    ):
        if proposal.model.config.is_encoder_decoder and "longer" in reason:
            continue  # a T5 has no limit
        with pytest.raises(ModelError, match=reason):
            proposal.check([wrong])


def test_a_system_prompt_comes_first_and_a_plain_model_takes_plain_text(proposal, monkeypatch):
    assert "Be brief." in proposal.tokenizer.decode(proposal.prompt_token_ids(PROMPTS[1]))
    monkeypatch.setattr(proposal.tokenizer, "chat_template", None)
    assert proposal.tokenizer.decode(proposal.prompt_token_ids(PROMPTS[1])) == "Be brief.\n\nSay grün."


TALK = Prompt(7, "Who am I?", system="Be brief.", earlier=("I am Ann.", "Hello Ann."))


def test_a_plain_model_gets_a_conversation_with_named_roles(proposal, monkeypatch):
    monkeypatch.setattr(proposal.tokenizer, "chat_template", None)
    assert proposal.tokenizer.decode(proposal.prompt_token_ids(TALK)) == (
        "Be brief.\n\nUser: I am Ann.\n\nAssistant: Hello Ann.\n\nUser: Who am I?\n\nAssistant:"
    )
    plain = proposal.tokenizer.decode(proposal.prompt_token_ids(Prompt(8, "Who?", earlier=("a", "b"))))
    assert plain == "User: a\n\nAssistant: b\n\nUser: Who?\n\nAssistant:"


def test_completions_of_a_conversation_follow_all_its_turns_and_are_judged_by_the_log_q_they_were_drawn_with(proposal):
    other = Prompt(7, TALK.text, system=TALK.system, earlier=("I am Bo.", "Hello Bo."))
    noise = {}
    for prompt in (TALK, other, Prompt(7, TALK.text, system=TALK.system)):
        drawn_now = list(
            drawn(proposal, Sampling(max_new_tokens=12), requests=[(prompt, k, f"1.7.{k}") for k in range(6)]).values()
        )
        ids = proposal.prompt_token_ids(prompt)
        assert {c.prompt_token_ids for c in drawn_now} == {ids}
        assert all(turn in proposal.tokenizer.decode(ids) for turn in (*prompt.earlier, prompt.text))
        judged = proposal.log_prob([(c.prompt_token_ids, c.token_ids) for c in drawn_now])
        np.testing.assert_allclose(judged, [c.log_q for c in drawn_now], atol=1e-4)
        noise[ids] = [c.log_q for c in drawn_now]
    assert len(noise) == 3 and len({tuple(log_q) for log_q in noise.values()}) == 3


def test_a_token_the_decoder_is_forced_to_begin_with_is_given_not_drawn(tiny_encoder_decoder):
    """NLLB and mBART name the target language in this way."""
    proposal = LocalProposal(tiny_encoder_decoder)
    start = proposal.model.generation_config.decoder_start_token_id
    forced = proposal.tokenizer("F").input_ids[0]
    proposal.model.generation_config.forced_bos_token_id = forced
    proposal._forward = forward.of(proposal.model, 0)
    first, _ = proposal._forward.begin([(5, 6, 7)])
    with torch.no_grad():
        expected = proposal.model(
            input_ids=torch.tensor([[5, 6, 7]]), decoder_input_ids=torch.tensor([[start, forced]])
        ).logits[:, -1]
    torch.testing.assert_close(first, expected)
    candidates = list(proposal.draw(REQUESTS, Sampling(max_new_tokens=8), 64))
    judged = proposal.log_prob([(c.prompt_token_ids, c.token_ids) for c in candidates])
    np.testing.assert_allclose(judged, [c.log_model for c in candidates], atol=1e-4)


def test_an_encoder_decoder_that_names_no_start_token_is_refused(tiny_encoder_decoder, tmp_path):
    folder = shutil.copytree(tiny_encoder_decoder, tmp_path / "model")
    for name in ("config.json", "generation_config.json"):
        config = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(config | {"decoder_start_token_id": None}))
    with pytest.raises(ModelError, match="decoder_start_token_id"):
        LocalProposal(folder)
