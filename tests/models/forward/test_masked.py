"""The law with masks: drawing, judging and training use one law that sums to 1, in which masked tokens have no part."""

from __future__ import annotations

import itertools
import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rsf_core import models
from rsf_core.domain import Finish, Mask, Prompt
from rsf_core.domain.errors import ModelError, StageError
from rsf_core.domain.settings import Sampling, Train
from rsf_core.models import forward
from rsf_core.proposals.local import LocalProposal
from rsf_core.training import loss
from rsf_core.training.samples import TrainingSample
from rsf_core.training.sft import finetune
from tests.support.architectures import gpt2, llama, t5

PROMPT = Prompt(0, "Say a word.")
FAMILIES = {"llama": llama, "gpt2": gpt2, "t5": t5}


def asking(folder: Path, to: Path, **config: Any) -> Path:
    """A copy of a model folder with these entries in its generation_config.json."""
    copy = shutil.copytree(folder, to)
    path = copy / "generation_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return copy


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "masks",
    [
        (Mask((3, 7)),),
        (Mask((2,), before=2), Mask((5,), before=1)),
        (Mask(tuple(t for t in range(50) if t != 9), before=1),),
    ],
    ids=["always", "by position", "forced first"],
)
def test_the_law_sums_to_one_at_every_position_however_it_is_computed(family: str, masks: tuple[Mask, ...]) -> None:
    """Enumerates every token of the vocabulary, in batches of unequal prompts and completions, both drawn step by step and
    judged together."""
    torch.manual_seed(0)
    model = FAMILIES[family]().eval()
    way = forward.masked(forward.of(model, 0), masks)
    pairs = [((5, 6, 8, 9), (4, 8, 9)), ((6,), (9, 4)), ((5, 6, 8, 9), (11,))]
    with torch.no_grad():
        logits, _, real = way.completion_logits(pairs)
        assert torch.isfinite(logits[~real]).all()
        for row, (prompt, completion) in enumerate(pairs):
            law = torch.softmax(logits[row][real[row]].double(), -1)
            assert law.sum(-1).tolist() == pytest.approx([1.0] * len(completion))
            for position, token in itertools.product(range(len(completion)), range(50)):
                assert (law[position, token] == 0) == any(mask.rules_out(token, position) for mask in masks)
            first, decoding = way.begin([prompt])
            steps = [first] + [decoding.step(torch.tensor([token])) for token in completion[:-1]]
            drawn = torch.cat([torch.softmax(step.double(), -1) for step in steps])
            torch.testing.assert_close(drawn, law, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_forced_token_has_log_q_0_and_no_gradient_and_nothing_flows_to_what_is_ruled_out(family: str) -> None:
    torch.manual_seed(0)
    model = FAMILIES[family]()
    masks = (Mask(tuple(t for t in range(50) if t != 9), before=1), Mask((3,)))
    way = forward.masked(forward.of(model, 0), masks)
    logits, targets, real = way.completion_logits([((5, 6), (9,)), ((5, 6, 7), (9, 4))])
    nll = loss.sequence_nll(logits, targets, real)
    assert nll[0].item() == 0.0 and 0.0 < nll[1].item() < math.inf
    nll[0].backward(retain_graph=True)
    assert all(p.grad is None or not p.grad.any() for p in model.parameters())
    nll[1].backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())
    assert any(p.grad is not None and p.grad.any() for p in model.parameters())


def test_padding_as_a_bad_word_is_never_drawn_and_judged_as_it_was_drawn(
    tiny_encoder_decoder: Path, tmp_path: Path
) -> None:
    """A model like Marian: its decoder starts with the padding token, which it must never generate."""
    plain = LocalProposal(tiny_encoder_decoder)
    pad = plain.tokenizer("P").input_ids[0]
    bias = plain.model.final_logits_bias
    folder = asking(tiny_encoder_decoder, tmp_path / "marian", pad_token_id=pad, bad_words_ids=[[pad]])
    requests = [(PROMPT, k, f"1.0.{k}") for k in range(60)]
    sampling = Sampling(max_new_tokens=6, temperature=1.2)
    marian = LocalProposal(folder)
    for proposal in (plain, marian):
        proposal.model.final_logits_bias = bias.clone()
        proposal.model.final_logits_bias[0, pad] = 4.0
    assert any(pad in c.token_ids for c in plain.draw(requests, sampling, 16))
    candidates = list(marian.draw(requests, sampling, 16))
    assert not any(pad in c.token_ids for c in candidates)
    pairs = [(c.prompt_token_ids, c.token_ids) for c in candidates]
    np.testing.assert_allclose(marian.log_prob(pairs), [c.log_model for c in candidates], atol=1e-4)
    np.testing.assert_allclose(marian.log_prob(pairs, 1.2), [c.log_q for c in candidates], atol=1e-4)
    assert (marian.log_prob(pairs) > plain.log_prob(pairs)).all()
    with pytest.raises(ModelError, match=rf"has the token {pad}, which its generation_config\.json rules out"):
        marian.check([(pairs[0][0], (pad,), marian.tokenizer.decode([pad], skip_special_tokens=True))])


@pytest.mark.parametrize("sampling", [Sampling(), Sampling(temperature=0.7, top_k=4), Sampling(top_p=0.6)], ids=str)
def test_every_completion_of_a_masked_model_by_enumeration(any_model: Path, tmp_path: Path, sampling: Sampling) -> None:
    """Under the law with all its masks, the completions of at most two tokens sum to 1, and each draw's log q is its own."""
    plain = LocalProposal(any_model)
    letters = [plain.tokenizer(letter).input_ids[-1] for letter in "abcde"]
    (end,) = plain.eos
    size = plain.model.get_input_embeddings().num_embeddings
    allowed = {*letters, end}
    folder = asking(
        any_model,
        tmp_path / "masked",
        suppress_tokens=[token for token in range(size) if token not in allowed],
        begin_suppress_tokens=[letters[0], end],
    )
    proposal = LocalProposal(folder)
    law = sampling.model_copy(update={"max_new_tokens": 2, "model_masks": True})
    drawn = list(proposal.draw([(PROMPT, k, f"1.0.{k}") for k in range(400)], law, 200))
    assert all(set(c.token_ids) <= allowed and c.token_ids[0] in letters[1:] for c in drawn)
    prompt = proposal.prompt_token_ids(PROMPT)
    everything = [(first, second) for first in letters[1:] for second in (*letters, end)]
    log_model = proposal.log_prob([(prompt, one) for one in everything], model_masks=True)
    assert np.exp(log_model).sum() == pytest.approx(1.0, abs=1e-5)
    of: dict[tuple[int, ...], float] = dict(zip(everything, log_model.tolist(), strict=True))
    assert [c.log_model for c in drawn] == pytest.approx([of[c.token_ids] for c in drawn], abs=1e-4)
    by_completion = {c.token_ids: c.log_q for c in drawn}
    assert sum(map(math.exp, by_completion.values())) == pytest.approx(
        1.0, abs=0.02
    )  # nearly all completions were drawn, except a few rare ones
    assert sum(map(math.exp, by_completion.values())) < 1.00001


def test_masks_are_off_without_the_setting(tiny_model: Path, tmp_path: Path) -> None:
    plain = LocalProposal(tiny_model)
    asks = LocalProposal(asking(tiny_model, tmp_path / "asks", suppress_tokens=[5], min_new_tokens=9))
    requests = [(PROMPT, k, f"1.0.{k}") for k in range(20)]
    one, other = (list(p.draw(requests, Sampling(max_new_tokens=8), 20)) for p in (plain, asks))
    assert one == other
    with pytest.raises(ModelError, match=r"min_new_tokens or min_length.* generate\.max_new_tokens is 8"):
        next(asks.draw(requests, Sampling(max_new_tokens=8, model_masks=True), 20))


def test_a_shortest_completion_ends_no_sooner(any_model: Path, tmp_path: Path) -> None:
    proposal = LocalProposal(asking(any_model, tmp_path / "asks", min_new_tokens=4))
    law = Sampling(max_new_tokens=12, model_masks=True)
    candidates = list(proposal.draw([(PROMPT, k, f"1.0.{k}") for k in range(80)], law, 40))
    ended = [len(c.token_ids) for c in candidates if c.finish is Finish.EOS]
    assert min(ended) == 5 and len(ended) > 10
    judged = proposal.log_prob([(c.prompt_token_ids, c.token_ids) for c in candidates], model_masks=True)
    np.testing.assert_allclose(judged, [c.log_model for c in candidates], atol=1e-4)


def test_a_language_that_is_forced_first_is_given_and_not_drawn_from_the_folder_on(
    tiny_encoder_decoder: Path, tmp_path: Path
) -> None:
    """As in NLLB: the forced token's log q is 0, because it is not part of the completion."""
    language = LocalProposal(tiny_encoder_decoder).tokenizer("F").input_ids[0]
    nllb = LocalProposal(asking(tiny_encoder_decoder, tmp_path / "nllb", forced_bos_token_id=language))
    start = nllb.model.generation_config.decoder_start_token_id
    (candidate, *_) = nllb.draw([(PROMPT, k, f"1.0.{k}") for k in range(4)], Sampling(max_new_tokens=6), 4)
    with torch.no_grad():
        decoder_ids = torch.tensor([[start, language, *candidate.token_ids[:-1]]])
        prompt_ids = torch.tensor([candidate.prompt_token_ids])
        logits = nllb.model(input_ids=prompt_ids, decoder_input_ids=decoder_ids).logits[0, 1:]
    by_hand = torch.log_softmax(logits.double(), -1).gather(1, torch.tensor(candidate.token_ids)[:, None]).sum()
    assert candidate.log_q == pytest.approx(by_hand.item(), abs=1e-4)


@pytest.mark.parametrize("both", [True, False])
def test_what_config_json_alone_asks_for_is_the_law_and_stays_it_when_the_model_is_saved(
    tiny_encoder_decoder: Path, tmp_path: Path, both: bool
) -> None:
    """transformers ignores it if there is a generation_config.json."""
    asks = {"pad_token_id": 7, "bad_words_ids": [[7]], "forced_bos_token_id": 9, "min_length": 5}
    folder = asking(tiny_encoder_decoder, tmp_path / "older", pad_token_id=7)
    older = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(older | asks))
    if not both:
        (folder / "generation_config.json").unlink()
    model, tokenizer = models.load(folder)
    models.save(model, tokenizer, tmp_path / "saved", {})
    for place in (folder, tmp_path / "saved"):
        proposal = LocalProposal(place)
        assert proposal.masks(False) == (Mask((7,)),)
        assert proposal.masks(True) == (Mask((7,)), Mask(tuple(proposal.eos), before=3))
        first, _ = proposal._forward.begin([(20, 21)])
        with torch.no_grad():
            decoder_ids = torch.tensor([[older["decoder_start_token_id"], 9]])
            expected = proposal.model(input_ids=torch.tensor([[20, 21]]), decoder_input_ids=decoder_ids).logits[:, -1]
        torch.testing.assert_close(first, expected, atol=1e-5, rtol=1e-4)
    assert [str(one) for one in models.requests_of(folder)] == [
        str(one) for one in models.requests_of(tmp_path / "saved")
    ]


@pytest.mark.parametrize("name", ["forced_bos_token_id", "decoder_start_token_id"])
@pytest.mark.parametrize("value", [10**6, -1, [3]], ids=str)
def test_a_forced_token_that_the_model_does_not_know_is_refused_by_name(
    tiny_encoder_decoder: Path, tmp_path: Path, name: str, value: Any
) -> None:
    with pytest.raises(ModelError, match=name):
        LocalProposal(asking(tiny_encoder_decoder, tmp_path / "wrong", **{name: value}))


@pytest.mark.parametrize("value", [[], None])
def test_empty_lists_and_nulls_ask_for_nothing(tiny_model: Path, tmp_path: Path, value: Any) -> None:
    asks = asking(
        tiny_model, tmp_path / "empty", bad_words_ids=value, suppress_tokens=value, begin_suppress_tokens=value
    )
    assert LocalProposal(asks).masks(True) == ()


def test_training_has_no_part_in_what_the_law_rules_out(tiny_model: Path, tmp_path: Path) -> None:
    """The loss of the first step is the mean −log p under the masked law; a sample with a masked token is refused."""
    tokenizer = LocalProposal(tiny_model).tokenizer
    pad = tokenizer("P").input_ids[0]
    folder = asking(tiny_model, tmp_path / "marian", pad_token_id=pad, bad_words_ids=[[pad]])
    marian = LocalProposal(folder)
    drawn = list(marian.draw([(PROMPT, k, f"1.0.{k}") for k in range(8)], Sampling(max_new_tokens=6), 8))
    samples = [TrainingSample(c.prompt_token_ids, c.token_ids, text=c.completion, log_q=c.log_q) for c in drawn]
    steps: list[Any] = []
    recipe = Train(epochs=1, batch_size=8, rank=2, warmup=0)
    assert finetune(samples, folder, recipe, steps.append) is not None
    tokens = sum(len(c.token_ids) for c in drawn)
    assert steps[0].loss == pytest.approx(-sum(c.log_model for c in drawn) / tokens, abs=1e-4)
    wrong = TrainingSample(drawn[0].prompt_token_ids, (pad,), text=tokenizer.decode([pad], skip_special_tokens=True))
    with pytest.raises(StageError, match=rf"sample 8 of the curated set .* has the token {pad}"):
        finetune([*samples, wrong], folder, recipe, steps.append)
