"""`memesnipe keys unlock`: keys lie open for a time, for cron jobs and services of the same user."""

from __future__ import annotations

import math
from typing import Annotated

import typer
from memesnipe_cli.commands.keys_kit import MaybeOwner, Name, PassphraseDescriptor, open_vault
from memesnipe_cli.commands.keys_look import chosen
from memesnipe_cli.commands.keys_output import COLUMNS, key_row

from memesnipe_cli.cli import current
from memesnipe_cli.clock import length_s
from memesnipe_cli.errors import UsageError

LONGEST_S = 7 * 86_400


def unlock(
    ctx: typer.Context,
    venue: MaybeOwner = None,
    name: Name = None,
    ttl: Annotated[
        str | None, typer.Option("--ttl", metavar="TIME", help="For how long: 30m, 8h, 2d; at most 7d.")
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="Lock them again now.")] = False,
    passphrase_fd: PassphraseDescriptor = None,
) -> None:
    """Put keys into the Linux kernel's keyring of this user for a time: then cron jobs and services of this user read
    them without a desktop session or a passphrase. The kernel drops them when the time is over, or at a restart."""
    run = current(ctx)
    if end == (ttl is not None):
        raise UsageError("give either --ttl or --end", "e.g. memesnipe keys unlock --ttl 8h")
    seconds = 0 if ttl is None else _seconds(ttl)
    vault = open_vault(run, passphrase_fd)
    rows = []
    for entry in chosen(vault.index.entries(), venue, name):
        if end:
            vault.kernel.remove(entry.owner, entry.name)
            rows.append(key_row(entry))
        else:
            rows.append(key_row(entry, vault.unlock(entry.owner, entry.name, seconds)))
    run.console.records(rows, COLUMNS, empty="no key is kept yet: memesnipe keys add kraken")


def _seconds(ttl: str) -> int:
    seconds = math.ceil(length_s(ttl, "--ttl"))
    if seconds > LONGEST_S:
        raise UsageError(f"--ttl {ttl} is longer than 7 days", "give at most 7d, and unlock again then")
    return seconds
