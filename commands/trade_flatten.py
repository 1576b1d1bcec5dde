"""`memesnipe trade flatten`: cancel what waits and close what is held, now; and how such a report is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memesnipe_cli.account_names import own_account
from memesnipe_cli.cli import Run, current
from memesnipe_cli.console import Column, OutputMode
from memesnipe_cli.engine.figures import money, price
from memesnipe_cli.errors import ExitCode
from memesnipe_cli.records import decimal_text, record
from memesnipe_cli.run_options import OwnAccount

if TYPE_CHECKING:
    from memesnipe_cli.engine.flatten import Cancelled, Closed, FlattenReport, Left
    from memesnipe_cli.risk.takeover import Takeover

_WHAT = (Column("strategy", "strategy"), Column("symbol", "symbol"))
_POSITION = (*_WHAT, Column("side", "side"), Column("qty", "qty", right=True, write=price))
CLOSED = (
    *_POSITION,
    Column("price", "price", right=True, write=price),
    Column("fee", "fee", right=True, write=lambda amount: money(amount, digits=4)),
    Column("cash", "cash", right=True, write=lambda amount: money(amount, signed=True, digits=4)),
)
LIVE = "LIVE: real orders, real money"
LEFT = (*_POSITION, Column("why it is left", "why"))


def flatten(
    ctx: typer.Context,
    strategy: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this strategy's positions.")
    ] = None,
    symbol: Annotated[
        str | None, typer.Option(metavar="SYMBOL", help="Only positions in this symbol.")
    ] = None,
    reason: Annotated[
        str, typer.Option(metavar="TEXT", help="Why; kept in the journal.")
    ] = "flattened by hand",
    account: OwnAccount = None,
) -> int:
    """Cancel waiting entries and close positions at the last price known. A trader that runs is ended first.

    It stops nothing: a trader that is started later trades on (to stop it too: memesnipe breaker trip --level
    EMERGENCY --flatten). Exit code 1 where something is left.
    """
    run = current(ctx)
    row = take_and_close(
        run, account or own_account(run.profile), reason=reason, strategy=strategy, symbol=symbol
    )
    show(run, row)
    return ExitCode.FAILED if row["left"] else ExitCode.OK


def take_and_close(
    run: Run, account: str, *, reason: str, strategy: str | None, symbol: str | None
) -> dict[str, Any]:
    """Take the account over from its trader and close what is named: the `flatten` record. Raises as `taken_over` and
    `flatten` do."""
    from memesnipe_cli.commands.breaker_options import scope_of

    from memesnipe_cli.engine.flatten import check_flatten, close_positions
    from memesnipe_cli.risk.control import checked_reason
    from memesnipe_cli.risk.takeover import say_ended, taken_over

    reason = checked_reason(reason)
    symbol = None if symbol is None else scope_of(None, symbol).partition(":")[2]
    store = run.store
    _, session = check_flatten(store, account, strategy, symbol)  # a wrong name must not end a trader
    if session["mode"] == "live":
        from memesnipe_cli.commands.trade_flatten_live import take_and_sell

        row: dict[str, Any] = take_and_sell(
            run, account, session, reason=reason, strategy=strategy, symbol=symbol
        )
        return row
    with taken_over(store.paths, account) as taken:
        report = close_positions(store, account, reason=reason, strategy=strategy, symbol=symbol)
        say_ended(store.paths, account)
    return report_record(taken, report)


def close_scope(run: Run, account: str, scope: str, reason: str) -> dict[str, Any] | None:
    """The same for a scope of the breaker, as its record; None where the account has never traded."""
    from memesnipe_cli.engine.account_fold import AccountFold

    if run.store.journal(account).replay(AccountFold()).session is None:
        return None
    kind, _, name = scope.partition(":")
    only = {"strategy": name if kind == "strategy" else None, "symbol": name if kind == "symbol" else None}
    return take_and_close(run, account, reason=reason, **only)


def report_record(taken: Takeover, report: FlattenReport) -> dict[str, Any]:
    """The `flatten` record: what was cancelled, closed and left, and what became of the trader."""
    return record(
        "flatten",
        account=report.account,
        session=report.session,
        paper=True,
        simulated=report.simulated,
        currency=report.currency,
        time=report.time,
        trader=taken.words,
        cancelled=rows(report.cancelled),
        closed=rows(report.closed),
        left=rows(report.left),
        cash=decimal_text(report.cash),
    )


def rows(parts: Sequence[Cancelled | Closed | Left]) -> list[dict[str, str]]:
    """Parts of a report as rows with decimals as text."""
    return [
        {
            name: value if isinstance(value, str) else decimal_text(value)
            for name, value in asdict(each).items()
        }
        for each in parts
    ]


def show(run: Run, row: dict[str, Any]) -> None:
    """The record, or for a person what happened in words and tables."""
    console = run.console
    if console.mode is not OutputMode.HUMAN:
        console.record(row)
        return
    from memesnipe_cli.commands.trade_output import label

    console.say(f"{label(row['simulated']) if row['paper'] else LIVE}; {row['trader']}")
    if row["cancelled"]:
        console.records(row["cancelled"], _WHAT, title="cancelled entries")
    if row["closed"]:
        when = f"at the bar that closed {row['time']}" if row["paper"] else "at the venue"
        console.records(row["closed"], CLOSED, title=f"closed {when}")
    if row["left"]:
        title = (
            "\nSTILL HELD, with an exit order for the session's next bar" if row["paper"] else "\nSTILL HELD"
        )
        console.records(row["left"], LEFT, title=title)
    if not (row["cancelled"] or row["closed"] or row["left"]):
        console.text("nothing was held and nothing waited", row)
    console.text(f"cash of account {row['account']}: {money(row['cash'], row['currency'])}", row)
