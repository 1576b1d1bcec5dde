"""The signer: the process that alone holds a key. Started by a command that trades, by nobody else; it is no
subcommand. It takes its orders from the socket whose descriptor is its only argument."""

from __future__ import annotations

import os
import signal
import socket
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memesnipe_cli.cli import Run
    from memesnipe_cli.errors import MemesnipeError
    from memesnipe_cli.signer.client import SignerOrder
    from memesnipe_cli.signer.judge import Judge

_TIMEOUT_S = 10.0


def main() -> int:
    """Serve one trader until it ends."""
    from memesnipe_cli.signer.hardening import die_with_parent, hide_memory, lock_all_memory

    parent = os.getppid()
    hidden = hide_memory()
    dies = die_with_parent(parent)
    # Ctrl-C and a stopping service reach every process of the terminal or unit: the trader decides, and sees its
    # orders through first. When it ends, so does this.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    all_locked = lock_all_memory()
    from memesnipe_cli.errors import MemesnipeError
    from memesnipe_cli.signer import frames
    from memesnipe_cli.signer.client import SignerOrder
    from memesnipe_cli.signer.errors import as_said
    from memesnipe_cli.signer.hardening import Hardened

    link = socket.socket(fileno=int(sys.argv[1]))
    asked = frames.read(link)
    if asked is None:
        return 0
    try:
        service, facts, page_locked = _service(link, SignerOrder(**asked))
    except MemesnipeError as error:
        frames.write(link, as_said(error))
        return 1
    locked = "all" if all_locked else "secret" if page_locked else "none"
    frames.write(link, {**facts, "memory": Hardened(not hidden, locked, dies).as_dict()})
    service.run()
    return 0


def _service(link: socket.socket, asked: SignerOrder) -> tuple[Any, dict[str, str], bool]:
    """What serves, what may be told of the key, whether the page of its secret is locked. Raises MemesnipeError."""
    from memesnipe_cli.vault.naming import is_venue, is_wallet

    if is_venue(asked.owner):
        return _for_venue(link, asked)
    return _for_wallet(link, asked) if is_wallet(asked.owner) else _for_checkpoints(link, asked)


def _for_wallet(link: socket.socket, asked: SignerOrder) -> tuple[Any, dict[str, str], bool]:
    from memesnipe_cli.cli import Run
    from memesnipe_cli.console import Console, OutputMode
    from memesnipe_cli.risk.latch import LatchFile
    from memesnipe_cli.signer.reading import KeyReader
    from memesnipe_cli.signer.wallet_evm import EvmWallet
    from memesnipe_cli.signer.wallet_solana import SolanaWallet
    from memesnipe_cli.signer.wallets import Guard, Wallet, WalletService
    from memesnipe_cli.vault.naming import SOLANA
    from memesnipe_cli.vault.wallet_shapes import check_library

    check_library(asked.owner)
    run = Run(Console(OutputMode.HUMAN), asked.profile, Path(asked.store))
    profile = run.profile
    latch = LatchFile(run.store.paths, asked.account) if asked.account else None
    facts, secret = KeyReader(asked).held()
    kind = SolanaWallet if asked.owner == SOLANA else EvmWallet
    try:
        wallet: Wallet = kind(secret, profile.wallets)
    except ValueError as problem:
        raise _no_key(asked, problem) from None
    look = None if latch is None else partial(latch.read, must_exist=True)
    guard = Guard(profile, look, trades=asked.orders)
    return WalletService(link, wallet, guard), facts.told(), secret.locked


def _for_checkpoints(link: socket.socket, asked: SignerOrder) -> tuple[Any, dict[str, str], bool]:
    from memesnipe_cli.signer.checkpoints import CheckpointService
    from memesnipe_cli.signer.reading import KeyReader

    facts, secret = KeyReader(asked).held()
    try:
        service = CheckpointService(link, secret)
    except ValueError as problem:
        raise _no_key(asked, problem) from None
    return service, facts.told(), secret.locked


def _for_venue(link: socket.socket, asked: SignerOrder) -> tuple[Any, dict[str, str], bool]:
    from memesnipe_cli.cli import Run
    from memesnipe_cli.console import Console, OutputMode
    from memesnipe_cli.market.calling import Caller, Deadline
    from memesnipe_cli.market.ccxt_client import load_markets, open_venue
    from memesnipe_cli.signer.reading import KeyReader
    from memesnipe_cli.signer.venue_keys import use_key
    from memesnipe_cli.signer.venue_service import VenueService

    run = Run(Console(OutputMode.HUMAN), asked.profile, Path(asked.store))
    reader = KeyReader(asked)
    try:
        base_url = run.profile.venue(asked.owner).base_url
        exchange = open_venue(asked.owner, base_url, _TIMEOUT_S)  # loads while the reader reads
    finally:
        # Whatever went wrong beside it, the reader has ended when this goes on.
        facts, secret = reader.held()
    try:
        use_key(exchange, facts.id, secret)
    except ValueError as problem:
        raise _no_key(asked, problem) from None
    caller = Caller(exchange, timeout_s=_TIMEOUT_S, deadline=Deadline(60.0))
    load_markets(exchange, caller, run.store.paths.cache, base_url)
    return VenueService(link, exchange, facts.id, _judge(run, asked, exchange)), facts.told(), secret.locked


def _no_key(asked: SignerOrder, problem: ValueError) -> MemesnipeError:
    from memesnipe_cli.errors import ConfigError

    return ConfigError(
        f"the key {asked.owner}/{asked.key} cannot sign: {problem}",
        f"add it again: memesnipe keys rotate {asked.owner} --name {asked.key}",
        code="key_shape",
    )


def _judge(run: Run, asked: SignerOrder, exchange: Any) -> Judge:
    from decimal import Decimal

    from memesnipe_cli.risk.bounds import Bounds
    from memesnipe_cli.risk.latch import LatchFile
    from memesnipe_cli.signer.books import BooksFold
    from memesnipe_cli.signer.judge import Judge
    from memesnipe_cli.store.following import Following
    from memesnipe_cli.venues.coinbase_products import Products
    from memesnipe_cli.venues.traits import traits_of

    books = Following(run.store.journal(asked.account).folder, BooksFold())
    latch = LatchFile(run.store.paths, asked.account)
    products = Products(exchange)

    def product(symbol: str) -> tuple[str, Decimal]:
        return products.id_of(symbol), products.unit(symbol)

    return Judge(
        traits_of(asked.owner),
        Bounds.of(run.profile),
        books.now,
        lambda: latch.read(must_exist=True),
        product,
        trades=asked.orders,
    )


if __name__ == "__main__":
    from memesnipe_cli.signer.last_words import with_last_words

    code = with_last_words("the signer", main)
    # Nobody waits for what a venue still drips.
    sys.stderr.flush()
    os._exit(code)
