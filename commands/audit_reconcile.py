"""`memesnipe audit reconcile`: the venue's own list of trades against those in the journal. Books nothing."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe_cli.account_names import LIVE_ACCOUNT
from memesnipe_cli.cli import Run, current
from memesnipe_cli.console import Column, OutputMode
from memesnipe_cli.errors import DataError, ExitCode, UsageError

if TYPE_CHECKING:
    from memesnipe_cli.audit.trade_files import TradeList
    from memesnipe_cli.audit.venue_trades import Comparison, JournalTrades
    from memesnipe_cli.store.journal import Journal

EXAMPLES = (
    "memesnipe audit reconcile",
    "memesnipe audit reconcile --since 30d --json | jq '.[] | select(.type == \"trade_check\")'",
    "memesnipe audit reconcile --account live --file trades.csv --since 2025-01-01 --until 2025-02-01",
)
_DIFFERENCES = (
    Column("found", "result"),
    Column("trade", "trade"),
    Column("symbol", "symbol"),
    Column("", "side"),
    Column("qty", "qty", right=True),
    Column("price", "price", right=True),
    Column("time", "time"),
    Column("here", "here"),
    Column("there", "there"),
)
_SUMS = (
    Column("symbol", "symbol"),
    Column("", "side"),
    Column("trades here", "trades_here", right=True),
    Column("there", "trades_there", right=True),
    Column("qty here", "qty_here", right=True),
    Column("there", "qty_there", right=True),
    Column("value here", "value_here", right=True),
    Column("there", "value_there", right=True),
    Column("fees", "fee_currency"),
    Column("here", "fees_here", right=True),
    Column("there", "fees_there", right=True),
)
_PURPOSE = "audit reconcile"
_LOOKS = 3  # a trader that runs books what the venue has just traded
_LOOK_AGAIN_S = 1.5


def reconcile(
    ctx: typer.Context,
    account: Annotated[
        str, typer.Option("--account", metavar="NAME", help="Which live account of this store.")
    ] = LIVE_ACCOUNT,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Trades at or after: 2025-01-31, 30d. Default: the first reconciliation."
        ),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Trades before. Default: now.")] = None,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Which key of the vault. Default: read where there is one, else trade."
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Ask no venue: its own export instead, Kraken's trades.csv or Coinbase's fills report.",
        ),
    ] = None,
) -> int:
    """Compare every trade that the venue lists with those in the journal: missing here, missing there, differing, and
    the user's own, which are counted and left alone.

    Reads only: trade reconcile is what books and settles. Exit code 1 where something differs, 5 where the venue is
    out of reach.
    """
    from memesnipe_cli.audit.venue_trades import difference_record, sum_records
    from memesnipe_cli.clock import format_time, now_ms, parse_time
    from memesnipe_cli.records import record

    run = current(ctx)
    if key is not None and not key.strip():
        raise UsageError("--key is empty", "leave it out, or name a key: memesnipe keys list")
    if key is not None and file is not None:
        raise UsageError("--file asks no venue, and --key is for asking one", "leave one of them out")
    journal = run.store.journal(account)
    ours = _of_journal(journal)
    venue = ours.venue
    if venue is None:
        raise DataError(
            f"account {account!r} has never traded at a venue in {run.store.root}",
            "name a live account with --account",
        )
    since_ms = ours.since_ms if since is None else parse_time(since)
    until_ms = now_ms() + 1 if until is None else parse_time(until)
    if since_ms >= until_ms:
        raise UsageError("--since is not before --until", "give a time in between")
    if file is None:
        done = _ask(run, journal, ours, venue, key, since_ms, until_ms)
    else:
        done = _from_file(run, ours, venue, file, since_ms, until_ms)
    console = run.console
    found = [record("trade_check", **difference_record(account, venue, each)) for each in done.differences]
    sums = [record("trade_sum", **each) for each in sum_records(account, venue, done)]
    if console.mode is OutputMode.HUMAN:
        console.records(found, _DIFFERENCES)
        console.records(sums, _SUMS, title="\nsums" if found else "", empty="no trades of ours in this time")
    else:
        console.records([*found, *sums], ())
    verdict = "journal and venue agree" if done.clean else f"{len(found)} trades do not agree"
    console.say(
        f"{venue}, {format_time(since_ms)} to {format_time(until_ms)}: {verdict}; {done.same} the same,"
        f" {done.foreign} not ours and left alone"
    )
    if any(each["result"] == "lost" for each in found):
        console.say(
            "what is lost was sent by this tool and is in no line: another store trades here, or this one came from a"
            " backup (docs/runbooks/restore.md)"
        )
    if any(each["result"] == "missing_here" for each in found):
        console.say(
            f"trade reconcile books what is missing here: memesnipe trade reconcile --account {account}"
        )
    return ExitCode.OK if done.clean else ExitCode.FAILED


def _of_journal(journal: Journal) -> JournalTrades:
    from memesnipe_cli.audit.venue_trades import JournalTrades

    ours = JournalTrades()
    for entry in journal.entries():
        ours.take(entry)
    return ours


def _ask(
    run: Run,
    journal: Journal,
    ours: JournalTrades,
    name: str,
    key: str | None,
    since_ms: int,
    until_ms: int,
) -> Comparison:
    """What came of comparing with the venue's own list."""
    from memesnipe_cli.commands.trade_keys import first_key
    from memesnipe_cli.commands.venue_access import open_venue

    from memesnipe_cli.audit.venue_trades import TheirTrade, compare
    from memesnipe_cli.venues.booking import OVERLAP_MS
    from memesnipe_cli.venues.reconciling import names_of_others

    key_name = key or first_key(run, name, "read", "trade")
    with (
        run.console.progress(f"asking {name} for its trades"),
        open_venue(run, name, key_name, _PURPOSE, journal.account, orders=False) as access,
    ):
        fills = access.venue.fills(max(0, since_ms - OVERLAP_MS))
        names = names_of_others(access.venue, ours.book, fills)
        theirs = [TheirTrade.of(each, names.get(each.venue_order_id, "")) for each in fills]
        done = compare(ours, theirs, name, since_ms, until_ms)
        for _ in range(_LOOKS - 1):
            if done.clean:
                break
            time.sleep(_LOOK_AGAIN_S)
            done = compare(_of_journal(journal), theirs, name, since_ms, until_ms)
    return done


def _from_file(
    run: Run, ours: JournalTrades, venue: str, file: Path, since_ms: int, until_ms: int
) -> Comparison:
    """What came of comparing with the venue's export."""
    from memesnipe_cli.audit.trade_files import read_trades
    from memesnipe_cli.audit.venue_trades import compare

    listed: TradeList = read_trades(file)
    if listed.venue != venue:
        raise UsageError(
            f"{file} is an export of {listed.venue}, and the account trades at {venue}",
            "export it at that venue, or name another account with --account",
        )
    if not listed.names_orders:
        run.console.warn(
            f"{listed.venue}'s export names no orders: a trade of ours that the journal lacks counts as not ours here"
        )
    return compare(ours, listed.trades, listed.venue, since_ms, until_ms)
