"""What the watch holds in its hands when it steps in: the account's books, on paper or at a venue. Engine and venue are
loaded only where something is to be closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memesnipe_cli.cli import Run
from memesnipe_cli.errors import ConfigError, NetworkError

if TYPE_CHECKING:
    from memesnipe_cli.engine.account_fold import AccountState
    from memesnipe_cli.risk.watch import Books, Closing

# The watch's own key, where there is one: it works while the trader's is gone, locked or revoked.
KEYS = ("watchdog", "trade")
_NAMES = ("strategy", "venue", "symbol", "side", "qty")


def books_of(run: Run, account: str) -> Books:
    """The books of an account, as its open session says which."""
    from memesnipe_cli.engine.account_said import is_live

    return LiveBooks(run, account) if is_live(_state(run, account)) else PaperBooks(run, account)


def unattended(run: Run, account: str) -> str:
    """That the watch could close this account now with nobody there, in words; "" for one on paper, which needs no key.
    Asks the venue. Raises ConfigError where it could not, NetworkError where the venue is out of reach."""
    from memesnipe_cli.commands.trade_keys import first_key
    from memesnipe_cli.commands.venue_access import open_venue

    from memesnipe_cli.engine.account_said import is_live

    state = _state(run, account)
    if not is_live(state):
        return ""
    venue = str((state.session or {})["venue"])
    _check_profile(run, account, venue)
    name = first_key(run, venue, *KEYS)
    with open_venue(run, venue, name, "watch", account, unattended=True) as access:
        use = access.key_use
    return (
        f"it could close account {account} now: {venue}/{name} ({use['fingerprint']}) was read unattended, and may"
        f" {' and '.join(use['rights'])}"
    )


class PaperBooks:
    """Of an account whose orders never leave this machine."""

    def __init__(self, run: Run, account: str) -> None:
        self._run = run
        self._account = account

    def held(self) -> list[dict[str, Any]]:
        """The open positions, by the journal."""
        from memesnipe_cli.engine.account_said import position_records

        state = _state(self._run, self._account)
        return [{name: each[name] for name in _NAMES} for each in position_records(self._account, state)]

    def close(self, reason: str) -> Closing:
        """Close them; the caller holds the account."""
        from memesnipe_cli.commands.trade_flatten import rows

        from memesnipe_cli.engine.flatten import close_positions
        from memesnipe_cli.risk.watch import WATCH, Closing

        if _state(self._run, self._account).session is None:
            return Closing()
        held = self.held()
        report = close_positions(self._run.store, self._account, reason=reason, by=WATCH)
        return Closing(held, rows(report.cancelled), rows(report.closed), rows(report.left))


class LiveBooks:
    """Of an account at a venue."""

    def __init__(self, run: Run, account: str) -> None:
        self._run = run
        self._account = account

    def held(self) -> list[dict[str, Any]]:
        """What is ours by the venue's trades that the journal has, with the stop that rests under it."""
        from memesnipe_cli.live.said import Known, position_records

        names = (*_NAMES, "protection", "resting_stop", "naked")
        return [
            {name: each[name] for name in names}
            for each in position_records(Known.of(self._run.store, self._account))
        ]

    def close(self, reason: str) -> Closing:
        """Reconcile with the venue and close; the caller holds the account. Raises ConfigError for a key that cannot be
        used, NetworkError where the venue is out of reach."""
        from memesnipe_cli.commands.trade_flatten_live import flatten_record, prices_of
        from memesnipe_cli.commands.trade_keys import first_key
        from memesnipe_cli.commands.venue_access import open_venue

        from memesnipe_cli.live.flattening import flatten_live
        from memesnipe_cli.live.starting import KEY_USE
        from memesnipe_cli.risk.watch import WATCH, Closing

        run, account = self._run, self._account
        session = _state(run, account).session or {}
        _check_profile(run, account, str(session["venue"]))
        held = self.held()
        name = first_key(run, session["venue"], *KEYS)
        with (
            open_venue(run, session["venue"], name, "watch", account, unattended=True) as access,
            prices_of(run, session) as feed,
        ):
            run.store.journal(account).append(KEY_USE, access.key_use)
            report = flatten_live(
                run.store,
                account,
                run.profile,
                access.venue,
                feed,
                reason=reason,
                by=WATCH,
                say=run.console.say,
            )
        row = flatten_record("", report)
        unknown = [
            {"symbol": "-", "qty": "?", "why": f"the order {each} may exist"} for each in report.unsettled
        ]
        return Closing(held, row["cancelled"], row["closed"], [*row["left"], *unknown])


def what_stands(run: Run, account: str, problem: Exception) -> list[str]:
    """For a person, where a live account could not be closed: what is held and which stops rest under it."""
    books = books_of(run, account)
    if not isinstance(books, LiveBooks) or not isinstance(problem, NetworkError | ConfigError):
        return []
    return [
        f"{each['symbol']} {each['qty']}: "
        + (
            f"its stop rests at the venue at {each['resting_stop']}"
            if each["protection"] == "covered"
            else f"NO STOP is known to rest under {each['naked']} of it"
        )
        for each in books.held()
    ]


def _state(run: Run, account: str) -> AccountState:
    from memesnipe_cli.engine.account_fold import AccountFold

    return run.store.journal(account).replay(AccountFold())


def _check_profile(run: Run, account: str, venue: str) -> None:
    if run.profile.kind != "live" or run.profile.account.venue != venue:
        raise ConfigError(
            f"account {account!r} trades at {venue}, and profile {run.profile.name} does not",
            f"name the live profile of {venue}: --profile NAME",
        )
