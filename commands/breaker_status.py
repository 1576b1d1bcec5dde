"""`memesnipe breaker status`: what is stopped, why, and how far the account is from each tier. Quick, at any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer
from memesnipe_cli.commands.breaker_options import EveryAccount, OneStrategy, every_account, store_paths

from memesnipe_cli.cli import Run, current
from memesnipe_cli.console import OutputMode
from memesnipe_cli.errors import ConfigError, ExitCode
from memesnipe_cli.risk.levels import Level

if TYPE_CHECKING:
    from memesnipe_cli.store.paths import StorePaths


def status(ctx: typer.Context, strategy: OneStrategy = None, account: EveryAccount = None) -> int:
    """What is stopped and why, the marks, and the distance to each tier; of several accounts a line each. Exit code 3
    when one of them is halted."""
    from memesnipe_cli.commands.breaker_output import show_all, show_status

    run = current(ctx)
    paths = store_paths(run)
    found = [_one(run, paths, name, strategy) for name in every_account(paths, account)]
    if len(found) == 1:
        show_status(run.console, found[0][0])
    else:
        show_all(run.console, [row for row, _ in found])
        if run.console.mode is OutputMode.HUMAN:
            run.console.say("more of one: memesnipe breaker status --account NAME")
    return ExitCode.REFUSED if max(level for _, level in found) >= Level.HALT else ExitCode.OK


def _one(run: Run, paths: StorePaths, account: str, strategy: str | None) -> tuple[dict[str, Any], Level]:
    """(the record of an account, its level; where a strategy is named, that one's if it is higher)."""
    from memesnipe_cli.risk.breaker_record import account_level, breaker_record, strategy_level
    from memesnipe_cli.risk.control import has_traded, read_latch
    from memesnipe_cli.risk.latch import LatchFile
    from memesnipe_cli.risk.marks_file import marks_path, read_marks
    from memesnipe_cli.risk.spool import waiting
    from memesnipe_cli.risk.trader import trader_state

    latch = read_latch(paths, account)
    marks = read_marks(marks_path(paths, account))
    level = account_level(latch, marks)
    tiers, monitoring = _settings(run, marks, level)
    row = {
        **breaker_record(latch, marks, tiers, monitoring, strategy=strategy),
        "paper": None if marks is None else marks.get("mode") != "live",
        "traded": marks is not None or has_traded(paths, account),
        "trader": trader_state(marks),
        "latch": {
            "path": str(LatchFile(paths, account).path),
            "generation": latch.generation,
            "problem": latch.problem or None,
        },
        "journal_waiting": len(waiting(paths, account)),
    }
    if strategy is not None:
        level = max(level, strategy_level(latch, marks, strategy))
    return row, level


def _settings(
    run: Run, marks: Mapping[str, Any] | None, level: Level
) -> tuple[Mapping[str, float] | None, Mapping[str, Any] | None]:
    """(tiers, monitoring): as the trade loop said; from the profile only where it said nothing of this level."""
    tiers, monitoring = (marks or {}).get("tiers"), (marks or {}).get("monitoring")
    elevated = level >= Level.WARNING
    if tiers and monitoring and monitoring.get("elevated") == elevated:
        return tiers, monitoring
    try:
        profile = run.profile
    except ConfigError as problem:
        # A wrong profile must not hide that trading is stopped.
        run.console.warn(f"the distances to the tiers are not known: {problem.message}")
        return tiers, monitoring
    own = profile.monitoring
    return tiers or profile.breaker.model_dump(exclude={"allow_looser"}), {
        "elevated": elevated,
        "reconcile_seconds": own.elevated_reconcile_seconds if elevated else own.reconcile_seconds,
        "alert_seconds": own.elevated_alert_seconds if elevated else own.alert_seconds,
    }
