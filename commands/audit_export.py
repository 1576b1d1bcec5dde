"""`memesnipe audit export`: a journal's lines, orders, fills, trades or marks as a file for others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe_cli.cli import current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.run_options import ShownAccount, shown_account

if TYPE_CHECKING:
    from memesnipe_cli.audit.export_orders import Unsettled
    from memesnipe_cli.console import Console

Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="PATH", help="Write this file instead of stdout; whole or not at all."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file where it exists.")]


def format_of(console: Console, asked: str | None) -> str:
    """What is asked for, else what --jsonl means, else CSV."""
    return asked or ("jsonl" if console.mode is OutputMode.JSONL else "csv")


def target_of(output: Path | None) -> Path | None:
    """The file; `-` is stdout, as without one."""
    return None if output == Path("-") else output


def warn_unsettled(console: Console, unsettled: Unsettled, account: str) -> None:
    """Say that the venue may have traded what the journal does not hold yet."""
    count = len(unsettled)
    if count:
        console.warn(
            f"{count} {'order' if count == 1 else 'orders'} may stand at the venue, and what was traded of"
            f" {'it' if count == 1 else 'them'} is not here yet: memesnipe trade reconcile --account {account}"
        )


def export(
    ctx: typer.Context,
    what: Annotated[
        str, typer.Option("--what", metavar="TABLE", help="journal, orders, fills, trades or equity.")
    ],
    format_: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="csv, jsonl or parquet. Default: csv."),
    ] = None,
    output: Output = None,
    force: Force = False,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="What was from then on: 2025-01-31, or an age: 30d.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="What was before.")] = None,
    account: ShownAccount = None,
) -> None:
    """Write what an account's journal holds for a spreadsheet, an accountant or another program.

    Amounts are exact. Every line is verified as it is read: where one is not what was written the export ends with
    exit code 7, and no file is made.
    """
    from memesnipe_cli.audit.export_columns import TABLES
    from memesnipe_cli.audit.export_files import (
        FORMATS,
        ParquetSink,
        as_record,
        check_target,
        file_hash,
        stream,
        text_sink,
        whole_file,
    )
    from memesnipe_cli.audit.export_orders import Unsettled
    from memesnipe_cli.audit.export_rows import export_rows
    from memesnipe_cli.audit.whole import WholeJournal, Window
    from memesnipe_cli.clock import parse_time
    from memesnipe_cli.errors import UsageError
    from memesnipe_cli.records import record

    run = current(ctx)
    account = shown_account(run, account)
    console = run.console
    if what not in TABLES:
        raise UsageError(f"cannot export {what!r}", f"--what is one of: {', '.join(TABLES)}")
    chosen = format_of(console, format_)
    if chosen not in FORMATS:
        raise UsageError(f"--format {chosen!r} is not known", f"one of: {', '.join(FORMATS)}")
    window = Window(
        None if since is None else parse_time(since), None if until is None else parse_time(until)
    )
    output = target_of(output)
    if output is not None:
        check_target(output, force=force)
    table, unsettled = TABLES[what], Unsettled()
    journal = WholeJournal(run.store, account)
    rows = export_rows(unsettled.watching(journal), what, account, window)
    if output is None:
        if console.mode is OutputMode.JSON and format_ is None:
            console.records((as_record(table, row) for row in rows), [])
        else:
            stream(rows, text_sink(table, chosen, console.write_bytes))
    else:
        with whole_file(output, force=force) as temporary:
            if chosen == "parquet":
                count = stream(rows, ParquetSink(table, temporary, {"what": what, "account": account}))
            else:
                with temporary.open("wb") as file:
                    count = stream(rows, text_sink(table, chosen, file.write))
        done = record(
            "export",
            what=what,
            account=account,
            format=chosen,
            path=str(output),
            rows=count,
            sha256=file_hash(output),
            entries=journal.head.seq,
            head=journal.head.hash,
        )
        if console.mode is OutputMode.HUMAN:
            console.say(
                f"{output}: {count:,} rows of {what} from {journal.head.seq:,} entries of account {account}"
            )
            console.detail(f"sha256 {done['sha256']}; journal head {journal.head.hash}")
        else:
            console.record(done)
    warn_unsettled(console, unsettled, account)
