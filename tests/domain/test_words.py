"""Numbers as people read them."""

from __future__ import annotations

import pytest

from rsf_core.domain.words import ago, fixed, in_percent, number, plural, significant, size, speed, unit


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
def test_past_times_are_written_in_one_unit(seconds: float, text: str) -> None:
    assert ago(seconds) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.0, 0, "0%"),
        (-0.0, 0, "0%"),
        (1e-17, 0, "0%"),
        (4e-10, 0, "0%"),
        (0.000002, 0, "0.0002%"),
        (1 - 4e-10, 0, "100%"),
        (0.00004, 0, "0.004%"),
        (0.002, 0, "0.2%"),
        (0.005, 0, "0.5%"),
        (0.0051, 0, "1%"),
        (0.124, 0, "12%"),
        (0.994, 0, "99%"),
        (0.995, 0, "99.5%"),
        (0.9996, 0, "99.96%"),
        (0.9999999999999998, 0, "100%"),
        (1.0, 0, "100%"),
        (1.26, 0, "126%"),
        (0.0, 1, "0.0%"),
        (0.0004, 1, "0.04%"),
        (0.0123, 1, "1.2%"),
        (0.9994, 1, "99.9%"),
        (0.9996, 1, "99.96%"),
        (1.0, 1, "100.0%"),
    ],
)
def test_a_share_reads_0_or_100_percent_only_for_none_or_all(value: float, digits: int, text: str) -> None:
    assert in_percent(value, digits) == text


def test_every_share_is_distinguished_from_none_and_from_all() -> None:
    for of in (3, 200, 201, 1_000, 1_000_000):
        for part in {0, 1, 2, of // 200, of // 2, of - of // 200, of - 2, of - 1, of}:
            shown = float(in_percent(part / of)[:-1])
            assert ((shown == 0) == (part == 0)) and ((shown == 100) == (part == of)), (part, of, shown)
            assert abs(shown - 100 * part / of) <= 0.5


@pytest.mark.parametrize(
    ("value", "digits", "signed", "text"),
    [
        (0.0, 2, False, "0.00"),
        (-0.0, 2, True, "+0.00"),
        (-1e-12, 2, False, "0.00"),
        (-0.004, 2, False, "-0.004"),
        (4e-8, 2, False, "0.00"),
        (0.00031, 2, True, "+0.0003"),
        (0.006, 2, False, "0.01"),
        (-0.126, 2, False, "-0.13"),
        (float("-inf"), 2, False, "-inf"),
        (float("nan"), 2, False, "nan"),
    ],
)
def test_a_number_is_not_0_where_it_is_only_small_and_never_minus_0(
    value: float, digits: int, signed: bool, text: str
) -> None:
    assert fixed(value, digits, signed) == text


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (0.0003, "pass@1", "+0.03"),
        (0.123, "pass@1", "+12.3"),
        (-0.0001, "truncated", "-0.01"),
        (0.0004, "reward", "+0.0004"),
        (0.0, "reward", "+0.00"),
        (None, "reward", "?"),
    ],
)
def test_a_gain_that_is_beyond_chance_does_not_read_as_none(value: float | None, name: str, text: str) -> None:
    assert number(value, name, signed=True) == text


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (-1.2e-6, "KL to base", "0.00"),
        (9.9e-5, "KL to base", "0.00"),
        (1.1e-4, "KL to base", "0.0001"),
        (-0.004, "KL to base", "-0.004"),
        (1.1e-5, "reward", "0.00001"),
    ],
)
def test_what_two_passes_of_one_model_differ_by_is_no_divergence(value: float, name: str, text: str) -> None:
    assert number(value, name) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.0, 3, "0"),
        (-1e-15, 3, "0"),
        (0.012345, 3, "0.0123"),
        (-12.345, 3, "-12.3"),
        (999.4, 3, "999"),
        (999.6, 3, "1,000"),
        (1234.5, 3, "1,234"),
        (-1234567.0, 3, "-1,234,567"),
        (1234.5, 4, "1234"),
        (12345.6, 4, "12,346"),
    ],
)
def test_a_large_number_keeps_its_digits_before_the_point(value: float, digits: int, text: str) -> None:
    assert significant(value, digits) == text


def test_a_metric_has_its_unit() -> None:
    names = ("pass@1", "length", "entropy", "log perplexity", "reward", "score: words")
    assert [unit(name) for name in names] == ["%", "tokens", "nats", "nats a token", "", ""]
