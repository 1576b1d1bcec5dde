"""What a key may belong to and be called: order venues, data sources, wallets, names and kinds."""

from __future__ import annotations

import difflib
import re

from memesnipe_cli.errors import UsageError
from memesnipe_cli.venue_hosts import ORDER_VENUES

# Who sells or gives data for a key. Such a key opens nothing but data: there are no rights to ask about.
DATA_SOURCES = (
    "birdeye",
    "coingecko",
    "cryptopanic",
    "defillama",
    "etherscan",
    "goplus",
    "helius",
    "lunarcrush",
    "reddit",
    "rugcheck",
    "santiment",
)
# This tool's own key, which signs checkpoints of journals (audit/audit_key.py); it opens nothing.
AUDIT = "audit"
# Wallets, by what their keys are good for: Solana, and every chain with Ethereum's machine. Such a key may do anything;
# what is signed with it the signer decides (signer/wallets.py).
SOLANA, EVM = "solana", "evm"
WALLETS = (SOLANA, EVM)
OWNERS = (*ORDER_VENUES, *DATA_SOURCES, *WALLETS, AUDIT)
# trade: sends orders. read: for commands that only look. watchdog: cancels and closes when the trader is dead.
TRADE, READ, WATCHDOG = "trade", "read", "watchdog"
KINDS = (TRADE, READ, WATCHDOG)
# The kind of every data source's key, and of every wallet's.
DATA, WALLET = "data", "wallet"
DEFAULT_NAME = "trade"
DEFAULT_DATA_NAME = "data"
DEFAULT_WALLET_NAME = "wallet"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_WORD = re.compile(r"[a-z]{1,20}")


def check_owner(owner: str) -> str:
    """`owner` if it is a venue, data source or wallet whose keys are kept here. Raises UsageError with the nearest
    names."""
    if owner in OWNERS:
        return owner
    near = difflib.get_close_matches(owner, OWNERS, n=2)
    # What is no word could be a key, misplaced: it is not repeated.
    spoken = repr(owner) if _WORD.fullmatch(owner) else "that"
    raise UsageError(
        f"no keys are kept for {spoken}",
        f"did you mean {' or '.join(near)}?" if near else f"one of {', '.join(OWNERS)}",
    )


def check_name(name: str) -> str:
    """`name` if a key can be called that. Raises UsageError, without the name: it could be a secret, misplaced."""
    if _NAME.fullmatch(name):
        return name
    raise UsageError(
        "that cannot be the name of a key",
        "up to 32 of a-z, 0-9, - and _, e.g. trade; the key itself is never given on the command line",
    )


def is_venue(owner: str) -> bool:
    """True for a venue, whose keys have rights; False for a data source or a wallet."""
    return owner in ORDER_VENUES


def is_wallet(owner: str) -> bool:
    """True for a wallet."""
    return owner in WALLETS


def only_kind(owner: str) -> str | None:
    """The kind of every key of `owner`; None for a venue, whose keys are of several."""
    if is_venue(owner):
        return None
    return WALLET if is_wallet(owner) else DATA


def service(owner: str, name: str) -> str:
    """What a key is filed under in a keyring: `memesnipe/kraken/trade`."""
    return f"memesnipe/{owner}/{name}"


def title(owner: str, name: str) -> str:
    """How a key is spoken of: `kraken/trade`."""
    return f"{owner}/{name}"
