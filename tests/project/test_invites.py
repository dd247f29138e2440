"""Links: made for a name, shown once, ended by time or by the owner."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from rsf_core.domain.access import Actor, Role, person
from rsf_core.domain.errors import AccessError
from rsf_core.project.invites import Invites
from rsf_core.store import links
from rsf_core.store.store import Store


@pytest.fixture
def invites(store: Store) -> Invites:
    return Invites(store.links)


def secret(made: object) -> str:
    return str(made.path).partition("key=")[2]  # type: ignore[attr-defined]


def test_a_link_lets_in_under_its_name_and_role(invites: Invites) -> None:
    made, boss = invites.invite("  ben ", person("ann")), invites.invite("cleo", person("ann"), owner=True)
    assert invites.actor(secret(made)) == Actor("ben", Role.REVIEWER, made.link.link_id)
    assert invites.actor(secret(boss)).role is Role.OWNER
    assert secret(made) != secret(boss) and len(secret(made)) >= 43  # 256 bits


def test_links_outlive_a_restart_and_their_secrets_are_not_stored(invites: Invites, store: Store) -> None:
    made = invites.invite("ben", person("ann"))
    again = Invites(store.links)
    assert again.actor(secret(made)).name == "ben"
    assert secret(made) not in repr(again.links()) and again.links()[0].secret_sha256 != secret(made)


@pytest.mark.parametrize("given", [None, "", "x", "\x00", "é" * 43, "\udce9", "x" * 100_000])
def test_an_invalid_secret_lets_nobody_in(invites: Invites, given: str | None) -> None:
    made = invites.invite("ben", person("ann"))
    for wrong in (given, made.link.secret_sha256, made.link.link_id, secret(made)[:-1], secret(made) + "x"):
        with pytest.raises(AccessError):
            invites.actor(wrong)


def test_a_link_expires(invites: Invites, monkeypatch: pytest.MonkeyPatch) -> None:
    made = invites.invite("ben", person("ann"), days=2)

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return made.link.expires_at.replace(tzinfo=tz) + later

    monkeypatch.setattr(links, "datetime", Later)
    later = timedelta(seconds=-2)
    assert invites.actor(secret(made)).name == "ben"
    later = timedelta(seconds=1)
    with pytest.raises(AccessError, match="expired on"):
        invites.actor(secret(made))


def test_revoking_a_name_ends_all_its_links_and_no_others(invites: Invites) -> None:
    first, second, other = (invites.invite(name, person("ann")) for name in ("ben", "ben", "cleo"))
    assert {link.link_id for link in invites.revoke("ben", person("ann"))} == {first.link.link_id, second.link.link_id}
    for ended in (first, second):
        with pytest.raises(AccessError, match="revoked"):
            invites.actor(secret(ended))
    assert invites.actor(secret(other)).name == "cleo"
    assert [link.state for link in invites.links()] == ["revoked", "revoked", "open"]


def test_one_link_is_revoked_by_its_id(invites: Invites) -> None:
    first, second = invites.invite("ben", person("ann")), invites.invite("ben", person("ann"))
    invites.revoke(first.link.link_id, person("ann"))
    assert invites.actor(secret(second)).name == "ben"


def test_revoking_nothing_says_what_there_is(invites: Invites) -> None:
    made = invites.invite("ben", person("ann"))
    with pytest.raises(AccessError, match=f"no open link of 'dan'.*ben .{made.link.link_id}"):
        invites.revoke("dan", person("ann"))
    invites.revoke("ben", person("ann"))
    with pytest.raises(AccessError, match="none"):
        invites.revoke("ben", person("ann"))


@pytest.mark.parametrize("name", ["rule", "undo", "", "a\u200bb", "x" * 61])
def test_nobody_is_invited_under_a_name_that_nobody_can_have(invites: Invites, name: str) -> None:
    with pytest.raises(AccessError):
        invites.invite(name, person("ann"))
    assert invites.links() == []


def test_two_people_do_not_read_alike(invites: Invites) -> None:
    invites.invite("Ann Lee", person("boss"))
    invites.invite("Ann Lee", person("boss"))  # the same person again
    with pytest.raises(AccessError, match="reads like"):
        invites.invite("ann-lee", person("boss"))


@pytest.mark.parametrize("days", [0, -1, 3651, 10**12])
def test_how_long_a_link_is_good_has_limits(invites: Invites, days: int) -> None:
    with pytest.raises(AccessError, match="1 to 3,650 days"):
        invites.invite("ben", person("ann"), days=days)
