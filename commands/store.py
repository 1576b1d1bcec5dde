"""`memesnipe store`: what the store holds, and removing what is no longer wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from memesnipe_cli.cli import command_app, current
from memesnipe_cli.console import Column

app = command_app("What the store holds, its size, pruning, and the catalog for your own DuckDB client.")


def _bytes_text(count: object) -> str:
    """1536 -> `1.5 KiB`."""
    amount = float(str(count))
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"


_PART = Column("part", "part")
_NAME = Column("name", "name")
_FILES = Column("files", "files", right=True)
_BYTES = Column("size", "bytes", right=True, write=_bytes_text)


@app.command(
    "size", examples=["memesnipe store size", "memesnipe store size --json | jq 'map(.bytes) | add'"]
)
def size(ctx: typer.Context) -> None:
    """Files and bytes of each journal, series and run."""
    run = current(ctx)
    rows = run.store.size()
    columns = [_PART, _NAME, _FILES, _BYTES]
    run.console.records(rows, columns, empty=f"nothing is stored yet in {run.store.root}")
    if rows:
        run.console.say(f"{_bytes_text(sum(row['bytes'] for row in rows))} in {run.store.root}")


@app.command(
    "prune",
    examples=[
        "memesnipe store prune --older-than 730d",
        "memesnipe store prune --part candles --symbol DOGE/USD --timeframe 1m --yes",
        "memesnipe store prune --part cache --yes",
        "memesnipe store prune --part journal --account old --backup yearly.backup --yes",
    ],
)
def prune(
    ctx: typer.Context,
    part: Annotated[
        list[str] | None,
        typer.Option(
            help="Repeatable: candles, funding, runs, set_aside, cache. Default: the first three. Or journal, alone."
        ),
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option(help="Only what ended before this time or age: 2024-01-01, 730d. Candles go by months."),
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Only this venue.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Only this symbol.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="Only this timeframe.")] = None,
    account: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only this account's journal. Default: every one that may go."),
    ] = None,
    backup: Annotated[
        Path | None,
        typer.Option(
            metavar="ARCHIVE", help="The backup that holds the journals; it is opened and read to the end."
        ),
    ] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the archive's passphrase from stdin.")] = False,
    passphrase_fd: Annotated[
        int | None,
        typer.Option(
            "--passphrase-fd", metavar="N", help="Read the archive's passphrase from this descriptor."
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Remove it. Without this, only show what would go.")
    ] = False,
) -> None:
    """Remove old market data and runs. Shows what would go, and removes it with --yes.

    Journals are another matter: only with --part journal, only of accounts that have ended, only after the
    profile's retention.journal_days (default: never), and only with a --backup that holds every byte of them.
    """
    from memesnipe_cli import clock
    from memesnipe_cli.errors import UsageError
    from memesnipe_cli.store.retention import Selection

    run = current(ctx)
    if "journal" in (part or ()):
        from memesnipe_cli.commands.store_journals import prune_journals

        if part != ["journal"] or older_than or venue or symbol or timeframe:
            raise UsageError(
                "--part journal stands alone: the profile says how old, and --account which",
                "memesnipe store prune --part journal --account NAME --backup ARCHIVE --yes",
            )
        prune_journals(run, account, backup, stdin, passphrase_fd, yes)
        return
    if account is not None or backup is not None or stdin or passphrase_fd is not None:
        raise UsageError("--account and --backup are for journals", "add --part journal")
    selection = Selection(
        parts=tuple(part or ("candles", "funding", "runs")),
        older_than_ms=None if older_than is None else clock.parse_time(older_than),
        venue=venue,
        symbol=symbol,
        timeframe=None if timeframe is None else clock.timeframe_name(clock.timeframe_ms(timeframe)),
    )
    rows = run.store.prune(selection, apply=yes)
    run.console.records(
        [{**row, "removed": yes} for row in rows], [_PART, _NAME, _BYTES], empty="nothing there to prune"
    )
    if rows and yes:
        run.store.journal().append(
            "prune",
            {
                "parts": list(selection.parts),
                "older_than_ms": selection.older_than_ms,
                "venue": selection.venue,
                "symbol": selection.symbol,
                "timeframe": selection.timeframe,
                "bytes": sum(row["bytes"] for row in rows),
            },
        )
    if rows:
        total = _bytes_text(sum(row["bytes"] for row in rows))
        run.console.say(
            f"removed {total}" if yes else f"would remove {total}; run it again with --yes to do so"
        )


@app.command(
    "catalog",
    examples=[
        "memesnipe store catalog",
        """duckdb -readonly "$(memesnipe store catalog)" "SELECT symbol, sum(pnl) FROM trades GROUP BY ALL\"""",
    ],
)
def catalog(ctx: typer.Context) -> None:
    """Bring the catalog up to date and print its path: typed views over the whole store for your own DuckDB
    client.
    """
    from memesnipe_cli.errors import StoreError, UsageError

    run = current(ctx)
    path = run.store.paths.catalog
    if run.store.marker is None:
        raise UsageError(
            f"nothing is stored yet in {run.store.root}", "begin with: memesnipe ingest simulate"
        )
    run.store.connect().close()
    if not path.exists():
        raise StoreError(f"{path} could not be written", "check the permissions of the folder")
    run.console.text(str(path), {"type": "catalog", "v": 1, "path": str(path)})
