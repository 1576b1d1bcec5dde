"""`memesnipe audit tax`: sales of coins lot by lot, in the columns of IRS Form 8949."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from memesnipe_cli.commands.audit_export import Force, Output, format_of, target_of, warn_unsettled

from memesnipe_cli.cli import current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.run_options import ShownAccount, shown_account

if TYPE_CHECKING:
    from datetime import tzinfo

    from memesnipe_cli.audit.tax import TaxTotals
    from memesnipe_cli.audit.tax_fills import Found
    from memesnipe_cli.console import Console

_NO_ADVICE = (
    "this is no tax advice: docs/reports.md says what is counted how, and what is not; have it checked"
)


def tax(
    ctx: typer.Context,
    year: Annotated[
        int | None,
        typer.Option(min=2009, max=2200, metavar="YEAR", help="Disposals of this year. Default: all."),
    ] = None,
    method: Annotated[
        str, typer.Option("--method", metavar="METHOD", help="Which lot goes first: fifo, lifo or hifo.")
    ] = "fifo",
    form: Annotated[
        str,
        typer.Option("--form", metavar="FORM", help="8949 for coins, 6781 for perpetual contracts."),
    ] = "8949",
    timezone: Annotated[
        str, typer.Option(metavar="ZONE", help="Whose days and years count, e.g. America/New_York.")
    ] = "UTC",
    rates: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CSV with date,currency,usd: what a currency other than USD was worth each day.",
        ),
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", metavar="FORMAT", help="csv or jsonl. Default: csv.")
    ] = None,
    output: Output = None,
    force: Force = False,
    account: ShownAccount = None,
) -> None:
    """Write a tax file: each lot that was sold, acquired when and for how much, with its gain and term.

    Fees are in the basis and off the proceeds. Lots are kept for this account alone. Everything that was traded before
    must be in the journal. Rows of a paper account are marked SIMULATED. Not tax advice.
    """
    from memesnipe_cli.audit.export_files import (
        as_record,
        check_target,
        file_hash,
        stream,
        text_sink,
        whole_file,
    )
    from memesnipe_cli.audit.export_orders import Unsettled
    from memesnipe_cli.audit.tax import FORMS, TaxRequest, TaxTotals, contract_rows, lot_rows
    from memesnipe_cli.audit.tax_fills import coin_fills
    from memesnipe_cli.audit.tax_lots import Method
    from memesnipe_cli.audit.tax_rates import Rates, read_rates
    from memesnipe_cli.audit.whole import WholeJournal
    from memesnipe_cli.errors import UsageError
    from memesnipe_cli.records import record

    run = current(ctx)
    account = shown_account(run, account)
    console = run.console
    chosen = format_of(console, format_)
    if chosen not in ("csv", "jsonl"):
        raise UsageError(f"--format {chosen!r} is not known", "one of: csv, jsonl")
    if form not in FORMS:
        raise UsageError(f"--form {form!r} is not known", f"one of: {', '.join(FORMS)}")
    if method.lower() not in tuple(Method):
        raise UsageError(f"--method {method!r} is not known", f"one of: {', '.join(Method)}")
    request = TaxRequest(account, Method(method.lower()), year, _zone(timezone))
    known = Rates() if rates is None else read_rates(rates)
    output = target_of(output)
    if output is not None:
        check_target(output, force=force)
    unsettled, totals, table = Unsettled(), TaxTotals(), FORMS[form]
    journal = WholeJournal(run.store, account)
    found = coin_fills(unsettled.watching(journal), known, request.zone)

    def rows() -> Iterable[dict[str, Any]]:
        if form == "8949":
            return lot_rows(found, request, totals)
        return contract_rows(found.contracts, request, totals)

    def summary(**more: Any) -> dict[str, Any]:
        return record(
            "tax",
            form=form,
            account=account,
            year=year,
            timezone=timezone,
            method=request.method.value.upper(),
            simulated=found.simulated,
            currency="USD",
            **totals.as_fields(),
            entries=journal.head.seq,
            head=journal.head.hash,
            **more,
        )

    if output is not None:
        with whole_file(output, force=force) as temporary, temporary.open("wb") as file:
            stream(rows(), text_sink(table, chosen, file.write))
        if console.mode is not OutputMode.HUMAN:
            console.record(summary(path=str(output), format=chosen, sha256=file_hash(output)))
    elif console.mode is OutputMode.JSON and format_ is None:
        listed = [as_record(table, row) for row in rows()]
        console.record(summary(rows=listed))
    else:
        stream(rows(), text_sink(table, chosen, console.write_bytes))
        if console.mode is OutputMode.JSONL:
            console.record(summary())
    if output is not None:
        console.say(f"{output} is written")
    if form == "8949" and request.method is not Method.FIFO:
        console.warn(
            f"{request.method.value.upper()} needs each lot to have been identified by the time of its sale; where it"
            " was not, the oldest lots count as sold: --method fifo"
        )
    _say(console, form, year, found, totals, request.zone)
    warn_unsettled(console, unsettled, account)


def _zone(name: str) -> tzinfo:
    from datetime import UTC
    from zoneinfo import ZoneInfo

    from memesnipe_cli.errors import UsageError

    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise UsageError(
            f"--timezone {name!r} is not known on this machine", "name one such as America/New_York, or UTC"
        ) from None


def _say(
    console: Console, form: str, year: int | None, found: Found, totals: TaxTotals, zone: tzinfo
) -> None:
    from memesnipe_cli.audit.tax_fills import day_of

    if found.simulated:
        console.warn("SIMULATED: no real money was traded on this account; nothing of it belongs on a form")
    if form == "8949":
        for term, sums in totals.terms.items():
            console.say(
                f"{term} term: {sums.rows:,} rows, proceeds {sums.proceeds:,.2f}, basis {sums.basis:,.2f},"
                f" gain {sums.gain:,.2f} USD"
            )
    else:
        console.say(f"{totals.contracts:,} round trips in contracts, gain {totals.contract_gain:,.2f} USD")
    for coin, (qty, basis) in totals.left.items():
        console.detail(f"not sold: {qty:f} {coin}, basis {basis:.2f} USD")
    contracts = [each for each in found.contracts if year in (None, day_of(each.closed_ms, zone).year)]
    if form == "8949" and contracts:
        console.warn(
            f"{len(contracts)} round trips in perpetual contracts are not in it, since they do not belong on Form 8949:"
            " memesnipe audit tax --form 6781"
        )
    if form == "6781":
        console.warn(
            "contracts that are open at the end of the year are to be marked then; that is not done here"
        )
    if found.left_out:
        console.warn(f"{found.left_out} simulated fills and round trips of this account are left out")
    if found.shorts:
        console.warn(f"{found.shorts} fills of simulated short sales of coins are in no form")
    if totals.no_basis:
        console.warn(f"{totals.no_basis} rows sell coins that no lot of the journal covers: their basis is 0")
    _say_money(console, found.other_quotes, found.other_fees)
    console.say(_NO_ADVICE)


def _say_money(console: Console, quotes: Iterable[str], fees: Mapping[str, Any]) -> None:
    for currency in sorted(quotes):
        console.warn(
            f"coins were traded for {currency}: each {currency} that was spent is a disposal too, whose own gain is"
            " not computed here"
        )
    for currency, fee in sorted(fees.items()):
        console.warn(f"fees of {fee:f} {currency} are in no row: their worth in USD is not known (--rates)")
