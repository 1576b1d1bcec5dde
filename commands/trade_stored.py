"""`memesnipe trade status|positions|orders`: the account as its journal says it is. Quick, and safe at any
time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from memesnipe_cli.commands.trade_output import ORDERS, POSITIONS, label, show_account

from memesnipe_cli.cli import Run, current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import DataError
from memesnipe_cli.run_options import AccountName

if TYPE_CHECKING:
    from memesnipe_cli.engine.account_fold import AccountState


def status(ctx: typer.Context, account: AccountName = "paper") -> None:
    """What the account is worth, what it has done, and up to which bar."""
    from memesnipe_cli.engine.account_said import account_record

    run = current(ctx)
    state = _state(run, account)
    journal = run.store.journal(account)
    show_account(run.console, account_record(account, state, str(journal.folder)))


def positions(ctx: typer.Context, account: AccountName = "paper") -> None:
    """The open positions, each with its stop and target."""
    from memesnipe_cli.engine.account_said import position_records

    run = current(ctx)
    state = _state(run, account)
    _say_label(run, state)
    run.console.records(position_records(account, state), POSITIONS, empty="no open positions")


def orders(ctx: typer.Context, account: AccountName = "paper") -> None:
    """The orders that wait: entries, exits, stops and targets."""
    from memesnipe_cli.engine.account_said import order_records

    run = current(ctx)
    state = _state(run, account)
    _say_label(run, state)
    store_id = run.store.journal(account).store_id()
    run.console.records(order_records(account, state, store_id), ORDERS, empty="no open orders")


def _state(run: Run, account: str) -> AccountState:
    """The account, folded. Raises DataError where nothing has been traded on it."""
    from memesnipe_cli.engine.account_fold import AccountFold

    state = run.store.journal(account).replay(AccountFold())
    if state.session is None:
        raise DataError(
            f"account {account!r} has not traded yet in {run.store.root}",
            "memesnipe trade --strategy momentum_5m, or name another with --account",
        )
    return state


def _say_label(run: Run, state: AccountState) -> None:
    if run.console.mode is OutputMode.HUMAN:
        run.console.say(label(bool((state.session or {}).get("simulated"))))
