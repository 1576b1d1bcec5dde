"""`memesnipe breaker status`: what is stopped, why, and how far the account is from each tier. Quick, at any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer
from memesnipe_cli.commands.breaker_options import OneStrategy, store_paths

from memesnipe_cli.cli import Run, current
from memesnipe_cli.errors import ConfigError, ExitCode
from memesnipe_cli.risk.levels import Level
from memesnipe_cli.run_options import AccountName


def status(ctx: typer.Context, strategy: OneStrategy = None, account: AccountName = "paper") -> int:
    """What is stopped and why, the marks, and the distance to each tier. Exit code 3 when halted."""
    from memesnipe_cli.commands.breaker_output import show_status

    from memesnipe_cli.risk.breaker_record import account_level, breaker_record, strategy_level
    from memesnipe_cli.risk.control import has_traded, read_latch
    from memesnipe_cli.risk.latch import LatchFile
    from memesnipe_cli.risk.marks_file import marks_path, read_marks
    from memesnipe_cli.risk.spool import waiting
    from memesnipe_cli.risk.trader import trader_state

    run = current(ctx)
    paths = store_paths(run)
    latch = read_latch(paths, account)
    marks = read_marks(marks_path(paths, account))
    level = account_level(latch, marks)
    tiers, monitoring = _settings(run, marks, level)
    row = {
        **breaker_record(latch, marks, tiers, monitoring, strategy=strategy),
        "traded": marks is not None or has_traded(paths, account),
        "trader": trader_state(marks),
        "latch": {
            "path": str(LatchFile(paths, account).path),
            "generation": latch.generation,
            "problem": latch.problem or None,
        },
        "journal_waiting": len(waiting(paths, account)),
    }
    show_status(run.console, row)
    if strategy is not None:
        level = max(level, strategy_level(latch, marks, strategy))
    return ExitCode.REFUSED if level >= Level.HALT else ExitCode.OK


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
