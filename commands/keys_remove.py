"""`memesnipe keys remove`: a key goes."""

from __future__ import annotations

from typing import Annotated

import typer
from memesnipe_cli.commands.keys_kit import Name, Owner, default_name, open_vault
from memesnipe_cli.commands.keys_output import key_row

from memesnipe_cli.cli import current
from memesnipe_cli.errors import UsageError
from memesnipe_cli.vault.naming import check_name, check_owner, is_venue, title


def remove(
    ctx: typer.Context,
    venue: Owner,
    name: Name = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove it without asking.")] = False,
) -> None:
    """Forget a key: out of its home, the kernel's keyring and the list. Revoke it at the venue, too."""
    run = current(ctx)
    owner = check_owner(venue)
    name = check_name(default_name(owner, name))
    vault = open_vault(run)
    entry = vault.index.find(owner, name)
    spoken = title(owner, name)
    if entry is not None and not yes:
        if not run.console.can_ask:
            raise UsageError(f"{spoken} is removed only with --yes where nobody can be asked", "add --yes")
        answer = run.console.ask(f"Remove {spoken} ({entry.fingerprint})? yes or no", "no", "--yes")
        if answer.lower() not in ("y", "yes"):
            run.console.say("nothing was removed")
            return
    removed = vault.remove(owner, name)
    run.console.text(f"{spoken} is removed: {removed.fingerprint}", key_row(removed, removed=True))
    if is_venue(owner):
        run.console.warn(f"the key ({removed.fingerprint}) still opens the account: revoke it at {owner}")
