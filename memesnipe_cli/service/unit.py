"""systemd user units: the trader of an account, and the watch beside it that outlives it. Text only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from memesnipe_cli.errors import ExitCode, UsageError

# These do not get better by themselves: a wrong option, a refusal, a missing key, a broken record.
NO_RESTART = (ExitCode.USAGE, ExitCode.REFUSED, ExitCode.CONFIG, ExitCode.INTEGRITY)
# Ended as asked.
ENDED = (ExitCode.INTERRUPTED, ExitCode.TERMINATED)
STOP_S = 90  # for what a stop must still do: cancel entries, see that stops rest
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")
_PLAIN = re.compile(r"^[A-Za-z0-9_@+=:,./-]+$")
_CREDENTIAL = re.compile(r"^memesnipe\.[a-z0-9_-]+(\.[a-z0-9_-]+)?$")

# Lines that hold in a user's own unit without namespaces, which would hide other processes from the watch.
_HARDENING = (
    "NoNewPrivileges=true",
    "UMask=0077",
    "LimitCORE=0",
    "LockPersonality=true",
    "RestrictRealtime=true",
    "RestrictSUIDSGID=true",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
    "SystemCallArchitectures=native",
)


@dataclass(frozen=True)
class Unit:
    """A unit file: its name and its text."""

    name: str
    text: str


def trader_unit(account: str, command: Sequence[str], folder: str, credentials: Sequence[str] = ()) -> Unit:
    """The unit of a trader. command: program and arguments; folder: where relative paths begin; credentials: names of
    the keys that systemd hands over. Raises UsageError for what a unit cannot hold."""
    lines = [
        "[Unit]",
        f"Description=MemeSnipe trader of account {_name(account)}",
        # Ten starts in ten minutes, then a person looks.
        "StartLimitIntervalSec=600",
        "StartLimitBurst=10",
        "",
        "[Service]",
        "Type=exec",
        f"WorkingDirectory={_path(folder)}",
        f"ExecStart={_command(command)}",
        "Restart=on-failure",
        "# Below the 10 s after which the watch takes a trader for dead.",
        "RestartSec=5",
        "# Wrong options, a refusal, a missing key, a broken record: starting again changes nothing.",
        f"RestartPreventExitStatus={_codes(NO_RESTART)}",
        f"SuccessExitStatus={_codes(ENDED)}",
        "# The first SIGTERM stops entries and leaves the protective stops; the rest is time to do it in.",
        "KillSignal=SIGTERM",
        "KillMode=mixed",
        f"TimeoutStopSec={STOP_S}",
        *_credentials(credentials),
        *_HARDENING,
        "",
        "[Install]",
        "WantedBy=default.target",
    ]
    return Unit(f"memesnipe-trade-{account}.service", "\n".join(lines) + "\n")


def watch_unit(account: str, command: Sequence[str], folder: str, credentials: Sequence[str] = ()) -> Unit:
    """The unit of the watch that steps in where the trader is dead. It is not bound to the trader's unit: it outlives
    it. Raises UsageError."""
    lines = [
        "[Unit]",
        f"Description=MemeSnipe breaker watch of account {_name(account)}",
        "# Starts again however often it ends: nothing else looks on.",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        "Type=exec",
        f"WorkingDirectory={_path(folder)}",
        f"ExecStart={_command(command)}",
        "Restart=always",
        "RestartSec=2",
        f"RestartPreventExitStatus={_codes((ExitCode.USAGE, ExitCode.CONFIG))}",
        f"SuccessExitStatus={_codes(ENDED)}",
        *_credentials(credentials),
        *_HARDENING,
        "",
        "[Install]",
        "WantedBy=default.target",
    ]
    return Unit(f"memesnipe-watch-{account}.service", "\n".join(lines) + "\n")


def _name(account: str) -> str:
    if not _NAME.match(account):
        raise UsageError(
            f"account {account!r} cannot be part of a unit's name", "letters, digits, _ - and . only"
        )
    return account


def _credentials(names: Sequence[str]) -> list[str]:
    if not names:
        return [
            "# Keys from the keyring of this session. Without one: systemd-creds, then",
            "# LoadCredentialEncrypted=memesnipe.kraken.trade (memesnipe trade service --credential).",
        ]
    for name in names:
        if not _CREDENTIAL.match(name):
            raise UsageError(
                "--credential takes the name of a credential, never the key itself",
                "write memesnipe.kraken.trade, or memesnipe.passphrase",
            )
    return [f"LoadCredentialEncrypted={name}" for name in names]


def _codes(codes: Sequence[ExitCode]) -> str:
    return " ".join(str(int(code)) for code in codes)


def _command(words: Sequence[str]) -> str:
    return " ".join(_word(word) for word in words)


def _word(word: str) -> str:
    """A word as systemd reads it back: no variable, no specifier, no quote ends it."""
    _check(word)
    if _PLAIN.match(word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _path(folder: str) -> str:
    _check(folder)
    return folder.replace("%", "%%")


def _check(text: str) -> None:
    if not text.isprintable():
        raise UsageError(
            f"{text!r} cannot stand in a unit file", "leave line breaks and control characters out"
        )
