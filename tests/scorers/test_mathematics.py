"""Which part of a text is its mathematical answer, and in which notation."""

from __future__ import annotations

import time

import pytest

from rsf_core.scorers.mathematics import one_notation, stated
from tests.support.growth import is_linear


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"First \boxed{4}. No, so \boxed{5}.", r"\boxed{5}"),
        (r"\boxed{3} so \boxed{4}, \boxed{5}", r"\boxed{4, 5}"),
        (r"$x=\boxed{4}$ or $x=\boxed{5}$", r"\boxed{4, 5}"),
        (r"\boxed{4}. Also \boxed{5}", r"\boxed{5}"),
        (r"\boxed{\boxed{5}}", r"\boxed{5}"),
        (r"\boxed{\left\{1\right.}", r"\boxed{\left\{1\right}"),
        (r"\boxed{ 5. }", r"\boxed{5}"),
        (r"\boxed{\,5\,\ }", r"\boxed{5}"),
        (r"\boxed{5,}", r"\boxed{5,}"),
        (r"\fbox{5}", r"\boxed{5}"),
        (r"\boxed{50}\%", r"\boxed{50\%}"),
        (r"\boxed{12 345}", r"\boxed{12345}"),
        (r"\boxed{1", ""),
        ("#### 7\nQ: 5 #### 8", "7"),
        ("####\n7", "7"),
        ("#### 7 apples", "7 apples"),
        ("#### Step 1\n7", "#### Step 1\n7"),
        ("#### 1. Add them\n7", "#### 1. Add them\n7"),
        ("<answer>3</answer>, no: <answer>x < 2</answer>", "$x < 2$"),
        (r"<answer>\boxed{7}</answer>", r"\boxed{7}"),
        ("<think>1/3</think> **1/2**", "$1/2$"),
        ("The answer is `2**3`.", "$2^3$"),
        ("2**3 and 3**2", "2**3 and 3**2"),
        ("It is 7.\nSo the answer is x+1.\nGood.", "$x+1$"),
        (r"\sqrt{2}", r"$\sqrt{2}$"),
        ("sin(pi/6)", r"$\sin (\pi /6)$"),
        ("1,234.5", "1,234.5"),  # the library reads a number alone
        ("1 234 567", "1 234 567"),
        ("7 apples", "7 apples"),
        ("The answer is 7 apples", "The answer is 7 apples"),
        ("We know $x=1$, so $x+1$.", "We know $x=1$, so $x+1$."),
        ("x+1\ny+1", "x+1\ny+1"),
        ("", ""),
    ],
)
def test_the_answer_is_cut_out_of_its_text(text: str, answer: str) -> None:
    assert stated(text) == answer


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("x² − ½", r"x^{2} - \frac{1}{2}"),
        ("√(x+1), √2, √x", r"\sqrt{x+1}, \sqrt{2}, \sqrt{x}"),
        ("٣４", "34"),
        ("A ∪ B", r"A \cup B"),
        ("12\u202f345,6", "12345.6"),
        (r"1\,234{,}567", "1234567"),
        (r"(1,\,200)", r"(1,\,200)"),
        (r"0.\overline{3}", r"\frac{3}{9}"),
        ("1.5e3 and 1E-3", r"1500 and \frac{1}{1000}"),
        (r"1.5\times 10^{3} and 2×10^2", "1500 and 200"),
        ("2e400", r"2\cdot 10^{400}"),
        (r"10^2 \times 10^3", r"10^2 \times 10^3"),
        ("2e, x1e5, 1e5x", "2e, x1e5, 1e5x"),
        ("0.0002 and 0.00000020", r"0.0002 and \frac{1}{5000000}"),
        ("1.0000002", "1.0000002"),
        ("plain words, 3.5", "plain words, 3.5"),
    ],
)
def test_numbers_and_signs_have_one_notation(text: str, same: str) -> None:
    assert one_notation(text) == same


def test_of_a_long_text_the_end_is_read_or_what_follows_the_answer() -> None:
    words = "so we add 0.1 to it, " * 1_000
    assert stated(words + "and $x+1$.") == (words + "and $x+1$.")[-6_000:]
    assert stated(words + "The answer is 7.\n" + words).startswith("answer is 7.\nso we add")
    assert len(stated(words + "The answer is 7.\n" + words)) == 6_000


@pytest.mark.parametrize(
    "part",
    [
        r"\boxed{",
        r"\boxed{1} and ",
        "√",
        "`",
        "**a",
        "<answer>",
        "#### ",
        "1,",
        "1 000 ",
        "$1$ ",
        "1e5 ",
        "½",
        r"1\,",
        "\\boxed{1}" + " " * 99,
        ".",
    ],
)
def test_a_long_text_takes_time_in_proportion_to_its_length(part: str) -> None:
    def seconds(repeats: int) -> float:
        start = time.process_time()
        stated(part * repeats)
        stated(rf"\boxed{{{part * repeats}x}}")
        return time.process_time() - start

    assert is_linear(seconds, 4_000)
