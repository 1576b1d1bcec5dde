"""What a signer says no to, and that it is gone."""

from __future__ import annotations

from memesnipe_cli.errors import ConfigError, RefusedError


class SignerRefusedError(RefusedError):
    """The signer does not sign this: nothing was sent. `rule`: which of its rules says so."""

    code = "signer"

    def __init__(self, rule: str, message: str, hint: str = "see docs/security.md, Signer") -> None:
        super().__init__(message, hint, code=f"signer_{rule}")
        self.rule = rule


class SignerGoneError(ConfigError):
    """The signer has ended: nobody here can sign, and nobody else does it in its place."""

    code = "signer_gone"
