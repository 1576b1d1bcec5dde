"""The one error tree and the one table of exit codes.

Library code raises these; `memesnipe_cli.cli.main` alone turns them into text and an exit code.
An error says what was wrong with the value that was wrong (`message`) and what to do next (`hint`).
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit status means; the same in every command."""

    OK = 0
    FAILED = 1  # failed, or a check found something
    USAGE = 2
    REFUSED = 3  # by a gate or a breaker
    CONFIG = 4  # configuration or keys
    NETWORK = 5  # venue or network out of reach
    STORE = 6  # store busy or damaged
    INTEGRITY = 7  # audit: integrity broken
    INTERRUPTED = 130
    TERMINATED = 143


class MemesnipeError(Exception):
    """Base of every expected error. `code` is a stable word for scripts; `hint` is the next step."""

    exit_code = ExitCode.FAILED
    code = "failed"

    def __init__(self, message: str, hint: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code

    def as_record(self) -> dict[str, str | int]:
        """The `error` record that --json and --jsonl write to stderr."""
        return {"type": "error", "v": 1, "code": self.code, "message": self.message, "hint": self.hint}


class DataError(MemesnipeError):
    """Input data that cannot be used: empty, malformed, too short, in conflict."""

    code = "data"


class StrategyError(MemesnipeError):
    """A strategy that cannot be loaded or raised while it ran."""

    code = "strategy"


class UsageError(MemesnipeError):
    """A wrong option, argument, name or combination of them."""

    exit_code = ExitCode.USAGE
    code = "usage"


class RefusedError(MemesnipeError):
    """Refused by a gate, a limit or a breaker."""

    exit_code = ExitCode.REFUSED
    code = "refused"


class ConfigError(MemesnipeError):
    """A profile, an environment variable or a key that is wrong or missing."""

    exit_code = ExitCode.CONFIG
    code = "config"


class NetworkError(MemesnipeError):
    """A venue or the network is out of reach, or answered with nonsense."""

    exit_code = ExitCode.NETWORK
    code = "network"


class StoreError(MemesnipeError):
    """The store cannot be read or written."""

    exit_code = ExitCode.STORE
    code = "store"


class StoreBusyError(StoreError):
    """Somebody else holds a lock and did not let go in time."""

    code = "store_busy"


class StoreDamagedError(StoreError):
    """A file of the store is not what was written."""

    code = "store_damaged"


class IntegrityError(MemesnipeError):
    """The record does not verify."""

    exit_code = ExitCode.INTEGRITY
    code = "integrity"
