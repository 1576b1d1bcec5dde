"""`memesnipe audit log`: the journal's entries, filtered, and those to come."""

from __future__ import annotations

from typing import Annotated

import typer

from memesnipe_cli.account_names import no_journal
from memesnipe_cli.cli import current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import UsageError
from memesnipe_cli.run_options import ShownAccount, shown_account


def log(
    ctx: typer.Context,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND", help="Only entries of this kind, e.g. order, fill, refusal. Repeatable."
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Written at or after: 2025-01-31, or an age: 2h.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Written before.")] = None,
    strategy: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only entries of this strategy.")
    ] = None,
    symbol: Annotated[str | None, typer.Option(metavar="SYMBOL", help="Only entries of this symbol.")] = None,
    order: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Only entries that name this order, by our id or the venue's."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only the last N. Default: all.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what is written from now on, until Ctrl-C.")
    ] = False,
    account: ShownAccount = None,
) -> None:
    """What the journal of an account holds, oldest first: decisions, refusals, orders, fills, breaker, and all else.

    Every entry is verified as it is read. With --jsonl each is one line as it comes.
    """
    from collections import deque

    from memesnipe_cli.audit.log import Wanted, chosen, entries, entry_record, entry_text
    from memesnipe_cli.clock import parse_time

    run = current(ctx)
    account = shown_account(run, account)
    console = run.console
    if follow and (console.mode is OutputMode.JSON or limit is not None):
        raise UsageError(
            f"--follow has no end, and {'--limit' if limit is not None else '--json'} needs one",
            "use --jsonl",
        )
    wanted = Wanted(
        frozenset(kind or ()),
        None if since is None else parse_time(since),
        None if until is None else parse_time(until),
        strategy,
        symbol,
        order,
    )
    journal = run.store.journal(account)
    if not follow and not journal.head()[0]:
        raise no_journal(run.store.paths, account)
    found = chosen(entries(journal.folder, follow=follow), wanted)
    if limit is not None:
        found = iter(deque(found, maxlen=limit))
    if console.mode is OutputMode.HUMAN:
        shown = False
        for entry in found:
            console.text(entry_text(entry), {})
            shown = True
        if not shown:
            console.say("no such entries")
        return
    console.records((entry_record(account, entry) for entry in found), [])
