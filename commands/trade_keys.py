"""Which of a venue's keys a command takes: the one that can do least, where there is one."""

from __future__ import annotations

from memesnipe_cli.commands.keys_kit import open_vault

from memesnipe_cli.cli import Run


def first_key(run: Run, venue: str, *names: str) -> str:
    """The first of these names under which the vault has a key of the venue, else the last of them. Raises
    ConfigError where the vault cannot be read."""
    there = open_vault(run, unattended=True).names()
    return next((name for name in names if (venue, name) in there), names[-1])
