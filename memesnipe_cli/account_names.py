"""Which account is meant where none is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from memesnipe_cli.errors import DataError, UsageError

if TYPE_CHECKING:
    from memesnipe_cli.profile import Profile
    from memesnipe_cli.store.paths import StorePaths

PAPER_ACCOUNT = "paper"
LIVE_ACCOUNT = "live"
SHADOW_ACCOUNT = "shadow"


def own_account(profile: Profile) -> str:
    """The account that a profile trades on: a live one on `live`, every other on `paper`."""
    return LIVE_ACCOUNT if profile.kind == "live" else PAPER_ACCOUNT


def account_to_show(paths: StorePaths, profile: Callable[[], Profile], named: str | None) -> str:
    """The account that a command looks at: the one that is named, else the only one that has traded, else the
    profile's own; the profile is looked at only then. Raises UsageError where there are several and none is the
    profile's."""
    from memesnipe_cli.risk.latch import LatchFile
    from memesnipe_cli.store.catalog_journal import accounts

    if named is not None:
        return named
    # What is ingested is noted in an account's journal, too, whoever trades; a breaker has who has traded. To look for
    # a session in all journals would take a second where there are many notes.
    journalled = accounts(paths)
    names = [each for each in journalled if LatchFile(paths, each).folder.exists()] or journalled
    if len(names) == 1:
        return names[0]
    own = own_account(profile())
    if names and own not in names:
        raise UsageError(
            f"this store has the accounts {', '.join(names)}", f"say which: --account {names[0]}"
        )
    return own


def no_journal(paths: StorePaths, account: str) -> DataError:
    """What to raise for an account that has none."""
    from memesnipe_cli.store.catalog_journal import accounts

    names = ", ".join(accounts(paths))
    return DataError(
        f"account {account!r} has no journal in {paths.root}",
        f"it has one of {names}: name it with --account"
        if names
        else "nothing was traded there; another --store?",
    )
