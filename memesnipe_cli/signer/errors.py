"""What a signer says no to, and that it is gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memesnipe_cli.errors import ConfigError, ExitCode, MemesnipeError, RefusedError


class SignerRefusedError(RefusedError):
    """The signer does not sign this: nothing was sent. `rule`: which of its rules says so."""

    code = "signer"

    def __init__(self, rule: str, message: str, hint: str = "see docs/security.md, Signer") -> None:
        super().__init__(message, hint, code=f"signer_{rule}")
        self.rule = rule


class SignerGoneError(ConfigError):
    """The signer has ended: nobody here can sign, and nobody else does it in its place."""

    code = "signer_gone"


def as_said(error: MemesnipeError) -> dict[str, Any]:
    """What one process tells another of an error that ended it."""
    return {
        "refused": error.code,
        "message": error.message,
        "hint": error.hint,
        "exit_code": int(error.exit_code),
    }


def heard(said: Mapping[str, Any]) -> ConfigError:
    """The inverse: with the same words and the same exit code."""
    error = ConfigError(said["message"], said["hint"], code=said["refused"])
    error.exit_code = ExitCode(said["exit_code"])
    return error
