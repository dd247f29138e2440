"""One seed, independent streams."""

from __future__ import annotations

from rsf_core.sampling.streams import child_seed


def test_a_stream_is_fixed_and_no_two_share_a_seed():
    names = ("generate", "train", "control")
    seeds = [child_seed(seed, name) for seed in range(2_000) for name in names]
    assert seeds[:3] == [child_seed(0, name) for name in names]
    assert len(set(seeds)) == len(seeds) and all(0 <= seed < 2**31 for seed in seeds)


def test_the_streams_of_a_seed_stay_what_they_are():
    assert [child_seed(1, name) for name in ("generate", "train", "control")] == [1323082791, 1318415182, 1924059284]
