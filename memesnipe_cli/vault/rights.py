"""What a key may do, as its venue says, and whether that fits what it is for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from memesnipe_cli.errors import ConfigError, NetworkError
from memesnipe_cli.vault.naming import READ, TRADE
from memesnipe_cli.vault.redaction import REDACTOR

if TYPE_CHECKING:
    from memesnipe_cli.vault.material import Material
    from memesnipe_cli.vault.reading import VaultKey
    from memesnipe_cli.venues.facts import KeyRights

_REVOKE = "revoke it at the venue and make one without that right"


def ask_rights(
    venue: str, key: Material | VaultKey, base_url: str | None, cache_folder: Path, timeout_s: float = 10.0
) -> KeyRights:
    """The rights of `key`. base_url, cache_folder: see open_order_venue.

    Raises NetworkError where the venue is out of reach, ConfigError where it answers and does not say.
    """
    from memesnipe_cli.venues.opening import Key, open_order_venue

    REDACTOR.register(key.id, key.secret)
    try:
        opened = open_order_venue(venue, base_url, Key(key.id, key.secret), cache_folder, timeout_s=timeout_s)
        return opened.key_rights()
    except NetworkError as error:
        said = REDACTOR.redact(error.message)
        if _out_of_reach(error):
            hint = "nothing was changed; see whether the venue is well, then run this again"
            raise NetworkError(said, hint) from None
        raise ConfigError(
            f"{venue} does not say what this key may do: {said}",
            "a key whose rights cannot be learnt is not used: see that it is copied whole, active, and allowed from "
            "this machine's address",
            code="key_rights",
        ) from None


def _out_of_reach(error: BaseException) -> bool:
    """True where the last thing that went wrong was the way to the venue, not the venue's answer."""
    import ccxt

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ccxt.NetworkError) and not isinstance(cause, ccxt.InvalidNonce):
            return True
        cause = cause.__cause__
    return False


def refuse_unfit(rights: KeyRights, kind: str = TRADE, key: str = "the key") -> None:
    """Raise ConfigError that names the right, where a key of that kind may not have these or needs more.

    kind: trade, read or watchdog; key: how to speak of it, e.g. `kraken/trade`. A watchdog's key needs what a trader's
    needs: it cancels, and closes by selling.
    """
    if rights.may_withdraw:
        raise _unfit(f"{key} may withdraw or transfer", _REVOKE)
    if rights.others:
        named = ", ".join(rights.others)
        raise _unfit(f"{key} has rights that are not known to be harmless: {named}", _REVOKE)
    if not rights.may_read:
        raise _unfit(
            f"{key} may not read balances and orders", "give it the right to query funds and orders (view)"
        )
    if kind == READ and rights.may_trade:
        raise _unfit(
            f"{key} is for reading and may trade",
            "make one without the right to trade, or add it with --kind trade",
        )
    if kind != READ and not rights.may_trade:
        raise _unfit(
            f"{key} is of kind {kind} and may not trade", "give it the right to create and cancel orders"
        )


def rights_words(rights: KeyRights) -> tuple[str, ...]:
    """For a list: `read`, `trade`, `withdraw`, and every other right in the venue's word."""
    known = (("read", rights.may_read), ("trade", rights.may_trade), ("withdraw", rights.may_withdraw))
    return (*(word for word, has in known if has), *rights.others)


def _unfit(what: str, hint: str) -> ConfigError:
    return ConfigError(what, hint, code="key_rights")
