"""`memesnipe trade reconcile`: hold the books of a live account against its venue, and mend what the venue's own word
mends. It never sends an order."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memesnipe_cli.account_names import LIVE_ACCOUNT
from memesnipe_cli.cli import Run, current
from memesnipe_cli.console import Column, OutputMode
from memesnipe_cli.errors import DataError, ExitCode, StoreBusyError, UsageError

if TYPE_CHECKING:
    from memesnipe_cli.live.comparing import Compared
    from memesnipe_cli.store.journal import Journal
    from memesnipe_cli.venues.reconcile import Finding

EXAMPLES = (
    "memesnipe trade reconcile",
    "memesnipe trade reconcile --json | jq '.[] | select(.severity==\"error\")'",
    "memesnipe trade reconcile --accept --reason 'moved 50 USD out by hand'",
    "memesnipe trade reconcile --settle mskvxvl6ycksxrjnq4 --reason 'the venue shows no such order'",
)
COLUMNS = (
    Column("what", "kind"),
    Column("result", "severity"),
    Column("of", "where"),
    Column("found", "message"),
    Column("what to do", "hint"),
)
_PURPOSE = "reconcile"


def reconcile(
    ctx: typer.Context,
    account: Annotated[
        str, typer.Option("--account", metavar="NAME", help="Which live account of this store.")
    ] = LIVE_ACCOUNT,
    accept: Annotated[
        bool,
        typer.Option("--accept", help="Take the venue's balances as they are; needs --reason, journalled."),
    ] = False,
    settle: Annotated[
        str | None,
        typer.Option(
            metavar="ORDER_ID",
            help="You have seen that this unknown order does not exist; needs --reason, journalled.",
        ),
    ] = None,
    claim: Annotated[
        str | None,
        typer.Option(
            metavar="VENUE_ID",
            help="You closed lots of this account yourself, by this order of the venue: book it; needs --reason.",
        ),
    ] = None,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why; kept in the journal.")] = None,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Which key of the vault. Default: read where there is one, else trade."
        ),
    ] = None,
) -> int:
    """Compare orders, trades, balances and lots with the venue. Beside a running trader it looks and writes nothing;
    without one it also books and settles what the venue's word proves.

    Sends no order, ever. Exit code 1 where something does not add up or is not known yet, 5 where the venue is out of
    reach.
    """
    run = current(ctx)
    words = " ".join((reason or "").split())
    by_hand = [
        name for name, given in (("--accept", accept), ("--settle", settle), ("--claim", claim)) if given
    ]
    if len(by_hand) > 1:
        raise UsageError(
            f"{' and '.join(by_hand)} exclude each other", "settle first, then claim, then accept"
        )
    if bool(by_hand) != bool(words):
        raise UsageError(
            "--accept, --settle or --claim and --reason belong together",
            "write --accept --reason 'moved 50 USD out'",
        )
    if key is not None and not key.strip():
        raise UsageError("--key is empty", "leave it out, or name a key: memesnipe keys list")
    journal = run.store.journal(account)
    venue_name = _venue_of(run, account, journal)
    wanted = {
        "accept": words if accept else "",
        "settle": settle or "",
        "claim": claim or "",
        "reason": words,
    }
    done, beside = _compare(run, journal, venue_name, key, wanted)
    rows = _rows(account, done)
    run.console.records(rows, COLUMNS)
    _say(run, account, done, beside)
    return ExitCode.OK if done.clean else ExitCode.FAILED


def _venue_of(run: Run, account: str, journal: Journal) -> str:
    """Where the account trades; one that was refused before its first session has the profile's venue."""
    from memesnipe_cli.engine.account_fold import AccountFold
    from memesnipe_cli.engine.account_said import is_live

    state = journal.replay(AccountFold())
    if state.session is not None:
        if not is_live(state):
            raise UsageError(
                f"account {account!r} trades on paper: there is no venue to compare it with",
                "name a live account with --account",
            )
        return str(state.session["venue"])
    if run.profile.kind != "live":
        raise DataError(
            f"account {account!r} has not traded yet in {run.store.root}",
            "name another with --account, or a live profile with --profile",
        )
    return run.profile.account.venue


def _compare(
    run: Run, journal: Journal, venue_name: str, key: str | None, wanted: Mapping[str, str]
) -> tuple[Compared, bool]:
    """(what was found, whether a trader runs beside). wanted: see `mend`; without a reason nothing by hand."""
    from memesnipe_cli.commands.trade_keys import first_key
    from memesnipe_cli.commands.venue_access import open_venue

    from memesnipe_cli.live.comparing import look, mend
    from memesnipe_cli.live.starting import KEY_USE

    name = key or first_key(run, venue_name, "read", "trade")
    with ExitStack() as stack:
        access = stack.enter_context(open_venue(run, venue_name, name, _PURPOSE, journal.account))
        # Not before: it would write over the question for a passphrase.
        stack.enter_context(run.console.progress(f"asking {venue_name}"))
        try:
            stack.enter_context(journal.held())
        except StoreBusyError:
            if wanted["reason"]:
                raise
        else:
            journal.append(KEY_USE, access.key_use)
            done = mend(access.venue, journal, run.profile, **wanted)
            return done, False
        if access.key_use["kind"] != "read":
            run.console.warn(
                "beside a trader a key that only reads is safer than one of the trader's kind:"
                f" memesnipe keys add {venue_name} --name read --kind read"
            )
        return look(access.venue, journal), True


def _rows(account: str, done: Compared) -> list[dict[str, Any]]:
    """`finding` records: what was mended, what does not add up, what is the user's own."""
    from memesnipe_cli.records import finding

    rows: list[dict[str, Any]] = []

    def add(kind: str, remedy: str, severity: Any, where: str, message: str, hint: str, **more: Any) -> None:
        said = finding("reconcile", severity, where, message, hint)
        rows.append({**said, "account": account, "kind": kind, "remedy": remedy, **more})

    for words in done.mended:
        add("mended", "done", "ok", account, words, "", order=None, symbol=None)
    for words in done.impossible:
        hint = "this cannot be by the book: look at the venue's history, and report it with the journal"
        add("impossible", "halt", "error", account, words, hint, order=None, symbol=None)
    if done.witness:
        hint = "look once more at the venue's own pages; whatever it was is found by the next reconciliation"
        add("witness", "look", "warning", account, done.witness, hint, order=None, symbol=None)
    for each in done.findings:
        severity = "error" if each.halts else "info" if each.remedy == "leave" else "warning"
        where = each.order_id or each.symbol or account
        hint = _hint(account, each)
        more = {"order": each.order_id or None, "symbol": each.symbol or None}
        add(each.kind.value, each.remedy.value, severity, where, each.message, hint, **more)
    return rows


def _hint(account: str, finding: Finding) -> str:
    """What to do about a finding."""
    again = f"memesnipe trade reconcile --account {account}"
    by_kind = {
        "foreign": "nothing: it is yours and left alone",
        "other_store": (
            "another store or a copy of this one trades here: stop that one, one account each;"
            " after a restore: docs/runbooks/restore.md"
        ),
        "manual_trade": (
            f"if you closed our lots: {again} --claim {finding.order_id} --reason TEXT;"
            f" if it was of your own: {again} --accept --reason TEXT"
        ),
        "balance": f"look at the venue's ledger; if you know why: {again} --accept --reason TEXT",
        "position": "somebody else or the venue itself traded it: docs/live-perps.md says what to do",
        "terms": "somebody changed it: cancel it at the venue, then run this again; the trader places its own",
        "child": "cancel it at the venue, then run this again",
        "reopened": "cancel it at the venue, then run this again",
        "disproved": "cancel it at the venue, run this again, and report it with the journal",
        "oversold": "stop here and report it with the journal: docs/live.md",
        "short": (
            f"lots of ours are gone: if you sold them, {again} --claim VENUE_ID --reason TEXT, with the venue's id of "
            "your order; if not, docs/runbooks/frozen-account.md"
        ),
    }
    if finding.kind.value in by_kind:
        return by_kind[finding.kind.value]
    if finding.remedy == "settle" and finding.order_id:
        by_hand = f"--settle {finding.order_id} --reason TEXT"
        return f"{again} in a minute; if the venue's pages show nothing of it: {by_hand}"
    return f"{again} in a minute"


def _say(run: Run, account: str, done: Compared, beside: bool) -> None:
    """For a person: what it means."""
    console = run.console
    if console.mode is not OutputMode.HUMAN:
        return
    from memesnipe_cli.commands.trade_live import LIVE

    from memesnipe_cli.risk.control import read_latch

    how = "looked only, the trader that runs mends by itself" if beside else "no trader runs"
    open_ones = [each for each in done.findings if each.remedy != "leave"]
    verdict = (
        "book and venue agree"
        if done.clean
        else f"{len(open_ones) + len(done.impossible)} things do not add up or are not known: nothing is entered"
    )
    console.say(f"{LIVE}; account {account}, {how}: {verdict}")
    for scope, hold in read_latch(run.store.paths, account).holds.items():
        if done.clean and hold.cause in ("reconciliation", "restored"):
            console.say(
                f"the breaker still stands at {hold.level.name} ({scope}: {hold.reason}):"
                f" memesnipe breaker reset --account {account} --reason TEXT"
            )
