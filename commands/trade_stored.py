"""`memesnipe trade status|positions|orders`: the account as its journal says it is. Quick, and safe at any
time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from memesnipe_cli.commands.trade_output import (
    LIVE_ORDERS,
    LIVE_POSITIONS,
    ORDERS,
    POSITIONS,
    label,
    show_account,
    show_live_account,
)

from memesnipe_cli.cli import Run, current
from memesnipe_cli.console import Column, OutputMode
from memesnipe_cli.errors import DataError
from memesnipe_cli.run_options import ShownAccount, shown_account

if TYPE_CHECKING:
    from memesnipe_cli.engine.account_fold import AccountState
    from memesnipe_cli.live.said import Known


def status(ctx: typer.Context, account: ShownAccount = None) -> None:
    """What the account is worth, what it has done, and up to which bar.

    Of a live account also whether its trader runs, on what data, when book and venue last agreed, how its positions are
    protected, and which orders are not known.
    """
    from memesnipe_cli.engine.account_said import account_record

    run = current(ctx)
    account = shown_account(run, account)
    state = _state(run, account)
    known = _live(run, account, state)
    if known is None:
        journal = run.store.journal(account)
        show_account(run.console, account_record(account, state, str(journal.folder)))
    else:
        from memesnipe_cli.live.said import status_record

        show_live_account(run.console, status_record(known))


def positions(ctx: typer.Context, account: ShownAccount = None) -> None:
    """The open positions, each with its stop and target; of a live account what is ours by the venue's trades, with the
    stop that rests there."""
    run = current(ctx)
    account = shown_account(run, account)
    state = _state(run, account)
    known = _live(run, account, state)
    if known is None:
        from memesnipe_cli.engine.account_said import position_records

        _show(run, state, position_records(account, state), POSITIONS, "no open positions")
    else:
        from memesnipe_cli.live.said import position_records as live_records

        _show(run, state, live_records(known), LIVE_POSITIONS, "no open positions")


def orders(ctx: typer.Context, account: ShownAccount = None) -> None:
    """The orders that wait: entries, exits, stops and targets; of a live account every order that has not ended, with
    what to do about one whose fate is not known."""
    run = current(ctx)
    account = shown_account(run, account)
    state = _state(run, account)
    known = _live(run, account, state)
    if known is None:
        from memesnipe_cli.engine.account_said import order_records

        store_id = run.store.journal(account).store_id()
        _show(run, state, order_records(account, state, store_id), ORDERS, "no open orders")
        return
    from memesnipe_cli.live.said import order_records as live_records

    rows = live_records(known)
    _show(run, state, rows, LIVE_ORDERS, "no open orders")
    if run.console.mode is OutputMode.HUMAN:
        for each in rows:
            if each["next"]:
                run.console.say(f"{each['id']}: {each['next']}")


def _show(
    run: Run, state: AccountState, rows: list[dict[str, Any]], columns: tuple[Column, ...], empty: str
) -> None:
    from memesnipe_cli.engine.account_said import is_live

    if run.console.mode is OutputMode.HUMAN:
        run.console.say(label(bool((state.session or {}).get("simulated")), live=is_live(state)))
    run.console.records(rows, columns, empty=empty)


def _state(run: Run, account: str) -> AccountState:
    """The account, folded. Raises DataError where nothing has been traded on it."""
    from memesnipe_cli.engine.account_fold import AccountFold

    state = run.store.journal(account).replay(AccountFold())
    if state.session is None:
        raise DataError(
            f"account {account!r} has not traded yet in {run.store.root}", _others(run) or _FIRST_STEP
        )
    return state


_FIRST_STEP = "memesnipe trade --strategy momentum_5m, or name another with --account"


def _others(run: Run) -> str:
    """The accounts that have something to show."""
    from memesnipe_cli.risk.control import accounts, has_traded

    paths = run.store.paths
    names = [name for name in accounts(paths) if has_traded(paths, name)]
    return f"this store has {', '.join(names)}: add --account {names[0]}" if names else ""


def _live(run: Run, account: str, state: AccountState) -> Known | None:
    """All that is known of a live account; None for one on paper."""
    from memesnipe_cli.engine.account_said import is_live

    if not is_live(state):
        return None
    from memesnipe_cli.live.said import Known

    return Known.of(run.store, account, state)
