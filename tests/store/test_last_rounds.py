"""What is kept in memory for the most recently used rounds."""

from __future__ import annotations

from rsf_core.store.last_rounds import LastRounds


def make_rounds(most: int, sizes: dict[int, int], room: int) -> tuple[LastRounds[list[int]], list[int]]:
    asked: list[int] = []

    def make(number: int) -> list[int]:
        asked.append(number)
        return [number]

    return LastRounds(make, most, lambda part: sizes[part[0]], room), asked


def test_rounds_asked_for_in_turn_are_made_once_where_they_fit() -> None:
    rounds, asked = make_rounds(4, dict.fromkeys(range(1, 6), 10), 40)
    for _ in range(3):
        assert [rounds.of(number) for number in (1, 2, 3, 4)] == [[1], [2], [3], [4]]
    assert asked == [1, 2, 3, 4]
    rounds.of(5)  # the least recently used round goes
    assert rounds.known(1) is None and rounds.known(2) == [2]


def test_large_rounds_are_kept_two_at_a_time_whatever_their_size() -> None:
    sizes = dict.fromkeys(range(1, 4), 50)
    rounds, asked = make_rounds(16, sizes, 40)
    for number in (1, 2, 1, 2):
        rounds.of(number)
    assert asked == [1, 2]
    rounds.of(3)
    assert [rounds.known(number) for number in (1, 2, 3)] == [None, [2], [3]]


def test_a_round_that_has_grown_sends_others_away_when_the_next_is_asked_for() -> None:
    sizes = {1: 10, 2: 10, 3: 10}
    rounds, _ = make_rounds(16, sizes, 40)
    for number in (1, 2, 3):
        rounds.of(number)
    sizes[3] = 30
    rounds.of(3)
    assert [rounds.known(number) for number in (1, 2, 3)] == [None, [2], [3]]
