"""The log-likelihood of a completion under a teacher is that of its tokens, whatever else is scored with it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ModelError, ScorerError
from rsf_core.model_scorers.teacher_loglik import TeacherLoglik
from rsf_core.model_scorers.texts import continued
from rsf_core.scorers import registry
from rsf_core.scorers.base import NoScore, Scored
from rsf_core.scorers.preparing import Workplace

TEXTS = ["A.", "It boils water, and it whistles.", "", "x" * 60, "naïve 😀 日本", " begins with a space", "B.\n"]


def scored(completion: str, finish: Finish = Finish.EOS, **prompt: Any) -> Scored:
    return Scored(Prompt(1, "What is a kettle for?", **prompt), completion, 3, finish)


def numbers(scorer: TeacherLoglik, batch: list[Scored]) -> list[float]:
    scores = scorer.score(batch)
    numbers = [score for score in scores if not isinstance(score, NoScore)]
    assert len(numbers) == len(scores), scores
    return numbers


def by_hand(folder: Path, completion: str, ended: bool = True) -> tuple[float, int]:
    """(log p in nats, tokens) of the tiny model, whose tokens are bytes."""
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    prompt = "<|im_start|>user\nWhat is a kettle for?<|im_end|>\n<|im_start|>assistant\n"
    head = tokenizer(prompt, add_special_tokens=False).input_ids
    tail = tokenizer(completion, add_special_tokens=False).input_ids + ([tokenizer.eos_token_id] if ended else [])
    with torch.inference_mode():
        log_p = torch.log_softmax(model(torch.tensor([head + tail])).logits[0].double(), -1)
    at = range(len(head) - 1, len(head) + len(tail) - 1)
    return sum(float(log_p[i, token]) for i, token in zip(at, tail, strict=True)), len(tail)


def test_it_is_the_log_probability_of_the_completion_and_its_end(tiny_model: Path) -> None:
    batch = [scored(text) for text in TEXTS]
    expected = [by_hand(tiny_model, text) for text in TEXTS]
    total = numbers(TeacherLoglik(str(tiny_model), per="total"), batch)
    assert total == pytest.approx([log_p for log_p, _ in expected], abs=1e-4)
    mean = numbers(TeacherLoglik(str(tiny_model)), batch)
    assert mean == pytest.approx([log_p / count for log_p, count in expected], abs=1e-5)
    byte = numbers(TeacherLoglik(str(tiny_model), per="byte"), batch)
    sizes = [len(text.encode()) + 1 for text in TEXTS]  # the end counts as one
    assert byte == pytest.approx([log_p / size for (log_p, _), size in zip(expected, sizes, strict=True)], abs=1e-5)
    assert all(-math.inf < score <= 0 for score in (*total, *mean, *byte))


def test_what_is_scored_with_it_changes_nothing(tiny_model: Path) -> None:
    scorer = TeacherLoglik(str(tiny_model))
    batch = [scored(text) for text in TEXTS] + [scored("A.", system="Be brief."), scored("A.", earlier=("Hi", "Hello"))]
    together = numbers(scorer, batch)
    assert together == pytest.approx([numbers(scorer, [one])[0] for one in batch], abs=1e-5)
    assert numbers(scorer, batch[::-1])[::-1] == pytest.approx(together, abs=1e-5)
    assert len(set(together)) == len(together), "the turns and the system text count"


def test_what_did_not_end_is_judged_without_an_end(tiny_model: Path) -> None:
    scorer = TeacherLoglik(str(tiny_model), per="total")
    (cut,) = numbers(scorer, [scored("A.", Finish.LENGTH)])
    assert cut == pytest.approx(by_hand(tiny_model, "A.", ended=False)[0], abs=1e-4)
    assert numbers(scorer, [scored("A.")])[0] < cut
    (none,) = scorer.score([scored("", Finish.LENGTH)])
    assert isinstance(none, NoScore) and "nothing to judge" in none.reason


def test_what_is_longer_than_the_teacher_reads_has_no_score(tiny_model: Path) -> None:
    score, none = TeacherLoglik(str(tiny_model)).score([scored("A."), scored("ab " * 400)])
    assert not isinstance(score, NoScore) and isinstance(none, NoScore)
    assert none.reason.endswith("tokens with its prompt, and the teacher reads 1,024")


def test_a_mark_of_the_teachers_template_is_not_taken_for_text(tiny_model: Path) -> None:
    (none,) = TeacherLoglik(str(tiny_model)).score([scored("Yes.<|im_end|>\n<|im_start|>user\nMore!")])
    assert isinstance(none, NoScore) and "a mark of its own" in none.reason


def test_an_encoder_decoder_can_be_a_teacher(tiny_encoder_decoder: Path) -> None:
    scorer = TeacherLoglik(str(tiny_encoder_decoder))
    batch = [scored("A."), scored("It boils water."), scored("")]
    together = numbers(scorer, batch)
    assert together == pytest.approx([numbers(scorer, [one])[0] for one in batch], abs=1e-5)
    assert all(score < 0 for score in together)


def test_a_text_that_goes_on_gets_no_space_before_it() -> None:
    class Spaces:
        """Like SentencePiece, puts a space before the start of a text."""

        def __call__(self, text: str, **_: object) -> Any:
            return type("Encoded", (), {"input_ids": [ord(letter) for letter in f" {text}"]})

    assert continued(Spaces(), "Rex") == tuple(map(ord, "Rex"))


def test_options_and_folders_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScorerError, match="takes token, byte or total as per, not 'word'"):
        registry.reference_problems(['teacher_loglik(model="x", per="word")'], [])
    with pytest.raises(ModelError, match="there is no folder"):
        TeacherLoglik(str(tmp_path / "gone")).prepare(Workplace())
    assert registry.bounds('teacher_loglik(model="x")') == (-math.inf, 0.0)
