"""Numbers as a person reads them."""

from __future__ import annotations

import pytest

from rsf_core.domain.words import ago, plural, size, speed


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 prompts"), (1, "1 prompt"), (2, "2 prompts"), (1200, "1,200 prompts")]
)
def test_one_is_one_and_all_else_are_many(count: int, text: str) -> None:
    assert plural(count, "prompt") == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 kB"),
        (1_600, "2 kB"),
        (812_000, "812 kB"),
        (999_400, "999 kB"),
        (999_600, "1.0 MB"),
        (1_234_567, "1.2 MB"),
        (12_345_678, "12 MB"),
        (2_500_000_000, "2.5 GB"),
        (3 * 10**12, "3.0 TB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_a_size_has_two_digits_or_more_and_its_unit(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("tokens_per_second", "text"),
    [
        (0.0413, "0.041 tokens/s"),
        (0.25, "0.25 tokens/s"),
        (9.94, "9.9 tokens/s"),
        (9.96, "10 tokens/s"),
        (1_234.4, "1,234 tokens/s"),
    ],
)
def test_a_speed_has_two_digits_or_more_and_is_not_0_where_it_is_slow(tokens_per_second: float, text: str) -> None:
    assert speed(tokens_per_second) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3_599, "59 min ago"),
        (3_600, "1 h ago"),
        (47 * 3_600, "47 h ago"),
        (48 * 3_600, "2 days ago"),
        (400 * 86_400, "400 days ago"),
    ],
)
def test_what_is_past_is_told_in_one_unit(seconds: float, text: str) -> None:
    assert ago(seconds) == text
