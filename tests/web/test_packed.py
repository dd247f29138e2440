"""Parts that are compressed once form, one after the other, a gzip that any reader understands."""

from __future__ import annotations

import gzip as standard
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.web import packed
from rsf_core.web.packed import part

TEXTS = st.lists(st.text(st.characters(max_codepoint=127), max_size=400), max_size=12)


@given(TEXTS)
def test_what_is_packed_in_parts_is_the_text_in_one_member(texts: list[str]) -> None:
    parts, whole = [part(text) for text in texts], "".join(texts).encode()
    assert packed.plain(parts) == whole
    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)  # a browser reads a single member, and checks length and checksum
    assert reader.decompress(packed.gzip(parts)) == whole
    assert reader.eof and reader.unused_data == b""


def test_parts_longer_than_the_window_and_alike_do_not_refer_to_each_other() -> None:
    long = "".join(f'{{"candidate_id": "1.{i}.0", "completion": "the train was late"}}' for i in range(3_000))
    one, other = part(long), part(long[::-1])
    for order in ([one, other, one], [other, one], [one], [one] * 4):
        assert standard.decompress(packed.gzip(order)) == packed.plain(order)
    assert len(packed.gzip([one] * 4)) < len(long) / 4


def test_a_text_beyond_ascii_is_no_part() -> None:
    with pytest.raises(UnicodeEncodeError):
        part("café")
