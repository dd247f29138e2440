"""math_match compares by algebra, in a process that a hostile answer cannot block."""

from __future__ import annotations

import pytest

from rsf_core.domain import Finish, Prompt
from rsf_core.domain.errors import ScorerError
from rsf_core.scorers import maths, registry
from rsf_core.scorers.base import NoScore, Scored
from tests.support import scoring


def score(completion: str, reference: str | None) -> float:
    return scoring.scores("math_match", [scored(completion, reference)])[0]


def scored(completion: str, reference: str | None) -> Scored:
    return Scored(Prompt(1, "What?", reference), completion, 3, Finish.EOS)


@pytest.mark.parametrize(
    ("completion", "reference"),
    [
        (r"So it is \boxed{\frac{1}{2}}.", "0.5"),
        (r"We have $x = \dfrac{3}{4}$, so the answer is $\boxed{\dfrac{3}{4}}$.", "3/4"),
        (r"$\sqrt{8}$", r"2\sqrt{2}"),
        (r"The answer is $1+x$.", "x+1"),
        (r"$(x-1)(x+1)$", "$x^2-1$"),
        (r"It is $\{2, 1\}$", r"\{1,2\}"),
        (r"$x \in [1, 3)$", "[1,3)"),
        ("The answer is 1,000.", "1000"),
        ("We get 3 and 4. #### 7\nQuestion: what is 9?", "7"),
        ("The answer is 7.", "3 + 4 = 7 #### 7"),
        (r"<think>\boxed{3}</think> \boxed{4}", "4"),
        (r"$50\%$", "1/2"),
        (r"$50$%", "1/2"),
        (r"\boxed{\begin{pmatrix}1\\2\end{pmatrix}}", r"\begin{pmatrix}1\\2\end{pmatrix}"),
        (r"\begin{equation}x=5\end{equation}", "5"),
        (r"\boxed{4} and $\boxed{5}$", "4, 5"),
        ("<think>3</think><answer>7</answer>", "7"),
        ("The answer is **1/2**.", "1/2"),
        ("The answer is √2.", r"\sqrt{2}"),
        ("sqrt(3)/2", r"\frac{\sqrt{3}}{2}"),
        ("x² + 1", "x^2+1"),
        (r"\boxed{(−∞, 3] ∪ [5, 6]}", r"(-\infty,3]\cup[5,6]"),
        (r"\boxed{1½}", "3/2"),
        (r"\boxed{0.1\overline{6}}", "1/6"),
        (r"\boxed{1\,234\,567}", "1234567"),
        (r"\boxed{\text{5 cm}}", "5"),
        ("1.5e3", "1500"),
        ("1500", "1.5e3"),
        ("6.02e23", r"6.02\times10^{23}"),
        (r"\boxed{1e-7}", "0.0000001"),
        ("#### Step 1: add them\nThe answer is 7.", "7"),
    ],
)
def test_what_is_equal_by_algebra_is_right(completion: str, reference: str) -> None:
    assert score(completion, reference) == 1.0


@pytest.mark.parametrize(
    ("completion", "reference"),
    [
        (r"\boxed{\frac{1}{3}}", "0.333"),
        (r"$x^2+1$", "$x^2-1$"),
        (r"$3.14$", r"\pi"),
        (r"$(1, 3)$", "[1,3]"),
        (r"$\{1\}$", r"\{1,2\}"),
        (r"\boxed{3} or \boxed{5}", "4"),
        (r"\boxed{3} or \boxed{5}", "5"),
        (r"First \boxed{4}. No: \boxed{5}", "4"),
        ("The answer is **1/2**.", "1"),
        ("2√3", "2"),
        (r"\boxed{2e-7}", "1e-7"),
        ("0.0000002", "0.0000001"),
        ("12.2323", "1.5e3"),  # 1.5·e·3
        ("3, 4", "4"),
        ("#### Step 1: add them\nThe answer is 7.", "1"),
        (r"It is 12, so \boxed{12", "12"),
        (r"<think>\boxed{4}", "4"),
        ("I do not know.", "4"),
        ("", "4"),
    ],
)
def test_what_is_not_is_wrong(completion: str, reference: str) -> None:
    assert score(completion, reference) == 0.0


@pytest.mark.parametrize("hostile", [r"\boxed{9^{9^{9^9}}}", r"\boxed{(10^9)!}"])
def test_an_answer_that_no_machine_computes_has_no_score_and_the_next_one_has(hostile: str) -> None:
    hard, easy = registry.score("math_match", [scored(hostile, "4"), scored(r"\boxed{4}", "4")])
    assert isinstance(hard, NoScore)
    assert easy == 1.0


def test_scores_are_the_same_alone_and_together() -> None:
    batch = [scored(rf"\boxed{{\frac{{{i}}}{{2}}}}", str(j / 2)) for i in range(4) for j in range(4)]
    together = scoring.scores("math_match", batch)
    assert together == [scoring.scores("math_match", [one])[0] for one in batch]
    assert together == [float(i == j) for i in range(4) for j in range(4)]


@pytest.mark.parametrize("blank", [None, "", " \n"])
def test_a_prompt_without_a_reference_is_named_before_anything_is_scored(blank: str | None) -> None:
    (problem,) = registry.reference_problems(["math_match"], [Prompt(4, "What?", blank), Prompt(5, "What?", "1/2")])
    assert problem.prompt_id == 4
    with pytest.raises(ScorerError, match="prompt 1"):
        score(r"\boxed{4}", blank)


def test_the_process_is_started_again_after_it_was_stopped() -> None:
    assert score("4", "4") == 1.0
    maths._helper.stop()
    assert score("4", "4") == 1.0
