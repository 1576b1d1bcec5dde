"""The roads by which the passphrase of a backup comes in: a terminal without echo, stdin, a descriptor. Never an
argument, never the environment."""

from __future__ import annotations

from typing import Annotated

import typer

from memesnipe_cli.cli import Run
from memesnipe_cli.errors import ConfigError

Stdin = Annotated[
    bool,
    typer.Option("--stdin", help="Read the passphrase from stdin, for cron: all of it but the line end."),
]
Descriptor = Annotated[
    int | None,
    typer.Option("--passphrase-fd", metavar="N", help="Read the passphrase from this file descriptor."),
]


def take_passphrase(run: Run, stdin: bool, descriptor: int | None, *, new: bool) -> bytes:
    """The passphrase that is given now; new: a person is asked twice. Raises UsageError, ConfigError."""
    from memesnipe_cli.commands.keys_roads import read_given

    said: bytes | None = read_given(run, stdin, descriptor, "--passphrase-fd", "the passphrase")
    given = _asked(run, new) if said is None else said.rstrip(b"\r\n")
    if not given:
        raise ConfigError("the passphrase is empty", "run it again", code="passphrase")
    return given


def _asked(run: Run, new: bool) -> bytes:
    from memesnipe_cli.commands.keys_prompt import hidden_prompt

    if not run.console.can_ask:
        raise ConfigError(
            "an archive has a passphrase, and there is no terminal to ask for it",
            "give it with --stdin, or with --passphrase-fd N; never as an argument",
            code="passphrase_missing",
        )
    with hidden_prompt(run.console) as prompt:
        given: str = prompt.line("passphrase of the archive")
        if new and prompt.line("the same once more") != given:
            raise ConfigError("the two passphrases differ", "run it again", code="passphrase")
    return given.encode()
