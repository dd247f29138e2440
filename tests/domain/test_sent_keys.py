"""Consent to send a key to an address: given on this machine, for this variable and this address alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsf_core.domain import sent_keys
from rsf_core.domain.errors import ScorerError
from rsf_core.domain.sent_keys import SentKey

KEY = SentKey("JUDGE_KEY", "https://h/v1/chat/completions")


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RSF_CONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


def test_no_key_is_sent_before_it_is_allowed_and_that_can_be_revoked() -> None:
    with pytest.raises(ScorerError, match=r"JUDGE_KEY.*rsf allow-key JUDGE_KEY https://h/v1/chat/completions"):
        sent_keys.check(KEY)
    sent_keys.allow(KEY)
    sent_keys.check(KEY)
    sent_keys.withdraw(KEY)
    assert not sent_keys.is_allowed(KEY)


@pytest.mark.parametrize(
    "other",
    [
        SentKey("OTHER_KEY", KEY.url), SentKey("judge_key", KEY.url), SentKey(KEY.variable, "https://h/v2/chat/completions"),
        SentKey(KEY.variable, "http://h/v1/chat/completions"), SentKey(KEY.variable, "https://h:444/v1/chat/completions"),
    ],
)  # fmt: skip
def test_another_variable_or_address_is_not_allowed_by_it(other: SentKey) -> None:
    sent_keys.allow(KEY)
    assert not sent_keys.is_allowed(other)
    sent_keys.allow(other)
    sent_keys.withdraw(KEY)
    assert sent_keys.allowed() == {other}


def test_it_is_kept_for_this_user_alone(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent_keys.allow(KEY)
    assert config.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("RSF_CONFIG", str(tmp_path / "another user"))
    assert not sent_keys.is_allowed(KEY)


@pytest.mark.parametrize("content", [b"", b"{}", b"null", b"[", b"\xff", b'[["a"], 3, ["a", 1], {}]', b"[" * 100_000])
def test_a_damaged_file_allows_nothing_and_permission_can_be_given_again(config: Path, content: bytes) -> None:
    sent_keys.allow(KEY)
    (config / "allowed_keys.json").write_bytes(content)
    assert not sent_keys.allowed()
    sent_keys.allow(KEY)
    assert sent_keys.is_allowed(KEY)
