"""Which account a command looks at where none is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from memesnipe_cli.account_names import account_to_show
from memesnipe_cli.errors import UsageError
from memesnipe_cli.profile import Account, Profile
from memesnipe_cli.risk.latch import LatchFile
from memesnipe_cli.store.store import Store

LIVE, PAPER = Profile(kind="live", account=Account(venue="kraken")), Profile()


def traded(store: Store, name: str) -> None:
    """What the beginning of a session leaves."""
    LatchFile(store.paths, name).create()
    store.journal(name).append("session", {"session": f"{name}-1"})


@pytest.mark.parametrize(
    ("there", "profile", "named", "shown"),
    [
        ((), PAPER, None, "paper"),
        ((), LIVE, None, "live"),
        (("live",), PAPER, None, "live"),
        (("shadow",), LIVE, None, "shadow"),
        (("live", "paper", "shadow"), PAPER, None, "paper"),
        (("live", "paper", "shadow"), LIVE, None, "live"),
        (("live", "paper"), LIVE, "paper", "paper"),
        (("live",), LIVE, "another", "another"),
    ],
)
def test_the_only_one_else_the_profiles(
    tmp_path: Path, there: tuple[str, ...], profile: Profile, named: str | None, shown: str
) -> None:
    store = Store(tmp_path)
    for name in there:
        traded(store, name)
    if there:
        store.journal("noted").append("note", {"text": "it never traded"})
    assert account_to_show(store.paths, lambda: profile, named) == shown


def test_several_of_which_none_is_the_profiles_must_be_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for name in ("one", "two"):
        traded(store, name)
    with pytest.raises(UsageError, match="one, two") as raised:
        account_to_show(store.paths, lambda: LIVE, None)
    assert raised.value.hint == "say which: --account one"
