"""`memesnipe doctor`: one row per check of this machine, this store and this profile."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from memesnipe_cli.cli import Run, command_app, current
from memesnipe_cli.console import Column, OutputMode
from memesnipe_cli.errors import ConfigError, ExitCode
from memesnipe_cli.records import FindingRecord, finding

app = command_app("Check this machine: store, disk, clock, keyring, venues.", group=False)


@app.command(
    examples=(
        "memesnipe doctor",
        "memesnipe doctor --offline --json | jq '.[] | select(.severity==\"error\")'",
    )
)
def doctor(
    ctx: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no venue.")] = False,
) -> int:
    """One row per check: what was found and what to do. Exit code 1 when a check found an error.

    Being offline, or without a keyring, is a warning: paper trading on stored data needs neither.
    """
    from memesnipe_cli.checks import drills, machine, stored

    run = current(ctx)
    findings: list[FindingRecord] = [*machine.check_python(), *machine.check_packages()]
    findings += _profile(run)
    findings += machine.check_disk(run.store_path)
    findings += stored.check_store(run.store_path)
    findings += drills.check_drills(run.store_path)
    findings += machine.check_keyring()
    findings += _keys(run, offline)
    findings += [] if offline else _unattended(run)
    if not offline:
        from memesnipe_cli.checks import network

        findings += network.check_venues(_addresses(run))
    columns = (
        Column("check", "check"),
        Column("result", "severity"),
        Column("what", "message"),
        Column("where", "where"),
        Column("next", "hint"),
    )
    run.console.records(findings, columns)
    errors = sum(found["severity"] == "error" for found in findings)
    if run.console.mode is OutputMode.HUMAN:
        warnings = sum(found["severity"] == "warning" for found in findings)
        run.console.say(f"{len(findings)} checks, of which {errors} found an error and {warnings} a warning")
    return ExitCode.FAILED if errors else ExitCode.OK


def _profile(run: Run) -> list[FindingRecord]:
    try:
        profile = run.profile
    except ConfigError as error:
        return [finding("profile", "error", run.profile_name, error.message, error.hint)]
    account = (
        f"{profile.kind}, {profile.account.capital} {profile.account.currency} at {profile.account.venue}"
    )
    return [finding("profile", "ok", profile.name, account)]


def _keys(run: Run, offline: bool) -> list[FindingRecord]:
    from memesnipe_cli.commands.keys_kit import ask_venue, open_vault

    from memesnipe_cli.checks.keys import check_keys

    return check_keys(open_vault(run, unattended=True), None if offline else partial(ask_venue, run))


def _unattended(run: Run) -> list[FindingRecord]:
    from memesnipe_cli.commands.breaker_books import unattended

    from memesnipe_cli.checks.unattended import check_unattended

    return check_unattended(run.store_path, partial(unattended, run))


def _addresses(run: Run) -> dict[str, str]:
    """Where each venue is asked: its own address, or the profile's base_url."""
    from memesnipe_cli.checks.network import TIME_URLS

    try:
        profile = run.profile
    except ConfigError:
        return dict(TIME_URLS)
    return {venue: profile.venue(venue).base_url or url for venue, url in TIME_URLS.items()}
