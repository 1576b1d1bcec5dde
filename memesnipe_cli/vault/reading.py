"""Reading a key for use. Whoever signs calls this, in the process that signs, and in no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from memesnipe_cli.vault.naming import is_wallet
from memesnipe_cli.vault.redaction import REDACTOR
from memesnipe_cli.vault.wallet_shapes import wallet_forms

if TYPE_CHECKING:
    from memesnipe_cli.vault.vault import Vault


class VaultKey:
    """A key as it is used. `venue` and `name` say which, `kind` what for, `home` where it was read (keyring, file,
    kernel or credentials), `fingerprint` is how it is spoken of; `id` and `secret` are shown by nothing: not by
    repr, not by vars, and it is not pickled or copied."""

    __slots__ = ("fingerprint", "home", "id", "kind", "name", "secret", "venue")

    def __init__(
        self, venue: str, name: str, kind: str, home: str, fingerprint: str, id: str, secret: str
    ) -> None:
        self.venue = venue
        self.name = name
        self.kind = kind
        self.home = home
        self.fingerprint = fingerprint
        self.id = id
        self.secret = secret

    def __repr__(self) -> str:
        return f"VaultKey({self.venue}/{self.name}, {self.kind}, {self.fingerprint})"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a key is not pickled or copied")


def read_key(vault: Vault, venue: str, name: str) -> VaultKey:
    """The key of `venue` (or data source, or wallet) called `name`, from the first that has it: systemd's credentials,
    the kernel's keyring, the home it was added to. From now on the redactor of this process knows it.

    Raises ConfigError (with a code of its own for each reason) where there is none, it is not what was added, or its
    home does not open.
    """
    material, home = vault.fetch(venue, name)
    REDACTOR.register(material.id, material.secret)
    if is_wallet(venue):
        REDACTOR.register(*wallet_forms(venue, material.secret))
    return VaultKey(
        venue=venue,
        name=name,
        kind=material.kind,
        home=home,
        fingerprint=vault.index.fingerprint(venue, material),
        id=material.id,
        secret=material.secret,
    )
