"""`memesnipe breaker drill`: prove on this machine that the breaker trips, holds and closes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from memesnipe_cli.commands.breaker_options import store_paths

from memesnipe_cli.account_names import own_account
from memesnipe_cli.cli import current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import ExitCode
from memesnipe_cli.run_options import OwnAccount

if TYPE_CHECKING:
    from memesnipe_cli.risk.drill import StepResult


def drill(
    ctx: typer.Context,
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Leave the drill's store in this empty folder, to look at it."),
    ] = None,
    account: OwnAccount = None,
) -> int:
    """Walk through every level and every failure with real processes, in a store of its own that is removed after.

    A trader is driven into a falling market, killed, stopped and damaged; nothing of your store is touched but one line
    in the account's journal that says how the drill went. Takes half a minute. Exit code 1 where a step failed.
    """
    from memesnipe_cli.risk.drill import drill_record, journal_drill, run_drill
    from memesnipe_cli.store.journal import Journal

    run = current(ctx)
    account = account or own_account(run.profile)
    console = run.console
    human = console.mode is OutputMode.HUMAN

    def told(step: StepResult) -> None:
        if human:
            console.text(
                f"{'PASS' if step.passed else 'FAIL'}  {step.name}: {step.must}\n      {step.seen}", {}
            )

    console.say("a drill with SIMULATED money in a folder of its own; your account is not touched")
    report = run_drill(keep, told)
    row = drill_record(report, account)
    failed = sum(not step.passed for step in report.steps)
    if human:
        word = f"{failed} of {len(report.steps)} steps FAILED" if failed else "every step passed"
        console.text(f"{word} in {report.seconds:.0f} s", row)
    else:
        console.record(row)
    if keep is not None:
        console.say(f"its store is in {keep}")
    journal_drill(Journal(store_paths(run), account), report)
    return ExitCode.FAILED if failed else ExitCode.OK
